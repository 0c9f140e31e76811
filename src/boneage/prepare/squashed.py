"""The ResNet-50 / Inception-V4 study's way (section IV): the whole film squashed to a square, gray values divided by 255."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from boneage.geometry import PixelMap
from boneage.types import Crop, Prepared, Radiograph, Step


@dataclass(frozen=True)
class SquashedFilm:
    """What a recipe chooses. Polarity is what `read` made of it: the study says nothing of it."""

    size: tuple[int, int] = (256, 256)  # "we resize the width and height of each image to 256 x 256"

    @property
    def networks(self) -> tuple[str, ...]:
        """None is needed."""
        return ()


def squash(film: Radiograph, way: SquashedFilm) -> Prepared:
    """The whole film on a square grid."""
    to_square = PixelMap.resize(film.size, way.size)
    pixels = np.clip(to_square.image(film.pixels, way.size), 0, 1)
    back = to_square.inverse()
    steps = (Step("read", PixelMap.identity(), film.pixels), Step("resized", back, pixels))
    return Prepared((Crop("film", pixels, back),), steps, film.flags)
