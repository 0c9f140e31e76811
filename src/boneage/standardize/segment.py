"""Masks: the largest component kept, its holes filled (Iglovikov 2018, section 2); outlines filled, overlaps measured."""

from __future__ import annotations

from collections.abc import Sequence

import cv2
import numpy as np
import numpy.typing as npt

Mask = npt.NDArray[np.bool_]  # [H, W]
FINE = 8  # outlines are drawn on a grid so many times as fine, then averaged


def largest_component(mask: Mask) -> Mask:
    """The largest 8-connected component; an empty mask stays empty."""
    count, labels, stats, _ = cv2.connectedComponentsWithStats(mask.astype(np.uint8), connectivity=8)
    if count < 2:
        return np.zeros_like(mask)
    return np.asarray(labels == 1 + int(np.argmax(stats[1:, cv2.CC_STAT_AREA])))


def fill_holes(mask: Mask) -> Mask:
    """Background that the mask encloses joins it; background that reaches the picture's edge does not."""
    around = cv2.copyMakeBorder((~mask).astype(np.uint8), 1, 1, 1, 1, cv2.BORDER_CONSTANT, value=1)
    _, labels = cv2.connectedComponents(around, connectivity=4)
    return np.asarray(labels != labels[0, 0])[1:-1, 1:-1]


def clean(mask: Mask) -> Mask:
    """The largest component without holes."""
    return fill_holes(largest_component(mask))


def fill_outlines(
    outlines: Sequence[npt.NDArray[np.float64]],
    source: tuple[int, int],
    target: tuple[int, int],
    *,
    holes: Sequence[npt.NDArray[np.float64]] = (),
) -> Mask:
    """Closed outlines [N, 2] on an image of `source` (height, width), filled on a grid of `target`: pixels at least half inside.

    (0, 0) is the corner of the image, as COCO, VIA and Supervisely count.
    """
    fine = np.zeros((target[0] * FINE, target[1] * FINE), np.uint8)
    scale = np.array([target[1] / source[1], target[0] / source[0]]) * FINE
    for value, rings in ((1, outlines), (0, holes)):
        for ring in rings:
            cv2.fillPoly(fine, [np.rint(ring * scale - 0.5).astype(np.int32)], value)
    return np.asarray(cv2.resize(fine.astype(np.float32), target[::-1], interpolation=cv2.INTER_AREA) >= 0.5)


def iou(a: Mask, b: Mask) -> float:
    """Intersection over union; two empty masks are equal."""
    either = int((a | b).sum())
    return 1.0 if either == 0 else float((a & b).sum() / either)
