"""Metrics against numbers worked by hand, and the laws of their limits."""

from __future__ import annotations

from collections.abc import Callable
from math import isnan, log, nan, sqrt

import numpy as np
import pytest

from boneage.errors import BoneAgeError
from boneage.evaluate.metrics import (
    Metric,
    bias,
    binomial_limits,
    bootstrap,
    coverage,
    mae,
    mape,
    mean,
    median_error,
    median_width,
    msle,
    r2,
    rmse,
    share_within,
    share_within_classes,
)

TRUTH = [100, 50, 200, 10]
PREDICTED = [106, 50, 188, 34]  # errors +6, 0, -12, +24
BY_HAND = [
    (mae, 42 / 4),
    (rmse, sqrt((36 + 144 + 576) / 4)),
    (bias, 18 / 4),
    (median_error, 9.0),
    (share_within(6), 0.5),
    (share_within(12), 0.75),
    (share_within(24), 1.0),
    (mape, (6 + 0 + 6 + 240) / 4),
    (msle, (log(107 / 101) ** 2 + log(189 / 201) ** 2 + log(35 / 11) ** 2) / 4),
    (share_within_classes(0), 0.75),  # classes 8, 5, 16, 5 are answered 8, 5, 15, 5: 10 and 34 months are under 5 years
    (share_within_classes(1), 1.0),
    (r2, 1 - 756 / (10**2 + 40**2 + 110**2 + 80**2)),
]
METRICS = [metric for metric, _ in BY_HAND]


def pairs(films: int, seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
    random = np.random.default_rng(seed)
    truth = random.uniform(20, 220, films)
    return truth, truth + random.normal(1, 9, films)


@pytest.mark.parametrize(("metric", "expected"), BY_HAND, ids=lambda value: getattr(value, "name", ""))
def test_by_hand(metric: Metric, expected: float) -> None:
    assert metric(TRUTH, PREDICTED) == pytest.approx(expected)


def test_intervals_by_hand() -> None:
    truth, low, high = [10, 20, 30, 40], [10, 21, 20, 30], [14, 25, 30, 39]  # both ends belong to the interval
    assert coverage(truth, low, high) == 0.5
    assert median_width(low, high) == 6.5


@pytest.mark.parametrize("metric", METRICS, ids=lambda metric: metric.name)
def test_the_order_of_films_does_not_matter(metric: Metric) -> None:
    truth, predicted = pairs(101)
    order = np.random.default_rng(1).permutation(101)
    assert metric(truth[order], predicted[order]) == pytest.approx(metric(truth, predicted), rel=1e-12)


@pytest.mark.parametrize("metric", METRICS, ids=lambda metric: metric.name)
def test_many_sets_at_once_equal_one_by_one(metric: Metric) -> None:
    sets = [pairs(30, seed) for seed in range(5)]
    together = metric.over_last_axis(np.stack([t for t, _ in sets]), np.stack([p for _, p in sets]))
    assert together == pytest.approx([metric(*one) for one in sets], rel=1e-12)


def test_what_is_not_defined_is_nan() -> None:
    assert isnan(mape([0, 10], [1, 11]))
    assert isnan(r2([5, 5], [4, 6]))
    assert isnan(msle([-1, 10], [1, 11]))


def test_logarithmic_errors_weigh_the_ratio_and_an_answer_below_birth_is_birth() -> None:
    assert msle([9, 99], [19, 199]) == pytest.approx(log(2) ** 2)  # 10 to 20 as 100 to 200
    assert msle([19], [9]) == msle([9], [19])
    assert msle([0, 20], [-7, 20]) == 0
    assert msle([3], [-7]) == msle([3], [0])


@pytest.mark.parametrize(
    ("truth", "predicted", "classes"),
    [
        (60, 71.9, 0),
        (60, 72, 1),
        (71.9, 48, 0),  # below 5 is 5
        (216, 239, 0),  # 18 and over is 18
        (215.9, 216, 1),
        (120, 95.9, 3),
        (120, 96, 2),
    ],
)
def test_the_distance_of_year_classes(truth: float, predicted: float, classes: int) -> None:
    assert share_within_classes(classes)([truth], [predicted]) == 1
    assert classes == 0 or share_within_classes(classes - 1)([truth], [predicted]) == 0
    assert share_within_classes(classes)([predicted], [truth]) == 1


def test_classes_further_apart_hold_more_films() -> None:
    truth, predicted = pairs(300)
    shares = [share_within_classes(classes)(truth, predicted) for classes in range(15)]
    assert shares == sorted(shares)
    assert shares[0] < shares[1]
    assert shares[-1] == 1


@pytest.mark.parametrize("metric", METRICS, ids=lambda metric: metric.name)
def test_bootstrap_limits_hold_the_estimate(metric: Metric) -> None:
    for films in (10, 300):
        truth, predicted = pairs(films)
        ((low, high),) = bootstrap([metric], truth, predicted)
        assert low <= metric(truth, predicted) <= high
        assert low < high or metric.name in ("share_within_24", "share_within_1_classes")


def test_bootstrap_of_a_mean_is_near_the_textbook() -> None:
    values = np.random.default_rng(3).normal(0, 1, 400)
    ((low, high),) = bootstrap([mean], values, resamples=4000)
    half = 1.96 * values.std() / 20
    assert (low, high) == pytest.approx((values.mean() - half, values.mean() + half), abs=0.15 * half)


def test_bootstrap_keeps_the_films_together() -> None:
    """A constant error has no uncertainty, however the ages vary."""
    truth, _ = pairs(50)
    ((low, high),) = bootstrap([bias], truth, truth + 3)
    assert (low, high) == pytest.approx((3, 3))


def test_equal_seeds_give_equal_limits_and_others_do_not() -> None:
    truth, predicted = pairs(200)
    first = bootstrap([mae, rmse], truth, predicted, seed=1)
    assert first == bootstrap([mae, rmse], truth, predicted, seed=1)
    assert first != bootstrap([mae, rmse], truth, predicted, seed=2)
    assert first[1:] == bootstrap([rmse], truth, predicted, seed=1)


def test_blocks_do_not_change_the_limits(monkeypatch: pytest.MonkeyPatch) -> None:
    truth, predicted = pairs(100)
    whole = bootstrap([mae], truth, predicted, resamples=500)
    monkeypatch.setattr("boneage.evaluate.metrics.BLOCK", 7 * 100)
    assert bootstrap([mae], truth, predicted, resamples=500) == whole


def test_the_global_random_state_does_not_move(global_state: Callable[[], bytes]) -> None:
    before = global_state()
    bootstrap([mae], *pairs(50))
    assert global_state() == before


def test_binomial_limits_are_those_of_the_tables() -> None:
    pytest.importorskip("scipy", reason="needs the train extra")
    assert binomial_limits(0, 10) == pytest.approx((0.0, 0.3085), abs=5e-5)
    assert binomial_limits(10, 10) == pytest.approx((0.6915, 1.0), abs=5e-5)
    assert binomial_limits(8, 10) == pytest.approx((0.4439, 0.9748), abs=5e-5)
    low, high = binomial_limits(90, 100)
    mirrored = binomial_limits(10, 100)
    assert (1 - high, 1 - low) == pytest.approx(mirrored)


@pytest.mark.parametrize(
    "call",
    [
        lambda: mae([], []),
        lambda: mae([1, 2], [1]),
        lambda: mae([1, nan], [1, 2]),
        lambda: mae([[1, 2]], [[1, 2]]),
        lambda: bootstrap([mae], [1.0, 2.0], [1.0, nan]),
    ],
)
def test_bad_columns_are_refused(call: Callable[[], object]) -> None:
    with pytest.raises(BoneAgeError):
        call()
