"""The task of the joint detector: centers and sizes of the annotated boxes, on films turned, mirrored and inverted at random."""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor, nn
from torch.nn import functional as F

from boneage import dataset
from boneage.dataset import Part, part_of
from boneage.geometry import PixelMap
from boneage.joint_boxes import INDEX, JOINT_NAMES, NEAR, OVERLAP, BoxedFilm, center_errors, iou, read_boxed_films
from boneage.models.joint_detector import STRIDE, UNIT_PX, JointDetector, peaks
from boneage.standardize.size import STANDARD, standard_bytes, unit
from boneage.train.augment import Change, draw
from boneage.train.loop import Batch, seeded_batches
from boneage.train.recipe import JointTask as Settings
from boneage.train.recipe import Recipe
from boneage.train.warp import warp
from boneage.types import Image

SIGMA = 1.0  # of the target heat map, in cells
SIZE_WEIGHT = 1.0  # of the L1 of log sizes beside the heat
FIRST_OSSIFICATION = len(JOINT_NAMES)


@dataclass(frozen=True, eq=False)
class Example:
    """One picture for the detector."""

    image: Image  # [H, W]
    centers: npt.NDArray[np.float32]  # [C, 2] px; NaN where unknown or outside
    sizes: npt.NDArray[np.float32]  # [C, 2] width, height in px


class JointTask:
    """Batches, loss and score of the joint detector."""

    def __init__(self, recipe: Recipe, settings: Settings, data: Path) -> None:
        self.recipe, self.settings = recipe, settings
        films = read_boxed_films(data)
        train = [film for film in films if part_of(film.id) is Part.TRAIN]
        self.with_joints = [film for film in train if not np.isnan(film.boxes[:FIRST_OSSIFICATION]).all()]
        self.with_ossification = [film for film in train if not np.isnan(film.boxes[FIRST_OSSIFICATION:]).all()]
        self.select_films = [film for film in films if part_of(film.id) is Part.SELECT]
        wanted = {film.id for film in (*train, *self.select_films)}
        self.images = {id: standard_bytes(image) for id, image in dataset.iterate_images(data, wanted)}

    def build(self, *, resumed: bool) -> nn.Module:
        model = JointDetector()
        if self.recipe.start == "imagenet" and not resumed:
            folder = Path(os.environ.get("BONEAGE_PRETRAINED", "../shared/pretrained"))
            model.trunk.load_imagenet(folder / "squeezenet1_0_imagenet.pth")
        return model

    def steps(self, epoch: int) -> int:
        return self.settings.steps

    def batches(self, epoch: int, workers: int) -> Iterator[Batch]:
        yield from seeded_batches(self.batch, self.recipe, epoch, steps=self.settings.steps, workers=workers)

    def loss(self, model: nn.Module, batch: Batch) -> tuple[Tensor, dict[str, float]]:
        heat, sides = model(batch["image"])
        heat, sides = heat.float(), sides.float()
        known = ~batch["centers"].isnan().any(2)  # [B, C]
        target = gaussian((batch["centers"].nan_to_num() + 0.5) / STRIDE - 0.5, heat.shape[2], heat.shape[3])
        found = -(target.flatten(2) * heat.flatten(2).log_softmax(2)).sum(2)[known].mean()
        guessed = (target[:, :, None] * sides).sum((3, 4))[known]
        true = torch.log(batch["sizes"][known].clamp_min(1.0) / UNIT_PX)
        size = F.l1_loss(guessed, true)
        return found + SIZE_WEIGHT * size, {"heat": float(found.detach()), "size": float(size.detach())}

    @torch.no_grad()
    def score(self, model: nn.Module, epoch: int, workers: int) -> dict[str, float]:
        """On select: shares of annotated boxes found by overlap and by center, and the 95th percentiles of what is judged by."""
        device, size = next(model.parameters()).device, self.recipe.size_at(epoch)
        errors, overlaps = [], []
        for film in self.select_films:
            example = self.example(film, Change(), size)
            heat, sides = model(torch.from_numpy(example.image)[None, None].to(device))
            centers, _, sizes = (value[0].cpu().numpy() for value in peaks(heat.float(), sides.float()))
            errors.append(center_errors((centers + 0.5) / np.array(size[::-1]), film))
            overlaps.append(iou((centers, sizes), (example.centers, example.sizes)))
        error, overlap = np.stack(errors), np.stack(overlaps)
        known = ~np.isnan(error)
        found = (overlap[known] > OVERLAP) | (error[known] < NEAR)
        return {
            "select_found": float(found.mean()),
            "select_overlap": float((overlap[known] > OVERLAP).mean()),
            "select_near": float((error[known] < NEAR).mean()),
            "select_median": float(np.median(error[known])),
            **{
                f"select_{name.split('.')[1].lower()}_p95": float(np.nanpercentile(error[:, INDEX[name]], 95))
                for name in ("joints.DistalPhalanx.middle_finger", "ossification.Wrist")
            },
        }

    # ---- making pictures
    def batch(self, seed: tuple[int, ...], size: tuple[int, int]) -> Batch:
        """image [B, 1, H, W], centers and sizes [B, C, 2]."""
        rng, settings = np.random.default_rng(seed), self.settings
        examples = []
        for number in range(self.recipe.optimizer.batch):
            films = self.with_ossification if number < settings.ossification else self.with_joints
            film = films[int(rng.integers(len(films)))]
            examples.append(self.example(film, draw(self.recipe.augment, rng), size))
        return {
            "image": torch.from_numpy(np.stack([example.image for example in examples]))[:, None],
            "centers": torch.from_numpy(np.stack([example.centers for example in examples])),
            "sizes": torch.from_numpy(np.stack([example.sizes for example in examples])),
        }

    def example(self, film: BoxedFilm, change: Change, size: tuple[int, int]) -> Example:
        """One film, changed, on the detector's grid."""
        image, to_size = warp(unit(self.images[film.id]), film.size, change, size)
        centers, sizes = move_boxes(film.boxes, to_size)
        inside = np.asarray(((centers >= 0) & (centers <= np.array(size[::-1]) - 1)).all(1))
        visible = np.where(inside[:, None], centers, np.nan)
        return Example(image, visible.astype(np.float32), sizes.astype(np.float32))


def move_boxes(boxes: npt.NDArray[np.float64], to_size: PixelMap) -> tuple[npt.NDArray[np.float64], npt.NDArray[np.float64]]:
    """Boxes [C, 4], fractions of the frame -> centers [C, 2] and sizes [C, 2] on the grid.

    What turns is the ellipse within the box, and the new box is the ellipse's: the box of a turned box would grow.
    """
    centers = to_size.points((boxes[:, :2] + boxes[:, 2:]) / 2 * np.array(STANDARD[::-1]) - 0.5)
    halves = (boxes[:, 2:] - boxes[:, :2]) / 2 * np.array(STANDARD[::-1])
    sizes = 2 * np.sqrt((halves**2) @ (to_size.matrix[:2, :2] ** 2).T)
    return centers, sizes


def gaussian(cells: Tensor, h: int, w: int) -> Tensor:
    """Target maps [B, C, h, w] that sum to 1 around the cells [B, C, 2]."""
    x = torch.arange(w, device=cells.device) - cells[..., 0:1]
    y = torch.arange(h, device=cells.device) - cells[..., 1:2]
    field = torch.exp(-(y**2)[..., :, None] / (2 * SIGMA**2)) * torch.exp(-(x**2)[..., None, :] / (2 * SIGMA**2))
    return field / field.sum((2, 3), keepdim=True).clamp_min(1e-6)
