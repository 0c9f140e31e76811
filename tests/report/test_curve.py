"""Laws of the small drawing of a distribution."""

import re
from collections.abc import Callable

import numpy as np
import pytest

from boneage.report.curve import AXIS_MONTHS, HEIGHT, WIDTH, curve_of, place
from boneage.types import Estimate, Sex


def corners(path: str) -> np.ndarray:
    return np.array([[float(number) for number in pair.split()] for pair in re.findall(r"[\d.e-]+ [\d.e-]+", path)])


@pytest.mark.parametrize("months", [0.5, 30, 120.4, 200, 239])
def test_the_peak_stands_at_its_month_and_all_stays_in_the_grid(estimate: Callable[..., Estimate], months: float) -> None:
    curve = curve_of(estimate(Sex.MALE, months))
    line = corners(curve.line)
    assert line[line[:, 1].argmin(), 0] == pytest.approx(place(round(months)), abs=WIDTH / AXIS_MONTHS)
    assert (np.diff(line[:, 0]) > 0).all()
    assert line.min() >= 0
    assert line[:, 0].max() <= WIDTH
    assert line[:, 1].max() <= HEIGHT
    assert curve.low <= curve.middle <= curve.high


def test_the_area_is_the_line_closed_on_the_axis(estimate: Callable[..., Estimate]) -> None:
    curve = curve_of(estimate(Sex.MALE, 100))
    area, line = corners(curve.area), corners(curve.line)
    np.testing.assert_array_equal(area[1:-1], line)
    assert area[0, 1] == area[-1, 1] == HEIGHT
    assert curve.area.endswith("Z")


def test_marks_stand_where_their_ages_are_and_only_where_known(estimate: Callable[..., Estimate]) -> None:
    bare = curve_of(estimate(Sex.MALE, 100))
    assert bare.truth is None
    assert bare.chronological is None
    marked = curve_of(estimate(Sex.MALE, 100), truth_months=120, chronological_age_months=60)
    assert (marked.truth, marked.chronological) == (WIDTH / 2, WIDTH / 4)
    assert curve_of(estimate(Sex.MALE, 100), chronological_age_months=900).chronological == WIDTH


def test_one_certain_month_is_still_a_drawing(estimate: Callable[..., Estimate]) -> None:
    sure = np.zeros(240)
    sure[0] = 1.0
    line = corners(curve_of(Estimate(Sex.MALE, 0.0, (0.0, 3.0), 0.9, 0.0, sure)).line)
    assert len(line) == 2
    assert line[0, 0] == 0
