"""A recipe's bone age network alone as a system, so that any of them is measured whether or not a system names it."""

from __future__ import annotations

from collections.abc import Sequence

from boneage.errors import BoneAgeError, Kind
from boneage.regions import sized
from boneage.systems import REFERENCE, Answer, Look, Member, SexUse, System, aligned_system, find_way
from boneage.train.build import takes_sex
from boneage.train.published import PublishedTask
from boneage.train.recipe import BoneAgeTask, Recipe


def system_of(recipe: Recipe) -> System:
    """The recipe's network, reading films as it was trained on them. Raises BoneAgeError where it reads no bone age."""
    if isinstance(recipe.task, BoneAgeTask):
        summary = REFERENCE.summary if recipe.name == REFERENCE.name else recipe.about.source
        return aligned_system(recipe.name, summary, (look_of(recipe, recipe.task),))
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


def ensemble_of(name: str, recipes: Sequence[Recipe]) -> System:
    """Several reference networks as one system. Raises BoneAgeError for a recipe of another kind."""
    looks = []
    for recipe in recipes:
        if not isinstance(recipe.task, BoneAgeTask):
            raise BoneAgeError(
                Kind.BAD_RECIPE,
                came=f"recipe {recipe.name} of the kind {recipe.task.kind}",
                expected="recipes of reference networks",
                todo="Leave it out of the ensemble.",
            )
        looks.append(look_of(recipe, recipe.task))
    return aligned_system(name, f"mean of {len(looks)} reference networks", tuple(looks))


def look_of(recipe: Recipe, task: BoneAgeTask) -> Look:
    """What the recipe's network reads, at the size that its training ended with."""
    fine, size = task.films.detail == "film", recipe.stages[-1].size
    return Look(recipe.name, tuple(sized(view, size, fine=fine) for view in task.branches.views), fine)


def answer_of(task: PublishedTask) -> Answer:
    """What the runtime calls the answer of that kind."""
    return Answer[task.answer.kind.upper().replace("-", "_")]


def _sex_use(task: PublishedTask) -> SexUse:
    if task.films.cohort == "both":
        return SexUse.JOINED if takes_sex(task) else SexUse.NONE
    return SexUse[task.films.cohort.upper()]
