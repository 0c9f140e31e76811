"""Laying paint on a film: a stencil 0..1 is drawn by OpenCV, antialiased, and mixed in once, so crossings do not add up.

Every line lies on a wider dark one, so that it is seen on bright bone and on black air alike.
"""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
import numpy.typing as npt

from boneage.dataset import FINGERS, POINT_NAMES
from boneage.geometry import Points
from boneage.types import Image

Picture = npt.NDArray[np.uint8]  # [H, W] gray or [H, W, 3] red, green, blue
Color = tuple[int, int, int]

LONGEST = 900  # pixels of a picture's long side for which widths are given
FINGER_COLOR: Color = (125, 226, 232)
POINT_COLOR: Color = (226, 251, 252)
REGION_COLORS: tuple[Color, ...] = ((255, 196, 92), (190, 170, 255), (160, 230, 140))
HALO: Color = (8, 16, 22)
FINE = 4  # bits of the fraction of a pixel in OpenCV's drawing
CHAINS = tuple((0, *(POINT_NAMES.index(f"{finger}{joint}") for joint in (1, 2, 3, 4))) for finger in FINGERS)


@dataclass(frozen=True)
class Stroke:
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


def edge(size: tuple[int, int]) -> Points:
    """The outer edge of a grid (height, width) in its own pixels, clockwise and closed."""
    bottom, right = size[0] - 0.5, size[1] - 0.5
    return np.array([(-0.5, -0.5), (right, -0.5), (right, bottom), (-0.5, bottom), (-0.5, -0.5)])


def lay_line(picture: Image, lines: list[Points], color: Color, *, width: int, alpha: float) -> None:
    fixed = [_fixed(line) for line in lines]
    for paint, wide, share in ((HALO, width + 3, 0.4), (color, width, alpha)):
        stencil = np.zeros(picture.shape[:2], np.uint8)
        cv2.polylines(stencil, fixed, False, 255, wide, cv2.LINE_AA, FINE)
        mix(picture, stencil, paint, share)


def lay_points(picture: Image, points: Points, *, sure: npt.NDArray[np.bool_], radius: float) -> None:
    for paint, grow, share in ((HALO, 1.6, 0.75), (POINT_COLOR, 0.0, 1.0)):
        stencil = np.zeros(picture.shape[:2], np.uint8)
        for center, whole in zip(_fixed(points), sure, strict=True):
            cv2.circle(stencil, center.tolist(), round((radius + grow) * 2**FINE), 255, -1, cv2.LINE_AA, FINE)
            if not (whole or grow):
                cv2.circle(stencil, center.tolist(), round(0.55 * radius * 2**FINE), 0, -1, cv2.LINE_AA, FINE)
        mix(picture, stencil, paint, share)


def mix(picture: Image, stencil: Picture, color: Color, alpha: float) -> None:
    share = (stencil.astype(np.float32) * (alpha / 255))[..., None]
    picture += share * (np.array(color, np.float32) - picture)


def _fixed(points: Points) -> npt.NDArray[np.int32]:
    """Points with fractional bits, as OpenCV's `shift` wants them; far outside the picture is far enough."""
    return np.asarray(np.rint(points.clip(-4000, 8000) * 2**FINE), np.int32)
