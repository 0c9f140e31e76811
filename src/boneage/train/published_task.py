"""The task of a published system's bone age network: films prepared in its authors' way, months out."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import torch
from torch import Tensor, nn

from boneage import dataset
from boneage.dataset import Film, Part
from boneage.errors import BoneAgeError, Kind
from boneage.found_hands import runs_folder
from boneage.geometry import PixelMap
from boneage.standardize.size import unit
from boneage.train.answers import months_of, year_class
from boneage.train.augment import Change, draw
from boneage.train.best_epoch import BestEpoch
from boneage.train.build import build, takes_sex
from boneage.train.loop import Batch, film_batches, ordered_map, start_from_imagenet
from boneage.train.losses import loss_of
from boneage.train.prepared_films import PreparedFilms, load_prepared
from boneage.train.published import Films, YearClasses
from boneage.train.published import PublishedTask as Settings
from boneage.train.recipe import Recipe
from boneage.types import Image, Sex

EVALUATION_BATCH = 64
COHORTS = {"female": {Sex.FEMALE}, "male": {Sex.MALE}, "both": set(Sex)}


def films_of(choice: Films, data: Path) -> list[Film]:
    """The films that a recipe trains and chooses on: never of the parts calibrate and test."""
    low, high = choice.months
    films = [film for film in dataset.read_films(data) if film.part in {Part.TRAIN, Part.SELECT}]
    return [film for film in films if film.sex in COHORTS[choice.cohort] and low <= film.bone_age_months < high]


class PublishedTask:
    """Batches, loss and score of one network."""

    def __init__(self, recipe: Recipe, settings: Settings, data: Path) -> None:
        self.recipe, self.settings = recipe, settings
        films = films_of(settings.films, data)
        self.prepared: PreparedFilms = load_prepared(data, films, settings.films.way)
        usable = [film for film in films if film.id in self.prepared.row_of]
        self.train_films = [film for film in usable if film.part is Part.TRAIN]
        self.select_films = [film for film in usable if film.part is Part.SELECT]
        self.best = BestEpoch(runs_folder() / recipe.name / "best.pt", recipe.epochs - 1)
        self.takes_sex = takes_sex(settings)

    def build(self, *, resumed: bool) -> nn.Module:
        model = build(self.settings, self.recipe.stages[-1].size)
        if self.recipe.start == "imagenet" and not resumed:
            start_from_imagenet(model)
        return model

    def steps(self, epoch: int) -> int:
        return len(self.train_films) // self.recipe.optimizer.batch

    def batches(self, epoch: int, workers: int) -> Iterator[Batch]:
        size, done = self.recipe.size_at(epoch), torch.tensor(epoch / self.recipe.epochs)

        def make(films: list[Film], rng: np.random.Generator) -> Batch:
            return self.batch(films, [draw(self.recipe.augment, rng) for _ in films], size) | {"done": done}

        yield from film_batches(self.train_films, make, self.recipe, epoch, workers=workers)

    def loss(self, model: nn.Module, batch: Batch) -> tuple[Tensor, dict[str, float]]:
        outputs = self.ask(model, batch)
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

    @torch.no_grad()
    def score(self, model: nn.Module, epoch: int, workers: int) -> dict[str, float]:
        """On select: MAE in months; of year classes the share of the right ones too."""
        device, size = next(model.parameters()).device, self.recipe.size_at(epoch)
        starts = range(0, len(self.select_films), EVALUATION_BATCH)
        groups = [self.select_films[start : start + EVALUATION_BATCH] for start in starts]
        errors, right = list[Tensor](), list[Tensor]()
        for batch in ordered_map(lambda films: self.batch(films, [Change()] * len(films), size), groups, workers):
            outputs = self.ask(model, {key: value.to(device) for key, value in batch.items()}).cpu()
            errors.append((months_of(self.settings.answer, outputs) - batch["months"]).abs())
            if isinstance(self.settings.answer, YearClasses):
                right.append(outputs.argmax(1) == year_class(batch["months"]))
        scores = {"select_mae": float(torch.cat(errors).mean())}
        if right:
            scores["select_correct"] = float(torch.cat(right).float().mean())
        if self.settings.keep == "best":
            scores["best_epoch"] = self.best.see(model, epoch, scores["select_mae"])
        return scores

    def ask(self, model: nn.Module, batch: Batch) -> Tensor:
        """Outputs [B, K]."""
        inputs = (batch["image"], batch["sex"]) if self.takes_sex else (batch["image"],)
        outputs: Tensor = model(*inputs)
        return outputs

    def batch(self, films: list[Film], changes: list[Change], size: tuple[int, int]) -> Batch:
        """image [B, crops, H, W], sex [B, 1], months [B]."""
        images = [self._crops(film, change, size) for film, change in zip(films, changes, strict=True)]
        return {
            "image": torch.from_numpy(np.stack(images)),
            "sex": torch.tensor([[float(film.sex is Sex.MALE)] for film in films]),
            "months": torch.tensor([film.bone_age_months for film in films]),
        }

    def _crops(self, film: Film, change: Change, size: tuple[int, int]) -> Image:
        """[crops, H, W], all changed alike."""
        return np.stack([self._crop(film, name, change, size) for name in self.settings.films.crops])

    def _crop(self, film: Film, name: str, change: Change, size: tuple[int, int]) -> Image:
        pixels, to_region, region_size = self.prepared.region(film.id, name)
        grid = change.map(size) @ PixelMap.resize(region_size, size) @ to_region
        return change.tone(grid.image(unit(pixels), size))
