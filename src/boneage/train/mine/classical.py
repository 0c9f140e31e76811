"""First masks by classical means: GrabCut (Rother 2004) seeded by the hand's points, as there are no masks to start from.

Not the paper: it labels 100 masks by hand.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import cv2
import numpy as np
import numpy.typing as npt

from boneage.standardize.segment import clean
from boneage.standardize.shape import Shape, shape_of
from boneage.template import fit_template
from boneage.train.mine.points import Known
from boneage.types import Image

Bytes = npt.NDArray[np.uint8]
Mask = npt.NDArray[np.bool_]
EDGE = 12  # lines at the film's edge, where a bright border is often taken for forearm


@dataclass(frozen=True)
class Seeds:
    """Where the hand surely is and where it surely is not; hand lengths. Set by eye on contact sheets of 72 hands."""

    finger_core: float = 0.022  # half the width of a finger's bones
    finger_likely: float = 0.045
    finger_reach: float = 0.085  # beyond: not this finger
    palm_likely: float = 0.06
    palm_reach: float = 0.14
    forearm_core: float = 0.05  # half the width of the surely inner strip
    forearm_core_length: float = 0.12
    forearm_likely: float = 0.12
    forearm_reach: float = 0.24  # half the width at the wrist of what may be forearm
    forearm_widens: float = 0.25  # per hand length down
    gamma: float = 0.5  # spreads the dark grays, among which the skin line lies
    gap: float = 0.065  # widest valley between two fingers that is told by its own depth
    thinnest: float = 0.035  # thinner strips of a mask are cut off: no finger is so thin
    iterations: int = 4


def first_masks(film: Bytes, known: Known, seeds: Seeds | None = None) -> Iterator[Mask]:
    """Tries [H, W] at the hand on a bone-bright film, each with other channels, cleaned; the caller takes the first good one."""
    seeds = seeds or Seeds()
    labels = trimap(shape_of(known.points, known.confidence, (film.shape[0], film.shape[1])), seeds)
    if not (labels == cv2.GC_FGD).any() or not (labels == cv2.GC_BGD).any():
        return
    length = _hand_length(known)
    for channels in (_with_smooth, _with_local):
        yield _tidied(_grab(channels(_level(film, labels, seeds), seeds.gap * length), labels, seeds), seeds.thinnest * length)


def trimap(shape: Shape, seeds: Seeds) -> Bytes:
    """GrabCut's labels [H, W]: sure hand, likely hand, likely background, sure background."""
    below = shape.below > 0
    reach = seeds.forearm_reach + seeds.forearm_widens * np.maximum(shape.below, 0)
    may = (shape.fingers < seeds.finger_reach) | (shape.palm < seeds.palm_reach) | ((shape.below > -0.1) & (shape.across < reach))
    likely = (shape.fingers < seeds.finger_likely) | (shape.palm < seeds.palm_likely)
    likely |= below & (shape.across < seeds.forearm_likely)
    sure = (shape.fingers < seeds.finger_core) | (shape.palm == 0)
    sure |= below & (shape.below < seeds.forearm_core_length) & (shape.across < seeds.forearm_core)
    labels = np.full(shape.palm.shape, cv2.GC_BGD, np.uint8)
    labels[may] = cv2.GC_PR_BGD
    labels[likely] = cv2.GC_PR_FGD
    labels[sure] = cv2.GC_FGD
    return labels


def _grab(channels: Bytes, labels: Bytes, seeds: Seeds) -> Mask:
    """GrabCut on the part of the film where anything may be hand, with a margin of background to learn from."""
    places = np.argwhere(labels != cv2.GC_BGD)
    (top, left), (bottom, right) = places.min(0), places.max(0)
    window = slice(max(0, top - 12), bottom + 13), slice(max(0, left - 12), right + 13)
    cut = labels[window].copy()
    cv2.setRNGSeed(0)  # OpenCV's own generator, for this thread: the same film gives the same mask
    background, hand = np.zeros((1, 65)), np.zeros((1, 65))
    cv2.grabCut(channels[window].copy(), cut, (0, 0, 1, 1), background, hand, seeds.iterations, cv2.GC_INIT_WITH_MASK)
    mask = np.zeros(labels.shape, bool)
    mask[window] = (cut == cv2.GC_FGD) | (cut == cv2.GC_PR_FGD)
    return mask


def _level(film: Bytes, labels: Bytes, seeds: Seeds) -> Image:
    """Gray values from 0, the background, to 1, the bones."""
    bottom = np.percentile(film[labels == cv2.GC_BGD], 5)
    top = np.percentile(film[labels == cv2.GC_FGD], 90)
    return np.asarray(np.clip((film - bottom) / max(float(top - bottom), 1.0), 0, 1) ** seeds.gamma, np.float32)


def _with_smooth(level: Image, gap: float) -> Bytes:
    """Gray values, the same smoothed, and how deep a pixel lies in a valley, as between two fingers."""
    gray = _bytes(level)
    return np.dstack([gray, np.asarray(cv2.bilateralFilter(gray, 5, 25, 2), np.uint8), _valley(gray, gap)])


def _with_local(level: Image, gap: float) -> Bytes:
    """Gray values, their difference from the surroundings, and the valley's depth: for a background that is not even."""
    local = 0.5 + 2 * (level - cv2.GaussianBlur(level, (0, 0), 5))
    return np.dstack([_bytes(level), _bytes(local), _valley(_bytes(level), gap)])


def _valley(gray: Bytes, gap: float) -> Bytes:
    width = 2 * max(2, round(gap / 2)) + 1
    kernel = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (width, width))
    depth = cv2.morphologyEx(cv2.GaussianBlur(gray, (0, 0), 0.7), cv2.MORPH_BLACKHAT, kernel)
    return np.asarray(np.minimum(depth.astype(np.int32) * 3, 255), np.uint8)


def _bytes(level: Image) -> Bytes:
    return np.asarray(np.rint(np.clip(level, 0, 1) * 255), np.uint8)


def _tidied(mask: Mask, thinnest: float) -> Mask:
    """Thin strips along a border or a marker cut off; one piece without holes."""
    width = 2 * max(1, round(thinnest / 2)) + 1
    kernel = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (width, width))
    # the film's last lines are repeated, so that a forearm that leaves the film is not thin there
    wide = cv2.copyMakeBorder(mask.astype(np.uint8), width, width, width, width, cv2.BORDER_REPLICATE)
    opened = cv2.morphologyEx(wide, cv2.MORPH_OPEN, kernel)[width:-width, width:-width] > 0
    return clean(_without_border(opened))


def _without_border(mask: Mask) -> Mask:
    """At the film's edge no line of the mask is wider than the one before it, by a pixel to either side."""
    for turns in range(4):
        turned = np.rot90(mask, turns).copy()
        for row in range(turned.shape[0] - EDGE, turned.shape[0]):
            before = np.convolve(turned[row - 1], np.ones(3), "same") > 0
            turned[row] &= before
        mask = np.rot90(turned, -turns)
    return np.ascontiguousarray(mask)


def _hand_length(known: Known) -> float:
    """Wrist to middle finger's tip in pixels of the film, the mean over both axes of a squashed one."""
    scale = abs(float(np.linalg.det(fit_template(known.points, known.confidence).matrix[:2, :2])))
    return float(scale**-0.5) if scale > 0 else 0.0
