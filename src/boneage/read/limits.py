"""What a frame must keep to: limits that the header shows before anything is decoded, and contrast afterwards."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from boneage.errors import BoneAgeError, Kind
from boneage.read.table import percentiles

MAX_BYTES = 2**30  # of a file
MAX_PIXELS = 100_000_000  # a 35 x 43 cm film at 25 lines per mm has 94 million
MAX_INFLATED = 2 * MAX_PIXELS + 2**26  # 16 bits a pixel, and a generous header
MIN_SIDE = 64  # fewer pixels than this show no bones
MIN_SPREAD = 16  # stored values between the 0.1th and the 99.9th percentile; less is a blank frame
SPREAD_STRIDE = 4  # every 4th pixel of every 4th row is enough to tell


def check_bytes(length: int) -> None:
    """Refuses empty and oversized files."""
    if length == 0:
        raise BoneAgeError(Kind.EMPTY, came="an empty file", expected="a radiograph", todo="Copy or export the film again.")
    if length > MAX_BYTES:
        raise BoneAgeError(
            Kind.TOO_LARGE,
            came=f"a file of {length / 2**20:,.0f} MiB or more",
            expected=f"at most {MAX_BYTES // 2**20:,} MiB",
            todo="Export the single film.",
        )


def check_size(height: int, width: int) -> None:
    """Refuses frames that are too large to decode or too small to show a hand."""
    if height * width > MAX_PIXELS:
        raise BoneAgeError(
            Kind.TOO_LARGE,
            came=f"a frame of {height:,} x {width:,} pixels",
            expected=f"at most {MAX_PIXELS // 10**6} million pixels",
            todo="Export the film at a lower resolution.",
        )
    if min(height, width) < MIN_SIDE:
        raise BoneAgeError(
            Kind.TOO_SMALL,
            came=f"a frame of {height:,} x {width:,} pixels",
            expected=f"at least {MIN_SIDE} pixels on each side",
            todo="Give the film itself, not a thumbnail.",
        )


def check_contrast(values: npt.NDArray[np.generic], *, full: float, step: float = 1.0) -> None:
    """Refuses a blank frame: one whose values hardly differ.

    `full` is the length of the values' nominal range, `step` the distance of two stored values.
    """
    low, high = percentiles(values[::SPREAD_STRIDE, ::SPREAD_STRIDE], (0.1, 99.9))
    if high - low < max(MIN_SPREAD * step, full / 256):
        raise BoneAgeError(
            Kind.BLANK,
            came=f"a blank frame: its values spread over {(high - low) / full:.1%} of their range",
            expected="a radiograph of a hand",
            todo="Check the export; the film may be empty or not exposed.",
        )
