"""6. One number, one honest interval: the votes of one sex become an estimate."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache

import numpy as np

from boneage.combine.calibrate import TAIL, Array, Conformal
from boneage.combine.distribution import ONE_NUMBER, Shape, reach
from boneage.combine.ensemble import combine
from boneage.errors import BoneAgeError, Kind
from boneage.networks import weights_path
from boneage.types import Estimate, Flag, Interval, Sex, Vote

COVERAGE = 0.9  # of the interval that is printed
FEW_FILMS = (24.0, 216.0)  # months; beyond, the training set thins out and labels pile up


@dataclass(frozen=True)
class Calibration:
    """What was fitted for one system: the distribution's shape on the select part, the rest on the calibrate part."""

    shape: Shape
    conformal: Conformal
    wide_interval_months: float  # 95 % of the calibration films have a narrower interval, at the coverage that is printed

    def __call__(self, vote: Vote, sex: Sex | None) -> tuple[Array, tuple[Interval, ...]]:
        """The calibrated distribution [240], and an interval at each coverage about the vote's own months."""
        probabilities = self.shape(vote.probabilities)
        return probabilities, self.conformal.intervals(vote.months, reach(probabilities, tail=TAIL), sex)

    def to_dict(self) -> dict[str, object]:
        """As it stands in its TOML."""
        return {
            "wide_interval_months": self.wide_interval_months,
            "shape": self.shape.to_dict(),
            "conformal": self.conformal.to_dict(),
        }

    @classmethod
    def from_dict(cls, values: Mapping[str, object]) -> Calibration:
        """The inverse of `to_dict`. Raises BoneAgeError where a key is absent or a value is not possible."""
        try:
            shape, conformal, wide = values["shape"], values["conformal"], values["wide_interval_months"]
            if not (isinstance(shape, Mapping) and isinstance(conformal, Mapping) and isinstance(wide, int | float)):
                raise TypeError("the tables shape and conformal and a number of months are expected")
            return cls(Shape.from_dict(shape), Conformal.from_dict(conformal), float(wide))
        except (KeyError, TypeError, ValueError) as error:
            raise BoneAgeError(
                Kind.BAD_WEIGHTS,
                came=f"a calibration that cannot be used: {error!r}",
                expected="wide_interval_months, and the tables shape and conformal with its groups",
                todo="Fit it again: boneage calibrate SYSTEM --data DIR",
            ) from error


@lru_cache(maxsize=8)
def load_calibration(name: str) -> Calibration:
    """The calibration of that dated name, from beside the weights."""
    path = weights_path(calibration_file(name))
    if path is None:
        raise BoneAgeError(
            Kind.BAD_WEIGHTS,
            came=f"no calibration {name!r}",
            expected=calibration_file(name),
            todo=f"Fit it: boneage calibrate {name} --data DIR",
        )
    return Calibration.from_dict(tomllib.loads(path.read_text()))


def calibration_file(name: str) -> str:
    """Its name beside the weights."""
    return f"{name}.calibration.toml"


def estimate(votes: Sequence[Vote], sex: Sex | None, calibration: Calibration, *, youngest: float = 0.0) -> Estimate:
    """The votes' mean distribution, its expectation, and the intervals around it.

    `youngest`: the months from which on the system was trained; the mode in its first year is flagged.
    """
    combined = combine(votes)
    months, spread = combined.months, combined.spread_months
    probabilities, intervals = calibration(combined, sex)
    printed = printed_of(intervals)
    flags = set[Flag]()
    if spread > ONE_NUMBER and printed.width_months > calibration.wide_interval_months:
        flags.add(Flag.WIDE_INTERVAL)
    if not FEW_FILMS[0] <= months <= FEW_FILMS[1]:
        flags.add(Flag.NEAR_RANGE_END)
    if youngest and int(np.argmax(combined.probabilities)) < youngest + 12:
        flags.add(Flag.BELOW_RANGE)
    return Estimate(
        sex=sex,
        bone_age_months=months,
        interval_months=(printed.low_months, printed.high_months),
        interval_coverage=COVERAGE,
        spread_months=spread,
        probabilities=probabilities,
        flags=frozenset(flags),
        intervals=intervals,
    )


def printed_of(intervals: Sequence[Interval]) -> Interval:
    """The one at COVERAGE. Raises BoneAgeError where that was not fitted; nothing is interpolated."""
    for one in intervals:
        if abs(one.coverage - COVERAGE) < 1e-9:
            return one
    raise BoneAgeError(
        Kind.BAD_WEIGHTS,
        came="intervals at " + ", ".join(f"{one.coverage:g}" for one in intervals),
        expected=f"one at {COVERAGE:g}",
        todo="Fit the calibration again with this coverage.",
    )
