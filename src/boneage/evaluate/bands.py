"""The age bands by which errors are split: Ren, table III."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise
from math import inf

from boneage.combine.groups import BAND_EDGES


@dataclass(frozen=True)
class Band:
    """Months from `low` up to, not including, `high`."""

    low: float
    high: float

    def __contains__(self, months: float) -> bool:
        return self.low <= months < self.high

    def __str__(self) -> str:
        return f"{self.low:g}+" if self.high == inf else f"{self.low:g}-{self.high:g}"


EDGES = BAND_EDGES  # by which the intervals are fitted, too
BANDS = tuple(Band(low, high) for low, high in pairwise(EDGES))
