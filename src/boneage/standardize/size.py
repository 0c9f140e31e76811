"""The standard frame: the whole film at 299 x 299, as the data set's films are."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
from PIL import Image as Pillow

from boneage.geometry import PixelMap
from boneage.types import Image

STANDARD = (299, 299)  # height, width; the aspect ratio is lost, the alignment gives it back
FINE = 1024  # px, the longest side of a film whose own pixels are looked at


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


def fine_frame(pixels: Image) -> tuple[Image, PixelMap]:
    """A film [H, W] in true proportions, at most FINE px long, and the map from that to the film; the same filter."""
    own = (pixels.shape[0], pixels.shape[1])
    size = fine_size(own)
    if size == own:
        return pixels, PixelMap.identity()
    frame = np.asarray(Pillow.fromarray(pixels).resize(size[::-1], Pillow.Resampling.BILINEAR), np.float32)
    return np.clip(frame, 0, 1), PixelMap.resize(size, own)


def fine_bytes(image: npt.NDArray[np.uint8]) -> npt.NDArray[np.uint8]:
    """The same for stored films, still uint8."""
    own = (image.shape[0], image.shape[1])
    size = fine_size(own)
    return image if size == own else np.asarray(Pillow.fromarray(image).resize(size[::-1], Pillow.Resampling.BILINEAR), np.uint8)


def fine_size(own: tuple[int, int]) -> tuple[int, int]:
    """Height, width."""
    share = min(FINE / max(own), 1.0)
    return max(round(share * own[0]), 1), max(round(share * own[1]), 1)


def unit(image: npt.NDArray[np.uint8]) -> Image:
    """Stored bytes as float32 in 0..1."""
    return np.asarray(image, np.float32) / np.float32(255)
