"""Adult height by Bayley and Pinneau: the table's usable rows and nothing else, lines between near ones, heights of children."""

from __future__ import annotations

import csv
from collections import Counter
from itertools import pairwise
from math import inf, nan

import pytest

from boneage.clinical.height import (
    TABLE,
    WIDEST_MONTHS,
    AdultHeight,
    Group,
    HeightGap,
    adult_height,
    adult_height_range,
    check_height,
    group_of,
    percent_of_mature_height,
    usable_rows,
)
from boneage.errors import BoneAgeError
from boneage.types import Sex

SEXES = {"boy": Sex.MALE, "girl": Sex.FEMALE}
with TABLE.open(newline="", encoding="utf-8") as lines:
    ROWS = list(csv.DictReader(lines))


def test_only_rows_that_are_confirmed_or_agree_among_their_cells_are_used() -> None:
    used = Counter(row["status"] for row in ROWS if _is_used(row))
    assert used == {"confirmed": 197, "from cells": 24}
    assert len(ROWS) == 251
    assert sum(len(usable_rows(sex, group)) for sex in Sex for group in Group) == 221


@pytest.mark.parametrize("row", [row for row in ROWS if row["status"] in ("confirmed", "from cells")], ids=str)
def test_every_usable_row_is_met(row: dict[str, str]) -> None:
    found = percent_of_mature_height(SEXES[row["sex"]], Group(row["group"]), float(row["skeletal_age_months"]))
    assert found == float(row["percent_of_mature_height"])


@pytest.mark.parametrize("sex", Sex)
@pytest.mark.parametrize("group", Group)
def test_the_share_of_height_rises_and_never_passes_the_whole(sex: Sex, group: Group) -> None:
    rows = usable_rows(sex, group)
    assert [age for age, _ in rows] == sorted({age for age, _ in rows})
    shares = [share for _, share in rows]
    assert shares == sorted(shares)
    assert shares[0] > 60
    assert shares[-1] <= 100


def test_between_two_near_rows_a_line_is_drawn() -> None:
    assert percent_of_mature_height(Sex.MALE, Group.AVERAGE, 157.5) == pytest.approx((87.6 + 89.0) / 2)
    assert percent_of_mature_height(Sex.MALE, Group.ACCELERATED, 138) == pytest.approx((77.6 + 80.0) / 2)  # its row is in doubt


@pytest.mark.parametrize(
    ("sex", "group", "months", "gap"),
    [
        (Sex.MALE, Group.AVERAGE, 83.9, HeightGap.OUT_OF_TABLE),
        (Sex.MALE, Group.AVERAGE, 222.1, HeightGap.OUT_OF_TABLE),
        (Sex.MALE, Group.RETARDED, 96.1, HeightGap.OUT_OF_TABLE),
        (Sex.MALE, Group.ACCELERATED, 186.1, HeightGap.OUT_OF_TABLE),
        (Sex.FEMALE, Group.ACCELERATED, 129.1, HeightGap.IN_A_HOLE),
        (Sex.FEMALE, Group.ACCELERATED, 132, HeightGap.IN_A_HOLE),
        (Sex.FEMALE, Group.ACCELERATED, 137.9, HeightGap.IN_A_HOLE),
    ],
)
def test_where_the_table_has_nothing_there_is_no_number(sex: Sex, group: Group, months: float, gap: HeightGap) -> None:
    assert percent_of_mature_height(sex, group, months) is gap
    own = months - {Group.AVERAGE: 0, Group.ACCELERATED: 20, Group.RETARDED: -20}[group]
    assert adult_height(sex, 140, bone_age_months=months, chronological_age_months=own) is gap


def test_no_line_crosses_a_gap_wider_than_the_limit() -> None:
    for sex in Sex:
        for group in Group:
            rows = [age for age, _ in usable_rows(sex, group)]
            for low, high in pairwise(rows):
                found = percent_of_mature_height(sex, group, (low + high) / 2)
                assert (found is HeightGap.IN_A_HOLE) == (high - low > WIDEST_MONTHS)


@pytest.mark.parametrize(
    ("bone_age", "group"),
    [(108, Group.RETARDED), (108.1, Group.AVERAGE), (120, Group.AVERAGE), (131.9, Group.AVERAGE), (132, Group.ACCELERATED)],
)
def test_twelve_months_away_are_away(bone_age: float, group: Group) -> None:
    assert group_of(bone_age, 120) is group


def test_a_height_is_divided_by_the_share_that_is_reached() -> None:
    found = adult_height(Sex.FEMALE, 140, bone_age_months=132, chronological_age_months=130)
    assert found == AdultHeight(pytest.approx(140 / 0.906), 90.6, Group.AVERAGE)
    grown = adult_height(Sex.FEMALE, 165, bone_age_months=216, chronological_age_months=210)
    assert isinstance(grown, AdultHeight)
    assert grown.cm == 165


def test_the_further_the_bones_the_less_there_is_to_grow() -> None:
    found = [adult_height(Sex.MALE, 150, bone_age_months=age, chronological_age_months=age) for age in range(84, 223)]
    heights = [one.cm for one in found if isinstance(one, AdultHeight)]
    assert len(heights) == len(found)
    assert heights == sorted(heights, reverse=True)


def test_the_range_is_that_of_the_intervals_ends() -> None:
    low, high = adult_height_range(Sex.MALE, 140, interval_months=(108, 132), group=Group.AVERAGE) or (0, 0)
    assert (low, high) == (pytest.approx(140 / 0.804), pytest.approx(140 / 0.752))
    whole = adult_height(Sex.MALE, 140, bone_age_months=120, chronological_age_months=120)
    assert isinstance(whole, AdultHeight)
    assert low < whole.cm < high


@pytest.mark.parametrize("interval", [(80, 100), (200, 230)])
def test_an_end_out_of_the_table_leaves_no_range(interval: tuple[float, float]) -> None:
    assert adult_height_range(Sex.MALE, 140, interval_months=interval, group=Group.AVERAGE) is None


@pytest.mark.parametrize("cm", [49.9, 230.1, 0, -140, 1.4, 1400, nan, inf])
def test_a_height_that_no_child_has_is_an_error(cm: float) -> None:
    with pytest.raises(BoneAgeError, match="50 to 230 cm"):
        check_height(cm)
    with pytest.raises(BoneAgeError, match="50 to 230 cm"):
        adult_height(Sex.MALE, cm, bone_age_months=120, chronological_age_months=120)
    with pytest.raises(BoneAgeError, match="50 to 230 cm"):
        adult_height_range(Sex.MALE, cm, interval_months=(110, 130), group=Group.AVERAGE)


@pytest.mark.parametrize(("bone_age", "own"), [(nan, 120), (120, inf)])
def test_an_age_that_is_no_number_is_an_error(bone_age: float, own: float) -> None:
    with pytest.raises(BoneAgeError, match="numbers of months"):
        adult_height(Sex.MALE, 140, bone_age_months=bone_age, chronological_age_months=own)


def _is_used(row: dict[str, str]) -> bool:
    rows = dict(usable_rows(SEXES[row["sex"]], Group(row["group"])))
    return float(row["skeletal_age_months"]) in rows
