"""How well a mask's outline follows an edge of the film: on which share of it the film darkens outward, and the longest gap."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
import numpy.typing as npt

from boneage.types import Image

Mask = npt.NDArray[np.bool_]
Bytes = npt.NDArray[np.uint8]
FRAME = 4  # pixels; the outline nearer to the film's edge is the film's, not the hand's
STEP = 2.0  # pixels to either side of the outline, where gray values are compared
LEAST = 0.04  # of the way from background to bone, after the gamma: the smallest drop that counts as an edge
GAMMA = 0.5
SMOOTH = 1.0  # pixels; without it noise on a dark background passes for an edge
AROUND = 61  # pixels: the square that a mask is dilated by to see its background


@dataclass(frozen=True)
class Edge:
    """What lies across the outline."""

    share: float  # of the outline, 0..1, across which the film darkens outward by LEAST or more
    longest_gap: int  # outline pixels in a row across which it does not
    length: int  # outline pixels that were looked at


def edge_along(film: Bytes, mask: Mask) -> Edge:
    """The edge of a bone-bright film [H, W] along a mask's outlines."""
    if mask.all() or not mask.any():
        return Edge(0.0, 0, 0)
    level = levels(film, mask)
    signed = _signed_distance(mask)
    dy, dx = np.gradient(cv2.GaussianBlur(signed, (0, 0), 1.5))  # points inward
    drops, longest, count = 0, 0, 0
    for line in cv2.findContours(mask.astype(np.uint8), cv2.RETR_LIST, cv2.CHAIN_APPROX_NONE)[0]:
        x, y = line[:, 0, 0], line[:, 0, 1]
        height, width = mask.shape
        inner = (x >= FRAME) & (y >= FRAME) & (x < width - FRAME) & (y < height - FRAME)
        norm = np.maximum(np.hypot(dx[y, x], dy[y, x]), 1e-6)
        nx, ny = dx[y, x] / norm, dy[y, x] / norm
        drop = _at(level, x + STEP * nx, y + STEP * ny) - _at(level, x - STEP * nx, y - STEP * ny) >= LEAST
        count += int(inner.sum())
        drops += int((drop & inner).sum())
        longest = max(longest, _longest(~drop & inner))
    return Edge(drops / max(count, 1), longest, count)


def levels(film: Bytes, mask: Mask) -> Image:
    """Gray values from 0, the background around the mask, to 1, its bones; dark grays, where the skin line lies, spread."""
    around = cv2.dilate(mask.astype(np.uint8), np.ones((AROUND, AROUND), np.uint8)).astype(bool) & ~mask
    if not mask.any() or not around.any():
        return np.zeros(film.shape, np.float32)
    bottom, top = np.percentile(film[around], 5), np.percentile(film[mask], 90)
    smooth = cv2.GaussianBlur(film.astype(np.float32), (0, 0), SMOOTH)
    return np.asarray(np.clip((smooth - bottom) / max(float(top - bottom), 1.0), 0, 1) ** GAMMA, np.float32)


def _signed_distance(mask: Mask) -> Image:
    inside = cv2.distanceTransform(mask.astype(np.uint8), cv2.DIST_L2, 5)
    outside = cv2.distanceTransform((~mask).astype(np.uint8), cv2.DIST_L2, 5)
    return np.asarray(inside - outside, np.float32)


def _at(image: Image, x: npt.NDArray[np.floating], y: npt.NDArray[np.floating]) -> Image:
    sampled = cv2.remap(image, x.astype(np.float32), y.astype(np.float32), cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
    return np.asarray(sampled, np.float32).ravel()


def _longest(flags: npt.NDArray[np.bool_]) -> int:
    """The longest run of true values on a closed line."""
    if flags.all():
        return len(flags)
    start = int(np.argmin(flags))
    padded = np.concatenate([[False], np.roll(flags, -start), [False]]).astype(np.int8)
    change = np.diff(padded)
    runs = np.flatnonzero(change == -1) - np.flatnonzero(change == 1)
    return int(runs.max(initial=0))
