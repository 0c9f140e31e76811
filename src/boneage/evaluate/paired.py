"""Paired tests of many systems against one reference, on the films of a group that every one of them answered."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from boneage.evaluate.answered import Answered
from boneage.evaluate.compare import compare_many, holm
from boneage.evaluate.metrics import Array
from boneage.evaluate.predictions import Prediction, column
from boneage.evaluate.tables import Group
from boneage.extras import load


@dataclass(frozen=True)
class Paired:
    """One system against the reference on the films that every measured system answered."""

    common_films: int
    common_mae_months: float
    reference_mae_months: float
    difference_months: float  # system minus reference: below 0 where the system is better
    difference_low_months: float  # 95 % bootstrap limits
    difference_high_months: float
    wilcoxon_p: float  # on the absolute errors, two-sided
    wilcoxon_p_holm: float  # after Holm's correction for all systems compared
    t_test_p: float  # paired t-test on the absolute errors, two-sided (Ren, tables III and IV, where none is corrected)
    t_test_p_holm: float


def paired_tests(answered: Sequence[Answered], reference: str, scope: Group, *, seed: int, resamples: int) -> dict[str, Paired]:
    """Each system by name against the reference; nothing where one of the two sides is absent."""
    films = common_films(answered)
    rows = {
        one.system: sorted((row for row in one.rows if row.id in films and row in scope), key=lambda row: row.id)
        for one in answered
    }
    own = rows.pop(reference, [])
    if not rows or not own:
        return {}
    tests = compare_many(own, rows, seed=seed, resamples=resamples)
    p = {name: paired_t_test(_absolute(others), _absolute(own)) for name, others in rows.items()}
    corrected = dict(zip(p, holm(list(p.values())), strict=True))
    return {
        name: Paired(
            common_films=test.films,
            common_mae_months=test.mae_a_months,
            reference_mae_months=test.mae_b_months,
            difference_months=test.difference_months,
            difference_low_months=test.low_months,
            difference_high_months=test.high_months,
            wilcoxon_p=test.p_value,
            wilcoxon_p_holm=test.p_holm,
            t_test_p=p[name],
            t_test_p_holm=corrected[name],
        )
        for name, test in tests.items()
    }


def common_films(answered: Sequence[Answered]) -> frozenset[int]:
    """The films that every one of these systems answered."""
    return frozenset.intersection(*(frozenset(row.id for row in one.rows) for one in answered)) if answered else frozenset()


def paired_t_test(a: Array, b: Array) -> float:
    """Two-sided p that two columns [N] of errors have the same mean. One film says nothing: 1."""
    difference = a - b
    if len(difference) < 2 or np.ptp(difference) == 0:  # SciPy has no spread to divide by
        return 0.0 if len(difference) > 1 and difference[0] != 0 else 1.0
    return float(load("scipy.stats").ttest_rel(a, b).pvalue)


def _absolute(rows: Sequence[Prediction]) -> Array:
    return column(rows, lambda row: abs(row.predicted_months - row.truth_months))
