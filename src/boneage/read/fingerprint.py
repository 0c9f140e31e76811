"""The name of a film's pixels: equal stored pixels have equal names, whatever file they came in."""

from __future__ import annotations

import hashlib

import numpy as np
import numpy.typing as npt


def fingerprint(stored: npt.NDArray[np.generic]) -> str:
    """SHA-256 of an array's shape, type and values in little-endian order, as hex digits."""
    values = np.ascontiguousarray(stored, stored.dtype.newbyteorder("<"))
    digest = hashlib.sha256(f"{values.shape} {values.dtype.str}\n".encode())
    digest.update(values.data)
    return digest.hexdigest()
