"""Where the system looked, drawn on the film: the hand's points joined as fingers, and the outline of each region.

Every line lies on a wider dark one, so that it is seen on bright bone and on black air alike.
"""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
import numpy.typing as npt

from boneage.dataset import FINGERS, POINT_NAMES
from boneage.geometry import PixelMap, Points
from boneage.standardize.contrast import stretch
from boneage.types import Assessment, Crop, Image

Picture = npt.NDArray[np.uint8]  # [H, W] gray or [H, W, 3] red, green, blue
Color = tuple[int, int, int]

LONGEST, SHORTEST = 900, 600  # pixels of the picture's long side: larger films are shrunk, smaller ones enlarged
UNSURE = 0.5  # a point of lower confidence is drawn as a ring
FINGER_COLOR: Color = (125, 226, 232)
POINT_COLOR: Color = (226, 251, 252)
REGION_COLORS: tuple[Color, ...] = ((255, 196, 92), (190, 170, 255), (160, 230, 140))
HALO: Color = (8, 16, 22)
_FINE = 4  # bits of the fraction of a pixel in OpenCV's drawing
_CHAINS = tuple((0, *(POINT_NAMES.index(f"{finger}{joint}") for joint in (1, 2, 3, 4))) for finger in FINGERS)


def draw_overlay(assessment: Assessment) -> Picture:
    """The film as it was read, [H, W, 3], with what the system found on it. It is neither turned nor mirrored."""
    film, to_picture = film_picture(assessment.radiograph.pixels)
    picture = np.repeat(film[..., None], 3, axis=2).astype(np.float32)
    height, width = film.shape
    stroke = _Stroke(max(height, width) / LONGEST)
    for number, crop in enumerate(assessment.crops):
        outline = (to_picture @ crop.to_source).points(_corners(crop))
        _lay_line(
            picture,
            [np.vstack([outline, outline[:1]])],
            REGION_COLORS[number % len(REGION_COLORS)],
            width=stroke.region,
            alpha=0.85,
        )
    points = (to_picture @ assessment.hand.to_source).points(assessment.hand.points)
    _lay_line(picture, [points[list(chain)] for chain in _CHAINS], FINGER_COLOR, width=stroke.finger, alpha=0.5)
    _lay_points(picture, points, sure=assessment.hand.confidence >= UNSURE, radius=stroke.point)
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


@dataclass(frozen=True)
class _Stroke:
    """Widths in pixels for a picture of `scale` times the longest."""

    scale: float

    @property
    def region(self) -> int:
        return max(round(2 * self.scale), 1)

    @property
    def finger(self) -> int:
        return max(round(2 * self.scale), 1)

    @property
    def point(self) -> float:
        return max(4.2 * self.scale, 2.5)


def _corners(crop: Crop) -> Points:
    """The outer edge of a crop in its own pixels, clockwise."""
    bottom, right = crop.pixels.shape[0] - 0.5, crop.pixels.shape[1] - 0.5
    return np.array([(-0.5, -0.5), (right, -0.5), (right, bottom), (-0.5, bottom)])


# ---- laying paint: a stencil 0..1 is drawn by OpenCV, antialiased, and mixed in once, so crossings do not add up
def _lay_line(picture: Image, lines: list[Points], color: Color, *, width: int, alpha: float) -> None:
    fixed = [_fixed(line) for line in lines]
    for paint, wide, share in ((HALO, width + 3, 0.4), (color, width, alpha)):
        stencil = np.zeros(picture.shape[:2], np.uint8)
        cv2.polylines(stencil, fixed, False, 255, wide, cv2.LINE_AA, _FINE)
        _mix(picture, stencil, paint, share)


def _lay_points(picture: Image, points: Points, *, sure: npt.NDArray[np.bool_], radius: float) -> None:
    for paint, grow, share in ((HALO, 1.6, 0.75), (POINT_COLOR, 0.0, 1.0)):
        stencil = np.zeros(picture.shape[:2], np.uint8)
        for center, whole in zip(_fixed(points), sure, strict=True):
            cv2.circle(stencil, center.tolist(), round((radius + grow) * 2**_FINE), 255, -1, cv2.LINE_AA, _FINE)
            if not (whole or grow):
                cv2.circle(stencil, center.tolist(), round(0.55 * radius * 2**_FINE), 0, -1, cv2.LINE_AA, _FINE)
        _mix(picture, stencil, paint, share)


def _mix(picture: Image, stencil: Picture, color: Color, alpha: float) -> None:
    share = (stencil.astype(np.float32) * (alpha / 255))[..., None]
    picture += share * (np.array(color, np.float32) - picture)


def _fixed(points: Points) -> npt.NDArray[np.int32]:
    """Points with fractional bits, as OpenCV's `shift` wants them; far outside the picture is far enough."""
    return np.asarray(np.rint(points.clip(-4000, 8000) * 2**_FINE), np.int32)
