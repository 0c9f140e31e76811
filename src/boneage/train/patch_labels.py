"""Which of Lee's five classes each pixel of a film is: from its accepted mask, the annotated joint boxes and rules of the image.

Not the paper: there, people drew regions of each class. Where no rule is sure the pixel stays unlabeled, and no patch comes from
it. Lengths in pixels of the 512 x 512 film, on which a hand is about 330 long; found by eye on sheets of 40 films.
"""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
import numpy.typing as npt

from boneage.standardize.patches import PatchClass
from boneage.standardize.segment import Mask, fill_holes
from boneage.types import Image

Bytes = npt.NDArray[np.uint8]
UNLABELED = 255


@dataclass(frozen=True)
class Rules:
    """Gray values are of the stretched film, 0..1, its square root taken where edges are looked for."""

    bone_sigma: float = 9.0  # bone is brighter than its surroundings inside the mask ...
    bone_wide_sigma: float = 28.0  # ... near or far
    ring: tuple[int, int] = (4, 16)  # background is what the hand's surroundings join: nearest and farthest px from the mask
    edge: float = 0.02  # gray values per px; a steeper place ends the field
    leak: int = 2  # px; gaps in an edge up to twice this wide are shut
    convex: float = 0.9  # share of its convex hull that the exposed field fills, or else its outside is not told
    rim: tuple[int, int] = (5, 24)  # px inside and outside the field's outline, where a bright rim is no marker
    marker: tuple[float, float] = (0.06, 0.11)  # brighter than the surroundings by these, before and after the root
    marker_width: int = 25  # px of a stroke at most
    marker_box: tuple[int, int] = (6, 130)  # px of a marker's shorter side at least and longer side at most
    marker_slender: float = 0.2  # shorter : longer side at least
    holder: int = 8  # px around the letters, where their holder may be
    joint: float = 0.45  # share of an annotated box, around its center, that is bone
    margin: tuple[int, int] = (36, 4)  # beside the film, collimation so far out; every so many-th row and column: zeros are easy


def label_film(film: Image, mask: Mask, on_film: Mask, boxes: npt.NDArray[np.float64], rules: Rules | None = None) -> Bytes:
    """PatchClass or UNLABELED [H, W] of a letterboxed film, bone bright and stretched.

    `on_film`: where the film lies in the letterbox. `boxes` [N, 4] x0, y0, x1, y1: annotated joints, px.
    """
    rules = rules or Rules()
    labels = np.full(film.shape, UNLABELED, np.uint8)
    bright = np.sqrt(np.clip(film, 0, 1))
    field, outside = exposed_field(bright, mask, on_film, rules)
    rim = outside.any() & _grown(field, rules.rim[1]) & _grown(~field & on_film, rules.rim[0])
    strokes = find_strokes(film, bright, rules) & on_film & ~_grown(mask, 5)
    markers = find_markers(strokes & ~rim, rules)
    labels[field & ~mask & ~_grown(strokes, 3)] = PatchClass.BACKGROUND
    beside = ~on_film & _grown(on_film, rules.margin[0])
    labels[:: rules.margin[1], :: rules.margin[1]][beside[:: rules.margin[1], :: rules.margin[1]]] = PatchClass.COLLIMATION
    labels[outside] = PatchClass.COLLIMATION
    labels[_grown(markers, rules.holder) & on_film] = UNLABELED
    labels[markers] = PatchClass.MARKER
    labels[mask] = PatchClass.TISSUE
    labels[find_bone(film, mask, rules) | (_in_boxes(boxes, mask, rules.joint) & mask)] = PatchClass.BONE
    return labels


def find_bone(film: Image, mask: Mask, rules: Rules) -> Mask:
    """What is brighter than the hand around it, near or far; never the skin line."""
    inner = cv2.erode(mask.astype(np.uint8), _disk(3)) > 0
    near, far = (_mean_inside(film, mask, sigma) for sigma in (rules.bone_sigma, rules.bone_wide_sigma))
    found = inner & (film > 0.5 * (near + far)) & (film > 0.92 * far)
    return cv2.morphologyEx(found.astype(np.uint8), cv2.MORPH_OPEN, _disk(2)) > 0


def exposed_field(bright: Image, mask: Mask, on_film: Mask, rules: Rules) -> tuple[Mask, Mask]:
    """The exposed field around the hand, and what is surely outside it (nothing, where that cannot be told).

    It is what the hand's surroundings join without crossing an edge, made convex: collimators have straight blades.
    """
    smooth = cv2.GaussianBlur(bright, (0, 0), 1.2)
    steep = np.hypot(cv2.Sobel(smooth, cv2.CV_32F, 1, 0), cv2.Sobel(smooth, cv2.CV_32F, 0, 1)) / 8 > rules.edge
    blocked = _grown(steep | mask, rules.leak) | _grown(~on_film, 3)
    _, parts = cv2.connectedComponents((~blocked).astype(np.uint8), connectivity=4)
    near, far = rules.ring
    votes = np.bincount(parts[_grown(mask, far) & ~_grown(mask, near) & ~blocked], minlength=2)
    joined = np.isin(parts, np.flatnonzero(votes > 0.1 * max(votes.sum(), 1))) & ~blocked
    region = _grown(joined, rules.leak + 1) & ~mask
    hull = _hull(region) & on_film
    filled = fill_holes(region | (mask & hull))
    if filled.sum() < rules.convex * hull.sum():
        return region, np.zeros_like(mask)
    return hull, on_film & ~_grown(hull | mask, 2)


def find_strokes(film: Image, bright: Image, rules: Rules) -> Mask:
    """What is narrow and brighter than its surroundings: letters, the field's rim, bones."""
    kernel = np.ones((rules.marker_width, rules.marker_width), np.uint8)
    plain, rooted = (cv2.morphologyEx(image, cv2.MORPH_TOPHAT, kernel) for image in (film, bright))
    return np.asarray((plain > rules.marker[0]) & (rooted > rules.marker[1]))


def find_markers(strokes: Mask, rules: Rules) -> Mask:
    """The compact ones among the strokes: letters, joined to words and filled to their convex outline."""
    joined = cv2.morphologyEx(strokes.astype(np.uint8), cv2.MORPH_CLOSE, _disk(4))
    markers = np.zeros(strokes.shape, np.uint8)
    for outline in cv2.findContours(joined, cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_NONE)[0]:
        shorter, longer = sorted(cv2.minAreaRect(outline)[1])
        if shorter >= max(rules.marker_box[0], rules.marker_slender * longer) and longer <= rules.marker_box[1]:
            cv2.drawContours(markers, [cv2.convexHull(outline)], -1, 1, -1)
    return markers > 0


def _mean_inside(film: Image, mask: Mask, sigma: float) -> Image:
    """The Gaussian mean over the mask's pixels alone, worked out on a grid four times as coarse."""
    weight = mask.astype(np.float32)
    size = (mask.shape[1], mask.shape[0])
    parts = (cv2.resize(part, (size[0] // 4, size[1] // 4), interpolation=cv2.INTER_AREA) for part in (film * weight, weight))
    total, count = (cv2.resize(cv2.GaussianBlur(part, (0, 0), sigma / 4), size) for part in parts)
    return np.asarray(total / np.maximum(count, 1e-3), np.float32)


def _in_boxes(boxes: npt.NDArray[np.float64], mask: Mask, share: float) -> Mask:
    """The ellipses in the middle of the boxes."""
    inside = np.zeros(mask.shape, np.uint8)
    for x0, y0, x1, y1 in boxes:
        center, axes = ((x0 + x1) / 2, (y0 + y1) / 2), (share * (x1 - x0), share * (y1 - y0))
        cv2.ellipse(inside, (center, axes, 0.0), 1, -1)
    return inside > 0


def _hull(mask: Mask) -> Mask:
    filled = np.zeros(mask.shape, np.uint8)
    y, x = np.nonzero(mask)
    if len(x):
        cv2.fillConvexPoly(filled, cv2.convexHull(np.column_stack([x, y]).astype(np.int32)), 1)
    return filled > 0


def _grown(mask: Mask, radius: int) -> Mask:
    if not mask.any():
        return mask
    return np.asarray(cv2.distanceTransform((~mask).astype(np.uint8), cv2.DIST_L2, 3) <= radius)


def _disk(radius: int) -> Bytes:
    return np.asarray(cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (2 * radius + 1, 2 * radius + 1)), np.uint8)
