"""The standard frame: the whole film at 299 x 299, as the data set's films are."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
from PIL import Image as Pillow

from boneage.geometry import PixelMap
from boneage.types import Image

STANDARD = (299, 299)  # height, width; the aspect ratio is lost, the alignment gives it back


def standard_frame(pixels: Image) -> tuple[Image, PixelMap]:
    """A film [H, W] squashed to the standard frame, and the map frame -> film.

    An antialiased triangle filter (Pillow's BILINEAR), as the data set's films were made.
    """
    if pixels.shape == STANDARD:
        return pixels, PixelMap.identity()
    film = Pillow.fromarray(pixels)
    frame = np.asarray(film.resize((STANDARD[1], STANDARD[0]), Pillow.Resampling.BILINEAR), np.float32)
    return np.clip(frame, 0, 1), PixelMap.resize(STANDARD, (pixels.shape[0], pixels.shape[1]))


def standard_bytes(image: npt.NDArray[np.uint8]) -> npt.NDArray[np.uint8]:
    """The same for stored films, still uint8: what a training keeps in memory."""
    if image.shape == STANDARD:
        return image
    film = Pillow.fromarray(image).resize(STANDARD[::-1], Pillow.Resampling.BILINEAR)
    return np.asarray(film, np.uint8)


def unit(image: npt.NDArray[np.uint8]) -> Image:
    """Stored bytes as float32 in 0..1."""
    return np.asarray(image, np.float32) / np.float32(255)
