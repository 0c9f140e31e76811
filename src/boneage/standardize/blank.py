"""What lies outside a generous outline of the hand is made blank: names and markers on the film, and neighbors.

The outline is wide enough that no bone is cut, on bent fingers and turned forearms too, so what is written on the hand itself, or
within about a finger's width of it, stays.
"""

from __future__ import annotations

import cv2
import numpy as np
import numpy.typing as npt

from boneage.standardize.shape import shape_of
from boneage.types import Image

Mask = npt.NDArray[np.bool_]
Points = npt.NDArray[np.float64]

# Hand lengths. Of 120 phantoms of all ages, with the finder's points, no pixel of a bone lies outside; the forearm's bones lie
# within 0.15 of its axis at the wrist. By eye no bone was cut on 40 training films; parts of letters stayed on three of them.
FINGERS, PALM = 0.10, 0.11
FOREARM, WIDENS = 0.22, 0.40  # half its width at the wrist, and how fast that grows below
ABOVE_WRIST = 0.12  # where the forearm begins
GRID = 480  # pixels of the longer side on which the outline is worked out


def hand_outline(points: Points, size: tuple[int, int], *, confidence: Points | None = None) -> Mask:
    """[H, W] of a film of `size` with the hand's points [21, 2] in its pixels: True where the hand may be."""
    scale = min(1.0, GRID / max(size))
    small = (max(round(size[0] * scale), 1), max(round(size[1] * scale), 1))
    factors = np.array([small[1] / size[1], small[0] / size[0]])
    shape = shape_of((points + 0.5) * factors - 0.5, np.ones(len(points)) if confidence is None else confidence, small)
    forearm = (shape.below > -ABOVE_WRIST) & (shape.across < FOREARM + WIDENS * np.maximum(shape.below, 0))
    found = (shape.fingers < FINGERS) | (shape.palm < PALM) | forearm
    return np.asarray(cv2.resize(found.astype(np.uint8), size[::-1], interpolation=cv2.INTER_NEAREST), bool)


def blank_outside(film: Image, outline: Mask, *, black: float = 0.0) -> Image:
    """The film [H, W] with one gray outside."""
    return np.where(outline, film, np.float32(black))
