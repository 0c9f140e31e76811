"""Random changes of a film: first all the randomness is drawn into a value, then a pure function applies it.

Rotations happen in true proportion: the caller gives the map from film to frame, and the change is made in
the frame. One interpolation brings the film to the network's grid.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import radians, tan

import cv2
import numpy as np

from boneage.geometry import PixelMap
from boneage.train.recipe import Augment, UniformAugment
from boneage.types import Image


@dataclass(frozen=True)
class Change:
    """One drawn change. Shifts and the erased box are shares of the frame; the rest as in `Augment`."""

    degrees: float = 0.0
    scale: tuple[float, float] = (1.0, 1.0)
    shear: float = 0.0  # of columns along rows: x += shear y
    shear_y: float = 0.0  # of rows along columns
    shift: tuple[float, float] = (0.0, 0.0)
    mirror: bool = False
    upside_down: bool = False
    gamma: float = 1.0
    contrast: float = 1.0
    noise: float = 0.0
    noise_seed: int = 0
    blur: float = 0.0
    erased: tuple[float, float, float, float, float] | None = None  # x, y, width, height, gray value
    invert: bool = False
    gain: float = 1.0
    offset: float = 0.0

    def map(self, size: tuple[int, int]) -> PixelMap:
        """The frame (height, width) moved within itself."""
        height, width = size
        change = PixelMap.about(
            ((width - 1) / 2, (height - 1) / 2),
            degrees=self.degrees,
            scale=self.scale,
            shear=self.shear,
            shift=(self.shift[0] * width, self.shift[1] * height),
        )
        if self.shear_y:
            change = change @ _sheared((width - 1) / 2, self.shear_y)
        if self.upside_down:
            change = PixelMap(np.array([[1, 0, 0], [0, -1, height - 1], [0, 0, 1.0]])) @ change
        return PixelMap.mirror(width) @ change if self.mirror else change

    def tone(self, image: Image) -> Image:
        """Gray values changed; 0..1 in, 0..1 out."""
        image = np.clip(image, 0, 1)
        if self.gamma != 1.0 or self.contrast != 1.0:
            image = np.clip((image**self.gamma - 0.5) * self.contrast + 0.5, 0, 1)
        if self.gain != 1.0 or self.offset != 0.0:
            image = np.clip(image * np.float32(self.gain) + np.float32(self.offset), 0, 1)
        if self.blur > 0.3:
            image = cv2.GaussianBlur(image, (0, 0), self.blur)  # type: ignore[assignment]
        if self.noise > 0:
            noise = np.random.default_rng(self.noise_seed).standard_normal(image.shape, np.float32)
            image = np.clip(image + self.noise * noise, 0, 1)
        if self.erased is not None:
            x, y, w, h, gray = self.erased
            rows, columns = image.shape
            image = image.copy()
            image[int(y * rows) : int((y + h) * rows) + 1, int(x * columns) : int((x + w) * columns) + 1] = gray
        return (1 - image if self.invert else image).astype(np.float32)


def draw(ranges: Augment | UniformAugment, rng: np.random.Generator) -> Change:
    """All the randomness of one change."""
    match ranges:
        case Augment():
            return _draw_normal(ranges, rng)
        case UniformAugment():
            return _draw_uniform(ranges, rng)


def _draw_uniform(ranges: UniformAugment, rng: np.random.Generator) -> Change:
    """Every number is drawn whether or not it is switched on, so that the stream stays in step."""

    def within(limits: tuple[float, float], still: float) -> float:
        value, on = rng.uniform(*limits), rng.random() < ranges.switch
        return float(value) if on else still

    width, height = within(ranges.width, 1.0), within(ranges.height, 1.0)
    return Change(
        degrees=within(ranges.degrees, 0.0),
        scale=(width, width if ranges.together else height),
        shear=tan(radians(within(ranges.shear_x, 0.0))),
        shear_y=tan(radians(within(ranges.shear_y, 0.0))),
        shift=(within(ranges.shift_x, 0.0), within(ranges.shift_y, 0.0)),
        mirror=bool(rng.random() < ranges.mirror),
        upside_down=bool(rng.random() < ranges.upside_down),
        gain=within(ranges.gain, 1.0),
        offset=within(ranges.offset, 0.0),
    )


def _sheared(column: float, shear: float) -> PixelMap:
    """Rows moved down by `shear` a pixel right of `column`."""
    return PixelMap(np.array([[1, 0, 0], [shear, 1, -shear * column], [0, 0, 1.0]]))


def _draw_normal(ranges: Augment, rng: np.random.Generator) -> Change:
    zoom, stretch = rng.normal(0, ranges.scale), rng.normal(0, ranges.stretch)
    any_angle = rng.random() < ranges.any_rotation
    erased = None
    if rng.random() < ranges.erase:
        w, h = rng.uniform(0.05, 0.25, 2)
        erased = (rng.uniform(0, 1 - w), rng.uniform(0, 1 - h), w, h, rng.random())
    return Change(
        degrees=rng.uniform(-180, 180) if any_angle else rng.normal(0, ranges.rotate_degrees),
        scale=(float(np.exp(zoom + stretch / 2)), float(np.exp(zoom - stretch / 2))),
        shear=rng.normal(0, ranges.shear),
        shift=(rng.normal(0, ranges.shift), rng.normal(0, ranges.shift)),
        mirror=bool(rng.random() < ranges.mirror),
        gamma=float(np.exp(rng.normal(0, ranges.gamma))),
        contrast=float(np.exp(rng.normal(0, ranges.contrast))),
        noise=float(max(rng.uniform(-ranges.noise, ranges.noise), 0.0)),
        noise_seed=int(rng.integers(2**31)),
        blur=float(max(rng.uniform(-ranges.blur, ranges.blur), 0.0)),
        erased=erased,
        invert=bool(rng.random() < ranges.invert),
    )
