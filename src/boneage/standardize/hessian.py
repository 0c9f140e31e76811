"""Hessian filtering of the coarse attention map: bright lines of any width stand out (Ren 2018, section II.B; Frangi 1998)

Ren 2018 gives no equation: "We employ the Hessian filtering [26] to filter the coarse attention map and then obtain the
fine attention map"; [26] is Frangi et al. 1998, whose measure for two dimensions (equation 15) stands here.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import ceil

import cv2
import numpy as np
import numpy.typing as npt

from boneage.types import Image

FAINTEST = 0.005  # curvature norm, gray values 0..1: under it a picture has no lines, only rounding and noise


@dataclass(frozen=True)
class HessianOptions:
    """Not in the paper: all of them; Ren names none."""

    scales: tuple[float, ...] = (1.0, 1.5, 2.0, 3.0)  # pixels of a 299 px map: the cortex is about 2 wide, a joint 3 to 5
    beta: float = 0.5  # Frangi's: how far a blob may be taken for a line
    share: float = 0.5  # Frangi's c: this share of the largest curvature norm S
    percentile: float = 97.0  # of that norm; not the paper (Frangi: the maximum): one lead marker would darken every bone


def fine_map(coarse: Image, options: HessianOptions | None = None) -> Image:
    """The fine attention map [H, W] of a coarse one, 0..1: at each pixel the strongest answer of all scales."""
    options = options or HessianOptions()
    return np.asarray(np.maximum.reduce([lineness(coarse, sigma, options) for sigma in options.scales]), np.float32)


def lineness(image: Image, sigma: float, options: HessianOptions) -> Image:
    """Frangi's equation 15 at one scale: exp(-R^2 / 2 beta^2) (1 - exp(-S^2 / 2 c^2)) on bright lines, 0 elsewhere."""
    low, high = eigenvalues(image, sigma)
    bright = low + high < 0  # the larger in absolute value is below zero: `low` lies across the line, `high` along it
    norm2 = low * low + high * high  # S^2
    c = max(options.share * float(np.sqrt(np.percentile(norm2[::2, ::2], options.percentile))), FAINTEST)
    blob2 = (high / np.where(bright, low, 1)) ** 2  # R^2, 0 on a line and 1 on a round spot
    answer = np.exp(blob2 / np.float32(-2 * options.beta**2)) * (1 - np.exp(norm2 / np.float32(-2 * c * c)))
    return np.where(bright, answer, np.float32(0)).astype(np.float32)


def eigenvalues(image: Image, sigma: float) -> tuple[Image, Image]:
    """The Hessian's lower and higher eigenvalue [H, W] at scale sigma, times sigma^2 so that scales compare."""
    plain, first, second = _kernels(sigma)
    xx = _filtered(image, second, plain)
    yy = _filtered(image, plain, second)
    xy = _filtered(image, first, first)
    middle = (xx + yy) / 2
    half = np.sqrt(((xx - yy) / 2) ** 2 + xy**2)
    return (middle - half).astype(np.float32), (middle + half).astype(np.float32)


def _filtered(image: Image, across: Image, down: Image) -> Image:
    return np.asarray(cv2.sepFilter2D(image, cv2.CV_32F, across, down, borderType=cv2.BORDER_REFLECT), np.float32)


def _kernels(sigma: float) -> tuple[Image, Image, Image]:
    """The Gaussian and its first two derivatives, times sigma and sigma^2; a flat field gives nothing, a parabola 2 sigma^2."""
    x: npt.NDArray[np.float64] = np.arange(-ceil(4 * sigma), ceil(4 * sigma) + 1, dtype=np.float64)
    gauss = np.exp(-(x**2) / (2 * sigma**2))
    gauss /= gauss.sum()
    first = -x * gauss
    first *= -sigma / (first @ x)  # a ramp of slope 1 gives sigma
    second = (x**2 - (x**2 @ gauss)) * gauss
    second *= 2 * sigma**2 / (second @ x**2)
    return gauss.astype(np.float32), first.astype(np.float32), second.astype(np.float32)
