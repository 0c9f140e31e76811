"""One mask of a foreign file, brought to the standard frame, or what is wrong with it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import numpy.typing as npt

from boneage.errors import BoneAgeError, Kind
from boneage.standardize.segment import fill_outlines
from boneage.standardize.size import STANDARD

Mask = npt.NDArray[np.bool_]
LARGEST = 20_000  # pixels on a side
SMALLEST_SHARE, LARGEST_SHARE = 0.005, 0.95  # of the film: no hand is smaller or larger


@dataclass(frozen=True, eq=False)
class Entry:
    """A mask [299, 299] for a film, and where it was written."""

    film: int
    mask: Mask
    where: str  # file and entry


@dataclass(frozen=True)
class Fault:
    """An entry that cannot be used."""

    where: str
    reason: str


class BadEntryError(ValueError):
    """Raised by a reader for one entry; the reader's loop makes a Fault of it and goes on."""


def film_of(name: Any) -> int:
    """The id out of a file's name: `1377.png`, `folder/1377.png.json`."""
    stem = Path(str(name).replace("\\", "/")).name.split(".")[0]
    if not (stem.isascii() and stem.isdigit()):
        raise BadEntryError(f"the file name {name!r} does not begin with a film's id, as in 1377.png")
    return int(stem)


def size_of(height: Any, width: Any) -> tuple[int, int]:
    """A stated image size, checked."""
    if not (_whole(height) and _whole(width) and 0 < height <= LARGEST and 0 < width <= LARGEST):
        raise BadEntryError(f"an image size of {width!r} x {height!r}; 1 to {LARGEST} pixels on a side are expected")
    return int(height), int(width)


def drawn(rings: Sequence[npt.ArrayLike], size: tuple[int, int], holes: Sequence[npt.ArrayLike] = ()) -> Mask:
    """Outlines of an image of `size` (height, width), filled, in the standard frame. (0, 0) is the image's corner."""
    checked_rings = [[_near(ring(outline), size) for outline in outlines] for outlines in (rings, holes)]
    return fill_outlines(checked_rings[0], size, STANDARD, holes=checked_rings[1])


def _near(points: npt.NDArray[np.float64], size: tuple[int, int]) -> npt.NDArray[np.float64]:
    if points.min() < -size[0] - size[1] or points.max() > 2 * (size[0] + size[1]):
        raise BadEntryError(f"points far outside the image of {size[1]} x {size[0]}")
    return points


def ring(outline: Any) -> npt.NDArray[np.float64]:
    """Points [N, 2] of a closed outline: three or more, all finite."""
    try:
        points = np.asarray(outline, np.float64)
    except (TypeError, ValueError):
        raise BadEntryError("an outline that is not a list of points") from None
    if points.ndim != 2 or points.shape[1] != 2 or len(points) < 3:
        raise BadEntryError(f"an outline of shape {points.shape}; three or more points (x, y) are expected")
    if not np.isfinite(points).all():
        raise BadEntryError("an outline with points that are not numbers")
    return points


def squashed(mask: Mask) -> Mask:
    """A mask of any size in the standard frame: each pixel by its share."""
    if mask.shape == STANDARD:
        return mask
    larger = mask.shape[0] >= STANDARD[0] and mask.shape[1] >= STANDARD[1]
    method = cv2.INTER_AREA if larger else cv2.INTER_LINEAR
    return np.asarray(cv2.resize(mask.astype(np.float32), STANDARD[::-1], interpolation=method) >= 0.5)


def checked(mask: Mask) -> Mask:
    """A mask that can be a hand's."""
    share = float(mask.mean())
    if not SMALLEST_SHARE <= share <= LARGEST_SHARE:
        raise BadEntryError(f"a mask over {share:.1%} of the film; {SMALLEST_SHARE:.1%} to {LARGEST_SHARE:.0%} are expected")
    return mask


def bad_file(path: Path, came: str, expected: str) -> BoneAgeError:
    """A file of which nothing can be read."""
    return BoneAgeError(Kind.BAD_DATA, came=f"{path}: {came}", expected=expected, todo="Export it again, or leave it out.")


def _whole(value: Any) -> bool:
    return isinstance(value, int) and not isinstance(value, bool)
