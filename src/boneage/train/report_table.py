"""A hospital's table of reports: CSV in, rows out. Columns are named or detected; patient identity stays out of every repr."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from pathlib import Path

from boneage.errors import BoneAgeError, Kind
from boneage.read.source import load
from boneage.train.report_ages import find_ages
from boneage.types import Sex

FIRST_ROW = 2  # as a spreadsheet counts: the header is row 1
OLDEST_MONTHS = 130 * 12.0
DELIMITERS = ",;\t|"
BYTE_MARKS = {b"\xef\xbb\xbf": "utf-8-sig", b"\xff\xfe": "utf-16", b"\xfe\xff": "utf-16"}
GUESSED = ("utf-8", "cp1252")  # the second is what Windows programs write by themselves
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
    text, used = _decode(load(path), encoding)
    told = re.match(r"sep=(.)\r?\n", text)  # a first line that spreadsheets take and do not show
    text = text[told.end() :] if told else text
    header_line = text.partition("\n")[0]
    delimiter = told[1] if told else max(DELIMITERS, key=header_line.count)
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter)
    rows = list[Row]()
    try:
        header = next(reader, [])
        places = _find_columns(header, columns)
        for number, cells in enumerate(reader, start=FIRST_ROW):
            if any(cell.strip() for cell in cells):
                rows.append(_row(number, cells, header, places))
    except csv.Error as error:
        raise _bad(
            f"a table that breaks off at row {len(rows) + FIRST_ROW} ({error})", "CSV", "Export the table again."
        ) from error
    return ReportTable(tuple(rows), used)


def _decode(data: bytes, encoding: str | None) -> tuple[str, str]:
    marked = next((name for mark, name in BYTE_MARKS.items() if data.startswith(mark)), None)
    tried = (encoding,) if encoding else (marked,) if marked else GUESSED
    for name in tried:
        try:
            text = data.decode(name)
        except UnicodeDecodeError:
            continue
        except LookupError as error:
            raise BoneAgeError(
                Kind.BAD_OPTION,
                came=f"--encoding {name!r}",
                expected="a known one, as utf-8 or cp1252",
                todo="Write its name so.",
            ) from error
        if "\0" not in text:
            return text, name
    raise _bad(
        "a table of reports that is no text", f"CSV in {' or '.join(tried)}", "Save it as CSV in UTF-8, or give --encoding."
    )


def _find_columns(header: list[str], columns: Columns) -> Mapping[str, int]:
    """Where each column stands. Raises BoneAgeError where one is absent or two could be meant."""
    places = dict[str, int]()
    for one in fields(columns):
        wanted: str | None = getattr(columns, one.name)
        names = {_plain(wanted)} if wanted is not None else KNOWN[one.name]
        there = [place for place, name in enumerate(header) if _plain(name) in names]
        if len(there) == 1:
            places[one.name] = there[0]
        elif there or wanted is not None or one.name in ("accession", "report"):
            raise _bad(  # never the names that stand there: without a header they are a patient's
                f"a table of {len(header)} columns, {len(there) or 'none'} of them by such a name",
                f"one column {wanted!r}" if wanted is not None else f"one column for the {one.name}",
                f"Name it with --{one.name}-column.",
            )
    return places


def _plain(name: str) -> str:
    return re.sub(r"[\W_]+", " ", name.lower()).strip()


def _row(number: int, cells: list[str], header: list[str], places: Mapping[str, int]) -> Row:
    values = {name: cells[place].strip() if place < len(cells) else "" for name, place in places.items()}
    unit = _plain(header[places["age"]]) if "age" in places else ""
    return Row(
        number,
        accession=values["accession"].strip("=\"' "),  # ="0012" and '0012 keep zeros in spreadsheets
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
