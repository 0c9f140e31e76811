"""A tiny training for test_processes.py: its processes import it by name."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from pathlib import Path

import numpy as np
import torch
from torch import Tensor, nn

from boneage.errors import BoneAgeError, Kind
from boneage.train.loop import Batch, Machine, Tell, film_batches, train
from boneage.train.processes import Processes, train_share
from boneage.train.recipe import Recipe, read_recipe

EPOCHS, FILMS, BATCH = 3, 32, 8
RECIPE = Path(__file__).parents[2] / "recipes" / "reference-2026-11.toml"


def small_recipe() -> Recipe:
    recipe = read_recipe(RECIPE)
    stage = recipe.stages[0].model_copy(update={"epochs": EPOCHS, "size": (8, 8)})
    changed = {"learning_rate": 0.01, "warmup_steps": 2, "ema_decay": 0.5, "batch": BATCH, "weight_decay": 0.01}
    return recipe.model_copy(
        update={"name": "small", "stages": (stage,), "optimizer": recipe.optimizer.model_copy(update=changed)}
    )


class SmallTask:
    """A regression on changed films. Its network has batch normalization and a layer that no film goes through."""

    def __init__(self, recipe: Recipe, *, dies_in: int | None = None) -> None:
        self.recipe, self.dies_in = recipe, dies_in
        self.films = list(np.random.default_rng(0).random((FILMS, 1, 8, 8), np.float32))
        self.seen: list[list[float]] = []

    def build(self, *, resumed: bool) -> nn.Module:
        return Network()

    def steps(self, epoch: int) -> int:
        return FILMS // BATCH

    def batches(self, epoch: int, workers: int) -> Iterator[Batch]:
        for step, batch in enumerate(film_batches(self.films, self.make, self.recipe, epoch, workers=workers)):
            if epoch == self.dies_in and step == 2:
                raise BoneAgeError(Kind.BAD_DATA, came="a broken film", expected="a whole one", todo="Mend it.")
            yield batch

    def make(self, films: list[np.ndarray], rng: np.random.Generator) -> Batch:
        return self.batch(films, rng.random(len(films), np.float32))

    def batch(self, films: list[np.ndarray], gains: np.ndarray) -> Batch:
        image = torch.from_numpy(np.stack(films) * (0.5 + gains[:, None, None, None]))
        return {"image": image, "months": image.mean((1, 2, 3)) * 10, "done": torch.tensor(0.5)}

    def loss(self, model: nn.Module, batch: Batch) -> tuple[Tensor, dict[str, float]]:
        self.seen.append(batch["months"].tolist())
        errors = model(batch["image"])[:, 0] - batch["months"]
        return (errors**2).mean() * batch["done"], {"mae": float(errors.detach().abs().mean())}

    def score(self, model: nn.Module, epoch: int, workers: int) -> dict[str, float]:
        with torch.no_grad():
            return {"select_mae": float(model(torch.ones(1, 1, 8, 8)))}


class SharingTask(SmallTask):
    """The same, making a process's films alone."""

    share = slice(None)

    def make(self, films: list[np.ndarray], rng: np.random.Generator) -> Batch:
        gains = rng.random(len(films), np.float32)
        return self.batch(films[self.share], gains[self.share])


class Network(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.features = nn.Sequential(
            nn.Conv2d(1, 4, 3, bias=False),
            nn.BatchNorm2d(4),
            nn.ReLU(),
            nn.Flatten(),
            nn.Linear(144, 8, bias=False),
            nn.BatchNorm1d(8),
        )  # no bias before batch normalization: its gradient is nothing but roundings, which Adam makes large
        self.head, self.unused = nn.Linear(8, 1), nn.Linear(8, 1)

    def forward(self, x: Tensor) -> Tensor:
        y: Tensor = self.head(self.features(x).relu())
        return y


def at_once(folder: Path, team: Processes, machine: Machine, tell: Tell) -> None:
    """In one start of two processes: a whole run, a resumed one, one of a task that makes its share alone, a failing one."""
    recipe = small_recipe()
    whole = SmallTask(recipe)
    train(recipe, whole, folder / "whole", machine=machine, tell=tell, team=team)
    (folder / f"seen-{team.number}.txt").write_text("\n".join(" ".join(map(str, step)) for step in whole.seen))
    try:
        train(recipe, SmallTask(recipe, dies_in=1), folder / "stopped", machine=machine, tell=tell, team=team)
    except BoneAgeError:
        tell("stopped")
    train(recipe, SmallTask(recipe), folder / "stopped", machine=machine, tell=tell, team=team)
    train_share(recipe, partial(SharingTask, recipe), folder / "sharing", team, machine, tell)
    train_share(recipe, partial(SmallTask, recipe, dies_in=0), folder / "failing", team, machine, tell)
