"""6. An honest interval: split conformal, scaled by the network's own spread.

Vovk, Gammerman, Shafer 2005; the scaled form is Lei et al. 2018, "Distribution-free predictive inference for
regression", section 5.2 (locally weighted): scores |y - m| / (s + floor) on films that nothing was trained on, and
the ceil((n + 1) coverage)-th smallest of them is the multiplier. For a new film drawn as those were, the interval
m -+ multiplier * (s + floor) holds the truth with at least the stated probability, over all films together; it
promises nothing for one sex or one age band.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import ceil, isfinite

import numpy as np
import numpy.typing as npt

from boneage.errors import BoneAgeError, Kind

Array = npt.NDArray[np.float64]

RANGE_MONTHS = (0.0, 240.0)
COVERAGES = (0.8, 0.9, 0.95)
FLOORS_MONTHS = (0.5, 1.0, 2.0, 4.0, 8.0, 16.0, 32.0)  # never 0: a network that is sure would give a zero width


@dataclass(frozen=True)
class Conformal:
    """What turns a network's spread into an interval, fitted once on the calibration films."""

    coverages: tuple[float, ...]  # rising, each within (0, 1)
    multipliers: tuple[float, ...]  # of (spread + floor), one per coverage, never falling
    floor_months: float  # added to the spread, above 0
    films: int  # that it was fitted on
    split_hash: str  # of the split those films belong to

    def __post_init__(self) -> None:
        pairs = tuple(zip(self.coverages, self.multipliers, strict=True))
        if not pairs or not all(0 < coverage < 1 and isfinite(m) and m >= 0 for coverage, m in pairs):
            raise ValueError(f"coverages within (0, 1) with multipliers of 0 or more are expected, not {pairs}")
        if list(self.coverages) != sorted(set(self.coverages)) or list(self.multipliers) != sorted(self.multipliers):
            raise ValueError(f"rising coverages with multipliers that never fall are expected, not {pairs}")
        if not (isfinite(self.floor_months) and self.floor_months > 0):
            raise ValueError(f"a floor above 0 months is expected, not {self.floor_months}")
        if self.films < 1:
            raise ValueError(f"at least one calibration film is expected, not {self.films}")

    def multiplier(self, coverage: float) -> float:
        """Of (spread + floor), for one of the fitted coverages; nothing is interpolated."""
        for fitted, multiplier in zip(self.coverages, self.multipliers, strict=True):
            if abs(fitted - coverage) < 1e-9:
                return multiplier
        raise BoneAgeError(
            Kind.BAD_OPTION,
            came=f"an interval coverage of {coverage:g}",
            expected="one of " + ", ".join(f"{fitted:g}" for fitted in self.coverages),
            todo="Choose a fitted coverage, or fit the calibration again with this one.",
        )

    def interval(self, months: float, spread: float, *, coverage: float = 0.9) -> tuple[float, float]:
        """(low, high) in months, within 0 to 240."""
        low, high = _bounds(np.float64(months), np.float64(spread + self.floor_months) * self.multiplier(coverage))
        return float(low), float(high)

    def to_dict(self) -> dict[str, object]:
        """Plain lists and numbers, as they stand in a card's TOML."""
        return {
            "coverages": list(self.coverages),
            "multipliers": list(self.multipliers),
            "floor_months": self.floor_months,
            "films": self.films,
            "split_hash": self.split_hash,
        }

    @classmethod
    def from_dict(cls, values: Mapping[str, object]) -> Conformal:
        """The inverse of `to_dict`. Raises BoneAgeError where a key is absent or a value is not possible."""
        try:
            return cls(
                coverages=_floats(values["coverages"]),
                multipliers=_floats(values["multipliers"]),
                floor_months=_floats([values["floor_months"]])[0],
                films=int(_floats([values["films"]])[0]),
                split_hash=str(values["split_hash"]),
            )
        except (KeyError, TypeError, ValueError) as error:
            raise BoneAgeError(
                Kind.BAD_WEIGHTS,
                came=f"a calibration that cannot be used: {error!r}",
                expected="coverages, multipliers, floor_months, films and split_hash",
                todo="Export the network again, or fetch its card again.",
            ) from error


def fit_conformal(
    truth_months: npt.ArrayLike,
    predicted_months: npt.ArrayLike,
    spread_months: npt.ArrayLike,
    *,
    split_hash: str,
    coverages: Sequence[float] = COVERAGES,
    floor_months: float | None = None,
) -> Conformal:
    """Multipliers for each coverage from calibration films [N].

    With `floor_months` given (a constant, or `choose_floor` on other films such as the select part) the guarantee of
    the file's first lines is exact: at least `coverage`, and at most `coverage` + 1 / (N + 1) where no scores tie.
    Without it the floor is chosen on these same films, by the smallest median width. The films then serve twice and
    the guarantee is only near: the shortfall is of the order of sqrt(log(2 K) / (2 N)) at worst for K floors
    (Yang, Kuchibhotla 2021, "Finite-sample efficient conformal prediction"), 0.04 for 7 floors and 700 films; on
    simulated films with heavy tails (3,000 draws) it was about 0.005 with 700 films and 0.016 with 100.
    """
    truth, predicted, spread = _checked(truth_months, predicted_months, spread_months)
    floor = choose_floor(truth, predicted, spread) if floor_months is None else float(floor_months)
    scores = _scores(truth, predicted, spread + floor)
    levels = tuple(sorted(float(coverage) for coverage in coverages))
    return Conformal(levels, tuple(_quantile(scores, level) for level in levels), floor, len(truth), split_hash)


def choose_floor(
    truth_months: npt.ArrayLike, predicted_months: npt.ArrayLike, spread_months: npt.ArrayLike, *, coverage: float = 0.9
) -> float:
    """The floor of FLOORS_MONTHS with the smallest median interval width on these films [N]."""
    truth, predicted, spread = _checked(truth_months, predicted_months, spread_months)
    widths = []
    for floor in FLOORS_MONTHS:
        scale = spread + floor
        low, high = _bounds(predicted, scale * _quantile(_scores(truth, predicted, scale), coverage))
        widths.append(float(np.median(high - low)))
    return FLOORS_MONTHS[int(np.argmin(widths))]


def _scores(truth: Array, predicted: Array, scale: Array) -> Array:
    return np.sort(np.abs(truth - predicted) / scale)


def _quantile(scores: Array, coverage: float) -> float:
    """The ceil((n + 1) coverage)-th smallest of sorted scores; there must be that many."""
    if not 0 < coverage < 1:
        raise BoneAgeError(
            Kind.BAD_OPTION,
            came=f"an interval coverage of {coverage:g}",
            expected="a share within 0 and 1, without the ends",
            todo="Write 90 % as 0.9.",
        )
    rank = ceil((len(scores) + 1) * coverage - 1e-9)  # 1e-9: 0.9 is no exact binary number
    if rank > len(scores):
        raise BoneAgeError(
            Kind.BAD_DATA,
            came=f"{len(scores)} calibration films",
            expected=f"at least {ceil(coverage / (1 - coverage) - 1e-9)} for a coverage of {coverage:g}",
            todo="Calibrate on more films or ask for a smaller coverage.",
        )
    return float(scores[rank - 1])


def _bounds(months: npt.ArrayLike, reach: npt.ArrayLike) -> tuple[Array, Array]:
    """Clipping to the range takes nothing from the coverage: no truth lies outside."""
    center, half = np.asarray(months, np.float64), np.asarray(reach, np.float64)
    return np.clip(center - half, *RANGE_MONTHS), np.clip(center + half, *RANGE_MONTHS)


def _checked(*columns: npt.ArrayLike) -> tuple[Array, Array, Array]:
    truth, predicted, spread = (np.asarray(column, np.float64) for column in columns)
    same = truth.ndim == 1 and truth.shape == predicted.shape == spread.shape
    if not (same and all(np.isfinite(column).all() for column in (truth, predicted, spread)) and (spread >= 0).all()):
        raise BoneAgeError(
            Kind.BAD_DATA,
            came=f"truths {truth.shape}, predictions {predicted.shape}, spreads {spread.shape} for a calibration",
            expected="three equally long lists of finite months, no spread below 0",
            todo="Look for films whose prediction failed.",
        )
    return truth, predicted, spread


def _floats(values: object) -> tuple[float, ...]:
    if not isinstance(values, list | tuple):
        raise TypeError(f"a list is expected, not {values!r}")
    if not all(isinstance(value, int | float) and not isinstance(value, bool) for value in values):
        raise TypeError(f"numbers are expected, not {values!r}")
    return tuple(float(value) for value in values)
