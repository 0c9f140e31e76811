"""The table of `boneage evaluate`: one system's errors and intervals, overall and by sex and age band."""

from __future__ import annotations

import csv
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from enum import Enum
from math import isnan, nan
from pathlib import Path

from rich.box import SIMPLE_HEAD
from rich.table import Table

from boneage.errors import BoneAgeError, Kind
from boneage.evaluate.bands import BANDS, Band
from boneage.evaluate.metrics import (
    Metric,
    bias,
    binomial_limits,
    bootstrap,
    coverage,
    mae,
    median_error,
    median_width,
    rmse,
    share_within,
)
from boneage.evaluate.predictions import Prediction, column
from boneage.types import Sex

FEWEST_FILMS = 5  # a bootstrap of fewer films says next to nothing: no limits are given

# column of the CSV -> metric of (truth, predicted)
ERRORS: dict[str, Metric] = {
    "mae_months": mae,
    "rmse_months": rmse,
    "bias_months": bias,
    "median_error_months": median_error,
    "within_6_months": share_within(6),
    "within_12_months": share_within(12),
    "within_24_months": share_within(24),
}
FIGURES = (*ERRORS, "coverage", "median_width_months")


class By(str, Enum):
    """By which age a group's band is meant."""

    TRUTH = "truth"
    PREDICTED = "predicted"  # what the user sees: the only age known for a new film


@dataclass(frozen=True)
class Group:
    """Some of the films; `None` stands for all."""

    sex: Sex | None = None
    by: By = By.TRUTH
    band: Band | None = None

    def __contains__(self, row: Prediction) -> bool:
        months = row.truth_months if self.by is By.TRUTH else row.predicted_months
        return self.sex in (None, row.sex) and (self.band is None or max(months, 0.0) in self.band)


@dataclass(frozen=True)
class Figure:
    """A measured value with its 95 % limits; nan where there are too few films."""

    value: float
    low: float
    high: float


@dataclass(frozen=True)
class Row:
    """One line of the table."""

    group: Group
    films: int
    figures: dict[str, Figure]  # by the names of FIGURES


def groups() -> Iterator[Group]:
    """The lines of the table, in their order."""
    yield Group()
    yield from (Group(sex) for sex in Sex)
    yield from (Group(band=band) for band in BANDS)
    yield from (Group(sex, band=band) for sex in Sex for band in BANDS)
    yield from (Group(by=By.PREDICTED, band=band) for band in BANDS)


def make_table(rows: Sequence[Prediction], *, seed: int = 0, resamples: int = 2000) -> tuple[Row, ...]:
    """All groups' figures, with bootstrap limits over films (binomial limits for the interval's coverage)."""
    if not rows:
        raise BoneAgeError(
            Kind.BAD_DATA, came="no predictions", expected="one film or more", todo="Check the split that was asked for."
        )
    films = sorted(rows, key=lambda row: row.id)  # so that equal films give equal limits, in whatever order they came
    return tuple(_row(group, [row for row in films if row in group], seed=seed, resamples=resamples) for group in groups())


def write_table(
    path: Path,
    table: Sequence[Row],
    *,
    date: str,
    system: str,
    weights: str,
    split: str,
    split_hash: str,
    interval_coverage: float = 0.9,
) -> None:
    """Flat CSV: group, films, each figure with `_low` and `_high`, and where the figures come from. Empty: not known."""
    origin = {
        "date": date,
        "system": system,
        "weights": weights,
        "split": split,
        "split_hash": split_hash,
        "interval_coverage": interval_coverage,
    }
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("w", newline="") as lines:
        names = [f"{name}{end}" for name in FIGURES for end in ("", "_low", "_high")]
        writer = csv.writer(lines, lineterminator="\n")
        writer.writerow(("sex", "band_by", "band", "films", *names, *origin))
        for row in table:
            sex = row.group.sex.value if row.group.sex else "all"
            band = (row.group.by.value, str(row.group.band)) if row.group.band else ("", "all")
            numbers = [number for name in FIGURES for number in _numbers(row.figures[name])]
            writer.writerow((sex, *band, row.films, *numbers, *origin.values()))


def render_table(table: Sequence[Row], *, title: str, interval_coverage: float = 0.9) -> Table:
    """What a person wants to read: all, both sexes, the bands of true age; MAE with its limits."""
    rendered = Table(title=title, title_justify="left", caption_justify="left", box=SIMPLE_HEAD, pad_edge=False)
    rendered.padding = (0, 1, 0, 0)
    rendered.caption = (
        "Months, bands of true age, 95 % limits in parentheses. \u2264 12, \u2264 24: share of films with an error of at most "
        f"so many months. Holds, width: how often the {100 * interval_coverage:g} % interval holds the truth; its median width."
    )
    rendered.add_column("", no_wrap=True)
    for heading in ("films", "MAE", "bias", "median", "\u2264 12\n%", "\u2264 24\n%", "holds\n%", "width"):
        rendered.add_column(heading, justify="right", no_wrap=True)
    last = None
    for row in table:
        group = row.group
        if group.by is By.PREDICTED or (group.sex and group.band):
            continue
        if last is not None and bool(last.band) != bool(group.band):
            rendered.add_section()
        rendered.add_row(_name(group), str(row.films), *_cells(row.figures))
        last = group
    return rendered


def _row(group: Group, rows: Sequence[Prediction], *, seed: int, resamples: int) -> Row:
    if not rows:
        return Row(group, 0, dict.fromkeys(FIGURES, Figure(nan, nan, nan)))
    truth, predicted = column(rows, lambda row: row.truth_months), column(rows, lambda row: row.predicted_months)
    low, high = column(rows, lambda row: row.low_months), column(rows, lambda row: row.high_months)
    limits = bootstrap(tuple(ERRORS.values()), truth, predicted, seed=seed, resamples=resamples)
    (width,) = bootstrap((median_width,), low, high, seed=seed, resamples=resamples)
    if len(rows) < FEWEST_FILMS:
        limits, width = ((nan, nan),) * len(limits), (nan, nan)
    figures = {name: Figure(error(truth, predicted), *pair) for (name, error), pair in zip(ERRORS.items(), limits, strict=True)}
    share = coverage(truth, low, high)
    figures["coverage"] = Figure(share, *binomial_limits(round(share * len(rows)), len(rows)))
    figures["median_width_months"] = Figure(median_width(low, high), *width)
    return Row(group, len(rows), figures)


def _numbers(figure: Figure) -> list[str]:
    return ["" if isnan(number) else f"{number:.4f}" for number in (figure.value, figure.low, figure.high)]


def _name(group: Group) -> str:
    if group.band is not None:
        return str(group.band)
    return group.sex.value if group.sex else "all"


def _cells(figures: dict[str, Figure]) -> list[str]:
    error, held = figures["mae_months"], figures["coverage"]
    if isnan(error.value):
        return ["-"] * 7
    limits = "" if isnan(error.low) else f" ({error.low:.1f}-{error.high:.1f})"
    return [
        f"{error.value:.2f}{limits}",
        f"{figures['bias_months'].value:+.1f}",
        f"{figures['median_error_months'].value:.1f}",
        f"{100 * figures['within_12_months'].value:.1f}",
        f"{100 * figures['within_24_months'].value:.1f}",
        f"{100 * held.value:.0f} ({100 * held.low:.0f}-{100 * held.high:.0f})",
        f"{figures['median_width_months'].value:.1f}",
    ]
