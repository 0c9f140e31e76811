"""The errors that a system's card promises: its table on the test part, by sex and band, shipped beside its weights."""

from __future__ import annotations

import csv
from collections.abc import Mapping
from dataclasses import dataclass
from math import sqrt
from pathlib import Path

from boneage.errors import BoneAgeError, Kind
from boneage.evaluate.bands import BANDS
from boneage.networks import weights_path
from boneage.types import Sex

FEWEST = 20  # films of the card's cell; with fewer the band of both sexes is taken, then all films
TWO_SIDED = 1.96  # standard errors between a value and its 95 % limits
ALL = "all"


@dataclass(frozen=True)
class Cell:
    """One line of the card's table."""

    films: int
    mae_months: float
    standard_error_months: float  # of the mean absolute error
    rmse_months: float


@dataclass(frozen=True)
class Shipped:
    """The card's figures."""

    cells: Mapping[tuple[str, str], Cell]  # by sex and band of true age, in words
    weights: str  # what they were measured with

    @property
    def whole(self) -> Cell:
        return self.cells[ALL, ALL]

    @property
    def spread_months(self) -> float:
        """Standard deviation of the absolute errors of all films."""
        return sqrt(max(self.whole.rmse_months**2 - self.whole.mae_months**2, 0.0))

    def key(self, sex: Sex | None, months: float) -> tuple[str, str]:
        """Of the cell that stands for such films: the finest one of enough films."""
        band = next((str(one) for one in BANDS if max(months, 0.0) in one), ALL)
        finest = [(sex.value if sex else ALL, band), (ALL, band)]
        return next((one for one in finest if one in self.cells and self.cells[one].films >= FEWEST), (ALL, ALL))


def shipped_file(system: str) -> str:
    """Its name, beside the weights."""
    return f"{system}.test.csv"


def read_shipped(system: str) -> Shipped | None:
    """None: the system was shipped without its table. Raises BoneAgeError for one that is not as `tables.write_table` writes."""
    path = weights_path(shipped_file(system))
    return None if path is None else _read(path)


def _read(path: Path) -> Shipped:
    try:
        with path.open(newline="") as lines:
            rows = [row for row in csv.DictReader(lines) if row["band_by"] in ("", "truth")]
        cells = {(row["sex"], row["band"]): _cell(row) for row in rows if row["mae_months"] and row["mae_months_low"]}
        return Shipped({(ALL, ALL): cells[ALL, ALL], **cells}, rows[0]["weights"])
    except (KeyError, ValueError, TypeError, IndexError) as error:
        raise BoneAgeError(
            Kind.BAD_WEIGHTS,
            came=f"{path.name}: {error!r}",
            expected="the table of `boneage evaluate SYSTEM --split test`",
            todo="Install the package again.",
        ) from error


def _cell(row: Mapping[str, str]) -> Cell:
    half = (float(row["mae_months_high"]) - float(row["mae_months_low"])) / 2
    return Cell(int(row["films"]), float(row["mae_months"]), half / TWO_SIDED, float(row["rmse_months"]))
