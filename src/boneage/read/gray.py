"""Stored DICOM values to gray 0..1, bone bright: modality, window, polarity, each against the range known at that step.

DICOM PS3.3 C.7.6.3.1.2, C.11.1, C.11.2. The whole chain is worked out once for every value that can be stored, at most
65,536 of them, and the film is then looked up in that table; so a step is simple, exact and never sees the film's size.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from boneage.read.table import count, every, look_up
from boneage.types import Image

Values = npt.NDArray[np.float64]  # [N], one per storable value
Stored = npt.NDArray[np.integer[npt.NBitBase]]  # [H, W], 8 or 16 bits

MIN_LEVELS = 4  # grays of 256 that a window must leave
MIN_SHARE = 1e-4  # of the pixels that make a gray count
NARROW = 0.25  # a film that fills less of the nominal range than this is stretched to its own


@dataclass(frozen=True)
class Rescale:
    """Modality values as a line of the stored ones."""

    slope: float
    intercept: float


@dataclass(frozen=True, eq=False)
class Lut:
    """A look-up table: `entries[0]` is for inputs up to `first`, the last one for all beyond."""

    first: int
    entries: npt.NDArray[np.uint16]
    bits: int  # of an entry

    @property
    def top(self) -> float:
        """The greatest output: as declared, unless the entries show that the declaration is wrong."""
        highest = int(self.entries.max())
        declared = 2**self.bits - 1
        return float(declared if declared / 4 < highest <= declared else (1 << max(1, highest.bit_length())) - 1)

    def __call__(self, values: Values) -> Values:
        index = np.clip(np.rint(values) - self.first, 0, len(self.entries) - 1)
        gray: Values = self.entries[index.astype(np.intp)].astype(np.float64)
        return gray


@dataclass(frozen=True)
class Window:
    """A value-of-interest window, PS3.3 C.11.2.1.2 and C.11.2.1.3."""

    center: float
    width: float
    function: str = "LINEAR"  # LINEAR, LINEAR_EXACT, SIGMOID

    @property
    def valid(self) -> bool:
        least = 1.0 if self.function == "LINEAR" else 0.0
        enough = self.width >= least if self.function == "LINEAR" else self.width > least
        return bool(np.isfinite(self.center) and np.isfinite(self.width)) and enough

    def __call__(self, values: Values) -> Values:
        """Values to 0..1."""
        if self.function == "SIGMOID":
            return 1 / (1 + np.exp(np.clip(-4 * (values - self.center) / self.width, -700, 700)))
        shift, less = (0.5, 1.0) if self.function == "LINEAR" else (0.0, 0.0)
        width = max(self.width - less, 1e-9)  # LINEAR of width 1 is a threshold
        return np.clip((values - (self.center - shift)) / width + 0.5, 0, 1)


@dataclass(frozen=True)
class Chain:
    """What a header says about gray values."""

    bits: int  # stored, 8..16
    signed: bool
    inverted: bool  # MONOCHROME1: the lowest value is white
    modality: Rescale | Lut | None = None
    voi: Window | Lut | None = None
    padding: tuple[int, int] | None = None  # stored values of no image, lowest and highest

    @property
    def lowest(self) -> int:
        return -(1 << (self.bits - 1)) if self.signed else 0

    @property
    def highest(self) -> int:
        return self.lowest + (1 << self.bits) - 1


def develop(stored: Stored, chain: Chain) -> tuple[Image, bool]:
    """The film float32 [H, W] 0..1, bone bright as the header says; and whether its window was of no use."""
    place = np.clip(every(stored.dtype) - chain.lowest, 0, 2**chain.bits - 1)  # of all values of the type among the storable ones
    counts = np.bincount(place, weights=count(stored[::2, ::2]), minlength=2**chain.bits).astype(np.float64, copy=False)
    storable = np.arange(chain.lowest, chain.highest + 1, dtype=np.float64)
    padding = np.zeros(len(storable), bool)
    if chain.padding is not None:
        padding = (storable >= chain.padding[0]) & (storable <= chain.padding[1])
        counts[padding] = 0
    values, low, high = _modality(storable, chain.modality)
    gray = _window(values, chain.voi)
    useless = gray is not None and _levels(gray, counts) < MIN_LEVELS
    if gray is None or useless:
        gray = _full_range(values, low, high, seen=values[counts > 0])
    if chain.inverted:
        gray = 1 - gray  # gray is 0..1 here, whatever the depth of the step before
    gray[padding] = 0  # no image is as black as air
    return look_up(stored, gray.astype(np.float32)[place]), useless


def _modality(storable: Values, modality: Rescale | Lut | None) -> tuple[Values, float, float]:
    """Modality values of all storable ones, and their nominal range."""
    if isinstance(modality, Lut):
        return modality(storable), 0.0, modality.top
    values = storable if modality is None else storable * modality.slope + modality.intercept
    return values, float(values.min()), float(values.max())


def _window(values: Values, voi: Window | Lut | None) -> Values | None:
    if isinstance(voi, Lut):
        return voi(values) / voi.top
    return None if voi is None else voi(values)


def _levels(gray: Values, counts: Values) -> int:
    """How many of 256 grays the film would show."""
    shown = np.bincount(np.rint(gray * 255).astype(np.intp), weights=counts)
    return int((shown > MIN_SHARE * counts.sum()).sum())


def _full_range(values: Values, low: float, high: float, *, seen: Values) -> Values:
    """The nominal range to 0..1, or the film's own where it fills little of the nominal one, as raw detector values do."""
    if seen.size and float(np.ptp(seen)) < NARROW * (high - low):
        low, high = float(seen.min()), float(seen.max())
    return np.clip((values - low) / max(high - low, 1e-12), 0, 1)
