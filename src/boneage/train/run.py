"""Wire a recipe to its task and run it."""

from __future__ import annotations

from functools import partial
from importlib import import_module
from pathlib import Path

from torch import nn

from boneage.claim import claimed
from boneage.errors import BoneAgeError, Kind
from boneage.found_hands import runs_folder
from boneage.train.loop import Machine, Task, Tell, train
from boneage.train.prepared_films import load_prepared
from boneage.train.published import PublishedTask
from boneage.train.published_task import films_of
from boneage.train.recipe import BoneAgeTask, Recipe
from boneage.train.teachers import soft_labels

# Where each kind of task is built; a module loads when its kind is asked for.
TASKS = {
    "hand-finder": ("boneage.train.finder_task", "FinderTask"),
    "bone-age": ("boneage.train.bone_age_task", "BoneAgeTask"),
    "hand-mask": ("boneage.train.mask_task", "MaskTask"),
    "patches": ("boneage.train.patch_task", "PatchTask"),
    "hand-box": ("boneage.train.box_task", "BoxTask"),
    "key-points": ("boneage.train.key_point_task", "KeyPointTask"),
    "published": ("boneage.train.published_task", "PublishedTask"),
    "joints": ("boneage.train.joint_task", "JointTask"),
}


def task_of(recipe: Recipe, data: Path) -> Task:
    """The task that the recipe names, its films loaded."""
    module, name = TASKS[recipe.task.kind]
    task: Task = getattr(import_module(module), name)(recipe, recipe.task, data)
    return task


def run_folder(recipe: Recipe) -> Path:
    return runs_folder() / recipe.name


def run(recipe: Recipe, data: Path, *, machine: Machine, tell: Tell) -> nn.Module:
    """Train or resume; the run's files are in `run_folder(recipe)`. Raises BoneAgeError where another process trains it."""
    with claimed(run_folder(recipe)) as free:
        if not free:
            raise BoneAgeError(
                Kind.BAD_RECIPE,
                came=f"{recipe.name}, which another process trains",
                expected="one process a run",
                todo="Wait for it, or train another recipe.",
            )
        return run_claimed(recipe, data, machine=machine, tell=tell)


def run_claimed(recipe: Recipe, data: Path, *, machine: Machine, tell: Tell) -> nn.Module:
    """As `run`, for a caller who has claimed the run's folder."""
    if isinstance(recipe.task, PublishedTask):  # preparations that take minutes are told
        load_prepared(data, films_of(recipe.task.films, data), recipe.task.films.way, recipe.task.films.scan, tell=tell)
    if isinstance(recipe.task, BoneAgeTask) and recipe.task.teacher is not None:
        soft_labels(recipe.task.teacher, data, device=machine.device, tell=tell)
    if machine.processes > 1:
        return _run_together(recipe, data, machine=machine, tell=tell)
    return train(recipe, task_of(recipe, data), run_folder(recipe), machine=machine, tell=tell)


def _run_together(recipe: Recipe, data: Path, *, machine: Machine, tell: Tell) -> nn.Module:
    """The averaged weights are read from the finished run: no process hands its network over."""
    from boneage.train.export import averaged
    from boneage.train.processes import train_together

    folder = run_folder(recipe)
    train_together(recipe, partial(task_of, recipe, data), folder, machine=machine, tell=tell)
    return averaged(recipe, folder / "last.pt").model
