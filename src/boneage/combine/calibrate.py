"""6. An honest interval: split conformal, by sex and predicted age, as wide as the calibrated distribution says.

Vovk, Gammerman, Shafer 2005: split conformal, and by groups (there "Mondrian", section 4.5); the scaled form is Lei et al.
2018, "Distribution-free predictive inference for regression", section 5.2. Scores are errors in units of the film's own
reach: how far the 5 % and the 95 % quantile of its calibrated distribution lie below and above its answer. Within each
group of calibration films, that nothing was trained on, the ceil((n + 1) coverage)-th smallest score is the multiplier: 1
where the distribution's own central 90 % hold 90 %. For a new film drawn as those were, the interval holds the truth with at
least the stated probability, within its sex and range of predicted age. It promises nothing for one clinic or one scanner.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import ceil, isfinite

import numpy as np
import numpy.typing as npt

from boneage.combine.groups import Group, find_groups, pool
from boneage.errors import BoneAgeError, Kind
from boneage.types import Interval, Sex

Array = npt.NDArray[np.float64]

RANGE_MONTHS = (0.0, 240.0)
COVERAGES = (0.8, 0.9, 0.95)
TAIL = 0.05  # beyond the quantiles that give the reach
LEAST_MONTHS = 0.5  # of a reach, never 0: a network that is sure would give a zero width


@dataclass(frozen=True)
class Fit:
    """What one group's calibration films gave."""

    group: Group
    films: int
    multipliers: tuple[float, ...]  # of the reach, one per coverage, never falling


@dataclass(frozen=True)
class Conformal:
    """What turns a calibrated distribution's reach into intervals, fitted once on the calibration films."""

    coverages: tuple[float, ...]  # rising, each within (0, 1)
    fits: tuple[Fit, ...]  # of both sexes together, or of each; from 0 months on
    split_hash: str  # of the split those films belong to

    def __post_init__(self) -> None:
        if not self.coverages or list(self.coverages) != sorted({one for one in self.coverages if 0 < one < 1}):
            raise ValueError(f"rising coverages within (0, 1) are expected, not {self.coverages}")
        if {one.group.sex for one in self.fits if one.group.from_months == 0} not in ({None}, set(Sex)):
            raise ValueError("groups from 0 months on are expected, of both sexes together or of each")
        keys = [one.group for one in self.fits]
        if len(set(keys)) < len(keys) or any(one.films < 1 for one in self.fits):
            raise ValueError("each group once, with one film or more, is expected")
        for one in self.fits:
            rising = all(isfinite(m) and m >= 0 for m in one.multipliers) and list(one.multipliers) == sorted(one.multipliers)
            if not rising or len(one.multipliers) != len(self.coverages):
                raise ValueError(f"a multiplier per coverage that never falls is expected, not {one.multipliers}")

    def intervals(self, months: float, reach: tuple[float, float], sex: Sex | None) -> tuple[Interval, ...]:
        """One per coverage, each within the next, within 0 to 240 months.

        `reach`: months below and above the answer. A film of unknown sex gets the wider of both sexes' intervals.
        """
        groups = find_groups([one.group for one in self.fits], sex, months)
        fits = [one for one in self.fits if one.group in groups]
        below, above = (max(side, LEAST_MONTHS) for side in reach)
        made = list[Interval]()
        for place, coverage in enumerate(self.coverages):
            multiplier = max(one.multipliers[place] for one in fits)
            low, high = np.clip((months - multiplier * below, months + multiplier * above), *RANGE_MONTHS)
            made.append(Interval(coverage, float(low), float(high)))
        return tuple(made)

    def to_dict(self) -> dict[str, object]:
        """Plain lists and numbers, as they stand in a calibration's TOML."""
        groups = [
            ({"sex": one.group.sex.value} if one.group.sex else {})
            | {"from_months": one.group.from_months, "films": one.films, "multipliers": list(one.multipliers)}
            for one in self.fits
        ]
        return {"coverages": list(self.coverages), "split_hash": self.split_hash, "groups": groups}

    @classmethod
    def from_dict(cls, values: Mapping[str, object]) -> Conformal:
        """The inverse of `to_dict`. Raises KeyError, TypeError or ValueError where that cannot be."""
        groups = values["groups"]
        if not isinstance(groups, list):
            raise TypeError(f"a list of groups is expected, not {groups!r}")
        return cls(_floats(values["coverages"]), tuple(_fit(group) for group in groups), str(values["split_hash"]))


def fit_conformal(
    truth_months: npt.ArrayLike,
    predicted_months: npt.ArrayLike,
    reach_months: npt.ArrayLike,
    sexes: Sequence[Sex | None],
    *,
    split_hash: str,
    coverages: Sequence[float] = COVERAGES,
) -> Conformal:
    """Multipliers for each group and coverage from calibration films: months [N], reaches [N, 2], sexes [N].

    Where the shape of the distributions was fitted on other films (the select part) the guarantee of the file's first
    lines is exact, but for the groups' borders, which these same films set: at least `coverage`, and at most `coverage`
    + 1 / (n + 1) in a group of n films where no scores tie. Raises BoneAgeError for too few films.
    """
    truth, predicted, reach = _checked(truth_months, predicted_months, reach_months, len(sexes))
    units = np.maximum(reach, LEAST_MONTHS)
    scores = np.maximum((predicted - truth) / units[:, 0], (truth - predicted) / units[:, 1])
    levels = tuple(sorted(float(coverage) for coverage in coverages))
    groups = pool(sexes, predicted)
    fits = []
    for group in groups:
        own = [group in find_groups(groups, sex, months) for sex, months in zip(sexes, predicted, strict=True)]
        ranked = np.sort(scores[own])
        fits.append(Fit(group, len(ranked), tuple(_quantile(ranked, level) for level in levels)))
    return Conformal(levels, tuple(fits), split_hash)


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
    return max(float(scores[rank - 1]), 0.0)


def _checked(truth: npt.ArrayLike, predicted: npt.ArrayLike, reach: npt.ArrayLike, films: int) -> tuple[Array, Array, Array]:
    truth, predicted, reach = (np.asarray(column, np.float64) for column in (truth, predicted, reach))
    same = truth.shape == predicted.shape == (films,) and reach.shape == (films, 2)
    if not (same and all(np.isfinite(column).all() for column in (truth, predicted, reach))):
        raise BoneAgeError(
            Kind.BAD_DATA,
            came=f"truths {truth.shape}, predictions {predicted.shape}, reaches {reach.shape}, {films} sexes for a calibration",
            expected="finite months of equally many films, two a film for the reach",
            todo="Look for films whose prediction failed.",
        )
    return truth, predicted, reach


def _fit(values: object) -> Fit:
    if not isinstance(values, Mapping):
        raise TypeError(f"a group is expected, not {values!r}")
    sex = Sex(values["sex"]) if "sex" in values else None
    (start,), (films,) = _floats([values["from_months"]]), _floats([values["films"]])
    return Fit(Group(sex, start), int(films), _floats(values["multipliers"]))


def _floats(values: object) -> tuple[float, ...]:
    if not isinstance(values, list | tuple):
        raise TypeError(f"a list is expected, not {values!r}")
    if not all(isinstance(value, int | float) and not isinstance(value, bool) for value in values):
        raise TypeError(f"numbers are expected, not {values!r}")
    return tuple(float(value) for value in values)
