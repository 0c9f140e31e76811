"""Lee 2017's vision pipeline: a film and the hand's mask to a centered hand alone, equalized, denoised and sharpened

"The first stage uses the mask to remove extraneous artifacts from the image. Next, the segmented region is centered in the
new image to eliminate translational variance. Subsequently, histogram equalization for contrast enhancement, denoising, and
sharpening filters are applied to enhance the bones" (section "Vision Pipeline", figure 4).
"""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
import numpy.typing as npt

from boneage.geometry import PixelMap
from boneage.standardize.masked import masked_and_normalized
from boneage.types import Image

Mask = npt.NDArray[np.bool_]


@dataclass(frozen=True)
class VisionOptions:
    """Not in the paper: which filters, and all their sizes. Pixels are those of a 512 px film."""

    clip: float = 3.0  # of the equalization: no gray value counts more than so many times its fair share; 0: none
    tiles: int = 8  # squares on a side, each equalized by itself (CLAHE): one curve for all leaves the forearm white
    denoise: int = 5  # diameter of the bilateral filter, pixels; 0: none
    denoise_gray: float = 0.06  # gray values nearer than this are averaged
    sharpen: float = 1.0  # how much of the detail is added; 0: none
    sharpen_sigma: float = 2.0  # detail is what a blur of this many pixels takes away


def vision_pipeline(pixels: Image, mask: Mask, options: VisionOptions | None = None) -> tuple[Image, PixelMap]:
    """The hand alone [H, W] in the middle of a black film, its bones enhanced, and the map back to `pixels`."""
    options = options or VisionOptions()
    if not mask.any():
        raise ValueError("a mask with at least one pixel is expected, not an empty one")
    image, mask, to_source = _centered(pixels, mask)
    image = masked_and_normalized(image, mask)
    if options.clip:
        image = _equalized(image, options)
    if options.denoise:
        image = _denoised(image, mask, options)
    if options.sharpen:
        image = image + options.sharpen * (image - _blurred(image, mask, options.sharpen_sigma))
    return np.where(mask, np.clip(image, 0, 1), 0).astype(np.float32), to_source


def _centered(pixels: Image, mask: Mask) -> tuple[Image, Mask, PixelMap]:
    """Film and mask moved by whole pixels until the mask's box stands in the middle: nothing of the hand is cut.

    Not in the paper: that it is the box's center, not the center of mass, which would push a long forearm's hand out.
    """
    dy, dx = (_offset(np.asarray(mask.any(axis))) for axis in (1, 0))
    moved = PixelMap.shift(dx, dy)
    size = (pixels.shape[0], pixels.shape[1])
    inside = moved.image(mask.astype(np.float32), size) > 0.5
    return moved.image(pixels, size), inside, moved.inverse()


def _offset(occupied: npt.NDArray[np.bool_]) -> int:
    """By how many pixels a line's occupied stretch must move to stand in the middle."""
    places = np.flatnonzero(occupied)
    return int(len(occupied) - 1 - places[0] - places[-1]) // 2


def _equalized(image: Image, options: VisionOptions) -> Image:
    """Local histogram equalization; at 256 levels, since with more the clip would flatten nearly every histogram."""
    clahe = cv2.createCLAHE(options.clip, (options.tiles, options.tiles))
    return np.asarray(clahe.apply(np.rint(image * 255).astype(np.uint8)), np.float32) / np.float32(255)


def _denoised(image: Image, mask: Mask, options: VisionOptions) -> Image:
    """Noise averaged, edges kept: a bilateral filter that sees no black beyond the mask."""
    filled = np.where(mask, image, _blurred(image, mask, options.denoise))
    return np.asarray(cv2.bilateralFilter(filled, options.denoise, options.denoise_gray, options.denoise / 2), np.float32)


def _blurred(image: Image, mask: Mask, sigma: float) -> Image:
    """A Gaussian mean over the mask's pixels alone, so that its outline gets no halo."""
    weight = mask.astype(np.float32)
    total, count = (cv2.GaussianBlur(part, (0, 0), sigma, borderType=cv2.BORDER_REFLECT) for part in (image * weight, weight))
    return np.asarray(total / np.maximum(count, 1e-3), np.float32)
