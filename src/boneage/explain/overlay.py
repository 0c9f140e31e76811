"""Where the system looked, drawn on the film: the hand's points joined as fingers, and the outline of each region."""

from __future__ import annotations

from collections.abc import Sequence

import cv2
import numpy as np
import numpy.typing as npt

from boneage.explain.paint import CHAINS, FINGER_COLOR, LONGEST, REGION_COLORS, Picture, Stroke, edge, lay_line, lay_points
from boneage.geometry import PixelMap, Points
from boneage.standardize.contrast import stretch
from boneage.types import Assessment, Crop, Image

SHORTEST = 600  # pixels of the picture's long side: smaller films are enlarged, larger than LONGEST shrunk
UNSURE = 0.5  # a point of lower confidence is drawn as a ring


def draw_overlay(assessment: Assessment) -> Picture:
    """The film as it was read, [H, W, 3], with what the system found on it. It is neither turned nor mirrored."""
    hand = assessment.prepared.hand
    corners = [edge((crop.pixels.shape[0], crop.pixels.shape[1]))[:-1] for crop in assessment.prepared.crops]
    regions = [crop.to_source.points(corner) for crop, corner in zip(assessment.prepared.crops, corners, strict=True)]
    points = np.empty((0, 2)) if hand is None else hand.to_source.points(hand.points)
    sure = None if hand is None else hand.confidence >= UNSURE
    return draw_found(assessment.radiograph.pixels, points=points, regions=regions, sure=sure)


def draw_found(pixels: Image, *, points: Points, regions: Sequence[Points], sure: npt.NDArray[np.bool_] | None = None) -> Picture:
    """A film [H, W], 0..1, as a picture [H, W, 3] with a hand's points and regions' outlines on it, both in the film's pixels.

    `points`: [21, 2], or [0, 2] for none; `sure`: which are drawn full, the others as rings; None: all are. Outlines are open.
    """
    film, to_picture = film_picture(pixels)
    picture = np.repeat(film[..., None], 3, axis=2).astype(np.float32)
    stroke = Stroke(max(film.shape) / LONGEST)
    for number, outline in enumerate(regions):
        closed = np.concatenate([outline, outline[:1]])
        color = REGION_COLORS[number % len(REGION_COLORS)]
        lay_line(picture, [to_picture.points(closed)], color, width=stroke.region, alpha=0.85)
    if len(points):
        shown = to_picture.points(points)
        lay_line(picture, [shown[list(chain)] for chain in CHAINS], FINGER_COLOR, width=stroke.finger, alpha=0.5)
        lay_points(picture, shown, sure=np.ones(len(shown), np.bool_) if sure is None else sure, radius=stroke.point)
    return np.asarray(np.rint(picture).clip(0, 255), np.uint8)


def crop_picture(crop: Crop) -> Picture:
    """A region as the network reads it, [H, W] gray."""
    return np.asarray(np.rint(crop.pixels.clip(0, 1) * 255), np.uint8)


def film_picture(pixels: Image) -> tuple[Picture, PixelMap]:
    """A film [H, W] as gray picture of a size for a page, and the map film -> picture. Stretched in gray values only."""
    height, width = pixels.shape
    factor = np.clip(max(height, width), SHORTEST, LONGEST) / max(height, width)
    size = (max(round(height * factor), 1), max(round(width * factor), 1))
    way = cv2.INTER_AREA if factor < 1 else cv2.INTER_CUBIC
    small = np.asarray(cv2.resize(pixels, size[::-1], interpolation=way), np.float32)
    shown = stretch(small, low=0.5, high=99.8)
    return np.asarray(np.rint(shown * 255), np.uint8), PixelMap.resize((height, width), size)
