"""Color to gray: scans of films, also tinted ones, become gray; photographs are refused."""

from __future__ import annotations

import cv2
import numpy as np
import numpy.typing as npt

from boneage.errors import BoneAgeError, Kind
from boneage.types import Image

SMALL = 256  # px of the longer side on which color is judged; averaging removes the color noise of JPEG
RESIDUE = 0.06  # chroma, of 0..1, that no tint explains
RESIDUE_SHARE = 0.03  # of the pixels: a label or a colored pencil mark is less
WARM, BLUE, GREEN = 0.17, 0.35, 0.15  # strongest tint, as a difference of channels of 0..1


def to_gray(rgb: npt.NDArray[np.uint8] | npt.NDArray[np.uint16]) -> Image:
    """Gray float32 [H, W] 0..1 of a film stored in color [H, W, 3]. Raises BoneAgeError for a picture in color.

    The mean of the channels, not their luma: on a film all three measure the same gray, and the mean has the least noise.
    """
    full = float(np.iinfo(rgb.dtype).max)
    if (reason := colorful(rgb, full=full)) is not None:
        raise BoneAgeError(
            Kind.COLOR, came=f"a picture in color ({reason})", expected="a gray radiograph", todo="Give the film itself."
        )
    total = rgb[..., 0].astype(np.float32)
    total += rgb[..., 1]
    total += rgb[..., 2]
    return np.divide(total, np.float32(3 * full), out=total)


def colorful(rgb: npt.NDArray[np.uint8] | npt.NDArray[np.uint16], *, full: float) -> str | None:
    """Why a picture is in color, or None where it is a gray film.

    The base of a film and an aged print are tinted, and the tint changes smoothly with the gray. So each channel's
    difference from the gray is fitted by a parabola of the gray: the tint. What is left is color proper and must be
    rare; the tint itself may be blue, as film bases are, but hardly warm, as skin on a dark ground is.
    """
    shrink = max(rgb.shape[:2]) / SMALL
    size = (max(1, round(rgb.shape[1] / shrink)), max(1, round(rgb.shape[0] / shrink)))
    small = cv2.resize(rgb, size, interpolation=cv2.INTER_AREA) if shrink > 1 else rgb
    samples = small.reshape(-1, 3).astype(np.float64) / full  # [N, 3]
    gray = samples.mean(1)
    chroma = samples - gray[:, None]
    design = np.column_stack([np.ones_like(gray), gray, gray**2])
    tint = design @ np.linalg.lstsq(design, chroma, rcond=None)[0]
    share = float((np.abs(chroma - tint).max(1) > RESIDUE).mean())
    if share > RESIDUE_SHARE:
        return f"{share:.0%} of it colored"
    warm, green = tint[:, 0] - tint[:, 2], tint[:, 1] - (tint[:, 0] + tint[:, 2]) / 2
    if np.percentile(warm, 95) > WARM or np.percentile(warm, 5) < -BLUE or np.percentile(np.abs(green), 95) > GREEN:
        return "a strong tint all over"
    return None
