"""Figures of merit over films, and their 95 % bootstrap intervals.

A metric takes columns [N], one number per film, and gives a float: `mae(truth, predicted)`. Within the bootstrap the
same code runs over the last axis of [R, N].
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from boneage.errors import BoneAgeError, Kind
from boneage.extras import load
from boneage.types import YEARS

Array = npt.NDArray[np.float64]
Limits = tuple[float, float]  # low, high

BLOCK = 4_000_000  # numbers of one column that are resampled at once, 32 MB


@dataclass(frozen=True)
class Metric:
    """A reduction of the last axis; called on columns of films it is one float."""

    name: str
    over_last_axis: Callable[..., Array]

    def __call__(self, *columns: npt.ArrayLike) -> float:
        return float(self.over_last_axis(*_checked(columns)))


def metric(function: Callable[..., Array]) -> Metric:
    """The function, as a Metric of its own name."""
    return Metric(function.__name__, function)


@metric
def mae(truth: Array, predicted: Array) -> Array:
    """Mean absolute error, months."""
    return _mean(np.abs(predicted - truth))


@metric
def rmse(truth: Array, predicted: Array) -> Array:
    """Root mean square error, months."""
    return np.asarray(np.sqrt(_mean((predicted - truth) ** 2)))


@metric
def bias(truth: Array, predicted: Array) -> Array:
    """Mean of predicted minus true, months: above 0 where hands are read too old."""
    return _mean(predicted - truth)


@metric
def median_error(truth: Array, predicted: Array) -> Array:
    """Median absolute error, months."""
    return np.asarray(np.median(np.abs(predicted - truth), axis=-1))


@metric
def mape(truth: Array, predicted: Array) -> Array:
    """Mean absolute error as a percentage of the true age; a true age of 0 has none (nan)."""
    with np.errstate(divide="ignore", invalid="ignore"):
        return 100 * _mean(np.where(truth > 0, np.abs(predicted - truth) / truth, np.nan))


@metric
def msle(truth: Array, predicted: Array) -> Array:
    """Mean squared difference of log(1 + months); an answer below 0 months counts as 0, a true age below 0 has none (nan)."""
    known = np.where(truth >= 0, truth, np.nan)
    return _mean((np.log1p(np.maximum(predicted, 0.0)) - np.log1p(known)) ** 2)


@metric
def r2(truth: Array, predicted: Array) -> Array:
    """Share of the true ages' variance that is explained; nan where they do not vary."""
    residual = _mean((truth - predicted) ** 2)
    total = _mean((truth - truth.mean(-1, keepdims=True)) ** 2)
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.asarray(np.where(total > 0, 1 - residual / total, np.nan))


def share_within(months: float) -> Metric:
    """The metric "share of films with an absolute error of at most `months`", 0..1."""

    def share(truth: Array, predicted: Array) -> Array:
        return _mean(np.abs(predicted - truth) <= months)

    return Metric(f"share_within_{months:g}", share)


def share_within_classes(classes: int) -> Metric:
    """The metric "share of films whose year class is at most `classes` from the true one", 0..1; 0: the class is correct.

    Lee's distance (figure 9): ages are floored to years, below 5 is 5, 18 and over is 18.
    """

    def share(truth: Array, predicted: Array) -> Array:
        return _mean(np.abs(_year_class(predicted) - _year_class(truth)) <= classes)

    return Metric(f"share_within_{classes}_classes", share)


@metric
def coverage(truth: Array, low: Array, high: Array) -> Array:
    """Share of films whose truth lies within their interval, ends included, 0..1."""
    return _mean((low <= truth) & (truth <= high))


@metric
def median_width(low: Array, high: Array) -> Array:
    """Median width of the intervals, months."""
    return np.asarray(np.median(high - low, axis=-1))


def auroc_over(months: float) -> Metric:
    """The metric "how well the last column ranks the errors of more than `months`", of (truth, predicted, unsureness).

    The chance that a film with such an error has a higher unsureness than one without, ties counting half; 0.5: it tells
    nothing. nan where all or none have such an error.
    """

    def auroc(truth: Array, predicted: Array, unsure: Array) -> Array:
        wrong = np.abs(predicted - truth) > months
        many, few = wrong.sum(-1), (~wrong).sum(-1)
        ranks = load("scipy.stats").rankdata(unsure, axis=-1)
        with np.errstate(divide="ignore", invalid="ignore"):
            return np.asarray(((ranks * wrong).sum(-1) - many * (many + 1) / 2) / (many * few), np.float64)

    return Metric(f"auroc_over_{months:g}", auroc)


@metric
def mean(values: Array) -> Array:
    """The mean of one column."""
    return _mean(values)


def bootstrap(
    metrics: Sequence[Metric], *columns: npt.ArrayLike, seed: int = 0, resamples: int = 2000, level: float = 0.95
) -> tuple[Limits, ...]:
    """Percentile limits of each metric, over the same resamples of whole films (rows across the columns).

    Percentile limits are too narrow for a handful of films; tables leave them out there.
    """
    arrays = _checked(columns)
    films = arrays[0].size
    random = np.random.default_rng(seed)
    values: list[list[Array]] = [[] for _ in metrics]
    left = resamples
    while left > 0:
        count = min(left, max(1, BLOCK // films))
        rows = random.integers(films, size=(count, films))
        resampled = [array[rows] for array in arrays]
        for kept, one in zip(values, metrics, strict=True):
            kept.append(one.over_last_axis(*resampled))
        left -= count
    tails = ((1 - level) / 2, (1 + level) / 2)
    quantiles = (np.quantile(np.concatenate(kept), tails) for kept in values)
    return tuple((float(low), float(high)) for low, high in quantiles)


def binomial_limits(hits: int, films: int, *, level: float = 0.95) -> Limits:
    """Clopper and Pearson's exact limits of a share."""
    beta = load("scipy.stats").beta
    tail = (1 - level) / 2
    low = float(beta.ppf(tail, hits, films - hits + 1)) if hits > 0 else 0.0
    high = float(beta.ppf(1 - tail, hits + 1, films - hits)) if hits < films else 1.0
    return low, high


def binomial_range(promised: float, films: int, *, level: float = 0.95) -> Limits:
    """The shares between which a coverage of `films` films lies with a chance of `level` or more, if `promised` is true."""
    binomial = load("scipy.stats").binom
    tail = (1 - level) / 2
    return float(binomial.ppf(tail, films, promised)) / films, float(binomial.ppf(1 - tail, films, promised)) / films


def _mean(values: npt.NDArray[np.float64] | npt.NDArray[np.bool_]) -> Array:
    return np.asarray(values.mean(axis=-1), np.float64)


def _year_class(months: Array) -> Array:
    return np.clip(np.floor(months / 12), YEARS[0], YEARS[-1])


def _checked(columns: Sequence[npt.ArrayLike]) -> list[Array]:
    arrays = [np.asarray(column, np.float64) for column in columns]
    shapes = [array.shape for array in arrays]
    good = bool(shapes) and len(shapes[0]) == 1 and shapes[0][0] > 0 and len(set(shapes)) == 1
    if not (good and all(np.isfinite(array).all() for array in arrays)):
        raise BoneAgeError(
            Kind.BAD_DATA,
            came=f"columns of shapes {shapes} to evaluate" + (", with numbers that are not finite" if good else ""),
            expected="equally long columns of finite numbers, one film or more",
            todo="Look for films whose prediction failed.",
        )
    return arrays
