"""Two systems on the same films: the paired difference of their absolute errors, and whether it is chance."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

from boneage.errors import BoneAgeError, Kind
from boneage.evaluate.metrics import Array, bootstrap, mean
from boneage.evaluate.predictions import Prediction
from boneage.extras import load


@dataclass(frozen=True)
class Comparison:
    """System A against system B on the same films."""

    films: int
    mae_a_months: float
    mae_b_months: float
    difference_months: float  # MAE of A minus MAE of B: below 0 where A is better
    low_months: float  # 95 % bootstrap limits of the difference, by film
    high_months: float
    p_value: float  # Wilcoxon signed-rank, two-sided, on the absolute errors
    p_holm: float  # the same after Holm's correction for all comparisons made together; alone: p_value


def compare(a: Sequence[Prediction], b: Sequence[Prediction], *, seed: int = 0, resamples: int = 2000) -> Comparison:
    """A against B. Both must hold the same films, in any order."""
    error_a, error_b = _paired_errors(a, b)
    difference = error_a - error_b
    ((low, high),) = bootstrap((mean,), difference, seed=seed, resamples=resamples)
    p = _wilcoxon(difference)
    return Comparison(
        films=len(difference),
        mae_a_months=float(error_a.mean()),
        mae_b_months=float(error_b.mean()),
        difference_months=mean(difference),
        low_months=low,
        high_months=high,
        p_value=p,
        p_holm=p,
    )


def compare_many(
    reference: Sequence[Prediction], others: Mapping[str, Sequence[Prediction]], *, seed: int = 0, resamples: int = 2000
) -> dict[str, Comparison]:
    """Each of the others (as A) against one reference (as B), with Holm's correction over all of them."""
    single = {name: compare(rows, reference, seed=seed, resamples=resamples) for name, rows in others.items()}
    corrected = holm([one.p_value for one in single.values()])
    return {name: replace(one, p_holm=p) for (name, one), p in zip(single.items(), corrected, strict=True)}


def holm(p_values: Sequence[float]) -> tuple[float, ...]:
    """Holm's adjusted p-values, in the order given: times the number of hypotheses left, never falling, at most 1."""
    order = sorted(range(len(p_values)), key=lambda i: p_values[i])
    adjusted, largest = [0.0] * len(p_values), 0.0
    for rank, i in enumerate(order):
        largest = max(largest, min(1.0, (len(p_values) - rank) * p_values[i]))
        adjusted[i] = largest
    return tuple(adjusted)


def _paired_errors(a: Sequence[Prediction], b: Sequence[Prediction]) -> tuple[Array, Array]:
    """Absolute errors [N] of A and of B, film by film in the order of their ids."""
    by_a, by_b = {row.id: row for row in a}, {row.id: row for row in b}
    if not by_a or by_a.keys() != by_b.keys() or len(by_a) != len(a) or len(by_b) != len(b):
        apart = len(by_a.keys() ^ by_b.keys())
        raise _bad(f"{len(a)} and {len(b)} lines, {apart} films in only one of them", "the same films, each once, in both")
    pairs = [(by_a[film], by_b[film]) for film in sorted(by_a)]
    errors = np.array([[abs(row.predicted_months - row.truth_months) for row in pair] for pair in pairs])
    return errors[:, 0], errors[:, 1]


def _wilcoxon(difference: Array) -> float:
    """Films on which both err alike say nothing and are left out (Wilcoxon); if all do, p is 1."""
    if not difference.any():
        return 1.0
    return float(load("scipy.stats").wilcoxon(difference, zero_method="wilcox").pvalue)


def _bad(came: str, expected: str) -> BoneAgeError:
    return BoneAgeError(Kind.BAD_DATA, came=came, expected=expected, todo="Evaluate both systems on the same split.")
