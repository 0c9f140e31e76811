"""Masked and normalized: the background set to zero, contrast by the hand's own gray values (Iglovikov 2018, figure 6)

"Binary hand masks that are applied to the original images to remove background; masked and normalized images" (figure 6).
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from boneage.types import Image

LOW, HIGH = 1.0, 99.5  # not in the paper: percentiles of the hand's gray values that become 0 and 1


def masked_and_normalized(pixels: Image, mask: npt.NDArray[np.bool_], *, low: float = LOW, high: float = HIGH) -> Image:
    """The hand alone [H, W], 0..1: percentiles inside the mask become 0 and 1, everything outside is 0.

    Not in the paper: how contrast is normalized ("normalizing contrast", section 1; "equalizing the contrast" in the
    authors' blog post). A straight line keeps gray values comparable within one hand.
    """
    if not mask.any():
        raise ValueError("a mask with at least one pixel is expected, not an empty one")
    bottom, top = np.percentile(pixels[mask], (low, high))
    if top - bottom < 1e-6:
        return np.zeros_like(pixels)
    stretched = (pixels - np.float32(bottom)) / np.float32(top - bottom)
    return np.where(mask, np.clip(stretched, 0, 1), 0).astype(np.float32)
