"""Lee 2017's size: the whole film at 512 x 512 with its aspect kept and zeros beside it

"We first normalized the heights of all images to 512 pixels, then through a combination of preserving their aspect
ratios and using zero-padding; the widths were all made 512 pixels" (section "Preprocessing Engine: Normalization").
"""

from __future__ import annotations

import numpy as np

from boneage.geometry import PixelMap
from boneage.types import Image

LEE = (512, 512)  # height, width


def letterbox(pixels: Image, size: tuple[int, int] = LEE) -> tuple[Image, PixelMap]:
    """A film [H, W] in the middle of a zero grid of `size`, as large as fits, and the map grid -> film.

    Not in the paper: a film wider than high fills the width; the film stands in the middle; where it shrinks it is
    smoothed first. One factor for both axes, so the aspect is kept to a fraction of a pixel: nothing is rounded.
    """
    source = (pixels.shape[0], pixels.shape[1])
    if source == size:
        return pixels, PixelMap.identity()
    to_grid = letterbox_map(source, size)
    return to_grid.image(pixels, size), to_grid.inverse()


def letterbox_map(source: tuple[float, float], size: tuple[int, int] = LEE) -> PixelMap:
    """The map film -> grid for a film of `source` (height, width): center meets center."""
    factor = min(size[0] / source[0], size[1] / source[1])
    dy, dx = ((target - 1 - factor * (length - 1)) / 2 for target, length in zip(size, source, strict=True))
    return PixelMap(np.array([[factor, 0, dx], [0, factor, dy], [0, 0, 1.0]]))


def squashed_map(frame: tuple[int, int], aspect: float, size: tuple[int, int] = LEE) -> PixelMap:
    """The map frame -> grid for a film squashed into `frame` (height, width), whose true width : height is `aspect`."""
    if not (np.isfinite(aspect) and aspect > 0):
        raise ValueError(f"an aspect is a positive width : height, not {aspect!r}")
    height = float(frame[0])
    sideways = np.diag((height * aspect / frame[1], 1.0, 1.0))
    sideways[0, 2] = (sideways[0, 0] - 1) / 2  # edges stay edges
    return letterbox_map((height, height * aspect), size) @ PixelMap(sideways)
