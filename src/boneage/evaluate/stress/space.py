"""Changes of where things lie on the film: turned, mirrored, moved, cut, framed, coarser, with a side marker."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
from PIL import Image as Pillow

from boneage.evaluate.stress.transform import Chance
from boneage.geometry import PixelMap
from boneage.types import Image

LETTER = 0.1  # height of a marker's letter with the room above it, share of the film's
MARGIN = 0.04  # from the film's edges, share of its height or width


@dataclass(frozen=True)
class Rotation:
    """Turned clockwise about the film's middle in true proportions; the canvas stays, what comes in from beyond is black."""

    degrees: float

    def __call__(self, film: Image, chance: Chance) -> Image:
        height, width = film.shape
        middle = ((width - 1) / 2, (height - 1) / 2)
        proportions = PixelMap.about(middle, scale=(chance.aspect * height / width, 1.0))
        return warped(film, proportions.inverse() @ PixelMap.about(middle, degrees=self.degrees) @ proportions)


@dataclass(frozen=True)
class Turn:
    """Turned counterclockwise by so many right angles, the canvas with it: no pixel is lost."""

    quarters: int

    def __call__(self, film: Image, chance: Chance) -> Image:
        return np.ascontiguousarray(np.rot90(film, self.quarters))


@dataclass(frozen=True)
class Mirror:
    """Left and right exchanged, or up and down: either makes the other hand of it."""

    upside_down: bool = False

    def __call__(self, film: Image, chance: Chance) -> Image:
        return np.ascontiguousarray(film[::-1] if self.upside_down else film[:, ::-1])


@dataclass(frozen=True)
class Shift:
    """Moved by that share of the film's size, in a direction that is drawn; what comes in from beyond is black."""

    share: float

    def __call__(self, film: Image, chance: Chance) -> Image:
        height, width = film.shape
        angle = 2 * np.pi * chance.numbers[0]
        dx, dy = self.share * width * np.cos(angle), self.share * height * np.sin(angle)
        return warped(film, PixelMap.shift(float(np.rint(dx)), float(np.rint(dy))))


@dataclass(frozen=True)
class Crop:
    """Each side cut by a share that is drawn, up to the greatest."""

    most: float

    def __call__(self, film: Image, chance: Chance) -> Image:
        x0, y0, x1, y1 = inner_box(film, self.most, chance)
        return np.ascontiguousarray(film[y0:y1, x0:x1])


@dataclass(frozen=True)
class Collimation:
    """As `Crop`, but what would be cut turns black instead."""

    most: float

    def __call__(self, film: Image, chance: Chance) -> Image:
        x0, y0, x1, y1 = inner_box(film, self.most, chance)
        framed = np.zeros_like(film)
        framed[y0:y1, x0:x1] = film[y0:y1, x0:x1]
        return framed


@dataclass(frozen=True)
class Padding:
    """A border around the film, on each side that share of its height or width."""

    share: float
    gray: float = 0.0

    def __call__(self, film: Image, chance: Chance) -> Image:
        rows, columns = (round(self.share * length) for length in film.shape)
        return np.pad(film, ((rows, rows), (columns, columns)), constant_values=np.float32(self.gray))


@dataclass(frozen=True)
class Resolution:
    """The film at that share of its height and width, stored so: an antialiased triangle filter."""

    share: float

    def __call__(self, film: Image, chance: Chance) -> Image:
        height, width = (round(self.share * length) for length in film.shape)
        return np.asarray(Pillow.fromarray(film).resize((width, height), Pillow.Resampling.BILINEAR), np.float32)


@dataclass(frozen=True)
class Marker:
    """A side marker as of lead: a white letter in a corner."""

    letter: str
    right: bool = False
    lower: bool = False

    def __call__(self, film: Image, chance: Chance) -> Image:
        height, width = film.shape
        font, thick = cv2.FONT_HERSHEY_DUPLEX, max(round(height / 100), 1)
        scale = LETTER * height / cv2.getTextSize(self.letter, font, 1.0, 1)[0][1]
        (wide, high), _ = cv2.getTextSize(self.letter, font, scale, thick)
        x = width - wide - round(MARGIN * width) if self.right else round(MARGIN * width)
        y = height - round(MARGIN * height) if self.lower else high + round(MARGIN * height)
        drawn = np.zeros((height, width), np.uint8)
        cv2.putText(drawn, self.letter, (x, y), font, scale, 255, thick, cv2.LINE_AA)
        return np.asarray(np.maximum(film, drawn.astype(np.float32) / np.float32(255)))


def inner_box(film: Image, most: float, chance: Chance) -> tuple[int, int, int, int]:
    """x0, y0, x1, y1 of what is left: each side moved in by up to `most` of the film's size."""
    height, width = film.shape
    left, top, right, bottom = (most * number for number in chance.numbers[:4])
    return round(left * width), round(top * height), width - round(right * width), height - round(bottom * height)


def warped(film: Image, there: PixelMap) -> Image:
    """The film moved within its own canvas, by cubic interpolation: a linear one would blur it, which is another test."""
    height, width = int(film.shape[0]), int(film.shape[1])
    moved = cv2.warpAffine(film, there.matrix[:2], (width, height), flags=cv2.INTER_CUBIC, borderMode=cv2.BORDER_CONSTANT)
    return np.asarray(np.clip(moved, 0, 1), np.float32)
