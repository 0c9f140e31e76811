"""A hospital's table of reports: CSV in, rows out. Columns are named or detected; patient identity stays out of every repr."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, fields
from pathlib import Path

from boneage.errors import BoneAgeError, Kind
from boneage.read.sheet import Sheet, code, plain, read_sheet
from boneage.train.report_ages import find_ages
from boneage.types import Sex

OLDEST_MONTHS = 130 * 12.0
SEXES = {
    **dict.fromkeys(("f", "female", "girl", "woman"), Sex.FEMALE),
    **dict.fromkeys(("m", "male", "boy", "man"), Sex.MALE),
}
KNOWN = {
    "accession": {"accession", "accession number", "accession no", "accession nr", "accession id", "acc", "acc no", "acc number"},
    "report": {"report", "report text", "text", "full report", "full text", "narrative", "radiology report", "reporttext"},
    "sex": {"sex", "gender", "patient sex", "patient gender"},
    "age": {
        *("age", "chronological age", "patient age", "age at exam", "age at study", "chronologic age", "age years"),
        *("age months", "age in months", "age in years", "chronological age months", "chronological age years"),
    },
}


@dataclass(frozen=True)
class Columns:
    """The names of the columns; None: detected, and sex and age may be absent."""

    accession: str | None = None
    report: str | None = None
    sex: str | None = None
    age: str | None = None


@dataclass(frozen=True)
class Row:
    """One report."""

    number: int  # row of the table, its header being row 1
    accession: str = field(repr=False)
    report: str = field(repr=False)
    sex: Sex | None = None
    chronological_age_months: float | None = None
    whole: bool = True  # False: it has fewer or more cells than the header


@dataclass(frozen=True)
class ReportTable:
    """All reports and how the file was written."""

    rows: tuple[Row, ...]
    encoding: str


def read_table(path: Path, columns: Columns = Columns(), *, encoding: str | None = None) -> ReportTable:
    """The reports of a CSV file. Raises BoneAgeError for a file that is no such table; a bad row is only marked."""
    sheet = read_sheet(path, encoding=encoding, what="a table of reports")
    places = _find_columns(sheet, columns)
    return ReportTable(tuple(_row(number, cells, sheet.header, places) for number, cells in sheet.rows), sheet.encoding)


def _find_columns(sheet: Sheet, columns: Columns) -> Mapping[str, int]:
    """Where each column stands. Raises BoneAgeError where one is absent or two could be meant."""
    places = dict[str, int]()
    for one in fields(columns):
        wanted: str | None = getattr(columns, one.name)
        there = sheet.places({plain(wanted)} if wanted is not None else KNOWN[one.name])
        if len(there) == 1:
            places[one.name] = there[0]
        elif there or wanted is not None or one.name in ("accession", "report"):
            raise _bad(  # never the names that stand there: without a header they are a patient's
                f"a table of {len(sheet.header)} columns, {len(there) or 'none'} of them by such a name",
                f"one column {wanted!r}" if wanted is not None else f"one column for the {one.name}",
                f"Name it with --{one.name}-column.",
            )
    return places


def _row(number: int, cells: Sequence[str], header: Sequence[str], places: Mapping[str, int]) -> Row:
    values = {name: cells[place].strip() if place < len(cells) else "" for name, place in places.items()}
    unit = plain(header[places["age"]]) if "age" in places else ""
    return Row(
        number,
        accession=code(values["accession"]),
        report=values["report"],
        sex=SEXES.get(values.get("sex", "").lower()),
        chronological_age_months=_age_months(values.get("age", ""), in_months="month" in unit),
        whole=len(cells) == len(header),
    )


def _age_months(text: str, *, in_months: bool) -> float | None:
    """A bare number is in years unless the column's name says months; None where it is no age."""
    if re.fullmatch(r"\d+(?:[.,]\d+)?", text):
        months = float(text.replace(",", ".")) * (1 if in_months else 12)
    else:
        ages = list(find_ages(text))
        if len(ages) != 1:
            return None
        months = ages[0].months
    return months if 0 <= months <= OLDEST_MONTHS else None


def _bad(came: str, expected: str, todo: str) -> BoneAgeError:
    return BoneAgeError(Kind.BAD_DATA, came=came, expected=expected, todo=todo)
