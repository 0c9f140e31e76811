"""Stages of development: every bone age has one, their order, and the one gap of the table that is closed openly."""

from __future__ import annotations

import csv
from itertools import pairwise
from math import inf, nan

import pytest

from boneage.clinical.stages import TABLE, Stage, bounds, stage_at
from boneage.errors import BoneAgeError
from boneage.types import Sex


@pytest.mark.parametrize("sex", Sex)
def test_the_stages_follow_one_another_from_birth_on(sex: Sex) -> None:
    found = bounds(sex)
    assert list(found) == list(Stage)
    assert found[Stage.INFANCY][0] == 0
    assert found[Stage.POST_PUBERTY][1] == inf
    assert all(before[1] == after[0] for before, after in pairwise(found.values()))
    assert all(low < high for low, high in found.values())


def test_every_row_of_the_table_is_met_but_the_ends_that_are_said_to_be_open() -> None:
    with TABLE.open(newline="", encoding="utf-8") as lines:
        rows = list(csv.DictReader(lines))
    assert len(rows) == 2 * len(Stage)
    for row in rows:
        low, high = bounds(Sex(row["sex"]))[Stage(row["stage"].replace("_", "-"))]
        assert low == float(row["from_months"])
        assert high == float(row["to_months"]) or (row["sex"], row["stage"]) in {
            ("male", "late_puberty"),  # 192 to 204 months
            ("male", "postpuberty"),
            ("female", "postpuberty"),
        }


@pytest.mark.parametrize(
    ("sex", "months", "stage"),
    [
        (Sex.FEMALE, 0, Stage.INFANCY),
        (Sex.FEMALE, 9.99, Stage.INFANCY),
        (Sex.FEMALE, 10, Stage.TODDLERS),
        (Sex.MALE, 13.9, Stage.INFANCY),
        (Sex.FEMALE, 84, Stage.EARLY_AND_MID_PUBERTY),
        (Sex.MALE, 84, Stage.PRE_PUBERTY),
        (Sex.MALE, 191, Stage.LATE_PUBERTY),
        (Sex.MALE, 192, Stage.LATE_PUBERTY),
        (Sex.MALE, 203.9, Stage.LATE_PUBERTY),
        (Sex.MALE, 204, Stage.POST_PUBERTY),
        (Sex.MALE, 240, Stage.POST_PUBERTY),
    ],
)
def test_a_bone_age_lies_in_its_stage(sex: Sex, months: float, stage: Stage) -> None:
    assert stage_at(sex, months) is stage


@pytest.mark.parametrize("months", [-0.1, nan, inf])
def test_an_age_that_is_none_is_an_error(months: float) -> None:
    with pytest.raises(BoneAgeError, match="0 or more"):
        stage_at(Sex.MALE, months)
