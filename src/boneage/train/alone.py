"""A recipe's bone age network alone as a system, so that any of them is measured whether or not a system names it."""

from __future__ import annotations

from dataclasses import replace

from boneage.errors import BoneAgeError, Kind
from boneage.systems import REFERENCE, Answer, Member, SexUse, System, find_way
from boneage.train.build import takes_sex
from boneage.train.published import PublishedTask
from boneage.train.recipe import BoneAgeTask, Recipe


def system_of(recipe: Recipe) -> System:
    """The recipe's network, reading films as it was trained on them. Raises BoneAgeError where it reads no bone age."""
    if isinstance(recipe.task, BoneAgeTask):
        (member,) = REFERENCE.members
        return replace(REFERENCE, name=recipe.name, members=(replace(member, network=recipe.name),), calibration=recipe.name)
    if not isinstance(recipe.task, PublishedTask):
        raise BoneAgeError(
            Kind.BAD_RECIPE,
            came=f"recipe {recipe.name} of the kind {recipe.task.kind}",
            expected="a recipe of a bone age network",
            todo="See boneage measure --help for the other kinds.",
        )
    films = recipe.task.films
    member = Member(recipe.name, films.crops, answer=answer_of(recipe.task), sex=_sex_use(recipe.task))
    return System(recipe.name, recipe.about.source, find_way(films.way), (member,), recipe.name, films.months[0])


def answer_of(task: PublishedTask) -> Answer:
    """What the runtime calls the answer of that kind."""
    return Answer[task.answer.kind.upper().replace("-", "_")]


def _sex_use(task: PublishedTask) -> SexUse:
    if task.films.cohort == "both":
        return SexUse.JOINED if takes_sex(task) else SexUse.NONE
    return SexUse[task.films.cohort.upper()]
