"""The distribution over months drawn for the case page: the part of the axis that matters, with all that is read against it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from boneage.report.curve import AXIS_MONTHS, Curve, curve_of, place
from boneage.report.reading import Reading
from boneage.report.verdict import LIMIT_SD, Verdict, judge

WIDTH, TOP, BOTTOM = 460.0, 8.0, 104.0  # of the drawing; the curve stands between the last two
_LEAST_MONTHS, _AROUND_MONTHS = 96.0, 15.0


@dataclass(frozen=True)
class Plot:
    """x in a drawing of WIDTH."""

    curve: Curve
    left: float  # where the curve's own grid begins to be shown, and how much of it
    width: float
    ticks: tuple[tuple[float, int], ...]  # x, year
    interval: tuple[float, float]
    middle: float
    norm: tuple[float, float, float] | None  # x of mean - 2 SD, mean, mean + 2 SD at this age
    chronological: float | None
    reader: float | None  # where it differs from the system's
    plates: tuple[float, ...]


def plot_of(reading: Reading, plates: Sequence[float], *, first: float | None = None) -> Plot | None:
    """None: the system gave no answer. `first`: what the reader said before seeing it."""
    estimate, own, verdict = reading.estimate, reading.chronological_age_months, judge(reading)
    if estimate is None:
        return None
    norm = None
    if isinstance(verdict, Verdict):
        mean, away = verdict.norm.mean_months, LIMIT_SD * verdict.norm.sd_months
        norm = (mean - away, mean, mean + away)
    said = reading.bone_age_months if reading.changed else first if reading.decision is None else None
    low, high = _part([*estimate.interval_months, *filter(None, (own, said)), *(norm or ())])

    def x(months: float) -> float:
        return round(min(max((months - low) / (high - low), 0.0), 1.0) * WIDTH, 1)

    return Plot(
        curve=curve_of(estimate),
        left=place(low),
        width=place(high) - place(low),
        ticks=tuple((x(12 * year), year) for year in range(int(-(-low // 12)), int(high // 12) + 1)),
        interval=(x(estimate.interval_months[0]), x(estimate.interval_months[1])),
        middle=x(estimate.bone_age_months),
        norm=None if norm is None else (x(norm[0]), x(norm[1]), x(norm[2])),
        chronological=None if own is None else x(own),
        reader=None if said is None else x(said),
        plates=tuple(x(plate) for plate in plates if low <= plate <= high),
    )


def _part(months: Sequence[float]) -> tuple[float, float]:
    """The part of the axis around these ages: wide enough, and within it."""
    low, high = min(months) - _AROUND_MONTHS, max(months) + _AROUND_MONTHS
    more = max(_LEAST_MONTHS - (high - low), 0.0) / 2
    low, high = low - more, high + more
    shift = max(-low, 0.0) - max(high - AXIS_MONTHS, 0.0)
    return max(low + shift, 0.0), min(high + shift, float(AXIS_MONTHS))
