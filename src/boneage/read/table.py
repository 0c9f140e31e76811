"""Whole numbers of 8 or 16 bits by tables: a film looked up, counted and ranked without a wider copy of it.

A table has one entry for every value of the type, in the order of its bits read as an unsigned number.
"""

from __future__ import annotations

from typing import Any

import cv2
import numpy as np
import numpy.typing as npt

from boneage.types import Image

Whole = npt.NDArray[np.integer[npt.NBitBase]]
Counts = npt.NDArray[np.intp]

DEEP = int(cv2.__version__.split(".")[0]) >= 5  # whether OpenCV looks up 16 bits; before, 8 alone


def every(dtype: np.dtype[np.generic]) -> npt.NDArray[np.int32]:
    """All values of a type of whole numbers, as a table has them."""
    bits = 8 * dtype.itemsize
    return np.arange(2**bits, dtype=f"u{dtype.itemsize}").view(f"{dtype.kind}{dtype.itemsize}").astype(np.int32)


def look_up(values: Whole, table: npt.NDArray[np.float32]) -> Image:
    """The table's entry at each of the values [H, W]."""
    raw = _raw(values)
    return np.asarray(cv2.LUT(raw, table) if DEEP or raw.dtype == np.uint8 else table[raw], np.float32)


def count(values: Whole) -> Counts:
    """How often each value occurs, as a table has them."""
    raw = _raw(values)
    return np.bincount(raw.ravel(), minlength=2 ** (8 * raw.dtype.itemsize))


def percentiles(values: npt.NDArray[np.generic], shares: tuple[float, ...]) -> tuple[float, ...]:
    """What numpy.percentile gives of the values as float64, linear between the two nearest."""
    flat, last = values.ravel(), values.size - 1
    places = [share / 100 * last for share in shares]
    ranks = sorted({int(place) for place in places} | {min(int(place) + 1, last) for place in places})
    at = dict(zip(ranks, _ranked(flat, ranks), strict=True))
    return tuple(_between(at[int(place)], at[min(int(place) + 1, last)], place % 1) for place in places)


def _ranked(flat: npt.NDArray[Any], ranks: list[int]) -> list[float]:
    """The values that would stand at these ranks, were all sorted."""
    if flat.dtype.kind in "ui" and flat.dtype.itemsize <= 2:
        whole, counts = every(flat.dtype), count(flat)
        order = np.argsort(whole, kind="stable") if flat.dtype.kind == "i" else slice(None)
        return [float(one) for one in whole[order][np.searchsorted(counts[order].cumsum(), ranks, side="right")]]
    return [float(one) for one in np.partition(flat, ranks)[ranks]]


def _between(low: float, high: float, part: float) -> float:
    """As NumPy rounds it: counted from the nearer end."""
    return low + (high - low) * part if part < 0.5 else high - (high - low) * (1 - part)


def _raw(values: Whole) -> npt.NDArray[np.uint8] | npt.NDArray[np.uint16]:
    """The same bits as unsigned numbers in the machine's order; no copy where they are that."""
    native = values.astype(values.dtype.newbyteorder("="), copy=False)
    unsigned: npt.NDArray[np.uint8] | npt.NDArray[np.uint16] = native.view(f"u{native.dtype.itemsize}")
    return unsigned
