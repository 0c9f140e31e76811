"""The Brush Foundation's norms: the table's own rows, lines between them, nothing beyond."""

from __future__ import annotations

import csv
from math import inf, nan

import pytest

from boneage.clinical.norms import BRUSH, Norm, brush_mean_and_sd, brush_range
from boneage.errors import BoneAgeError
from boneage.types import Sex


def test_every_row_of_the_table_is_met() -> None:
    with BRUSH.open(newline="") as lines:
        rows = list(csv.DictReader(lines))
    assert len(rows) == 24 + 23
    for row in rows:
        norm = brush_mean_and_sd(Sex(row["sex"]), float(row["chronological_age_months"]))
        assert norm == Norm(float(row["mean_skeletal_age_months"]), float(row["sd_months"]))


def test_half_way_between_two_rows_is_their_mean() -> None:
    norm = brush_mean_and_sd(Sex.FEMALE, 66)  # rows of 60 and 72 months
    assert norm is not None
    assert norm.mean_months == pytest.approx((66.21 + 78.50) / 2)
    assert norm.sd_months == pytest.approx((11.65 + 10.23) / 2)


@pytest.mark.parametrize(("sex", "last"), [(Sex.MALE, 204), (Sex.FEMALE, 192)])
def test_beyond_the_table_there_is_no_norm(sex: Sex, last: float) -> None:
    assert brush_mean_and_sd(sex, 3) is not None
    assert brush_mean_and_sd(sex, last) is not None
    assert brush_mean_and_sd(sex, 2.99) is None
    assert brush_mean_and_sd(sex, last + 0.01) is None


@pytest.mark.parametrize("months", [nan, inf, -inf])
def test_an_age_that_is_no_number_is_an_error(months: float) -> None:
    with pytest.raises(BoneAgeError, match="a number of months"):
        brush_mean_and_sd(Sex.MALE, months)


def test_the_norm_rises_with_age() -> None:
    for sex, last in ((Sex.MALE, 204), (Sex.FEMALE, 192)):
        means = [norm.mean_months for age in range(3, last + 1) if (norm := brush_mean_and_sd(sex, age)) is not None]
        assert len(means) == last - 2
        assert means == sorted(means)


def test_a_score_counts_standard_deviations_from_the_mean() -> None:
    assert Norm(100, 10).score(75) == -2.5


def test_the_range_is_the_tables() -> None:
    assert brush_range(Sex.MALE) == (3, 204)
    assert brush_range(Sex.FEMALE) == (3, 192)
