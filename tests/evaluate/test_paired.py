"""Paired tests are made on the films that all answered, corrected over all systems, and agree with the textbook."""

from __future__ import annotations

from dataclasses import replace
from math import sqrt

import numpy as np
import pytest

from boneage.dataset import Film
from boneage.evaluate.answered import Answered
from boneage.evaluate.compare import holm
from boneage.evaluate.paired import common_films, paired_t_test, paired_tests
from boneage.evaluate.predictions import Prediction
from boneage.evaluate.tables import Group

stats = pytest.importorskip("scipy.stats", reason="needs the train extra")


def system(name: str, rows: list[Prediction], *, error: float, seed: int, refuses: int = 0) -> Answered:
    """A system with normal errors that refuses the first films."""
    errors = np.random.default_rng(seed).normal(0, error, len(rows)).tolist()
    made = [replace(row, predicted_months=row.truth_months + by) for row, by in zip(rows, errors, strict=True)]
    return Answered(
        name, tuple(made[refuses:]), frozenset(Film(row.id, row.sex, row.truth_months) for row in made[:refuses]), "w", "0123"
    )


def test_the_t_test_by_hand() -> None:
    """Differences 1, 2, 3, 6: mean 3, standard deviation sqrt(14 / 3), so t = 3 / sqrt(14 / 12) with 3 degrees of freedom."""
    a, b = np.array([4.0, 4, 5, 8]), np.array([3.0, 2, 2, 2])
    assert paired_t_test(a, b) == pytest.approx(2 * stats.t.sf(3 / sqrt(14 / 12), 3))
    assert paired_t_test(b, a) == pytest.approx(paired_t_test(a, b))


def test_the_t_test_without_spread() -> None:
    same = np.array([3.0, 5, 7])
    assert paired_t_test(same, same) == 1
    assert paired_t_test(same + 1, same) == 0
    assert paired_t_test(same[:1] + 1, same[:1]) == 1  # one film says nothing


def test_the_films_are_those_that_all_answered(rows: list[Prediction]) -> None:
    systems = [
        system("reference", rows, error=7, seed=1),
        system("near", rows, error=8, seed=2, refuses=4),
        system("far", rows[::-1], error=14, seed=3, refuses=10),
    ]
    common = common_films(systems)
    assert common == {row.id for row in rows[4:-10]}
    made = paired_tests(systems, "reference", Group(), seed=0, resamples=100)
    assert list(made) == ["near", "far"]
    for one in systems[1:]:
        errors = [abs(row.predicted_months - row.truth_months) for row in one.rows if row.id in common]
        assert made[one.system].common_films == len(common)
        assert made[one.system].common_mae_months == pytest.approx(np.mean(errors))
    assert len({one.reference_mae_months for one in made.values()}) == 1
    assert made["far"].difference_months == pytest.approx(made["far"].common_mae_months - made["far"].reference_mae_months)
    assert made["far"].t_test_p_holm < 0.001
    assert [one.t_test_p_holm for one in made.values()] == list(holm([one.t_test_p for one in made.values()]))
    assert [one.wilcoxon_p_holm for one in made.values()] == list(holm([one.wilcoxon_p for one in made.values()]))


def test_without_two_sides_there_is_no_test(rows: list[Prediction]) -> None:
    one = system("reference", rows, error=7, seed=1)
    other = system("other", rows, error=7, seed=2)
    assert paired_tests([one], "reference", Group(), seed=0, resamples=10) == {}
    assert paired_tests([other], "reference", Group(), seed=0, resamples=10) == {}
    assert (
        paired_tests([one, system("none", rows, error=7, seed=2, refuses=len(rows))], "reference", Group(), seed=0, resamples=10)
        == {}
    )
    assert common_films([]) == frozenset()
