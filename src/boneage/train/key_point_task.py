"""The task of the key-point network: three points of the annotated hands, on films turned, moved and zoomed at random."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor, nn

from boneage import dataset
from boneage.dataset import AnnotatedHand, Part
from boneage.errors import BoneAgeError, Kind
from boneage.found_hands import load_alignments
from boneage.geometry import PixelMap
from boneage.models.key_points import SIZE, KeyPoints
from boneage.register import keypoints
from boneage.register.keypoints import padded, padded_map, unit_square
from boneage.standardize.size import STANDARD, unit
from boneage.template import MIDDLE_TIP, WRIST
from boneage.train.augment import Change, draw
from boneage.train.finder_task import points_in
from boneage.train.loop import Batch, seeded_batches
from boneage.train.recipe import KeyPointTask as Settings
from boneage.train.recipe import Recipe
from boneage.types import Image

NAMES = ("tip", "thumb", "capitate")


class KeyPointTask:
    """Batches, loss and score of the key-point network, on bone-bright films."""

    def __init__(self, recipe: Recipe, settings: Settings, data: Path) -> None:
        self.recipe, self.settings = recipe, settings
        if other := {stage.size for stage in recipe.stages} - {SIZE}:
            raise BoneAgeError(
                Kind.BAD_RECIPE,
                came=f"stages of size {sorted(other)}",
                expected=f"{SIZE}, which the dense layers are made for",
                todo="Correct the recipe's stages.",
            )
        hands = {hand.id: hand for hand in dataset.read_hands(data)}
        films = [film for film in dataset.read_films(data) if film.id in hands and film.part in {Part.TRAIN, Part.SELECT}]
        self.images, _ = load_alignments(data, films)
        self.train_hands = [hands[film.id] for film in films if film.part is Part.TRAIN]
        self.select_hands = [hands[film.id] for film in films if film.part is Part.SELECT]

    def build(self, *, resumed: bool) -> nn.Module:
        return KeyPoints(dropout=self.settings.dropout)

    def steps(self, epoch: int) -> int:
        return self.settings.steps

    def batches(self, epoch: int, workers: int) -> Iterator[Batch]:
        yield from seeded_batches(self._drawn, self.recipe, epoch, steps=self.settings.steps, workers=workers)

    def loss(self, model: nn.Module, batch: Batch) -> tuple[Tensor, dict[str, float]]:
        """Mean squared error (equation 4) over the coordinates of the points that lie in the frame."""
        target = batch["points"]
        known = ~target.isnan()
        errors = ((model(batch["image"]).float() - target.nan_to_num()) ** 2)[known]
        return errors.mean(), {"coordinate_rms": float(errors.detach().mean().sqrt())}

    @torch.no_grad()
    def score(self, model: nn.Module, epoch: int, workers: int) -> dict[str, float]:
        """On select: median and 95th percentile of each point's error in % of hand length, in true proportion."""
        size, hands = self.recipe.size_at(epoch), self.select_hands
        batch = self.batch(hands, [Change()] * len(hands), size)
        answers = model(batch["image"].to(next(model.parameters()).device)).float().cpu().numpy()
        pairs = zip(hands, answers.astype(np.float64), strict=True)
        errors = np.array([errors_of(hand, points, size) for hand, points in pairs])
        figures = {"median": np.median(errors, 0), "p95": np.percentile(errors, 95, 0)}
        return {f"select_{name}_{key}": float(figures[key][k]) for k, name in enumerate(NAMES) for key in figures}

    # ---- making pictures
    def batch(self, hands: list[AnnotatedHand], changes: list[Change], size: tuple[int, int]) -> Batch:
        """image [B, 1, H, W], points [B, 3, 2] in -1..1; NaN where a point has left the frame."""
        examples = [self._example(hand, change, size) for hand, change in zip(hands, changes, strict=True)]
        images, points = (torch.from_numpy(np.stack(part)) for part in zip(*examples, strict=True))
        return {"image": images[:, None], "points": points}

    def _drawn(self, seed: tuple[int, int, int], size: tuple[int, int]) -> Batch:
        rng = np.random.default_rng(seed)
        picks = rng.integers(len(self.train_hands), size=self.recipe.optimizer.batch)
        changes = [draw(self.recipe.augment, rng) for _ in picks]
        return self.batch([self.train_hands[k] for k in picks], changes, size)

    def _example(self, hand: AnnotatedHand, change: Change, size: tuple[int, int]) -> tuple[Image, npt.NDArray[np.float32]]:
        """The changed film on the padded grid, in one interpolation, and its points. The grid has the film's proportions."""
        to_grid = change.map(size) @ grid_of(hand, size)
        points = (unit_square(size) @ to_grid).points(targets(hand))
        points[(np.abs(points) > 1).any(1)] = np.nan
        return change.tone(padded(unit(self.images[hand.id]), to_grid, size)), points.astype(np.float32)


def targets(hand: AnnotatedHand) -> npt.NDArray[np.float64]:
    """The three points [3, 2] in the standard frame. Not in the paper: the capitate, which is not annotated, by the template."""
    return np.array([*keypoints.from_hand(points_in(hand, STANDARD), np.ones(len(hand.points)))])


def grid_of(hand: AnnotatedHand, size: tuple[int, int]) -> PixelMap:
    """The standard frame -> the padded grid, with the proportions of the original film."""
    return padded_map(STANDARD, size, aspect=hand.size[1] / hand.size[0])


def errors_of(hand: AnnotatedHand, answer: npt.NDArray[np.float64], size: tuple[int, int]) -> npt.NDArray[np.float64]:
    """The three points' distances in % of hand length, wrist to middle tip; measured on the grid, which has true proportions."""
    to_grid = grid_of(hand, size)
    length = np.linalg.norm(np.diff(to_grid.points(points_in(hand, STANDARD)[[WRIST, MIDDLE_TIP]]), axis=0))
    distances = unit_square(size).inverse().points(answer) - to_grid.points(targets(hand))
    return np.asarray(np.linalg.norm(distances, axis=1) / length * 100)
