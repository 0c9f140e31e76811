"""Whether the intervals hold what they promise: at each coverage, over all films and by sex and band of predicted age."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from boneage.evaluate.bands import BANDS
from boneage.evaluate.flat import write_flat
from boneage.evaluate.metrics import Limits, binomial_range, coverage, median_width
from boneage.evaluate.predictions import Prediction, column
from boneage.evaluate.tables import By, Group
from boneage.types import Sex

LEVEL = 0.95  # of the bands' limits, for all bands of one coverage together
NEAR = 0.03  # over all films the share lies this near to the promise


@dataclass(frozen=True)
class Promise:
    """One group's intervals at one coverage."""

    promised: float
    group: Group
    films: int
    held: float  # share of the films whose truth lies within the interval
    limits: Limits  # of that share: `NEAR` over all films; by chance alone in a band, corrected for the number of bands
    width_months: float  # the median

    @property
    def kept(self) -> bool:
        return self.limits[0] - 1e-9 <= self.held <= self.limits[1] + 1e-9


def promises_of(rows: Sequence[Prediction], *, printed: float) -> tuple[Promise, ...]:
    """At every coverage that the rows have: over all films, then by sex and band. `printed`: that of their low and high."""
    bands = [Group(sex, By.PREDICTED, band) for sex in Sex for band in BANDS]
    bands = [group for group in bands if any(row in group for row in rows)]
    return tuple(
        promise
        for promised in sorted({printed, *(one.coverage for one in rows[0].further)})
        for promise in (_promise(Group(), rows, promised), *(_promise(one, rows, promised, len(bands)) for one in bands))
    )


def write_promises(path: Path, promises: Sequence[Promise], origin: Mapping[str, Any]) -> None:
    """One line per coverage and group. kept: whether the share lies within its limits."""
    write_flat(path, list(_lines(promises)), origin)


def tell_promises(promises: Sequence[Promise]) -> str:
    """One line for a person: what is held over all films, and what lies outside its limits."""
    whole = [one for one in promises if one.group == Group()]
    held = ", ".join(f"{100 * one.promised:g} % hold {100 * one.held:.1f} (width {one.width_months:.1f})" for one in whole)
    outside = [f"{_name(one.group)} at {100 * one.promised:g} %" for one in promises if not one.kept]
    bands = len(promises) // len(whole) - 1
    return f"Intervals: {held}; outside their limits: {', '.join(outside) or 'none'} (all films, {bands} bands)"


def _promise(group: Group, rows: Sequence[Prediction], promised: float, bands: int | None = None) -> Promise:
    own = [row for row in rows if row in group]
    ends = [interval_at(row, promised) for row in own]
    low, high = [low for low, _ in ends], [high for _, high in ends]
    held = coverage(column(own, lambda row: row.truth_months), low, high)
    limits = (max(promised - NEAR, 0.0), min(promised + NEAR, 1.0))
    if bands is not None:
        limits = binomial_range(promised, len(own), level=1 - (1 - LEVEL) / bands)  # Bonferroni
    return Promise(promised, group, len(own), held, limits, median_width(low, high))


def interval_at(row: Prediction, promised: float) -> Limits:
    """The row's interval at that coverage: a further one, else its own."""
    found = (one for one in row.further if abs(one.coverage - promised) < 1e-9)
    return next(((one.low_months, one.high_months) for one in found), (row.low_months, row.high_months))


def _lines(promises: Sequence[Promise]) -> Iterator[dict[str, Any]]:
    for one in promises:
        yield {
            "promised": one.promised,
            "sex": one.group.sex.value if one.group.sex else "all",
            "predicted_band": str(one.group.band) if one.group.band else "all",
            "films": one.films,
            "held": one.held,
            "limit_low": one.limits[0],
            "limit_high": one.limits[1],
            "kept": "yes" if one.kept else "no",
            "median_width_months": one.width_months,
        }


def _name(group: Group) -> str:
    return f"{group.sex.value} {group.band}" if group.sex else "all"
