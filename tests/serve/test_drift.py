"""The drift alarm on simulated readers: it rarely cries wolf, and finds a shift soon."""

from __future__ import annotations

import numpy as np
import pytest

from boneage.serve import drift
from boneage.serve.drift import BASELINE, FLOOR_MONTHS, drift_of


def differences(kind: str, films: int, random: np.random.Generator) -> np.ndarray[tuple[int], np.dtype[np.float64]]:
    if kind == "normal":
        return random.normal(0, 6, films)
    if kind == "t":
        return np.asarray(random.standard_t(3, films) * 6 / np.sqrt(3))
    return np.where(random.random(films) < 0.7, 0.0, random.normal(0, 8, films))


def first_alarm(kind: str, films: int, shift: float, seed: int) -> int | None:
    """Films behind the baseline until the alarm, at some of the lengths."""
    random = np.random.default_rng(seed)
    apart = differences(kind, BASELINE + films, random)
    apart[BASELINE:] += shift
    told = apart.tolist()
    return next((n for n in range(0, films + 1, 5) if drift_of(told[: BASELINE + n]).alarm), None)


@pytest.mark.parametrize("kind", ["normal", "t", "accepted"])
def test_without_a_shift_the_alarm_is_rare(kind: str) -> None:
    alarms = sum(first_alarm(kind, 200, 0.0, seed) is not None for seed in range(40))
    assert alarms <= 6  # about 3 % of 200 films


@pytest.mark.parametrize("kind", ["normal", "t", "accepted"])
@pytest.mark.parametrize("shift", [6.0, -6.0])
def test_half_a_year_s_shift_is_found_within_sixty_films(kind: str, shift: float) -> None:
    found = [first_alarm(kind, 60, shift, seed) for seed in range(30)]
    assert sum(one is None for one in found) <= 3
    assert np.median([one for one in found if one is not None]) <= 25


def test_it_says_nothing_before_the_baseline_is_full() -> None:
    early = drift_of([30.0] * (BASELINE - 1))
    assert (early.films, early.alarm, early.now_months, early.usual_months) == (BASELINE - 1, False, None, None)
    assert drift_of([30.0] * BASELINE).now_months == pytest.approx(30.0)


def test_one_wild_film_is_no_drift() -> None:
    quiet = [0.0, 1.0, -1.0, 0.0] * 50
    assert not drift_of([*quiet, 200.0]).alarm


def test_readers_who_accept_everything_may_change_one() -> None:
    found = drift_of([0.0] * 200 + [4.0])
    assert found.spread_months == FLOOR_MONTHS
    assert not found.alarm


def test_the_alarm_names_the_film_that_it_began_with_and_ends_when_all_is_well_again() -> None:
    steady, far = [0.0, 6.0, -6.0, 3.0, -3.0] * 30, [12.0] * 60
    found = drift_of(steady + far)
    assert found.since is not None
    assert 150 < found.since < 185
    assert not drift_of(steady + far[: found.since - 150]).alarm
    assert found.now_months is not None
    assert found.high_months is not None
    assert found.now_months > found.high_months
    assert not drift_of(steady + far + steady * 2).alarm


def test_the_figures_of_the_docstring_are_of_these_constants() -> None:
    assert (drift.BASELINE, drift.WEIGHT, drift.LIMIT, drift.FLOOR_MONTHS, drift.CAP) == (100, 0.05, 3.5, 2.0, 3.0)
