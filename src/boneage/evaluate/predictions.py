"""The per-film predictions of one system: flat CSV, kept by id and without labels, so that no table needs the network again."""

from __future__ import annotations

import csv
import re
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from math import isfinite
from pathlib import Path

import numpy as np
import numpy.typing as npt

from boneage.dataset import Film, Part, labeled
from boneage.errors import BoneAgeError, Kind
from boneage.types import Interval, Sex


@dataclass(frozen=True)
class Prediction:
    """One film: the truth, the answer and its interval."""

    id: int
    sex: Sex
    part: Part
    truth_months: float
    predicted_months: float
    spread_months: float  # the networks' own standard deviation
    low_months: float
    high_months: float
    year_class: int | None = None  # 5..18: what was answered by a system that answers years; None: it answers months
    further: tuple[Interval, ...] = ()  # at other coverages than that of low_months..high_months, where they are known

    @property
    def class_months(self) -> float:
        """A number of months within the year that was answered."""
        return self.predicted_months if self.year_class is None else 12.0 * self.year_class

    @property
    def width_months(self) -> float:
        """Of low_months..high_months: the wider, the less sure."""
        return self.high_months - self.low_months

    def __post_init__(self) -> None:
        further = tuple(end for one in self.further for end in (one.low_months, one.high_months))
        months = (self.truth_months, self.predicted_months, self.spread_months, self.low_months, self.high_months, *further)
        if not all(isfinite(value) for value in months):
            raise ValueError(f"finite months are expected for film {self.id}, not {months}")
        if self.spread_months < 0:
            raise ValueError(f"a spread of 0 or more is expected for film {self.id}, not {self.spread_months}")
        ends = ((self.low_months, self.high_months), *((one.low_months, one.high_months) for one in self.further))
        for low, high in ends:
            if low > high:
                raise ValueError(f"low <= high is expected for film {self.id}, not {low}, {high}")


@dataclass(frozen=True)
class Predictions:
    """All films of one system, and where they come from."""

    rows: tuple[Prediction, ...]
    system: str
    weights: str
    split_hash: str
    interval_coverage: float  # of low_months..high_months, as promised


MONTHS = ("predicted_months", "spread_months", "low_months", "high_months")
COLUMNS = ("id", "part", *MONTHS, "year_class")  # truth and sex are the data set's: they are joined at reading
ORIGIN = ("system", "weights", "split_hash", "interval_coverage")  # the same on every line
FURTHER = re.compile(r"low_([0-9.]+)_months")  # a further interval's column; the one of its other end follows


def write_predictions(
    path: Path, rows: Sequence[Prediction], *, system: str, weights: str, split_hash: str, interval_coverage: float = 0.9
) -> None:
    """One line per film, by id. Numbers are written in full: reading gives equal rows.

    `interval_coverage`: of low_months..high_months; further intervals have their coverage in percent in their names.
    """
    _check(path, rows, interval_coverage)
    further = [_ends(one.coverage) for one in rows[0].further]
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("w", newline="") as lines:
        writer = csv.writer(lines, lineterminator="\n")
        writer.writerow((*COLUMNS, *(name for pair in further for name in pair), *ORIGIN))
        for row in sorted(rows, key=lambda row: row.id):
            numbers = (repr(float(getattr(row, name))) for name in MONTHS)
            answered = (*numbers, "" if row.year_class is None else row.year_class)
            more = (repr(float(end)) for one in row.further for end in (one.low_months, one.high_months))
            writer.writerow((row.id, row.part.value, *answered, *more, system, weights, split_hash, interval_coverage))


def read_predictions(path: Path, films: Mapping[int, Film]) -> Predictions:
    """The table that `write_predictions` wrote, with truth and sex out of `films`.

    Raises BoneAgeError where a line, or the whole, cannot be right, and for a film that is not among them.
    """
    if not path.is_file():
        raise _bad(f"no file {path}", "a table of predictions", "Make it with: boneage evaluate SYSTEM")
    with path.open(newline="") as lines:
        reader = csv.DictReader(lines)
        absent = [name for name in (*COLUMNS, *ORIGIN) if name not in (reader.fieldnames or ())]
        if absent:
            raise _bad(f"{path} without the columns {', '.join(absent)}", ",".join((*COLUMNS, *ORIGIN)), "Write it again.")
        table = [_parse(path, number, row, films) for number, row in enumerate(reader, start=2)]
    rows = tuple(row for row, _ in table)
    origins = {origin for _, origin in table}
    if len(origins) > 1:
        raise _bad(f"{path} with {len(origins)} systems or splits", "one system on one split", "Keep one file per system.")
    system, weights, split_hash, coverage = origins.pop() if origins else ("", "", "", 0.0)
    _check(path, rows, coverage)
    return Predictions(rows, system, weights, split_hash, coverage)


def column(rows: Sequence[Prediction], value: Callable[[Prediction], float]) -> npt.NDArray[np.float64]:
    """One number per film, [N]: `column(rows, lambda row: row.truth_months)`."""
    return np.array([value(row) for row in rows], np.float64)


def _parse(
    path: Path, number: int, row: dict[str, str], films: Mapping[int, Film]
) -> tuple[Prediction, tuple[str, str, str, float]]:
    try:
        film = labeled(films, int(row["id"]))
        predicted, spread, low, high = (float(row[name]) for name in MONTHS)
        year = int(row["year_class"]) if row["year_class"] else None
        origin = (row["system"], row["weights"], row["split_hash"], float(row["interval_coverage"]))
        months = (film.bone_age_months, predicted, spread, low, high)
        return Prediction(film.id, film.sex, Part(row["part"]), *months, year, _further(row)), origin
    except (KeyError, ValueError, TypeError) as error:  # TypeError: a short line's None
        raise _bad(f"{path}, line {number}: {error}", "one film with finite months", "Correct or remove the line.") from error


def _further(row: dict[str, str]) -> tuple[Interval, ...]:
    """The intervals at other coverages, in the columns' order."""
    found = (FURTHER.fullmatch(name) for name in row if name)
    coverages = (round(float(one[1]) / 100, 6) for one in found if one)
    return tuple(Interval(one, *(float(row[name]) for name in _ends(one))) for one in coverages)


def _ends(coverage: float) -> tuple[str, str]:
    """The names of a further interval's columns."""
    return f"low_{100 * coverage:g}_months", f"high_{100 * coverage:g}_months"


def _check(path: Path, rows: Sequence[Prediction], coverage: float) -> None:
    if not rows:
        raise _bad(f"{path} without films", "one film or more", "Check the split that was asked for.")
    often, count = Counter(row.id for row in rows).most_common(1)[0]
    if count > 1:
        raise _bad(f"{path} with film {often} on {count} lines", "each film once", "Remove the other lines.")
    if len({tuple(one.coverage for one in row.further) for row in rows}) > 1:
        raise _bad(f"{path} with intervals at various coverages", "the same for all films", "Keep one file per system.")
    if not 0 < coverage < 1:
        raise _bad(f"{path} with an interval coverage of {coverage:g}", "a share within 0 and 1", "Write 90 % as 0.9.")


def _bad(came: str, expected: str, todo: str) -> BoneAgeError:
    return BoneAgeError(Kind.BAD_DATA, came=came, expected=expected, todo=todo)
