"""Where the system looked, drawn on the film: the hand's points joined as fingers, and the outline of each region."""

from __future__ import annotations

import cv2
import numpy as np

from boneage.explain.paint import CHAINS, FINGER_COLOR, LONGEST, REGION_COLORS, Picture, Stroke, edge, lay_line, lay_points
from boneage.geometry import PixelMap
from boneage.standardize.contrast import stretch
from boneage.types import Assessment, Crop, Image

SHORTEST = 600  # pixels of the picture's long side: smaller films are enlarged, larger than LONGEST shrunk
UNSURE = 0.5  # a point of lower confidence is drawn as a ring


def draw_overlay(assessment: Assessment) -> Picture:
    """The film as it was read, [H, W, 3], with what the system found on it. It is neither turned nor mirrored."""
    film, to_picture = film_picture(assessment.radiograph.pixels)
    picture = np.repeat(film[..., None], 3, axis=2).astype(np.float32)
    height, width = film.shape
    stroke = Stroke(max(height, width) / LONGEST)
    for number, crop in enumerate(assessment.prepared.crops):
        corners = edge((crop.pixels.shape[0], crop.pixels.shape[1]))
        lay_line(
            picture,
            [(to_picture @ crop.to_source).points(corners)],
            REGION_COLORS[number % len(REGION_COLORS)],
            width=stroke.region,
            alpha=0.85,
        )
    if (hand := assessment.prepared.hand) is not None:
        points = (to_picture @ hand.to_source).points(hand.points)
        lay_line(picture, [points[list(chain)] for chain in CHAINS], FINGER_COLOR, width=stroke.finger, alpha=0.5)
        lay_points(picture, points, sure=hand.confidence >= UNSURE, radius=stroke.point)
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
