"""6. A distribution as wide as its errors are: stretched about its expectation, and smoothed, as other films showed.

A network's distribution is as wide as its training made it (labels smoothed over months, networks that are too sure), not
as its errors turn out. Not in the papers: temperature scaling (Guo et al. 2017, section 4.2) mends that too, but moves the
expectation and thereby the bone age; a stretch about the expectation does not. On the reference network's films it also
gave the better log score. Answers that are one number, or years, get their width from the smoothing.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass, replace
from functools import lru_cache
from math import isfinite

import numpy as np
import numpy.typing as npt

from boneage.types import MONTHS

Array = npt.NDArray[np.float64]

ONE_NUMBER = 0.5  # months; the largest spread of a single number, which stands between two months: it tells no doubt
STRETCHES = tuple(round(0.5 * 1.1**step, 3) for step in range(16))  # 0.5 to 2.1; finer is worth under 0.003 of log score
POWERS = (0.0, 0.25, 0.5, 0.75, 1.0, 1.25)  # more gained nothing and made the widest intervals far wider
SMOOTHINGS_MONTHS = (0.0, 1.0, 2.0, 4.0, 6.0, 8.0, 10.0, 12.0, 15.0, 20.0, 25.0)
ANY_AGE = 0.01  # of each distribution, for the fit's log score alone: one film that is wholly wrong must not set the width
GRID = np.arange(MONTHS, dtype=np.float64)
EDGES = np.arange(MONTHS + 1) - 0.5  # months; class i is spread evenly over i - 0.5 to i + 0.5 months


@dataclass(frozen=True)
class Shape:
    """What makes one system's distributions as wide as its errors."""

    typical_months: float  # the median spread of the films it was fitted on, above 0
    stretch: float  # of a distribution with that spread, above 0
    power: float  # the width goes with this power of the spread; 0: it does not follow it
    smoothing_months: float  # standard deviation of the bell that is laid over every month; 0: none

    def __post_init__(self) -> None:
        values = tuple(asdict(self).values())
        if not (all(isfinite(value) for value in values) and self.typical_months > 0 and self.stretch > 0):
            raise ValueError(f"finite numbers with a typical spread and a stretch above 0 are expected, not {values}")
        if self.power < 0 or self.smoothing_months < 0:
            raise ValueError(f"a power and a smoothing of 0 or more are expected, not {values}")

    def __call__(self, probabilities: Array) -> Array:
        """A distribution [240] to the calibrated one [240]; its expectation moves only where the range's ends cut it off."""
        (stretched,) = _stretched(probabilities[None], self.factors(_spreads(probabilities[None])))
        smoothed = stretched @ _bells(self.smoothing_months)
        return np.asarray(smoothed / smoothed.sum(), np.float64)

    def factors(self, spreads_months: Array) -> Array:
        """How many times as wide distributions of those spreads [N] become; a single number has no width to be stretched."""
        followed = self.stretch * (np.maximum(spreads_months, ONE_NUMBER) / self.typical_months) ** (self.power - 1)
        return np.where(spreads_months <= ONE_NUMBER, 1.0, followed)

    def to_dict(self) -> dict[str, float]:
        """Plain numbers, as they stand in a calibration's TOML."""
        return asdict(self)

    @classmethod
    def from_dict(cls, values: Mapping[str, object]) -> Shape:
        """The inverse of `to_dict`. Raises KeyError, TypeError or ValueError where that cannot be."""
        return cls(**{name: _number(values[name]) for name in cls.__dataclass_fields__})


def fit_shape(truth_months: npt.ArrayLike, distributions: npt.ArrayLike) -> Shape:
    """The shape with the highest mean log score of the films' true months [N] under the calibrated distributions [N, 240]."""
    films = np.asarray(distributions, np.float64)
    truth = np.clip(np.rint(np.asarray(truth_months, np.float64)), 0, MONTHS - 1).astype(int)
    spreads = _spreads(films)
    typical = round(max(float(np.median(spreads)), ONE_NUMBER), 4)
    smoothings = {months: np.ascontiguousarray(_bells(months)[:, truth].T) for months in SMOOTHINGS_MONTHS}  # [N, 240] each
    best, chosen = -np.inf, Shape(typical, 1.0, 1.0, 0.0)
    for stretch, power in _stretches() if (spreads > ONE_NUMBER).any() else ((1.0, 1.0),):
        plain = Shape(typical, stretch, power, 0.0)
        stretched = _stretched(films, plain.factors(spreads))
        whole = stretched.sum(1)
        for months, bells in smoothings.items():
            density = np.einsum("nm,nm->n", stretched, bells) / whole
            score = float(np.log((1 - ANY_AGE) * density + ANY_AGE / MONTHS).mean())
            if score > best + 1e-9:
                best, chosen = score, replace(plain, smoothing_months=months)
    return chosen


def reach(probabilities: Array, *, tail: float) -> tuple[float, float]:
    """How far the quantiles `tail` and 1 - `tail` of a distribution [240] lie below and above its expectation, months."""
    low, high = np.interp((tail, 1 - tail), _cumulated(probabilities), EDGES)
    months = float(probabilities @ GRID)
    return months - float(low), float(high) - months


def _stretches() -> Iterator[tuple[float, float]]:
    return ((stretch, power) for power in POWERS for stretch in STRETCHES)


def _stretched(distributions: Array, factors: Array) -> Array:
    """[N, 240] with every distance from the expectation `factors` [N] times as long; what leaves the range is cut off."""
    months = distributions @ GRID
    places = months[:, None] + (EDGES - months[:, None]) / factors[:, None] - EDGES[0]
    places = np.clip(places, 0, MONTHS)  # of the new edges among the old ones
    below = np.minimum(places.astype(int), MONTHS - 1)
    cumulated = _cumulated(distributions)
    at = np.take_along_axis(cumulated, below, 1)
    at += (places - below) * np.take_along_axis(distributions, below, 1)
    return np.diff(at)


def _cumulated(distributions: Array) -> Array:
    """[..., 241], at the EDGES."""
    return np.concatenate([np.zeros((*distributions.shape[:-1], 1)), distributions.cumsum(-1)], -1)


def _spreads(distributions: Array) -> Array:
    """[N], the standard deviations."""
    away = GRID - (distributions @ GRID)[:, None]
    return np.asarray(np.sqrt((distributions * away**2).sum(1)))


def _number(value: object) -> float:
    if not isinstance(value, int | float) or isinstance(value, bool):
        raise TypeError(f"a number is expected, not {value!r}")
    return float(value)


@lru_cache(maxsize=len(SMOOTHINGS_MONTHS))
def _bells(smoothing_months: float) -> Array:
    """[240, 240]: row i is the bell about month i, within the range; its sum is 1."""
    if smoothing_months == 0:
        return np.eye(MONTHS)
    distance = np.subtract.outer(GRID, GRID)
    bells = np.exp(-0.5 * (distance / smoothing_months) ** 2)
    return np.asarray(bells / bells.sum(1, keepdims=True), np.float64)
