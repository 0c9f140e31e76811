"""A clean mask: the largest component kept, its holes filled (Iglovikov 2018, section 2)."""

from __future__ import annotations

import cv2
import numpy as np
import numpy.typing as npt

Mask = npt.NDArray[np.bool_]  # [H, W]


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
