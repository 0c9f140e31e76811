"""Paired comparisons: signs, order, chance and Holm's correction."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from boneage.errors import BoneAgeError
from boneage.evaluate.compare import compare, compare_many, holm
from boneage.evaluate.predictions import Prediction

pytest.importorskip("scipy", reason="needs the train extra")


def moved(rows: list[Prediction], *errors: float) -> list[Prediction]:
    """The films with these errors, in turn."""
    return [replace(row, predicted_months=row.truth_months + errors[i % len(errors)]) for i, row in enumerate(rows)]


def noisy(rows: list[Prediction], error: float, seed: int) -> list[Prediction]:
    return moved(rows, *np.random.default_rng(seed).normal(0, error, len(rows)).tolist())


def test_by_hand(rows: list[Prediction]) -> None:
    """|errors| 5 and 3 against 2 and 4: differences +3 and -1."""
    made = compare(moved(rows[:8], 5, -3), moved(rows[:8], -2, 4), resamples=500)
    assert (made.mae_a_months, made.mae_b_months, made.difference_months) == pytest.approx((4, 3, 1))
    assert made.low_months <= 1 <= made.high_months
    assert made.films == 8


def test_the_smallest_p_of_five_films(rows: list[Prediction]) -> None:
    """All five differences are of one sign, no two alike: exactly 2 / 2^5."""
    made = compare(moved(rows[:5], 1, 2, 3, 4, 5), moved(rows[:5], 2, 4, 6, 8, 10), resamples=100)
    assert made.p_value == pytest.approx(2 / 32)


def test_exchanging_the_systems_turns_the_sign(rows: list[Prediction]) -> None:
    a, b = noisy(rows, 7, seed=1), noisy(rows, 8, seed=2)
    one, other = compare(a, b), compare(b, a)
    assert one.difference_months == pytest.approx(-other.difference_months)
    assert (one.low_months, one.high_months) == pytest.approx((-other.high_months, -other.low_months), abs=1e-9)
    assert one.p_value == pytest.approx(other.p_value)


def test_a_system_does_not_differ_from_itself(rows: list[Prediction]) -> None:
    made = compare(rows, rows[::-1])
    assert (made.difference_months, made.low_months, made.high_months, made.p_value) == (0, 0, 0, 1)


def test_the_order_of_films_does_not_matter(rows: list[Prediction]) -> None:
    a, b = noisy(rows, 7, seed=1), noisy(rows, 8, seed=2)
    assert compare(a[::-1], b, resamples=200) == compare(a, b, resamples=200)


def test_a_clear_difference_is_found_and_none_is_not(rows: list[Prediction]) -> None:
    clear = compare(noisy(rows, 5, seed=1), noisy(rows, 10, seed=2))
    assert clear.p_value < 1e-6
    assert clear.high_months < 0
    alike = [compare(noisy(rows, 7, seed=i), noisy(rows, 7, seed=100 + i), resamples=10).p_value for i in range(40)]
    assert sum(p < 0.05 for p in alike) <= 7  # 2 are expected; more than 7 comes once in 1,000


def test_other_films_are_refused(rows: list[Prediction]) -> None:
    with pytest.raises(BoneAgeError, match="1 films in only one"):
        compare(rows, rows[1:])
    with pytest.raises(BoneAgeError):
        compare([*rows, rows[0]], rows)
    with pytest.raises(BoneAgeError):
        compare([], [])


def test_holm_by_hand() -> None:
    """0.01 x 4, 0.02 x 3, 0.03 x 2 is raised to 0.06, 0.5 x 1."""
    assert holm([0.03, 0.01, 0.5, 0.02]) == pytest.approx((0.06, 0.04, 0.5, 0.06))
    assert holm([0.6, 0.7]) == (1.0, 1.0)
    assert holm([]) == ()


def test_holm_lies_between_raw_and_bonferroni_and_keeps_the_order() -> None:
    raw = np.random.default_rng(4).random(20) ** 3
    adjusted = np.array(holm(raw.tolist()))
    assert (adjusted >= raw).all()
    assert (adjusted <= np.minimum(1, 20 * raw) + 1e-12).all()
    assert (np.diff(adjusted[np.argsort(raw)]) >= 0).all()


def test_many_are_corrected_together(rows: list[Prediction]) -> None:
    others = {"near": noisy(rows, 8.5, seed=2), "far": noisy(rows, 12, seed=3), "alike": noisy(rows, 8, seed=4)}
    made = compare_many(noisy(rows, 8, seed=1), others, resamples=100)
    assert list(made) == list(others)
    assert [one.p_holm for one in made.values()] == list(holm([one.p_value for one in made.values()]))
    assert made["far"].difference_months > 0  # the reference is the second system
