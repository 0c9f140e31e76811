"""Every system on the same films: errors on its own answered films, and paired tests on the films that all answered."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from math import inf

import numpy as np

from boneage.evaluate.answered import Answered, check_alike
from boneage.evaluate.bands import BANDS, Band
from boneage.evaluate.metrics import (
    Array,
    Metric,
    bootstrap,
    mae,
    mape,
    msle,
    r2,
    rmse,
    share_within,
    share_within_classes,
)
from boneage.evaluate.paired import Paired, paired_tests
from boneage.evaluate.predictions import Prediction, column
from boneage.evaluate.tables import FEWEST_FILMS, Group
from boneage.types import YEARS, Sex

LEE_RANGE = Band(12.0 * YEARS[0], inf)  # of true age: the films that have a year class
SCOPES = (Group(), Group(band=LEE_RANGE))


@dataclass(frozen=True)
class Errors:
    """One system on the films that it answered. None: not defined, or too few films for limits."""

    films: int
    refused: int
    mae_months: float | None = None
    mae_low_months: float | None = None  # 95 % bootstrap limits, by film
    mae_high_months: float | None = None
    rmse_months: float | None = None
    mape_percent: float | None = None  # films with a true age of 0 do not count
    r2: float | None = None
    msle: float | None = None
    within_12_months: float | None = None  # shares, 0..1
    within_24_months: float | None = None
    same_class: float | None = None  # Lee's year classes; only where all films have one
    within_1_class: float | None = None
    within_2_classes: float | None = None


@dataclass(frozen=True)
class Standing:
    """One system in one scope."""

    system: str
    scope: Group
    errors: Errors
    paired: Paired | None  # None: the reference itself, or not measured beside it


@dataclass(frozen=True)
class GroupError:
    """One system's MAE in a group of films by sex and true age."""

    system: str
    group: Group
    films: int
    mae_months: float | None
    low_months: float | None
    high_months: float | None


def compare_systems(
    answered: Sequence[Answered], reference: str, *, seed: int = 0, resamples: int = 2000
) -> tuple[Standing, ...]:
    """Each system in each scope, in the order given. Raises BoneAgeError where they were not asked about the same films."""
    check_alike(answered)
    standings = []
    for scope in SCOPES:
        paired = paired_tests(answered, reference, scope, seed=seed, resamples=resamples)
        for one in answered:
            rows = [row for row in one.rows if row in scope]
            refused = sum(scope.band is None or film.bone_age_months in scope.band for film in one.refused)
            errors = _errors(rows, refused, classes=scope.band == LEE_RANGE, seed=seed, resamples=resamples)
            standings.append(Standing(one.system, scope, errors, paired.get(one.system)))
    return tuple(standings)


def group_errors(answered: Sequence[Answered], *, seed: int = 0, resamples: int = 2000) -> tuple[GroupError, ...]:
    """MAE of each system by sex, by band, and by both, on the films that it answered."""
    return tuple(
        _group_error(one.system, group, [row for row in one.rows if row in group], seed=seed, resamples=resamples)
        for one in answered
        for group in groups()
    )


def groups() -> Iterator[Group]:
    """All, each sex, each band of true age, each sex in each band (Ren, table III)."""
    for sex in (None, *Sex):
        yield Group(sex)
    for sex in (None, *Sex):
        yield from (Group(sex, band=band) for band in BANDS)


def _errors(rows: Sequence[Prediction], refused: int, *, classes: bool, seed: int, resamples: int) -> Errors:
    if not rows:
        return Errors(0, refused)
    columns = _columns(rows)
    years = column(sorted(rows, key=lambda row: row.id), lambda row: row.class_months)
    aged = _columns([row for row in rows if row.truth_months > 0])
    low, high = _limits(columns, seed=seed, resamples=resamples)
    return Errors(
        films=len(rows),
        refused=refused,
        mae_months=mae(*columns),
        mae_low_months=low,
        mae_high_months=high,
        rmse_months=rmse(*columns),
        mape_percent=mape(*aged) if aged[0].size else None,
        r2=_known(r2, columns),
        msle=_known(msle, columns),
        within_12_months=share_within(12)(*columns),
        within_24_months=share_within(24)(*columns),
        same_class=share_within_classes(0)(columns[0], years) if classes else None,
        within_1_class=share_within_classes(1)(columns[0], years) if classes else None,
        within_2_classes=share_within_classes(2)(columns[0], years) if classes else None,
    )


def _group_error(system: str, group: Group, rows: Sequence[Prediction], *, seed: int, resamples: int) -> GroupError:
    if not rows:
        return GroupError(system, group, 0, None, None, None)
    columns = _columns(rows)
    return GroupError(system, group, len(rows), mae(*columns), *_limits(columns, seed=seed, resamples=resamples))


def _limits(columns: tuple[Array, Array], *, seed: int, resamples: int) -> tuple[float | None, float | None]:
    if len(columns[0]) < FEWEST_FILMS:
        return None, None
    ((low, high),) = bootstrap((mae,), *columns, seed=seed, resamples=resamples)
    return low, high


def _columns(rows: Sequence[Prediction]) -> tuple[Array, Array]:
    """True and predicted months [N], by id, so that equal films give equal limits in whatever order they came."""
    films = sorted(rows, key=lambda row: row.id)
    return column(films, lambda row: row.truth_months), column(films, lambda row: row.predicted_months)


def _known(metric: Metric, columns: tuple[Array, Array]) -> float | None:
    value = metric(*columns)
    return None if np.isnan(value) else value
