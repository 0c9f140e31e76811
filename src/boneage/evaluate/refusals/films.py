"""A real film with the hand's points, as the mutilations take it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import cv2
import numpy as np
import numpy.typing as npt

from boneage.geometry import PixelMap, Points
from boneage.standardize.find import border_level
from boneage.template import PALM, fit_template
from boneage.types import Image

FINGERS = tuple(tuple(range(first, first + 4)) for first in (1, 5, 9, 13, 17))


@dataclass(frozen=True, eq=False)
class HandFilm:
    """One film [H, W], bone bright, and the hand's 21 points on it."""

    pixels: Image
    points: Points  # [21, 2] px

    @property
    def to_template(self) -> PixelMap:
        return fit_template(self.points, np.ones(len(self.points)))

    @property
    def length(self) -> float:
        """Of the hand, in pixels."""
        return float(np.linalg.norm(self.points[12] - self.points[0]))

    @property
    def air(self) -> float:
        """The gray of the film beside the hand."""
        return float(np.percentile(self.pixels, 10)) if border_level(self.pixels) > 0.6 else border_level(self.pixels)

    def without_hand(self) -> Image:
        """What the film shows around the hand, carried on smoothly under it."""
        taken = self.hull(self.points[list(PALM)], grown=0.12) | self.hull(self.points[[0, 0]] + self._below, grown=0.25)
        for finger in FINGERS:
            taken |= self.hull(self.points[list(finger)], grown=0.075)
        sigma, free = 0.12 * self.length, (~taken).astype(np.float32)
        seen, weight = (cv2.GaussianBlur(image, (0, 0), sigma) for image in (self.pixels * free, free))
        far, far_weight = (cv2.GaussianBlur(image, (0, 0), 4 * sigma) for image in (self.pixels * free, free))
        around = (seen + 0.01 * far) / (weight + 0.01 * far_weight + 1e-6)
        return np.asarray(np.where(taken, around, self.pixels), np.float32)

    @property
    def _below(self) -> Points:
        """From the wrist into the forearm."""
        return np.outer((0.2, 0.7), self.points[0] - self.points[12])

    def hull(self, points: Points | None = None, *, grown: float = 0.1) -> npt.NDArray[np.bool_]:
        """[H, W] the convex hull of points, grown by a share of the hand's length."""
        drawn = np.zeros(self.pixels.shape, np.uint8)
        around = cv2.convexHull(np.asarray(self.points if points is None else points, np.float32))
        cv2.fillPoly(drawn, [np.round(around).astype(np.int32)], 1)
        radius = max(round(grown * self.length), 1)
        kernel = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (2 * radius + 1, 2 * radius + 1))
        return np.asarray(cv2.dilate(drawn, kernel) > 0)


Films = Callable[[np.random.Generator], HandFilm]  # a random film of the half's part
