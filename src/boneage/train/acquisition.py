"""How a film may have come about, in the order of its stages: exposure, detector, processing, file.

As in `augment`: first all the randomness is drawn into a value, then a pure function applies it. It happens on the film,
before the crop, since that is where JPEG blocks, pixels and noise have their size (EXPERIMENTS.md: these move the answer, and
by the network's pixels, not by where the hand was found).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import cv2
import numpy as np

from boneage.standardize.size import unit
from boneage.train.reference import Acquisition, Chance
from boneage.types import Image

FRAME = 299  # px; a blur's sigma is given for a film of that height
KNOTS = 9  # of a bent curve
SMALLER = (cv2.INTER_AREA, cv2.INTER_LINEAR, cv2.INTER_CUBIC, cv2.INTER_NEAREST)
LARGER = (cv2.INTER_LINEAR, cv2.INTER_CUBIC, cv2.INTER_LANCZOS4, cv2.INTER_NEAREST)
RANGE = (1.0, 99.0)  # percentiles: the film's own range of gray values
Draw = Callable[[float, np.random.Generator], Any]  # a strength and the rest's randomness -> a field of Acquired
Curve = tuple[float, ...]  # gray values at even steps from 0 to 1


@dataclass(frozen=True)
class Acquired:
    """One drawn way from exposure to file. Lengths are shares of the film's height and width."""

    border: tuple[float, float, float, float, float] | None = None  # left, top, right, bottom, gray value
    marker: tuple[str, float, float, float] | None = None  # letter, its height, x, y of its lower left corner
    blur: float = 0.0
    noise: float = 0.0
    noise_seed: int = 0
    tone: Curve | None = None
    resample: tuple[float, int, int] | None = None  # share, filter down, filter up
    jpeg: int | None = None
    cutout: tuple[tuple[float, float, float, float], ...] = ()  # x, y, width, height of the crop

    def film(self, stored: np.ndarray[tuple[int, int], np.dtype[np.uint8]]) -> Image:
        """Stored bytes [H, W] -> the film as it came, float32 in 0..1, of the same size."""
        if self == _AS_IT_IS:
            return unit(stored)
        film = self._exposed(unit(stored))
        if self.blur > 0:
            film = np.asarray(cv2.GaussianBlur(film, (0, 0), self.blur * film.shape[0] / FRAME), np.float32)
        if self.noise > 0:
            low, high = np.percentile(film[::4, ::4], RANGE)
            noise = np.random.default_rng(self.noise_seed).standard_normal(film.shape, np.float32)
            film = np.clip(film + np.float32(self.noise * (high - low)) * noise, 0, 1)
        if self.tone is not None:
            film = np.interp(film, np.linspace(0, 1, len(self.tone)), self.tone).astype(np.float32)
        return self._filed(film)

    def crop(self, crop: Image) -> Image:
        """Patches of a crop [H, W] painted over with its mean gray value."""
        if not self.cutout:
            return crop
        rows, columns = crop.shape
        cut = crop.copy()
        for x, y, width, height in self.cutout:
            cut[int(y * rows) : int((y + height) * rows) + 1, int(x * columns) : int((x + width) * columns) + 1] = crop.mean()
        return cut

    def _exposed(self, film: Image) -> Image:
        """Collimation and lead letters."""
        height, width = film.shape
        if self.border is not None:
            left, top, right, bottom, gray = self.border
            rows = slice(round(top * height), round((1 - bottom) * height))
            columns = slice(round(left * width), round((1 - right) * width))
            inner, film = film[rows, columns], np.full_like(film, gray)
            film[rows, columns] = inner
        if self.marker is not None:
            letter, tall, x, y = self.marker
            scale = tall * height / cv2.getTextSize(letter, cv2.FONT_HERSHEY_DUPLEX, 1.0, 1)[0][1]
            drawn = np.zeros((height, width), np.uint8)
            place, thick = (round(x * width), round(y * height)), max(round(tall * height / 10), 1)
            cv2.putText(drawn, letter, place, cv2.FONT_HERSHEY_DUPLEX, scale, 255, thick, cv2.LINE_AA)
            film = np.maximum(film, unit(drawn))
        return film

    def _filed(self, film: Image) -> Image:
        """Resampled and stored."""
        height, width = film.shape
        if self.resample is not None:
            share, down, up = self.resample
            coarse = cv2.resize(film, (max(round(share * width), 1), max(round(share * height), 1)), interpolation=down)
            film = np.clip(np.asarray(cv2.resize(coarse, (width, height), interpolation=up), np.float32), 0, 1)
        if self.jpeg is None:
            return film
        _, file = cv2.imencode(".jpg", np.rint(film * 255).astype(np.uint8), [cv2.IMWRITE_JPEG_QUALITY, self.jpeg])
        return unit(np.asarray(cv2.imdecode(file, cv2.IMREAD_GRAYSCALE), np.uint8))


_AS_IT_IS = Acquired()


def draw_acquisition(ranges: Acquisition, rng: np.random.Generator) -> Acquired:
    """All the randomness of one film."""
    drawn = dict[str, Any]()
    for name, draw in DRAWN.items():
        chance: Chance = getattr(ranges, name)
        if rng.random() < chance.share:
            drawn[name] = draw(float(rng.uniform(chance.least, chance.most)), rng)
    return Acquired(noise_seed=int(rng.integers(2**31)), **drawn) if drawn else _AS_IT_IS


def _border(most: float, rng: np.random.Generator) -> Any:
    """Up to `most` on each side; two of three black, as lead leaves it, the others white, as some scanners do."""
    return (*(float(side) for side in rng.uniform(0, most, 4)), 0.0 if rng.random() < 2 / 3 else 1.0)


def _marker(height: float, rng: np.random.Generator) -> Any:
    """In one of the corners, where no hand lies."""
    right, low = rng.random(2) < 0.5
    x, y = rng.uniform(0.02, 0.10, 2)
    letter = str(rng.choice(["L", "R", "LT", "L 12", "7", "AB"]))
    return letter, height, float(0.92 - height * len(letter) if right else x), float(1 - y if low else y + height)


def _tone(strength: float, rng: np.random.Generator) -> Any:
    """A gamma, a sigmoid or a bent histogram: all rise from 0 to 1."""
    grid = np.linspace(0, 1, KNOTS * 4 + 1)
    match int(rng.integers(3)):
        case 0:
            curve = grid ** np.exp(rng.choice([-1, 1]) * strength * np.log(3))
        case 1:
            curve = 1 / (1 + np.exp(-(1 + 9 * strength) * (grid - rng.uniform(0.3, 0.7))))
        case _:
            steps = np.exp(1.5 * strength * rng.standard_normal(KNOTS - 1))
            curve = np.interp(grid, np.linspace(0, 1, KNOTS), [0, *np.cumsum(steps)])
    curve = (curve - curve[0]) / (curve[-1] - curve[0])
    return tuple(float(value) for value in curve)


def _resample(share: float, rng: np.random.Generator) -> Any:
    return share, int(rng.choice(SMALLER)), int(rng.choice(LARGER))


def _cutout(side: float, rng: np.random.Generator) -> Any:
    """One to three patches of about that side."""
    patches = []
    for _ in range(int(rng.integers(1, 4))):
        width, height = side * np.exp(rng.normal(0, 0.3, 2)).clip(0.5, 2)
        patches.append((float(rng.uniform(0, max(1 - width, 0))), float(rng.uniform(0, max(1 - height, 0))), width, height))
    return tuple(patches)


DRAWN: dict[str, Draw] = {
    "border": _border,
    "marker": _marker,
    "blur": lambda sigma, rng: sigma,
    "noise": lambda sigma, rng: sigma,
    "tone": _tone,
    "resample": _resample,
    "jpeg": lambda quality, rng: round(quality),
    "cutout": _cutout,
}
