"""Gray values brought to one range: percentiles to 0 and 1."""

from __future__ import annotations

import numpy as np

from boneage.types import Image

LOW, HIGH = 1.0, 99.5  # percentiles; the top half percent is marker and border


def stretch(image: Image, *, low: float = LOW, high: float = HIGH) -> Image:
    """The image with its `low` and `high` percentiles moved to 0 and 1, clipped. A flat image gives zeros."""
    bottom, top = np.percentile(image[::2, ::2], (low, high))
    if top - bottom < 1e-6:
        return np.zeros_like(image)
    return np.asarray(np.clip((image - np.float32(bottom)) / np.float32(top - bottom), 0, 1), np.float32)
