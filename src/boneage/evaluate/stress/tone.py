"""Changes of gray values, each where it stands: brightness, contrast, inversion, histogram, noise, blur. Pixels in 0..1."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np

from boneage.evaluate.stress.transform import Chance
from boneage.types import Image

FRAME = 299  # px; lengths are given for a film of that height and grow with it


@dataclass(frozen=True)
class Brightness:
    """All gray values times a factor, cut at white (Pillow's ImageEnhance.Brightness)."""

    factor: float

    def __call__(self, film: Image, chance: Chance) -> Image:
        return np.asarray(film * np.float32(self.factor))


@dataclass(frozen=True)
class Contrast:
    """Distances from the mean gray value times a factor, cut at black and white (Pillow's ImageEnhance.Contrast)."""

    factor: float

    def __call__(self, film: Image, chance: Chance) -> Image:
        mean = np.float32(film.mean(dtype=np.float64))
        return np.asarray((film - mean) * np.float32(self.factor) + mean)


@dataclass(frozen=True)
class Inversion:
    """Black and white exchanged."""

    def __call__(self, film: Image, chance: Chance) -> Image:
        return np.asarray(1 - film)


@dataclass(frozen=True)
class Offset:
    """So much added to all gray values, cut at black and white."""

    by: float

    def __call__(self, film: Image, chance: Chance) -> Image:
        return np.asarray(film + np.float32(self.by))


@dataclass(frozen=True)
class Gamma:
    """Gray values to a power: over 1 darkens."""

    power: float

    def __call__(self, film: Image, chance: Chance) -> Image:
        return np.asarray(np.clip(film, 0, 1) ** np.float32(self.power))


@dataclass(frozen=True)
class Equalization:
    """The histogram made flat over the whole film, or with `tiles` in each of so many squares a side (CLAHE)."""

    tiles: int = 0
    clip: float = 2.0  # of each square's histogram

    def __call__(self, film: Image, chance: Chance) -> Image:
        values = np.rint(film * 255).astype(np.uint8)
        flat = cv2.createCLAHE(self.clip, (self.tiles, self.tiles)).apply(values) if self.tiles else cv2.equalizeHist(values)
        return np.asarray(flat, np.float32) / np.float32(255)


@dataclass(frozen=True)
class Noise:
    """Normal noise of that standard deviation, each pixel by itself."""

    sigma: float

    def __call__(self, film: Image, chance: Chance) -> Image:
        noise = np.random.default_rng(chance.seed).standard_normal(film.shape, np.float32)
        return np.asarray(film + np.float32(self.sigma) * noise)


@dataclass(frozen=True)
class Blur:
    """A normal blur of that many pixels of a 299 px film."""

    sigma: float

    def __call__(self, film: Image, chance: Chance) -> Image:
        return np.asarray(cv2.GaussianBlur(film, (0, 0), self.sigma * film.shape[0] / FRAME), np.float32)
