"""A site's figures: errors and interval coverage over all films, by sex, band of bone age and scanner."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from math import nan
from typing import Any

from boneage.evaluate.bands import BANDS
from boneage.evaluate.metrics import Metric, bias, binomial_limits, bootstrap, coverage, mae, rmse
from boneage.evaluate.site.ask import Answer
from boneage.evaluate.tables import FEWEST_FILMS, Figure
from boneage.types import Sex

ERRORS: dict[str, Metric] = {"mae_months": mae, "rmse_months": rmse, "bias_months": bias}


@dataclass(frozen=True)
class Group:
    """Some of the films."""

    by: str  # all, sex, band, scanner
    name: str
    answers: tuple[Answer, ...]


@dataclass(frozen=True)
class Row:
    """One line of the table; limits are nan where there are too few films for them."""

    group: Group
    errors: dict[str, Figure]  # by the names of ERRORS
    held: dict[float, Figure]  # by the intervals' coverage: the share that holds the readers' mean, with binomial limits


def groups(answers: Sequence[Answer]) -> Iterator[Group]:
    """The lines of the table, in their order; groups without films are left out."""
    whole = tuple(answers)
    yield Group("all", "all", whole)
    parted = [("sex", sex.value, tuple(one for one in whole if one.sex is sex)) for sex in Sex]
    parted += [("band", str(band), tuple(one for one in whole if one.case.reference_months in band)) for band in BANDS]
    scanners = Counter(one.case.scanner for one in whole)
    parted += [("scanner", name, tuple(one for one in whole if one.case.scanner == name)) for name, _ in scanners.most_common()]
    yield from (Group(by, name, some) for by, name, some in parted if some)


def table_of(answers: Sequence[Answer], *, seed: int = 0, resamples: int = 2000) -> tuple[Row, ...]:
    """Raises BoneAgeError where no film was answered.

    Limits: 95 %, over resampled films. Two films of one child are not independent, so with many such the limits are narrow.
    """
    return tuple(_row(group, seed=seed, resamples=resamples) for group in groups(answers))


def lines_of(rows: Sequence[Row]) -> Iterator[dict[str, Any]]:
    """The rows as they are written; empty: too few films."""
    for row in rows:
        line: dict[str, Any] = {"by": row.group.by, "group": row.group.name, "films": len(row.group.answers)}
        figures = row.errors | {f"coverage_{100 * promised:g}": figure for promised, figure in row.held.items()}
        for name, figure in figures.items():
            line |= {name: figure.value, f"{name}_low": _known(figure.low), f"{name}_high": _known(figure.high)}
        yield line


def _row(group: Group, *, seed: int, resamples: int) -> Row:
    truth = [one.case.reference_months for one in group.answers]
    predicted = [one.months for one in group.answers]
    values = [error(truth, predicted) for error in ERRORS.values()]
    limits: Sequence[tuple[float, float]] = [(nan, nan)] * len(ERRORS)
    if len(truth) >= FEWEST_FILMS:
        limits = bootstrap(tuple(ERRORS.values()), truth, predicted, seed=seed, resamples=resamples)
    errors = {name: Figure(value, *pair) for name, value, pair in zip(ERRORS, values, limits, strict=True)}
    promised = [one.coverage for one in group.answers[0].intervals]
    return Row(group, errors, {one: _held(group, number) for number, one in enumerate(promised)})


def _held(group: Group, number: int) -> Figure:
    """Of the interval of that number."""
    ends = [one.intervals[number] for one in group.answers]
    truth = [one.case.reference_months for one in group.answers]
    share = coverage(truth, [one.low_months for one in ends], [one.high_months for one in ends])
    return Figure(share, *binomial_limits(round(share * len(truth)), len(truth)))


def _known(value: float) -> float | None:
    return None if value != value else value
