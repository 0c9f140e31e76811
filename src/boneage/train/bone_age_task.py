"""The task of a bone age network: aligned hand crops and the sex to a distribution over months."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional as F

from boneage import dataset
from boneage.dataset import Film, Part
from boneage.found_hands import load_alignments
from boneage.geometry import PixelMap
from boneage.models.reference import CLASSES, Reference, expectation
from boneage.regions import normalize, warp
from boneage.standardize.size import unit
from boneage.template import WHOLE_HAND
from boneage.train.augment import Change, draw
from boneage.train.loop import Batch, film_batches, ordered_map, pretrained
from boneage.train.recipe import BoneAgeTask as Settings
from boneage.train.recipe import Recipe
from boneage.types import Image, Sex

EVALUATION_BATCH = 64


class BoneAgeTask:
    """Batches, loss and score of a bone age network on the whole hand."""

    def __init__(self, recipe: Recipe, settings: Settings, data: Path) -> None:
        self.recipe, self.settings = recipe, settings
        films = [film for film in dataset.read_films(data) if film.part in {Part.TRAIN, Part.SELECT}]
        self.images, self.to_frame = load_alignments(data, films)
        usable = [film for film in films if film.id in self.to_frame]
        self.train_films = [film for film in usable if film.part is Part.TRAIN]
        self.select_films = [film for film in usable if film.part is Part.SELECT]

    def build(self, *, resumed: bool) -> nn.Module:
        model = Reference(dropout=self.settings.dropout)
        if self.recipe.start == "imagenet" and not resumed:
            films = np.stack([self._crop(film, Change(), self.recipe.stages[0].size) for film in self.train_films[:64]])
            pretrained(model.trunk, torch.from_numpy(films)[:, None])
        return model

    def steps(self, epoch: int) -> int:
        return len(self.train_films) // self.recipe.optimizer.batch

    def batches(self, epoch: int, workers: int) -> Iterator[Batch]:
        size = self.recipe.size_at(epoch)

        def make(films: list[Film], rng: np.random.Generator) -> Batch:
            return self.batch(films, [draw(self.recipe.augment, rng) for _ in films], size)

        yield from film_batches(self.train_films, make, self.recipe, epoch, workers=workers)

    def loss(self, model: nn.Module, batch: Batch) -> tuple[Tensor, dict[str, float]]:
        logits, regression = model(batch["image"], batch["sex"])
        logits, truth = logits.float(), batch["months"]
        label = -(label_distribution(truth, self.settings.label_sigma_months) * logits.log_softmax(1)).sum(1).mean()
        expected = F.l1_loss(expectation(logits), truth)
        plain = F.l1_loss(regression.float(), truth)
        loss = label + self.settings.expectation_weight * expected + self.settings.regression_weight * plain
        return loss, {"mae": float(expected.detach()), "regression_mae": float(plain.detach())}

    @torch.no_grad()
    def score(self, model: nn.Module, epoch: int, workers: int) -> dict[str, float]:
        """On select: MAE of the expectation and of the plain regression, in months."""
        device, size = next(model.parameters()).device, self.recipe.size_at(epoch)
        starts = range(0, len(self.select_films), EVALUATION_BATCH)
        groups = [self.select_films[start : start + EVALUATION_BATCH] for start in starts]
        errors: list[Tensor] = []
        for batch in ordered_map(lambda films: self.batch(films, [Change()] * len(films), size), groups, workers):
            logits, regression = model(batch["image"].to(device), batch["sex"].to(device))
            answers = torch.stack([expectation(logits), regression.float()]).cpu()
            errors.append((answers - batch["months"]).abs())
        mean = torch.cat(errors, 1).mean(1)
        return {"select_mae": float(mean[0]), "select_regression_mae": float(mean[1])}

    def batch(self, films: list[Film], changes: list[Change], size: tuple[int, int]) -> Batch:
        """image [B, 1, H, W], sex [B, 1], months [B]."""
        crops = [self._crop(film, change, size) for film, change in zip(films, changes, strict=True)]
        return {
            "image": torch.from_numpy(np.stack(crops))[:, None],
            "sex": torch.tensor([[float(film.sex is Sex.MALE)] for film in films]),
            "months": torch.tensor([film.bone_age_months for film in films]),
        }

    def _crop(self, film: Film, change: Change, size: tuple[int, int]) -> Image:
        pixels = unit(self.images[film.id])
        grid: PixelMap = change.map(size) @ WHOLE_HAND.grid(size) @ self.to_frame[film.id]
        return change.tone(normalize(warp(pixels, grid, size), WHOLE_HAND))


def label_distribution(months: Tensor, sigma: float) -> Tensor:
    """Truth [B] -> target distributions [B, 240]: Gaussians over the months 0..239 (label distribution learning, Gao 2017)."""
    grid = torch.arange(CLASSES, device=months.device, dtype=torch.float32)
    weights = torch.exp(-((grid - months[:, None]) ** 2) / (2 * sigma**2))
    return weights / weights.sum(1, keepdim=True)
