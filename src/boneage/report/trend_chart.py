"""The follow-up in a language: the drawing of trend.py, its legend, and its table in words."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from boneage.report.content import harmless
from boneage.report.language import Language, age_short, number, say, told
from boneage.report.reading import Reading
from boneage.report.trend import Entry, Trend, trend_of, valid


@dataclass(frozen=True)
class Line:
    """One reading of the table."""

    day: str  # ISO 8601: short, and cannot be mistaken
    chronological_age: str
    bone_age: str
    score: str
    status: str
    current: bool


@dataclass(frozen=True, eq=False)
class Chart:
    """The follow-up as the page shows it."""

    trend: Trend
    lines: tuple[Line, ...]


def chart_of(reading: Reading, history: Sequence[Reading], language: Language) -> Chart | None:
    """The follow-up of a report: its reading among the patient's others; None where no other one stands.

    Raises BoneAgeError for a history of more than one patient.
    """
    known = {one.uid for one in history}
    readings = tuple(history) if reading.uid in known else (*history, reading)
    trend = trend_of(readings, current=reading.uid)
    if not any(one.uid != reading.uid for one in valid(readings)):
        return None
    return Chart(trend, tuple(_line(one, language) for one in trend.entries))


def _line(entry: Entry, language: Language) -> Line:
    reading, unknown = entry.reading, say(language, "unknown")
    own, months = reading.chronological_age_months, reading.bone_age_months
    score = "" if entry.score is None else number(language, entry.score, digits=2, sign=True)
    return Line(
        day=harmless(reading.film.study_date or "") or unknown,
        chronological_age=unknown if own is None else age_short(language, own),
        bone_age=say(language, "bone_age_none") if months is None else age_short(language, months),
        score=score,
        status=told(language, reading.status),
        current=entry.current,
    )
