"""The films that patches are cut from: letterboxed in true proportion, bone bright, a class for every pixel."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

from boneage import dataset
from boneage.dataset import Part
from boneage.errors import BoneAgeError, Kind
from boneage.found_hands import load_found
from boneage.geometry import PixelMap
from boneage.joint_boxes import JOINT_NAMES, JOINTS_FILE, read_boxed_films
from boneage.register.aspect import estimate_aspect
from boneage.standardize.letterbox import LEE
from boneage.standardize.patches import patch_input
from boneage.standardize.size import STANDARD, unit
from boneage.train.mask_task import masks_folder, read_masks
from boneage.train.patch_labels import label_film

Bytes = npt.NDArray[np.uint8]
Boxes = npt.NDArray[np.float64]
NO_BOXES = np.zeros((0, 4))


@dataclass(frozen=True, eq=False)
class LabeledFilm:
    """One film as Lee normalizes it."""

    id: int
    pixels: Bytes  # [512, 512]
    labels: Bytes  # [512, 512] PatchClass or UNLABELED


def load_labeled_films(data: Path, count: int, *, seed: int) -> list[LabeledFilm]:
    """`count` films drawn from the training films with an accepted mask. Raises BoneAgeError where there are fewer."""
    train = {film.id: film for film in dataset.read_films(data) if film.part is Part.TRAIN}
    masks = read_masks(masks_folder(), set(train))
    if len(masks) < count:
        raise BoneAgeError(
            Kind.BAD_DATA,
            came=f"{len(masks)} accepted masks of training films in {masks_folder()}",
            expected=f"{count} or more, as the recipe has it",
            todo="Go on with `boneage mine`.",
        )
    ids = sorted(np.random.default_rng(seed).choice(sorted(masks), size=count, replace=False).tolist())
    images, hands = load_found(data, [train[film_id] for film_id in ids])
    sizes, boxes = dataset.read_sizes(data), joint_boxes(data)
    films = []
    for film_id in ids:
        height, width = sizes.get(film_id, (0, 0))
        aspect = width / height if height else estimate_aspect(hands[film_id].points, hands[film_id].confidence)
        films.append(labeled_film(film_id, images[film_id], masks[film_id], aspect=aspect, boxes=boxes.get(film_id, NO_BOXES)))
    return films


def labeled_film(film_id: int, frame: Bytes, mask: Bytes, *, aspect: float, boxes: Boxes = NO_BOXES) -> LabeledFilm:
    """A film and its mask in the standard frame, brought into the letterbox and labeled. `boxes`: fractions of the frame."""
    film, to_frame = patch_input(unit(frame), aspect)
    to_grid = to_frame.inverse()
    on_film = to_grid.image(np.ones(STANDARD, np.float32), LEE) > 0.5
    hand = to_grid.image(unit(mask), LEE) > 0.5
    to_pixels = to_grid @ PixelMap.resize((1, 1), STANDARD) @ PixelMap.shift(-0.5, -0.5)
    moved = np.array([to_pixels.box((x0, y0, x1, y1)) for x0, y0, x1, y1 in boxes]).reshape(-1, 4)
    pixels = np.asarray(np.rint(np.clip(film, 0, 1) * 255), np.uint8)
    return LabeledFilm(film_id, pixels, label_film(unit(pixels), hand, on_film, moved))


def joint_boxes(data: Path) -> Mapping[int, Boxes]:
    """The annotated boxes of joints and phalanges by film, fractions of the frame; none where the table is absent."""
    if not (data / "annotations" / JOINTS_FILE).is_file():
        return {}
    own = {film.id: film.boxes[: len(JOINT_NAMES)] for film in read_boxed_films(data)}
    return {film_id: boxes[~np.isnan(boxes).any(1)] for film_id, boxes in own.items()}
