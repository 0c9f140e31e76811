"""The task of a reference network: aligned hand crops and the sex to a distribution over months."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional as F

from boneage.dataset import Film, Part, Scan
from boneage.models.reference import Outputs, Reference, expectation
from boneage.train.acquisition import Acquired, draw_acquisition
from boneage.train.aligned_films import AlignedFilm, load_aligned
from boneage.train.augment import Change, draw
from boneage.train.build_reference import build_reference
from boneage.train.label import label_distribution, mix, sigma_of
from boneage.train.loop import Batch, film_batches, ordered_map, pretrained, start_from
from boneage.train.recipe import BoneAgeTask as Settings
from boneage.train.recipe import Recipe
from boneage.train.reference import KeyPointsAid, SexAid
from boneage.train.teachers import Soft, soft_labels
from boneage.types import MONTHS, Sex

EVALUATION_BATCH = 64
RECENTERED_ON = 64  # films that give folded batch normalization its statistics


class BoneAgeTask:
    """Batches, loss and score of a reference network."""

    share = slice(None)  # of each batch, which is made here: processes.py's Sharing

    def __init__(self, recipe: Recipe, settings: Settings, data: Path) -> None:
        self.recipe, self.settings = recipe, settings
        self.soft: dict[int, Soft] = soft_labels(settings.teacher, data) if settings.teacher else {}  # before the films: memory
        scans = load_aligned(data, settings.films, {Part.TRAIN, Part.SELECT})
        self.train = [one for one in scans if one.film.part is Part.TRAIN]
        self.select = [one for one in scans if one.film.part is Part.SELECT]

    @property
    def train_films(self) -> list[Film]:
        return [one.film for one in self.train]

    @property
    def select_films(self) -> list[Film]:
        return [one.film for one in self.select]

    def build(self, *, resumed: bool) -> nn.Module:
        model = build_reference(self.settings)
        if resumed:
            return model
        if self.recipe.start == "imagenet":
            films = self._plain(self.train[:RECENTERED_ON], self.recipe.stages[0].size)["image"]
            pretrained(model.trunk, films.flatten(0, 1)[:, None])
        else:
            start_from(self.recipe.start, model)
        return model

    def steps(self, epoch: int) -> int:
        return len(self.train) // self.recipe.optimizer.batch

    def batches(self, epoch: int, workers: int) -> Iterator[Batch]:
        size = self.recipe.size_at(epoch)

        def make(films: list[AlignedFilm], rng: np.random.Generator) -> Batch:
            changes = [draw(self.recipe.augment, rng) for _ in films]
            acquired = [draw_acquisition(self.settings.acquisition, rng) for _ in films]
            return self.batch(films[self.share], changes[self.share], acquired[self.share], size)

        yield from film_batches(self.train, make, self.recipe, epoch, workers=workers)

    def loss(self, model: nn.Module, batch: Batch) -> tuple[Tensor, dict[str, float]]:
        assert isinstance(model, Reference)
        said = model.with_aids(batch["image"], batch["sex"])
        logits, truth = said.logits.float(), batch["months"]
        target = label_distribution(truth, sigma_of(self.settings.label_sigma_months, truth, batch["sex"]))
        if self.settings.teacher is not None:
            target = mix(target, batch["soft"], self.settings.teacher.share)
            truth = target @ torch.arange(MONTHS, device=target.device, dtype=target.dtype)
        label = -(target * logits.log_softmax(1)).sum(1).mean()
        expected = F.l1_loss(expectation(logits), truth)
        plain = F.l1_loss(said.regression.float(), truth)
        loss = label + self.settings.expectation_weight * expected + self.settings.regression_weight * plain
        aids = self._aids(said, batch)
        parts = {"mae": float(F.l1_loss(expectation(logits), batch["months"]).detach()), "regression_mae": float(plain.detach())}
        return torch.stack([loss, *aids.values()]).sum(), parts | {name: float(aid.detach()) for name, aid in aids.items()}

    def _aids(self, said: Outputs, batch: Batch) -> dict[str, Tensor]:
        """The weighted losses of the auxiliary heads, by name."""
        losses = dict[str, Tensor]()
        for aid in self.settings.branches.aids:
            match aid:
                case KeyPointsAid(weight=weight) if said.points is not None:
                    losses["points"] = weight * F.l1_loss(said.points, batch["points"])
                case SexAid(weight=weight) if said.male is not None:
                    losses["sex"] = weight * F.binary_cross_entropy_with_logits(said.male.float(), batch["sex"][:, 0])
        return losses

    @torch.no_grad()
    def score(self, model: nn.Module, epoch: int, workers: int) -> dict[str, float]:
        """On select: MAE of the expectation and of the plain regression, in months, scan by scan.

        Where films are there at two scans also the median drift between them.
        """
        device, size = next(model.parameters()).device, self.recipe.size_at(epoch)
        starts = range(0, len(self.select), EVALUATION_BATCH)
        groups = [self.select[start : start + EVALUATION_BATCH] for start in starts]
        answers: list[Tensor] = []
        for batch in ordered_map(lambda films: self._plain(films, size), groups, workers):
            logits, regression = model(batch["image"].to(device), batch["sex"].to(device))
            answers.append(torch.stack([expectation(logits), regression.float()]).cpu())
        return scores(self.select, torch.cat(answers, 1).numpy())

    def batch(self, films: list[AlignedFilm], changes: list[Change], acquired: list[Acquired], size: tuple[int, int]) -> Batch:
        """image [B, V, H, W], sex [B, 1], months [B]; where the recipe asks for them points [B, 21, 2] and soft [B, 240]."""
        views = self.settings.branches.views
        drawn = list(zip(films, changes, acquired, strict=True))
        batch = {
            "image": torch.from_numpy(np.stack([film.crops(views, change, came, size) for film, change, came in drawn])),
            "sex": torch.tensor([[float(one.film.sex is Sex.MALE)] for one in films]),
            "months": torch.tensor([one.film.bone_age_months for one in films]),
        }
        if any(isinstance(aid, KeyPointsAid) for aid in self.settings.branches.aids):
            points = [film.points_on(views[0], change, size) for film, change, _ in drawn]
            batch["points"] = torch.from_numpy(np.stack(points))
        if self.settings.teacher is not None:
            none = np.zeros(MONTHS, np.float32)
            batch["soft"] = torch.from_numpy(np.stack([self.soft.get(one.film.id, none) for one in films]))
        return batch

    def _plain(self, films: list[AlignedFilm], size: tuple[int, int]) -> Batch:
        """Films as they are."""
        return self.batch(films, [Change()] * len(films), [Acquired()] * len(films), size)


def scores(films: Sequence[AlignedFilm], answers: np.ndarray[tuple[int, int], np.dtype[np.float32]]) -> dict[str, float]:
    """MAE of both answers [2, N] on the first scan; where there is another, on that too, and the median drift from the first."""
    scans = list(dict.fromkeys(one.scan for one in films))
    errors = np.abs(answers - np.array([one.film.bone_age_months for one in films], np.float32))
    of = [np.array([one.scan is scan for one in films]) for scan in scans]
    said = {"select_mae": float(errors[0][of[0]].mean()), "select_regression_mae": float(errors[1][of[0]].mean())}
    months = [{one.film.id: float(answers[0][at]) for at, one in enumerate(films) if one.scan is scan} for scan in scans]
    for scan, there, by_id in zip(scans[1:], of[1:], months[1:], strict=True):
        name = "half" if scan is Scan.HALF else "full"
        said[f"select_{name}_mae"] = float(errors[0][there].mean())
        drifts = [abs(value - months[0][film_id]) for film_id, value in by_id.items() if film_id in months[0]]
        said[f"select_{name}_drift"] = float(np.median(drifts)) if drifts else float("nan")
    return said
