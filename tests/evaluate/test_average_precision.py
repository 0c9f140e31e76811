"""Average precision against numbers worked by hand, and its laws."""

from __future__ import annotations

import numpy as np
import pytest

from boneage.evaluate.average_precision import average_precision, mean_average_precision


def precision(right: list[int], scores: list[float]) -> float:
    return average_precision(np.array(right, float), np.array(scores))


def test_by_hand() -> None:
    """Ranked: right, wrong, right, wrong. Precision 1 at recall 1/2, 2/3 at recall 1."""
    assert precision([1, 0, 1, 0], [0.9, 0.8, 0.7, 0.1]) == pytest.approx(0.5 * 1 + 0.5 * 2 / 3)
    assert precision([0, 0, 1, 1], [0.1, 0.4, 0.35, 0.8]) == pytest.approx(0.8333333)  # scikit-learn's own example


def test_the_best_is_1_and_no_film_of_the_class_is_nan() -> None:
    assert precision([1, 1, 0], [0.9, 0.8, 0.2]) == 1.0
    assert np.isnan(precision([0, 0], [0.9, 0.8]))


def test_equal_scores_give_the_share_of_right_ones_in_any_order() -> None:
    for right in ([1, 0, 0, 0], [0, 0, 0, 1]):
        assert precision(right, [0.3] * 4) == 0.25


def test_the_mean_is_over_the_classes_that_are_there() -> None:
    classes = np.array([0, 0, 2])
    probabilities = np.array([[0.8, 0.1, 0.1], [0.1, 0.2, 0.7], [0.3, 0.1, 0.6]])
    first, third = precision([1, 1, 0], [0.8, 0.1, 0.3]), precision([0, 0, 1], [0.1, 0.7, 0.6])
    assert first == pytest.approx(0.5 + 0.5 * 2 / 3)
    assert third == 0.5
    assert mean_average_precision(classes, probabilities) == pytest.approx((first + third) / 2)
