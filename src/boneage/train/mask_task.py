"""The task of the hand's mask: films and accepted masks, changed alike, to L = H - log J."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from pathlib import Path

import cv2
import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor, nn

from boneage import dataset
from boneage.dataset import Part
from boneage.errors import BoneAgeError, Kind
from boneage.found_hands import load_alignments
from boneage.models.unet import UNet, mask_loss
from boneage.standardize.size import STANDARD, unit
from boneage.train.augment import Change, draw
from boneage.train.loop import Batch, seeded_batches
from boneage.train.recipe import MaskTask as Settings
from boneage.train.recipe import Recipe
from boneage.train.warp import warp
from boneage.types import Image

Bytes = npt.NDArray[np.uint8]
TYPICAL = (4, 3)  # height, width of a film whose true proportions are not known
HELD_OUT = 97  # every so many-th accepted mask scores, and is not trained on


def masks_folder() -> Path:
    """Where accepted masks live: BONEAGE_MASKS, a folder of ID.png in the standard frame (see `boneage mine`)."""
    folder = os.environ.get("BONEAGE_MASKS")
    if folder is None or not Path(folder).is_dir():
        raise BoneAgeError(
            Kind.BAD_DATA,
            came=f"BONEAGE_MASKS={folder!r}",
            expected="a folder of accepted masks, ID.png in the standard frame",
            todo="Make them with `boneage mine`, and name the folder in BONEAGE_MASKS.",
        )
    return Path(folder)


def read_masks(folder: Path, ids: set[int]) -> dict[int, Bytes]:
    """The masks of the wanted films, 0 or 255 in the standard frame, by id."""
    files = {int(path.stem): path for path in sorted(folder.glob("*.png")) if path.stem.isdigit()}
    return read_mask_files({film: path for film, path in files.items() if film in ids})


def read_mask_files(files: Mapping[int, Path]) -> dict[int, Bytes]:
    """The same from files by id."""
    masks = {}
    for film, path in files.items():
        image = cv2.imread(str(path), cv2.IMREAD_GRAYSCALE)
        if image is None or image.shape != STANDARD:
            raise BoneAgeError(
                Kind.BAD_DATA,
                came=f"mask {path.name} that is not a {STANDARD[0]} x {STANDARD[1]} gray PNG",
                expected="a mask in the standard frame",
                todo="Bring it in with `boneage mine import`.",
            )
        masks[film] = np.asarray(image, np.uint8)
    return masks


class MaskTask:
    """Batches, loss and score of the U-Net. `masks` and `start` are given by `boneage mine`, which holds both."""

    def __init__(
        self,
        recipe: Recipe,
        settings: Settings,
        data: Path,
        *,
        masks: Mapping[int, Bytes] | None = None,
        films: Mapping[int, Bytes] | None = None,  # bone bright, in the standard frame
        start: Mapping[str, Tensor] | None = None,  # weights of the round before
        corrected: frozenset[int] = frozenset(),  # of the masks, those corrected by eye: the hard ones
    ) -> None:
        self.recipe, self.settings, self.start = recipe, settings, start
        train = [film for film in dataset.read_films(data) if film.part is Part.TRAIN]
        found = read_masks(masks_folder(), {film.id for film in train}) if masks is None else masks
        self.masks = {film.id: found[film.id] for film in train if film.id in found}
        if films is None:
            films, _ = load_alignments(data, [film for film in train if film.id in self.masks])
        self.films = films
        ids = sorted(self.masks)
        self.scored = ids[:: max(2, min(HELD_OUT, len(ids) // 8))]
        self.trained = sorted(set(ids) - set(self.scored))
        self.corrected = sorted(corrected & set(self.trained))
        self.true_sizes = dataset.read_sizes(data)

    def build(self, *, resumed: bool) -> nn.Module:
        model = UNet(filters=self.settings.filters)
        if self.start is not None and not resumed:
            model.load_state_dict(self.start)
        return model

    def steps(self, epoch: int) -> int:
        return self.settings.steps

    def batches(self, epoch: int, workers: int) -> Iterator[Batch]:
        yield from seeded_batches(self._batch, self.recipe, epoch, steps=self.settings.steps, workers=workers)

    def loss(self, model: nn.Module, batch: Batch) -> tuple[Tensor, dict[str, float]]:
        loss, jaccard = mask_loss(model(batch["image"]).float(), batch["mask"])
        return loss, {"jaccard": float(jaccard.detach())}

    @torch.no_grad()
    def score(self, model: nn.Module, epoch: int, workers: int) -> dict[str, float]:
        """Mean IoU on accepted masks of training films that are kept out of the batches."""
        device, size, values = next(model.parameters()).device, self.recipe.size_at(epoch), []
        for film in self.scored:
            image, mask = self._example(film, Change(), size)
            found = model(torch.from_numpy(image)[None, None].to(device))[0, 0].cpu().numpy() > 0
            values.append((found & (mask > 0.5)).sum() / max(1, (found | (mask > 0.5)).sum()))
        return {"held_out_iou": float(np.mean(values))}

    def _batch(self, seed: tuple[int, int, int], size: tuple[int, int]) -> Batch:
        rng = np.random.default_rng(seed)
        picks = rng.choice(self.trained, size=self.recipe.optimizer.batch)
        if self.corrected:
            hard = rng.random(len(picks)) < self.settings.corrected
            picks = np.where(hard, rng.choice(self.corrected, size=len(picks)), picks)
        examples = [self._example(int(film), draw(self.recipe.augment, rng), size) for film in picks]
        images, masks = (torch.from_numpy(np.stack(part))[:, None] for part in zip(*examples, strict=True))
        return {"image": images, "mask": masks}

    def _example(self, film: int, change: Change, size: tuple[int, int]) -> tuple[Image, Image]:
        """A film and its mask on the network's grid, moved alike; the mask's edge pixels keep their share of hand."""
        image, to_size = warp(unit(self.films[film]), self.true_sizes.get(film, TYPICAL), change, size)
        return image, np.clip(to_size.image(unit(self.masks[film]), size), 0, 1)
