"""The task of a published system's bone age network: films prepared in its authors' way, months out."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Set
from pathlib import Path

import numpy as np
import torch
from torch import Tensor, nn

from boneage import dataset
from boneage.dataset import Film, Part
from boneage.errors import BoneAgeError, Kind
from boneage.found_hands import runs_folder
from boneage.models.lee_networks import LeeNetwork
from boneage.models.mobilenet_v2 import recenter_batch_norm
from boneage.train.answers import months_of, year_class
from boneage.train.augment import Change, draw
from boneage.train.best_epoch import BestEpoch
from boneage.train.build import build
from boneage.train.domain import domains
from boneage.train.inputs import Inputs
from boneage.train.loop import Batch, film_batches, start_from
from boneage.train.losses import loss_of
from boneage.train.prepared_films import load_prepared
from boneage.train.published import Films, MonthClasses, YearClasses
from boneage.train.published import PublishedTask as Settings
from boneage.train.recipe import Recipe
from boneage.types import Sex

RECENTERED_ON = 64  # films that give folded batch normalization its statistics
COHORTS = {"female": {Sex.FEMALE}, "male": {Sex.MALE}, "both": set(Sex)}


def films_of(choice: Films, data: Path) -> list[Film]:
    """The films that a recipe trains and chooses on: never of the parts calibrate and test."""
    low, high = choice.months
    films = [film for film in readable(choice, data, {Part.TRAIN, Part.SELECT}) if low <= film.bone_age_months < high]
    train = [film for film in films if film.part is Part.TRAIN]
    kept = set(sorted(train, key=_lot)[: choice.most])
    return [film for film in films if film.part is not Part.TRAIN or film in kept]


def readable(choice: Films, data: Path, parts: Set[Part]) -> list[Film]:
    """Of some parts the films that a recipe's network is for, of whatever age."""
    films = [film for film in dataset.read_films(data) if film.part in parts and film.sex in COHORTS[choice.cohort]]
    there = dataset.scanned(data, choice.scan)
    films = films if there is None else [film for film in films if film.id in there]
    return films if choice.domain == "all" else [film for film in films if domains(data)[film.id] == choice.domain]


def _lot(film: Film) -> bytes:
    """An order that has to do with nothing but the id."""
    return hashlib.sha256(f"training size:{film.id}".encode()).digest()


class PublishedTask:
    """Batches, loss and score of one network."""

    share = slice(None)  # of each batch, which is made here: processes.py's Sharing

    def __init__(self, recipe: Recipe, settings: Settings, data: Path) -> None:
        self.recipe, self.settings = recipe, settings
        films = films_of(settings.films, data)
        self.inputs = Inputs(load_prepared(data, films, settings.films.way, settings.films.scan), settings)
        usable = [film for film in films if film.id in self.inputs.prepared.row_of]
        self.train_films = [film for film in usable if film.part is Part.TRAIN]
        self.select_films = [film for film in usable if film.part is Part.SELECT]
        self.best = BestEpoch(runs_folder() / recipe.name / "best.pt", recipe.epochs - 1, recipe.last_stage)

    def build(self, *, resumed: bool) -> nn.Module:
        model = build(self.settings, self.recipe.stages[-1].size)
        if not resumed:
            start_from(self.recipe.start, model)
            if self.recipe.start == "imagenet" and isinstance(model, LeeNetwork) and model.plan.folded:
                some = self.train_films[:RECENTERED_ON]
                films = self.inputs.batch(some, [Change()] * len(some), self.recipe.stages[0].size)["image"]
                recenter_batch_norm(model, films)
        return model

    def steps(self, epoch: int) -> int:
        return len(self.train_films) // self.recipe.optimizer.batch

    def batches(self, epoch: int, workers: int) -> Iterator[Batch]:
        size, done = self.recipe.size_at(epoch), torch.tensor(epoch / self.recipe.epochs)

        def make(films: list[Film], rng: np.random.Generator) -> Batch:
            changes = [draw(self.recipe.augment, rng) for _ in films]
            return self.inputs.batch(films[self.share], changes[self.share], size) | {"done": done}

        yield from film_batches(self.train_films, make, self.recipe, epoch, workers=workers)

    def loss(self, model: nn.Module, batch: Batch) -> tuple[Tensor, dict[str, float]]:
        outputs = self.inputs.outputs(model, batch)
        truth, answer = batch["months"], self.settings.answer
        loss = loss_of(self.settings.loss, answer, outputs, truth, done=float(batch["done"]))
        if not torch.isfinite(loss):
            raise BoneAgeError(
                Kind.BAD_RECIPE,
                came=f"a loss of {float(loss.detach())}",
                expected="a finite loss",
                todo="Lower the learning rate, or start from other weights.",
            )
        return loss, {"mae": float((months_of(answer, outputs.detach()) - truth).abs().mean())}

    def score(self, model: nn.Module, epoch: int, workers: int) -> dict[str, float]:
        """On select: MAE in months; of year classes the share of the right ones, of month classes the highest answer.

        The highest months' classes may die early (EXPERIMENTS.md), and then nothing over the highest answer is ever read.
        """
        outputs = self.inputs.outputs_of(model, self.select_films, self.recipe.size_at(epoch), workers=workers)
        truth = torch.tensor([film.bone_age_months for film in self.select_films])
        months = months_of(self.settings.answer, outputs)
        scores = {"select_mae": float((months - truth).abs().mean())}
        if isinstance(self.settings.answer, MonthClasses):
            scores["select_highest"] = float(months.max())
        if isinstance(self.settings.answer, YearClasses):
            scores["select_correct"] = float((outputs.argmax(1) == year_class(truth)).float().mean())
        if self.settings.keep == "best":
            scores["best_epoch"] = self.best.see(model, epoch, scores["select_mae"])
        return scores
