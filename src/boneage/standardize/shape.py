"""A hand's rough shape around its 21 points: how far each pixel lies from the fingers, the palm and the forearm.

Lengths in hand lengths of the template (wrist to middle finger's tip), so that a film squashed to a square is measured in true
proportions.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise

import cv2
import numpy as np
import numpy.typing as npt

from boneage.template import PALM, WRIST, fit_template
from boneage.types import Image

Points = npt.NDArray[np.float64]

THUMB = (1, 2, 3, 4)
FINGERS = ((5, 6, 7, 8), (9, 10, 11, 12), (13, 14, 15, 16), (17, 18, 19, 20))


@dataclass(frozen=True, eq=False)
class Shape:
    """Distances per pixel [H, W], in hand lengths; 0 on the line or inside the polygon."""

    fingers: Image  # from the nearest finger's bones
    palm: Image  # from the polygon of wrist and knuckles
    across: Image  # from the forearm's axis, in absolute value
    below: Image  # below the wrist, along the forearm; negative above it


def shape_of(points: Points, confidence: Points, size: tuple[int, int]) -> Shape:
    """The shape on a film of `size` (height, width) with these points [21, 2] in its pixels."""
    to_template = fit_template(points, confidence)
    hand = to_template.points(points).astype(np.float32)
    y, x = np.mgrid[0 : size[0], 0 : size[1]]
    grid = to_template.points(np.stack([x, y], -1)).astype(np.float32)  # [H, W, 2]
    lines = [_line_distance(grid, hand[a], hand[b]) for finger in (THUMB, *FINGERS) for a, b in pairwise(finger)]
    # the film's own wrist leads the forearm; in template units it runs straight down
    offset = grid - hand[WRIST]
    return Shape(
        fingers=np.minimum.reduce(lines),
        palm=_palm_distance(points, grid, hand, size),
        across=np.abs(offset[..., 0]),
        below=offset[..., 1],
    )


def _line_distance(grid: Image, a: Image, b: Image) -> Image:
    """From every place of the grid to the segment a-b."""
    along = b - a
    share = np.clip(((grid - a) @ along) / max(float(along @ along), 1e-9), 0, 1)
    return np.asarray(np.linalg.norm(grid - a - share[..., None] * along, axis=-1), np.float32)


def _palm_distance(points: Points, grid: Image, hand: Image, size: tuple[int, int]) -> Image:
    inside = np.zeros(size, np.uint8)
    corners = cv2.convexHull(np.rint(points[PALM]).astype(np.int32))
    cv2.fillConvexPoly(inside, corners, 1)
    ring = [hand[WRIST], *(hand[i] for i in (1, 5, 9, 13, 17)), hand[WRIST]]
    edge = np.minimum.reduce([_line_distance(grid, a, b) for a, b in pairwise(ring)])
    return np.where(inside > 0, np.float32(0), edge)
