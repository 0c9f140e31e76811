"""6. One number, one honest interval: the votes of one sex become an estimate."""

from __future__ import annotations

import tomllib
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

import numpy as np

from boneage.combine.calibrate import Conformal
from boneage.combine.ensemble import combine
from boneage.errors import BoneAgeError, Kind
from boneage.networks import weights_path
from boneage.types import Estimate, Flag, Sex, Vote

COVERAGE = 0.9  # of the interval that is printed
ONE_NUMBER = 0.5  # months; the largest spread of a single number, which stands between two months: it tells no doubt
FEW_FILMS = (24.0, 216.0)  # months; beyond, the training set thins out and labels pile up


@dataclass(frozen=True)
class Calibration:
    """What was fitted on the calibrate part for one system."""

    conformal: Conformal
    wide_spread_months: float  # 95 % of the calibration films have a smaller spread


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
    values = tomllib.loads(path.read_text())
    return Calibration(Conformal.from_dict(values["conformal"]), float(values["wide_spread_months"]))


def calibration_file(name: str) -> str:
    """Its name beside the weights."""
    return f"{name}.calibration.toml"


def estimate(votes: Sequence[Vote], sex: Sex | None, calibration: Calibration, *, youngest: float = 0.0) -> Estimate:
    """The votes' mean distribution, its expectation, and the interval around it.

    `youngest`: the months from which on the system was trained; the mode in its first year is flagged.
    """
    combined = combine(votes)
    months, spread = combined.months, combined.spread_months
    flags = set[Flag]()
    if spread > max(calibration.wide_spread_months, ONE_NUMBER):
        flags.add(Flag.WIDE_INTERVAL)
    if not FEW_FILMS[0] <= months <= FEW_FILMS[1]:
        flags.add(Flag.NEAR_RANGE_END)
    if youngest and int(np.argmax(combined.probabilities)) < youngest + 12:
        flags.add(Flag.BELOW_RANGE)
    return Estimate(
        sex=sex,
        bone_age_months=months,
        interval_months=calibration.conformal.interval(months, spread, coverage=COVERAGE),
        interval_coverage=COVERAGE,
        spread_months=spread,
        probabilities=combined.probabilities,
        flags=frozenset(flags),
    )
