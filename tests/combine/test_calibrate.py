"""Intervals hold the truth as often as they promise."""

from __future__ import annotations

import tomllib
from dataclasses import replace
from math import comb

import numpy as np
import numpy.typing as npt
import pytest

from boneage.combine.calibrate import FLOORS_MONTHS, Conformal, choose_floor, fit_conformal
from boneage.errors import BoneAgeError, Kind

Array = npt.NDArray[np.float64]


def simulate(films: int, *, seed: int) -> tuple[Array, Array, Array]:
    """Truth, prediction and spread, where the error grows with the spread but is no fixed multiple of it."""
    random = np.random.default_rng(seed)
    spread = random.gamma(4.0, 2.0, films)
    truth = random.uniform(60, 180, films)
    return truth, truth + random.standard_t(5, films) * np.sqrt(6 * spread), spread


def binomial_tail(hits: int, trials: int, p: float) -> float:
    """The smaller of P(X <= hits) and P(X >= hits)."""
    below = sum(comb(trials, k) * p**k * (1 - p) ** (trials - k) for k in range(hits + 1))
    at = comb(trials, hits) * p**hits * (1 - p) ** (trials - hits)
    return min(below, 1 - below + at)


@pytest.mark.parametrize("level", [0.8, 0.9, 0.95])
def test_a_new_film_is_held_as_often_as_promised(level: float) -> None:
    """With a fixed floor the chance is exactly ceil((n + 1) level) / (n + 1): each trial is fit anew."""
    trials, calibration = 600, 99
    hits = 0
    for trial in range(trials):
        truth, predicted, spread = simulate(calibration + 1, seed=trial)
        fitted = fit_conformal(truth[1:], predicted[1:], spread[1:], split_hash="s", coverages=(level,), floor_months=2.0)
        low, high = fitted.interval(predicted[0], spread[0], coverage=level)
        hits += low <= truth[0] <= high
    assert binomial_tail(hits, trials, level) > 0.001


def test_a_floor_from_other_films_keeps_the_promise() -> None:
    floor = choose_floor(*simulate(300, seed=1))
    truth, predicted, spread = simulate(2000, seed=2)
    fitted = fit_conformal(truth[:1000], predicted[:1000], spread[:1000], split_hash="s", floor_months=floor)
    ends = map(fitted.interval, predicted[1000:], spread[1000:])
    hits = sum(low <= age <= high for age, (low, high) in zip(truth[1000:], ends, strict=True))
    assert 0.87 <= hits / 1000 <= 0.93  # calibration and test both of 1,000: standard deviation 0.0134


def test_the_multiplier_is_the_hand_worked_rank() -> None:
    """Nine films, 80 %: the ceil(10 x 0.8) = 8th smallest score; scores are 1..9 halves."""
    truth, spread = np.full(9, 100.0), np.full(9, 1.0)
    fitted = fit_conformal(truth, truth + np.arange(1, 10), spread, split_hash="s", coverages=(0.8, 0.9), floor_months=1.0)
    assert fitted.multipliers == (4.0, 4.5)
    assert fitted.interval(100, 1, coverage=0.8) == (92.0, 108.0)
    assert fitted.interval(100, 2, coverage=0.8) == (88.0, 112.0)


def test_more_coverage_is_never_narrower_and_more_spread_neither() -> None:
    fitted = fit_conformal(*simulate(200, seed=3), split_hash="s")
    widths = [np.subtract(*fitted.interval(120, 5, coverage=level)[::-1]) for level in fitted.coverages]
    assert widths == sorted(widths)
    assert widths[0] < widths[-1]
    wider = [np.subtract(*fitted.interval(120, spread)[::-1]) for spread in (0, 1, 5, 20)]
    assert wider == sorted(wider)
    assert wider[0] > 0


def test_the_order_of_films_does_not_matter() -> None:
    columns = simulate(200, seed=4)
    order = np.random.default_rng(0).permutation(200)
    assert fit_conformal(*columns, split_hash="s") == fit_conformal(*(column[order] for column in columns), split_hash="s")


def test_intervals_stay_within_the_range_and_in_order() -> None:
    fitted = fit_conformal(*simulate(200, seed=5), split_hash="s")
    for months in (-3.0, 0.0, 1.0, 120.0, 239.0, 250.0):
        low, high = fitted.interval(months, 30)
        assert 0 <= low <= high <= 240


def test_the_chosen_floor_is_the_narrowest() -> None:
    columns = simulate(500, seed=6)
    chosen = choose_floor(*columns)

    def width(floor: float) -> float:
        fitted = fit_conformal(*columns, split_hash="s", floor_months=floor)
        return float(np.median([high - low for low, high in map(fitted.interval, columns[1], columns[2])]))

    assert width(chosen) == min(width(floor) for floor in FLOORS_MONTHS)
    assert len({width(floor) for floor in FLOORS_MONTHS}) > 1


@pytest.mark.parametrize(("films", "level"), [(0, 0.9), (8, 0.9), (18, 0.95), (3, 0.8)])
def test_too_few_films_are_refused(films: int, level: float) -> None:
    columns = simulate(films, seed=7)
    with pytest.raises(BoneAgeError, match="calibration films") as caught:
        fit_conformal(*columns, split_hash="s", coverages=(level,), floor_months=2.0)
    assert caught.value.kind is Kind.BAD_DATA


def test_the_fewest_films_that_can_do_it() -> None:
    fitted = fit_conformal(*simulate(9, seed=7), split_hash="s", coverages=(0.9,), floor_months=2.0)
    assert fitted.films == 9


def test_an_unfitted_coverage_is_refused_not_interpolated() -> None:
    with pytest.raises(BoneAgeError, match=r"0\.8, 0\.9, 0\.95"):
        fit_conformal(*simulate(100, seed=8), split_hash="s").interval(100, 5, coverage=0.85)


@pytest.mark.parametrize("place", [0, 1, 2])
@pytest.mark.parametrize("bad", [np.nan, np.inf])
def test_numbers_that_are_not_finite_are_refused(place: int, bad: float) -> None:
    columns = simulate(50, seed=9)
    columns[place][7] = bad
    with pytest.raises(BoneAgeError):
        fit_conformal(*columns, split_hash="s")


def test_it_comes_back_from_toml() -> None:
    fitted = fit_conformal(*simulate(100, seed=10), split_hash="0123456789ab")
    toml = "\n".join(f"{key} = {value!r}" for key, value in fitted.to_dict().items())
    assert Conformal.from_dict(tomllib.loads(toml)) == fitted


@pytest.mark.parametrize(
    "change",
    [
        {"multipliers": [1.0]},
        {"multipliers": [2.0, 1.0, 3.0]},
        {"multipliers": [1.0, float("nan"), 3.0]},
        {"coverages": [0.8, 0.9, 1.0]},
        {"coverages": "0.9"},
        {"floor_months": 0.0},
        {"floor_months": "two"},
        {"films": 0},
    ],
)
def test_a_bad_card_is_refused(change: dict[str, object]) -> None:
    good = fit_conformal(*simulate(100, seed=10), split_hash="s").to_dict()
    Conformal.from_dict(good)
    with pytest.raises(BoneAgeError) as caught:
        Conformal.from_dict({**good, **change})
    assert caught.value.kind is Kind.BAD_WEIGHTS


def test_a_card_without_a_key_is_refused() -> None:
    good = fit_conformal(*simulate(100, seed=10), split_hash="s").to_dict()
    for key in good:
        with pytest.raises(BoneAgeError, match=key):
            Conformal.from_dict({name: value for name, value in good.items() if name != key})


def test_a_value_that_cannot_be_is_never_made() -> None:
    fitted = fit_conformal(*simulate(100, seed=10), split_hash="s")
    with pytest.raises(ValueError, match="never fall"):
        replace(fitted, multipliers=fitted.multipliers[::-1])
