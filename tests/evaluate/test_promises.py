"""Promises that are kept are called kept, and broken ones broken."""

from __future__ import annotations

import csv
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from boneage.dataset import Part
from boneage.evaluate.predictions import Prediction
from boneage.evaluate.promises import interval_at, promises_of, tell_promises, write_promises
from boneage.evaluate.tables import By, Group
from boneage.types import Interval, Sex

pytest.importorskip("scipy", reason="needs the train extra")


def simulate(films: int, *, seed: int = 0, boys_error: float = 10.0) -> list[Prediction]:
    """Normal errors of 10 months with the intervals that hold 80, 90 and 95 % of them."""
    random = np.random.default_rng(seed)
    rows = []
    for film in range(films):
        sex = Sex.MALE if film % 2 else Sex.FEMALE
        predicted = float(random.uniform(40, 210))
        truth = predicted + float(random.normal(0, boys_error if sex is Sex.MALE else 10.0))
        eighty, ninety, most = (Interval(c, predicted - z, predicted + z) for c, z in ((0.8, 12.8), (0.9, 16.4), (0.95, 19.6)))
        ends = (ninety.low_months, ninety.high_months)
        rows.append(Prediction(film, sex, Part.SELECT, truth, predicted, 10.0, *ends, None, (eighty, most)))
    return rows


def test_true_promises_are_kept_over_all_and_in_every_band() -> None:
    for seed in range(3):
        made = promises_of(simulate(900, seed=seed), printed=0.9)
        assert sorted({one.promised for one in made}) == [0.8, 0.9, 0.95]
        assert [one.group for one in made].count(Group()) == 3
        assert all(one.kept for one in made if one.group == Group())
        assert all(one.group.by is By.PREDICTED for one in made if one.group.band)
        assert sum(not one.kept for one in made) <= 1  # 95 % for all bands of one coverage, three times


def test_a_group_whose_promise_is_broken_is_named() -> None:
    made = promises_of(simulate(1200, boys_error=18.0), printed=0.9)
    broken = [one for one in made if one.group != Group() and not one.kept]
    assert {one.group.sex for one in broken} == {Sex.MALE}
    line = tell_promises(made)
    assert "male 72-108 at 90 %" in line
    assert "(all films, 10 bands)" in line


def test_every_film_is_in_one_band_a_level() -> None:
    rows = simulate(400)
    made = promises_of(rows, printed=0.9)
    for level in (0.8, 0.9, 0.95):
        assert sum(one.films for one in made if one.promised == level and one.group != Group()) == 400


def test_limits_widen_with_the_number_of_bands_and_shrink_with_films() -> None:
    few, many = promises_of(simulate(200), printed=0.9), promises_of(simulate(4000), printed=0.9)
    band = next(one.group for one in many if one.group.band)
    a, b = (next(one for one in made if one.group == band and one.promised == 0.9) for made in (few, many))
    assert a.limits[0] < b.limits[0] < 0.9 < b.limits[1] <= a.limits[1]


def test_rows_with_one_interval_have_one_promise() -> None:
    rows = [replace(row, further=()) for row in simulate(60)]
    assert {one.promised for one in promises_of(rows, printed=0.9)} == {0.9}
    assert interval_at(rows[0], 0.9) == (rows[0].low_months, rows[0].high_months)


def test_the_file_has_a_line_per_promise(tmp_path: Path) -> None:
    made = promises_of(simulate(200), printed=0.9)
    write_promises(tmp_path / "a.csv", made, {"system": "s"})
    lines = list(csv.DictReader((tmp_path / "a.csv").read_text().splitlines()))
    assert len(lines) == len(made)
    assert lines[0] | {"held": "", "median_width_months": ""} == {
        "promised": "0.8", "sex": "all", "predicted_band": "all", "films": "200", "held": "", "limit_low": "0.77",
        "limit_high": "0.83", "kept": "yes" if made[0].kept else "no", "median_width_months": "", "system": "s",
    }  # fmt: skip
