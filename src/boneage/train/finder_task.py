"""The task of the hand finder: points of the annotated hands, presence and polarity of all films."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor, nn
from torch.nn import functional as F

from boneage import dataset
from boneage.dataset import AnnotatedHand, Part
from boneage.models.hand_finder import STRIDE, HandFinder, soft_argmax
from boneage.standardize.contrast import stretch
from boneage.standardize.size import STANDARD, standard_bytes, unit
from boneage.template import MIDDLE_TIP, WRIST
from boneage.train.augment import Change, draw
from boneage.train.loop import Batch, pretrained, seeded_batches
from boneage.train.negatives import negative
from boneage.train.recipe import FinderTask as Settings
from boneage.train.recipe import Recipe
from boneage.train.warp import warp
from boneage.types import Image

SIGMA = 1.0  # of the target heat map, in cells


@dataclass(frozen=True, eq=False)
class Example:
    """One picture for the finder."""

    image: Image  # [S, S]
    points: npt.NDArray[np.float32]  # [21, 2] px; NaN where unknown or outside
    labels: npt.NDArray[np.float32]  # [2]: one hand, bone dark; NaN where not asked


class FinderTask:
    """Batches, loss and score of the hand finder."""

    def __init__(self, recipe: Recipe, settings: Settings, data: Path) -> None:
        self.recipe, self.settings = recipe, settings
        films = dataset.read_films(data)
        parts = {film.id: film.part for film in films}
        hands = dataset.read_hands(data)
        self.train_hands = [hand for hand in hands if parts[hand.id] is Part.TRAIN]
        self.select_hands = [hand for hand in hands if parts[hand.id] is Part.SELECT]
        self.train_ids = [film.id for film in films if film.part is Part.TRAIN]
        wanted = {*self.train_ids, *(hand.id for hand in self.select_hands)}
        self.images = {id: standard_bytes(image) for id, image in dataset.iterate_images(data, wanted)}

    def build(self, *, resumed: bool) -> nn.Module:
        model = HandFinder()
        if self.recipe.start == "imagenet" and not resumed:
            rng = np.random.default_rng(self.recipe.seed)
            films = np.stack([self._film(rng) for _ in range(32)])
            pretrained(model.trunk, torch.from_numpy(films)[:, None])
        return model

    def steps(self, epoch: int) -> int:
        return self.settings.steps

    def batches(self, epoch: int, workers: int) -> Iterator[Batch]:
        yield from seeded_batches(self._batch, self.recipe, epoch, steps=self.settings.steps, workers=workers)

    def loss(self, model: nn.Module, batch: Batch) -> tuple[Tensor, dict[str, float]]:
        maps, whole = model(batch["image"])
        maps, whole = maps.float(), whole.float()
        known = ~batch["points"].isnan().any(2)  # [B, 21]
        cells = (batch["points"].nan_to_num() + 0.5) / STRIDE - 0.5
        target = _gaussian(cells, maps.shape[2], maps.shape[3])
        heat = -(target.flatten(2) * maps.flatten(2).log_softmax(2)).sum(2)[known].mean()
        asked = ~batch["labels"].isnan()
        presence = F.binary_cross_entropy_with_logits(whole[asked], batch["labels"][asked])
        return heat + presence, {"heat": float(heat.detach()), "presence": float(presence.detach())}

    @torch.no_grad()
    def score(self, model: nn.Module, epoch: int, workers: int) -> dict[str, float]:
        """On select: median and 95th percentile of the points' error in % of hand length."""
        device = next(model.parameters()).device
        size, errors = self.recipe.size_at(epoch), []
        for hand in self.select_hands:
            example = self._annotated(hand, Change(), size)
            maps, _ = model(torch.from_numpy(example.image)[None, None].to(device))
            points = soft_argmax(maps.float())[0][0].cpu().numpy()
            true = points_in(hand, size)
            proportion = np.array([hand.size[1] / size[1], hand.size[0] / size[0]])  # frame px -> film px
            length = np.linalg.norm((true[WRIST] - true[MIDDLE_TIP]) * proportion)
            errors.append(np.linalg.norm((points - true) * proportion, axis=1) / length * 100)
        array = np.concatenate(errors)
        return {"select_median": float(np.median(array)), "select_p95": float(np.percentile(array, 95))}

    # ---- making pictures
    def _batch(self, seed: tuple[int, int, int], size: tuple[int, int]) -> Batch:
        rng, settings = np.random.default_rng(seed), self.settings
        picks = rng.integers(len(self.train_hands), size=settings.annotated)
        examples = [self._annotated(self.train_hands[k], draw(self.recipe.augment, rng), size) for k in picks]
        for _ in range(settings.negatives):
            picture = stretch(negative(rng, size, lambda: self._film(rng)))
            picture = draw(self.recipe.augment, rng).tone(picture)
            examples.append(Example(picture, _unknown(), np.array([0, np.nan], np.float32)))
        while len(examples) < self.recipe.optimizer.batch:
            examples.append(self._unannotated(draw(self.recipe.augment, rng), rng, size))
        return {
            "image": torch.from_numpy(np.stack([example.image for example in examples]))[:, None],
            "points": torch.from_numpy(np.stack([example.points for example in examples])),
            "labels": torch.from_numpy(np.stack([example.labels for example in examples])),
        }

    def _annotated(self, hand: AnnotatedHand, change: Change, size: tuple[int, int]) -> Example:
        image, to_size = warp(unit(self.images[hand.id]), hand.size, change, size)
        points = to_size.points(points_in(hand, STANDARD))
        inside = np.asarray(((points >= 0) & (points <= np.array(size[::-1]) - 1)).all(1))
        whole = inside[[WRIST, MIDDLE_TIP]].all() and inside.sum() >= 17
        visible = np.asarray(np.where(inside[:, None], points, np.nan), np.float32)
        return Example(image, visible, np.array([1 if whole else np.nan, change.invert], np.float32))

    def _unannotated(self, change: Change, rng: np.random.Generator, size: tuple[int, int]) -> Example:
        gentle = Change(invert=change.invert, gamma=change.gamma, contrast=change.contrast, mirror=change.mirror)
        image, _ = warp(self._film(rng), (4, 3), gentle, size)
        return Example(image, _unknown(), np.array([1, change.invert], np.float32))

    def _film(self, rng: np.random.Generator) -> Image:
        return unit(self.images[self.train_ids[int(rng.integers(len(self.train_ids)))]])


def points_in(hand: AnnotatedHand, size: tuple[int, int]) -> npt.NDArray[np.float64]:
    """The annotated points [21, 2] in pixels of a frame of `size` (height, width)."""
    return np.asarray(hand.points * np.array(size[::-1]) - 0.5)


def _gaussian(cells: Tensor, h: int, w: int) -> Tensor:
    """Target maps [B, 21, h, w] that sum to 1 around the cells [B, 21, 2]."""
    x = torch.arange(w, device=cells.device) - cells[..., 0:1]
    y = torch.arange(h, device=cells.device) - cells[..., 1:2]
    field = torch.exp(-(y**2)[..., :, None] / (2 * SIGMA**2)) * torch.exp(-(x**2)[..., None, :] / (2 * SIGMA**2))
    return field / field.sum((2, 3), keepdim=True).clamp_min(1e-6)


def _unknown() -> npt.NDArray[np.float32]:
    return np.full((21, 2), np.nan, np.float32)
