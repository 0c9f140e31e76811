"""Wire a recipe to its task and run it."""

from __future__ import annotations

from pathlib import Path

from torch import nn

from boneage.train.loop import Machine, Task, Tell, runs_folder, train
from boneage.train.recipe import FinderTask as FinderSettings
from boneage.train.recipe import Recipe


def task_of(recipe: Recipe, data: Path) -> Task:
    """The task that the recipe names, its films loaded."""
    if isinstance(recipe.task, FinderSettings):
        from boneage.train.finder_task import FinderTask

        return FinderTask(recipe, recipe.task, data)
    from boneage.train.bone_age_task import BoneAgeTask

    return BoneAgeTask(recipe, recipe.task, data)


def run_folder(recipe: Recipe) -> Path:
    return runs_folder() / recipe.name


def run(recipe: Recipe, data: Path, *, machine: Machine, tell: Tell) -> nn.Module:
    """Train or resume; the run's files are in `run_folder(recipe)`."""
    return train(recipe, task_of(recipe, data), run_folder(recipe), machine=machine, tell=tell)
