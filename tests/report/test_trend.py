"""Follow-up: which readings stand, and where they lie in the drawing."""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import UTC, datetime
from itertools import permutations

import numpy as np
import pytest

from boneage.clinical.norms import brush_mean_and_sd
from boneage.errors import BoneAgeError, Kind
from boneage.report.language import Language
from boneage.report.reading import Decision, Film, Reading, Refusal, Status
from boneage.report.trend import BOTTOM, HEIGHT, LEFT, RIGHT, TOP, WIDTH, Trend, trend_of, valid
from boneage.report.trend_chart import chart_of
from boneage.types import Estimate, Identity, Sex, SexSource

AT = datetime(2026, 11, 21, 9, 0, tzinfo=UTC)


def read(uid: str, months: float = 96.0, age: float | None = 100.0, *, film: str = "", sex: Sex | None = Sex.FEMALE) -> Reading:
    estimate = Estimate(sex, months, (months - 12, months + 12), 0.9, 7.0, np.full(240, 1 / 240))
    return Reading(
        uid=uid,
        made_at=AT,
        identity=Identity("DOE^JANE", "MRN-1"),
        film=Film(film or f"film of {uid}", (10, 10), study_date=None if age is None else f"20{20 + int(age // 12)}-01-01"),
        sex=sex,
        sex_source=SexSource.HEADER,
        chronological_age_months=age,
        system="reference-2026-11",
        weights=("a",),
        estimate=estimate,
    )


def sign(reading: Reading, status: Status = Status.SIGNED, *, of: Reading | None = None, months: float | None = None) -> Reading:
    decision = Decision("Dr. A", AT, reading.bone_age_months if months is None else months)  # type: ignore[arg-type]
    return replace(reading, status=status, decision=decision, predecessor=of.uid if of else None)


def test_what_is_withdrawn_and_what_was_replaced_is_left_out() -> None:
    first, other = sign(read("1", film="a")), sign(read("2", film="b"))
    amended = sign(read("3", film="a"), Status.AMENDED, of=first, months=90)
    withdrawn = sign(read("4", film="b"), Status.WITHDRAWN, of=other)
    again = sign(read("5", film="a"), Status.AMENDED, of=amended, months=92)
    assert valid([first, other]) == (first, other)
    assert valid([first, amended]) == (amended,)
    assert valid([other, withdrawn]) == ()
    for order in permutations([first, other, amended, withdrawn, again]):
        assert valid(order) == (again,)


def test_a_decision_stands_in_place_of_the_unverified_answer_on_its_film() -> None:
    system, elsewhere = read("1", film="a"), read("2", film="b")
    signed = sign(read("3", film="a"))
    assert valid([system, elsewhere]) == (system, elsewhere)
    assert valid([system, elsewhere, signed]) == (elsewhere, signed)
    taken_back = sign(read("4", film="a"), Status.WITHDRAWN, of=signed)
    assert valid([system, elsewhere, signed, taken_back]) == (elsewhere,)


def test_readings_are_told_by_the_day_of_their_film() -> None:
    late, early = read("1", age=120), read("2", age=60)
    assert [entry.reading.uid for entry in trend_of([late, early]).entries] == ["2", "1"]


def test_readings_of_two_patients_are_never_one_trend() -> None:
    other = replace(read("2"), identity=Identity("DOE^JANE", "MRN-2"))
    with pytest.raises(BoneAgeError) as caught:
        trend_of([read("1"), other])
    assert caught.value.kind is Kind.BAD_DATA
    assert "MRN" not in str(caught.value)
    assert "DOE" not in str(caught.value)


def points(path: str) -> np.ndarray:
    return np.array([[float(number) for number in pair.split()] for pair in re.findall(r"[\d.-]+ [\d.-]+", path)])


def months_of(trend: Trend, x: float, y: float) -> tuple[float, float]:
    """The inverse of the drawing, by its own ticks."""
    (x0, year0), (x1, year1) = trend.ages[0], trend.ages[-1]
    (y0, bone0), (y1, bone1) = trend.bone_ages[0], trend.bone_ages[-1]
    return 12 * (year0 + (x - x0) / (x1 - x0) * (year1 - year0)), 12 * (bone0 + (y - y0) / (y1 - y0) * (bone1 - bone0))


@pytest.mark.parametrize("sex", Sex)
def test_marks_band_and_mean_lie_where_their_ages_are(sex: Sex) -> None:
    trend = trend_of([read("1", 60, 70, sex=sex), read("2", 130, 121.5, sex=sex)], current="2")
    assert [mark.current for mark in trend.marks] == [False, True]
    for mark, expected in zip(trend.marks, [(70, 60), (121.5, 130)], strict=True):
        assert months_of(trend, mark.x, mark.y) == pytest.approx(expected, abs=0.1)
        assert months_of(trend, mark.x, mark.low or 0)[1] == pytest.approx(expected[1] - 12, abs=0.1)
        assert months_of(trend, mark.x, mark.high or 0)[1] == pytest.approx(expected[1] + 12, abs=0.1)
    mean, band = points(trend.mean), points(trend.band)
    upper, lower = band[: len(mean)], band[len(mean) :][::-1]
    for k in range(0, len(mean), 7):
        age, months = months_of(trend, *mean[k])
        norm = brush_mean_and_sd(sex, round(age))
        assert norm is not None
        assert months == pytest.approx(norm.mean_months, abs=0.3)
        assert months_of(trend, *upper[k])[1] == pytest.approx(norm.mean_months + 2 * norm.sd_months, abs=0.3)
        assert months_of(trend, *lower[k])[1] == pytest.approx(norm.mean_months - 2 * norm.sd_months, abs=0.3)


@pytest.mark.parametrize(("months", "age"), [(0.5, 0.5), (3, 30), (100, 100), (239, 215), (60, 400)])
def test_all_stays_within_the_axes(months: float, age: float) -> None:
    trend = trend_of([read("1", months, age)])
    for path in (trend.mean, trend.band, trend.equal):
        corners = points(path)
        if len(corners):
            assert corners[:, 0].min() >= LEFT - 0.1
            assert corners[:, 0].max() <= WIDTH - RIGHT + 0.1
            assert corners[:, 1].min() >= TOP - 0.1
            assert corners[:, 1].max() <= HEIGHT - BOTTOM + 0.1
    (mark,) = trend.marks
    assert LEFT <= mark.x <= WIDTH - RIGHT
    assert TOP <= mark.y <= HEIGHT - BOTTOM


def test_what_has_no_place_in_the_drawing_is_in_the_table() -> None:
    unread = replace(read("2"), estimate=None, refusal=Refusal(Kind.NO_HAND, "a foot", "a hand", "Give a hand."))
    trend = trend_of([read("1"), unread, read("3", age=None)])
    assert len(trend.marks) == 1
    assert {entry.reading.uid for entry in trend.entries} == {"1", "2", "3"}
    assert [entry.score is None for entry in trend.entries].count(True) == 2


@pytest.mark.parametrize("sex", [None, Sex.MALE])
def test_there_is_no_norm_where_the_sex_is_not_one(sex: Sex | None) -> None:
    readings = [read("1", sex=None)] if sex is None else [read("1"), read("2", sex=sex)]
    trend = trend_of(readings)
    assert (trend.mean, trend.band) == ("", "")
    assert len(trend.marks) == len(readings)


def test_a_readers_bone_age_has_no_interval() -> None:
    accepted, changed = sign(read("1")), sign(read("2", 90, 110), months=120)
    marks = trend_of([accepted, changed]).marks
    assert marks[0].low is not None
    assert (marks[1].low, marks[1].high) == (None, None)
    assert all(mark.signed for mark in marks)


def test_one_reading_alone_has_no_follow_up() -> None:
    one = read("1")
    assert chart_of(one, (), Language.ENGLISH) is None
    assert chart_of(one, [one], Language.ENGLISH) is None
    withdrawn = sign(read("2", film="b"), Status.WITHDRAWN, of=read("9"))
    assert chart_of(one, [one, withdrawn], Language.ENGLISH) is None
    chart = chart_of(one, [read("2", 80, 88)], Language.GERMAN)
    assert chart is not None
    assert [(line.bone_age, line.chronological_age, line.current) for line in chart.lines] == [
        ("6 J. 8 M.", "7 J. 4 M.", False),
        ("8 J. 0 M.", "8 J. 4 M.", True),
    ]
