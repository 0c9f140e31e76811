"""Reference plates: the table, probabilities that keep their sum, the nearest ones, and where their pictures lie."""

from __future__ import annotations

from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from boneage.clinical import plates
from boneage.clinical.plates import LEAST, MOST, nearest_plates, plate_ages, plate_picture, probabilities_of_plates
from boneage.types import MONTHS, Sex

shares = st.lists(st.floats(0, 1), min_size=MONTHS, max_size=MONTHS).filter(lambda found: sum(found) > 1e-6)


@pytest.mark.parametrize(("sex", "count", "last"), [(Sex.MALE, 31, 228.0), (Sex.FEMALE, 27, 216.0)])
def test_the_table_holds_the_atlass_plates_in_order(sex: Sex, count: int, last: float) -> None:
    ages = plate_ages(sex)
    assert (len(ages), ages[0], ages[-1]) == (count, 0.0, last)
    assert all(young < old for young, old in pairwise(ages))


@given(st.sampled_from(Sex), shares)
def test_the_sum_stays(sex: Sex, found: list[float]) -> None:
    probabilities = np.array(found) / sum(found)
    assert probabilities_of_plates(sex, probabilities).sum() == pytest.approx(1)
    assert (probabilities_of_plates(sex, probabilities) >= 0).all()


def test_a_month_counts_for_its_nearest_plate_and_halfway_for_both() -> None:
    girls = plate_ages(Sex.FEMALE)
    near, halfway = np.zeros(MONTHS), np.zeros(MONTHS)
    near[118] = halfway[126] = 1  # plates at 106, 120, 132
    assert probabilities_of_plates(Sex.FEMALE, near)[girls.index(120)] == pytest.approx(1)
    both = probabilities_of_plates(Sex.FEMALE, halfway)
    assert both[girls.index(120)] == pytest.approx(0.5)
    assert both[girls.index(132)] == pytest.approx(0.5)


@given(st.sampled_from(Sex), st.floats(0, 240), shares)
def test_three_to_five_are_shown_and_no_nearer_one_is_left_out(sex: Sex, months: float, found: list[float]) -> None:
    shown = [plate.months for plate in nearest_plates(sex, months, np.array(found) / sum(found))]
    assert LEAST <= len(shown) <= MOST
    assert shown == sorted(shown)
    distances = sorted(abs(age - months) for age in plate_ages(sex))
    assert sorted(abs(age - months) for age in shown)[:LEAST] == distances[:LEAST]


def test_improbable_plates_beyond_the_third_are_left_out() -> None:
    sure = np.zeros(MONTHS)
    sure[120] = 1
    assert [plate.months for plate in nearest_plates(Sex.MALE, 120, sure)] == [108, 120, 132]
    assert len(nearest_plates(Sex.MALE, 120)) == MOST


def test_a_sites_own_picture_goes_before_the_atlas(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    own, atlas = tmp_path / "own", tmp_path / "atlas"
    own.mkdir()
    atlas.mkdir()
    monkeypatch.setattr(plates, "ATLAS", atlas)
    assert plate_picture(Sex.MALE, 120, own) is None
    (atlas / "male-120.png").touch()
    assert plate_picture(Sex.MALE, 120, own) == atlas / "male-120.png"
    (own / "male-120.png").touch()
    assert plate_picture(Sex.MALE, 120, own) == own / "male-120.png"
    assert plate_picture(Sex.MALE, 120) == atlas / "male-120.png"
    assert plate_picture(Sex.MALE, 121, own) is None
