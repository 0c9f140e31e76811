"""Intervals hold the truth as often as they promise, in every group."""

from __future__ import annotations

import tomllib
from collections.abc import Sequence
from dataclasses import replace
from itertools import pairwise
from math import comb

import numpy as np
import numpy.typing as npt
import pytest

from boneage.combine.calibrate import COVERAGES, LEAST_MONTHS, Conformal, fit_conformal
from boneage.combine.groups import Group
from boneage.errors import BoneAgeError, Kind
from boneage.types import Sex

tomli_w = pytest.importorskip("tomli_w", reason="needs the train extra")

Array = npt.NDArray[np.float64]
Films = tuple[Array, Array, Array, list[Sex | None]]  # truth, prediction, reach, sex


def simulate(films: int, *, seed: int, sexes: Sequence[Sex | None] = tuple(Sex)) -> Films:
    """The error grows with the reach, is no fixed multiple of it, larger in boys and in the old, and has heavy tails."""
    random = np.random.default_rng(seed)
    reach = np.stack([random.gamma(4.0, 3.0, films), random.gamma(4.0, 3.0, films)], 1)
    predicted = random.uniform(20, 220, films)
    sex = [sexes[k] for k in random.integers(len(sexes), size=films)]
    scale = np.sqrt(6 * reach.mean(1)) * np.array([1.5 if one is Sex.MALE else 1.0 for one in sex]) * (1 + predicted / 200)
    return np.clip(predicted + random.standard_t(5, films) * scale, 0, 240), predicted, reach, sex


def holds(fitted: Conformal, films: Films, place: int) -> npt.NDArray[np.bool_]:
    truth, predicted, reach, sexes = films
    made = [fitted.intervals(m, (r[0], r[1]), sex)[place] for m, r, sex in zip(predicted, reach, sexes, strict=True)]
    return np.array([one.low_months <= age <= one.high_months for age, one in zip(truth, made, strict=True)])


def binomial_tail(hits: int, trials: int, p: float) -> float:
    """The smaller of P(X <= hits) and P(X >= hits)."""
    below = sum(comb(trials, k) * p**k * (1 - p) ** (trials - k) for k in range(hits + 1))
    at = comb(trials, hits) * p**hits * (1 - p) ** (trials - hits)
    return min(below, 1 - below + at)


@pytest.mark.parametrize("level", COVERAGES)
def test_a_new_film_is_held_as_often_as_promised(level: float) -> None:
    """In one group of 99 the chance is exactly ceil(100 level) / 100: each trial is fit anew."""
    trials, hits = 500, 0
    for trial in range(trials):
        truth, predicted, reach, _ = simulate(100, seed=trial, sexes=(None,))
        fitted = fit_conformal(truth[1:], predicted[1:], reach[1:], [None] * 99, split_hash="s", coverages=(level,))
        hits += bool(holds(fitted, (truth[:1], predicted[:1], reach[:1], [None]), 0)[0])
    assert binomial_tail(hits, trials, level) > 0.001


@pytest.mark.parametrize("place", range(len(COVERAGES)))
def test_every_group_is_held_as_often_as_promised(place: int) -> None:
    """Boys' errors are larger: without groups the girls would be held too often and the boys too rarely."""
    films, level = 400, COVERAGES[place]
    hits, counts = dict.fromkeys((0, 1, 2, 3), 0), dict.fromkeys((0, 1, 2, 3), 0)
    for trial in range(12):
        fitted = fit_conformal(*simulate(films, seed=trial), split_hash="s")
        new = simulate(films, seed=1000 + trial)
        held = holds(fitted, new, place)
        for k, (months, sex) in enumerate(zip(new[1], new[3], strict=True)):
            cell = 2 * (sex is Sex.MALE) + (months >= 120)
            hits[cell] += int(held[k])
            counts[cell] += 1
    for cell, count in counts.items():
        # a group of 100 calibration films has a coverage with a standard error of sqrt(p (1 - p) / 100), 12 times anew
        error = np.sqrt(level * (1 - level) * (1 / count + 1 / 1200))
        assert abs(hits[cell] / count - level) < 3 * error + 0.01, cell


def test_the_multiplier_is_the_hand_worked_rank() -> None:
    """Nine films, 80 %: the ceil(10 x 0.8) = 8th smallest score; the scores are 1..9 quarters, the reach above counts."""
    truth = np.full(9, 100.0)
    reach = np.tile([4.0, 99.0], (9, 1))
    fitted = fit_conformal(truth, truth + np.arange(1, 10), reach, [None] * 9, split_hash="s", coverages=(0.8, 0.9))
    (only,) = fitted.fits
    assert (only.group, only.films, only.multipliers) == (Group(None, 0.0), 9, (2.0, 2.25))
    eighty, ninety = fitted.intervals(100.0, (4.0, 8.0), None)
    assert (eighty.low_months, eighty.high_months) == (92.0, 116.0)
    assert (ninety.low_months, ninety.high_months) == (91.0, 118.0)


def test_more_coverage_holds_the_narrower_interval_and_more_reach_is_wider() -> None:
    fitted = fit_conformal(*simulate(500, seed=3), split_hash="s")
    for months in (10.0, 60.0, 120.0, 200.0):
        for sex in (*Sex, None):
            made = fitted.intervals(months, (5.0, 9.0), sex)
            assert tuple(one.coverage for one in made) == COVERAGES
            for inner, outer in pairwise(made):
                assert outer.low_months <= inner.low_months <= months <= inner.high_months <= outer.high_months
            assert made[0].width_months < made[-1].width_months
    wider = [fitted.intervals(120.0, (side, side), Sex.MALE)[1].width_months for side in (0.0, 1.0, 5.0, 20.0)]
    assert wider == sorted(wider)
    assert wider[0] > 0


def test_a_film_of_unknown_sex_gets_the_wider_interval() -> None:
    fitted = fit_conformal(*simulate(500, seed=3), split_hash="s")
    widths = {sex: [one.width_months for one in fitted.intervals(150.0, (5.0, 5.0), sex)] for sex in (*Sex, None)}
    assert widths[None] == list(np.maximum(widths[Sex.FEMALE], widths[Sex.MALE]))
    assert widths[Sex.FEMALE] < widths[Sex.MALE]


def test_the_order_of_films_does_not_matter() -> None:
    truth, predicted, reach, sexes = simulate(300, seed=4)
    order = np.random.default_rng(0).permutation(300)
    again = fit_conformal(truth[order], predicted[order], reach[order], [sexes[k] for k in order], split_hash="s")
    assert fit_conformal(truth, predicted, reach, sexes, split_hash="s") == again


def test_intervals_stay_within_the_range_and_in_order() -> None:
    fitted = fit_conformal(*simulate(300, seed=5), split_hash="s")
    for months in (-3.0, 0.0, 1.0, 120.0, 239.0, 250.0):
        for one in fitted.intervals(months, (30.0, 30.0), Sex.FEMALE):
            assert 0 <= one.low_months <= one.high_months <= 240


def test_a_system_that_is_wholly_sure_has_a_width_too() -> None:
    truth, predicted, reach, sexes = simulate(300, seed=5)
    fitted = fit_conformal(truth, predicted, 0 * reach, sexes, split_hash="s")
    assert fitted == fit_conformal(truth, predicted, 0 * reach + LEAST_MONTHS, sexes, split_hash="s")
    held = holds(fitted, (truth, predicted, 0 * reach, sexes), 1)
    assert 0.9 <= held.mean() < 0.93


@pytest.mark.parametrize(("films", "level"), [(0, 0.9), (8, 0.9), (18, 0.95), (3, 0.8)])
def test_too_few_films_are_refused(films: int, level: float) -> None:
    with pytest.raises(BoneAgeError, match="calibration films") as caught:
        fit_conformal(*simulate(films, seed=7), split_hash="s", coverages=(level,))
    assert caught.value.kind is Kind.BAD_DATA


def test_the_fewest_films_that_can_do_it() -> None:
    (only,) = fit_conformal(*simulate(9, seed=7), split_hash="s", coverages=(0.9,)).fits
    assert only.films == 9


@pytest.mark.parametrize("place", [0, 1, 2])
@pytest.mark.parametrize("bad", [np.nan, np.inf])
def test_numbers_that_are_not_finite_are_refused(place: int, bad: float) -> None:
    truth, predicted, reach, sexes = simulate(50, seed=9)
    (truth, predicted, reach)[place][7] = bad
    with pytest.raises(BoneAgeError):
        fit_conformal(truth, predicted, reach, sexes, split_hash="s")


def test_columns_of_other_lengths_are_refused() -> None:
    truth, predicted, reach, sexes = simulate(50, seed=9)
    with pytest.raises(BoneAgeError, match="49 sexes"):
        fit_conformal(truth, predicted, reach, sexes[1:], split_hash="s")
    with pytest.raises(BoneAgeError, match="reaches"):
        fit_conformal(truth, predicted, reach[:, 0], sexes, split_hash="s")


@pytest.mark.parametrize("sexes", [tuple(Sex), (None,)])
def test_it_comes_back_from_toml(sexes: Sequence[Sex | None]) -> None:
    fitted = fit_conformal(*simulate(450, seed=10, sexes=sexes), split_hash="0123456789ab")
    assert len(fitted.fits) > 1
    assert Conformal.from_dict(tomllib.loads(tomli_w.dumps(fitted.to_dict()))) == fitted


@pytest.mark.parametrize(
    "change",
    [
        {"multipliers": [1.0]},
        {"multipliers": [2.0, 1.0, 3.0]},
        {"multipliers": [1.0, float("nan"), 3.0]},
        {"multipliers": [-1.0, 1.0, 3.0]},
        {"films": 0},
        {"films": "many"},
        {"from_months": 12.0},  # nothing for the youngest
        {"sex": "boy"},
        {"sex": "male"},  # nothing for girls
    ],
)
def test_a_bad_group_is_refused(change: dict[str, object]) -> None:
    good = fit_conformal(*simulate(100, seed=10, sexes=(None,)), split_hash="s").to_dict()
    group = {"from_months": 0.0, "films": 100, "multipliers": [1.0, 2.0, 3.0]}
    Conformal.from_dict({**good, "groups": [group]})
    with pytest.raises((ValueError, TypeError)):
        Conformal.from_dict({**good, "groups": [{**group, **change}]})


@pytest.mark.parametrize("change", [{"coverages": [0.8, 0.9, 1.0]}, {"coverages": "0.9"}, {"groups": []}, {"groups": "all"}])
def test_a_bad_whole_is_refused(change: dict[str, object]) -> None:
    good = fit_conformal(*simulate(100, seed=10), split_hash="s").to_dict()
    with pytest.raises((ValueError, TypeError)):
        Conformal.from_dict({**good, **change})


def test_a_group_that_stands_twice_is_never_made() -> None:
    fitted = fit_conformal(*simulate(100, seed=10), split_hash="s")
    with pytest.raises(ValueError, match="once"):
        replace(fitted, fits=fitted.fits * 2)
