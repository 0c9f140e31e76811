"""Follow-up: one patient's readings over time, bone age against chronological age, on the norm's mean and its band of 2 SD.

A drawing for SVG in a grid of WIDTH x HEIGHT, and the same as a table.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from math import ceil, floor

import numpy as np

from boneage.clinical.norms import brush_mean_and_sd, brush_range
from boneage.errors import BoneAgeError, Kind
from boneage.report.reading import Reading, Status
from boneage.report.verdict import LIMIT_SD, Verdict, judge
from boneage.types import Sex

WIDTH, HEIGHT = 640.0, 340.0
LEFT, RIGHT, TOP, BOTTOM = 44.0, 12.0, 10.0, 42.0  # margins
_LEAST_YEARS = 6  # of the axis
_AROUND_MONTHS = 18.0  # on both sides of the readings


@dataclass(frozen=True, eq=False)
class Mark:
    """One reading in the drawing."""

    x: float
    y: float
    low: float | None  # y of its interval's ends; None: a reader's bone age has none
    high: float | None
    signed: bool
    current: bool  # the reading that the report is on


@dataclass(frozen=True, eq=False)
class Entry:
    """One reading in the table; what is not known is None."""

    reading: Reading
    score: float | None
    current: bool


@dataclass(frozen=True, eq=False)
class Trend:
    """Readings over time, the oldest first."""

    entries: tuple[Entry, ...]
    marks: tuple[Mark, ...]  # those with a bone age and a chronological age
    mean: str  # SVG paths; "" where the sex is not known, or not the same in all
    band: str
    equal: str  # where bone age is chronological age
    ages: tuple[tuple[float, int], ...]  # x and year of the ticks
    bone_ages: tuple[tuple[float, int], ...]  # y and year


@dataclass(frozen=True)
class _Frame:
    """The axes' ends in months, and where an age lies in the grid."""

    ages: tuple[float, float]
    bone_ages: tuple[float, float]

    def x(self, months: float) -> float:
        low, high = self.ages
        return round(LEFT + (months - low) / (high - low) * (WIDTH - LEFT - RIGHT), 1)

    def y(self, months: float) -> float:
        low, high = self.bone_ages
        return round(HEIGHT - BOTTOM - (months - low) / (high - low) * (HEIGHT - TOP - BOTTOM), 1)


def valid(readings: Sequence[Reading]) -> tuple[Reading, ...]:
    """Those that stand: without the withdrawn ones and without what another amends or takes back; the order stays.

    An unverified reading is left out as soon as a reader has decided on its film, be it to withdraw.
    """
    replaced = {reading.predecessor for reading in readings}
    decided = {reading.film.sha256 for reading in readings if reading.decision is not None}
    return tuple(
        reading
        for reading in readings
        if reading.status is not Status.WITHDRAWN
        and reading.uid not in replaced
        and not (reading.decision is None and reading.film.sha256 in decided)
    )


def trend_of(readings: Sequence[Reading], *, current: str | None = None) -> Trend:
    """The drawing of one patient's readings; `current`: uid of the one that the report is on.

    Raises BoneAgeError where the readings are of more than one patient.
    """
    if len({(one.identity.patient_id, one.identity.id_issuer) for one in readings}) > 1:
        raise BoneAgeError(
            Kind.BAD_DATA,
            came="readings of more than one patient",
            expected="one patient's readings",
            todo="Choose the readings by the patient's ID and its issuer.",
        )
    standing = sorted(valid(readings), key=_when)
    entries = tuple(Entry(one, _score(one), one.uid == current) for one in standing)
    known = [one for one in standing if one.bone_age_months is not None and one.chronological_age_months is not None]
    sexes = {one.sex for one in known}
    sex = next(iter(sexes)) if len(sexes) == 1 else None
    frame = _frame(known, sex)
    mean, band = ("", "") if sex is None else _norm(frame, sex)
    low, high = max(frame.ages[0], frame.bone_ages[0]), min(frame.ages[1], frame.bone_ages[1])
    equal = f"M{frame.x(low):g} {frame.y(low):g}L{frame.x(high):g} {frame.y(high):g}" if low < high else ""
    marks = tuple(_mark(frame, one, one.uid == current) for one in known)
    return Trend(entries, marks, mean, band, equal, _ticks(frame.ages, frame.x), _ticks(frame.bone_ages, frame.y))


def _when(reading: Reading) -> tuple[str, float, str]:
    """The film's day first, then the age, then when it was read."""
    return reading.film.study_date or "", reading.chronological_age_months or 0.0, reading.made_at.isoformat()


def _score(reading: Reading) -> float | None:
    verdict = judge(reading)
    return verdict.score if isinstance(verdict, Verdict) else None


def _mark(frame: _Frame, reading: Reading, current: bool) -> Mark:
    months, age, low, high = reading.bone_age_months, reading.chronological_age_months, None, None
    if months is None or age is None:
        raise ValueError("a bone age and a chronological age are expected")
    if reading.estimate is not None and not reading.changed:
        low, high = (frame.y(end) for end in reading.estimate.interval_months)
    return Mark(frame.x(age), frame.y(months), low, high, reading.decision is not None, current)


def _frame(known: Sequence[Reading], sex: Sex | None) -> _Frame:
    """Whole years around the readings, with the band of the norm and the intervals in it."""
    ages = [one.chronological_age_months for one in known if one.chronological_age_months is not None] or [0.0, 216.0]
    across = _years(min(ages) - _AROUND_MONTHS, max(ages) + _AROUND_MONTHS)
    bone_ages = [one.bone_age_months for one in known if one.bone_age_months is not None]
    bone_ages += [end for one in known if one.estimate is not None and not one.changed for end in one.estimate.interval_months]
    if sex is not None:
        bone_ages += [end for _, low, _, high in _rows(across, sex) for end in (low, high)]
    return _Frame(across, _years(min(bone_ages, default=across[0]), max(bone_ages, default=across[1])))


def _years(low: float, high: float) -> tuple[float, float]:
    """The whole years, in months, that hold both and are wide enough."""
    first, last = max(floor(low / 12), 0), ceil(high / 12)
    last = max(last, first + _LEAST_YEARS)
    return 12.0 * first, 12.0 * last


def _rows(ages: tuple[float, float], sex: Sex) -> list[tuple[float, float, float, float]]:
    """Age, mean - 2 SD, mean, mean + 2 SD for each month that the norm reaches."""
    low, high = brush_range(sex)
    rows = []
    for month in np.arange(max(ages[0], low), min(ages[1], high) + 0.5):
        if (norm := brush_mean_and_sd(sex, float(month))) is not None:
            away = LIMIT_SD * norm.sd_months
            rows.append((float(month), max(norm.mean_months - away, 0.0), norm.mean_months, norm.mean_months + away))
    return rows


def _norm(frame: _Frame, sex: Sex) -> tuple[str, str]:
    rows = _rows(frame.ages, sex)
    if len(rows) < 2:
        return "", ""
    lower, mean, upper = ([(frame.x(row[0]), frame.y(row[k])) for row in rows] for k in (1, 2, 3))
    return _path(mean), f"{_path([*upper, *reversed(lower)])}Z"


def _path(points: Sequence[tuple[float, float]]) -> str:
    return "M" + "L".join(f"{x:g} {y:g}" for x, y in points)


def _ticks(ends: tuple[float, float], place: Callable[[float], float]) -> tuple[tuple[float, int], ...]:
    years = range(round(ends[0] / 12), round(ends[1] / 12) + 1)
    return tuple((place(12.0 * year), year) for year in years)
