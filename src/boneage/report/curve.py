"""The distribution over months as a small drawing for the page: shapes for SVG, ticks in percent of the width.

The same axis, birth to 20 years, for every film, so that one look down the page compares them.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from boneage.types import Estimate

AXIS_MONTHS = 240
TICK_YEARS = tuple(range(0, AXIS_MONTHS // 12 + 1, 2))
WIDTH, HEIGHT = 1000, 100  # of the drawing's own grid; the page stretches it
_HEADROOM = 6  # above the peak
_FAINT = 1e-3  # of the peak: lower ends are not drawn


@dataclass(frozen=True)
class Curve:
    """One estimate's distribution; x along months, y down, in the grid of WIDTH x HEIGHT."""

    line: str  # an SVG path, open
    area: str  # the same, closed on the axis
    low: float  # x of the interval's ends
    high: float
    middle: float  # x of the bone age
    truth: float | None = None  # x of the age a phantom was drawn with
    chronological: float | None = None


def curve_of(estimate: Estimate, *, truth_months: float | None = None, chronological_age_months: float | None = None) -> Curve:
    """The curve of an estimate, with marks for the ages that are known."""
    low, high = estimate.interval_months
    line, area = _paths(estimate.probabilities)
    return Curve(
        line, area, place(low), place(high), place(estimate.bone_age_months), _mark(truth_months), _mark(chronological_age_months)
    )


def place(months: float) -> float:
    """x of an age; ages off the axis stand at its ends."""
    return round(float(np.clip(months, 0, AXIS_MONTHS)) / AXIS_MONTHS * WIDTH, 1)


def _mark(months: float | None) -> float | None:
    return None if months is None else place(months)


def _paths(probabilities: npt.NDArray[np.float64]) -> tuple[str, str]:
    peak = float(probabilities.max())
    if not peak > 0:
        return "", ""
    seen = np.flatnonzero(probabilities > _FAINT * peak)
    months = range(max(int(seen[0]) - 1, 0), min(int(seen[-1]) + 2, len(probabilities)))
    heights = HEIGHT - probabilities / peak * (HEIGHT - _HEADROOM)
    line = "L".join(f"{place(month):g} {heights[month]:.1f}" for month in months)
    return f"M{line}", f"M{place(months[0]):g} {HEIGHT}L{line}L{place(months[-1]):g} {HEIGHT}Z"
