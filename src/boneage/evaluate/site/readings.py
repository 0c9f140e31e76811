"""A site's table of readings: file name or accession number, bone age, and where needed sex and reader. Errors by row."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import Enum
from pathlib import Path

from boneage.errors import BoneAgeError, Kind
from boneage.read.sheet import Sheet, code, plain, read_sheet
from boneage.types import MONTHS, Sex

_BONE_AGE = ("bone age", "boneage", "skeletal age", "reading", "reference", "reference bone age", "reference age")
_MONTHS, _YEARS = ("months", "month", "mo", "in months"), ("years", "year", "y", "in years")
KNOWN = {
    "file": {"file", "file name", "filename", "film", "image", "image file", "image name", "path", "dicom file"},
    "accession": {"accession", "accession number", "accession no", "accession nr", "accession id", "acc", "acc no"},
    "months": {*_MONTHS[:3], *(f"{age} {unit}" for age in _BONE_AGE for unit in _MONTHS)},
    "years": {*_YEARS[:2], *(f"{age} {unit}" for age in _BONE_AGE for unit in _YEARS)},
    "age": set(_BONE_AGE),  # with its units in the cells
    "sex": {"sex", "gender", "patient sex", "patient gender"},
    "reader": {"reader", "reader id", "radiologist", "rater", "observer", "read by", "reader name"},
}
_SEXES = {
    **dict.fromkeys(("f", "female", "girl", "w"), Sex.FEMALE),
    **dict.fromkeys(("m", "male", "boy"), Sex.MALE),
}
_NUMBER = r"\d{1,3}(?:[.,]\d+)?"
_UNITS = re.compile(  # 8 years 3 months, 8y3m, 8 y, 99 months, 8 3/12
    rf"(?:(?P<years>{_NUMBER})\s*(?:years?|yrs?\.?|y)(?:[\s,]*(?:and\s+)?(?P<more>{_NUMBER})\s*(?:months?|mos?\.?|m))?"
    rf"|(?P<months>{_NUMBER})\s*(?:months?|mos?\.?|m)|(?P<whole>\d{{1,2}})[\s+]+(?P<twelfths>\d{{1,2}})/12(?:\s*(?:years?|y))?)",
    re.I,
)


class Problem(str, Enum):
    """Why a row, or what the table says of a film, cannot be used."""

    NO_NAME = "no file name and no accession number"
    NO_READING = "no bone age"
    BAD_READING = "a bone age that is not understood: give months, years and months, or units in the cell"
    OUT_OF_RANGE = "a bone age outside 0 to 240 months"
    BAD_SEX = "a sex that is not understood"
    CELLS = "fewer or more cells than the header"
    NO_FILM = "no such film in the folder"
    MANY_FILMS = "more than one such film in the folder: name the file, with its folder"
    TWICE = "the same film by the same reader once more"
    SEXES = "another sex than in this film's other rows"


@dataclass(frozen=True)
class Line:
    """One row of the table."""

    row: int  # as a spreadsheet counts: the header is row 1
    file: str = field(repr=False)  # as given; "": named by accession number
    accession: str = field(repr=False)
    reader: str = field(repr=False)  # "": not told
    months: float | None
    sex: Sex | None
    problem: Problem | None = None


def read_lines(path: Path) -> tuple[Line, ...]:
    """All rows. Raises BoneAgeError for a file that is no such table; a row that cannot be used says why."""
    sheet = read_sheet(path, what="a table of readings")
    places = _places(sheet)
    if not sheet.rows:
        raise _bad("a table of readings without rows", "one film or more", "Export the table again.")
    return tuple(_line(number, cells, places, wide=len(sheet.header)) for number, cells in sheet.rows)


def _places(sheet: Sheet) -> Mapping[str, int]:
    """Where each column stands. Never the names that stand there: without a header they are a patient's."""
    places = dict[str, int]()
    for name, words in KNOWN.items():
        there = sheet.places(words)
        if len(there) > 1:
            raise _bad(
                f"a table of readings with {len(there)} columns for the {name}", "one", f"Keep one; known: {_told(words)}."
            )
        if there:
            places[name] = there[0]
    if not places.keys() & {"file", "accession"}:
        raise _bad(
            f"a table of {len(sheet.header)} columns, none of them for the film",
            "a column `file` or `accession_number` in the first row",
            f"Name it so; known: {_told(KNOWN['file'] | KNOWN['accession'])}.",
        )
    if not places.keys() & {"months", "years", "age"}:
        raise _bad(
            f"a table of {len(sheet.header)} columns, none of them for the bone age",
            "a column `bone_age_months`, or `years` and `months`",
            f"Name it so; known: {_told(KNOWN['months'] | KNOWN['years'] | KNOWN['age'])}.",
        )
    return places


def _line(number: int, cells: tuple[str, ...], places: Mapping[str, int], *, wide: int) -> Line:
    values = {name: cells[place].strip() if place < len(cells) else "" for name, place in places.items()}
    file, accession = values.get("file", ""), code(values.get("accession", ""))
    months, problem = _months(values)
    sex = _SEXES.get(word := values.get("sex", "").lower())
    if len(cells) != wide:
        problem = Problem.CELLS
    elif not file and not accession:
        problem = Problem.NO_NAME
    elif problem is None and word and sex is None:
        problem = Problem.BAD_SEX
    return Line(number, file, "" if file else accession, plain(values.get("reader", "")), months, sex, problem)


def _months(values: Mapping[str, str]) -> tuple[float | None, Problem | None]:
    """Years and months where both columns are there, else the one that is filled; text with units in any of them."""
    years, months, age = (values.get(name, "") for name in ("years", "months", "age"))
    if not (years or months or age):
        return None, Problem.NO_READING
    if age and not (years or months):
        found = _of_text(age)  # a bare number may be either: it is not guessed
    elif years and months:
        parts = _number(years), _number(months)
        found = None if parts[0] is None or parts[1] is None or parts[1] >= 12 else 12 * parts[0] + parts[1]
    else:
        bare = _number(years or months)
        found = _of_text(years or months) if bare is None else bare * (12 if years else 1)
    if found is None:
        return None, Problem.BAD_READING
    return (found, None) if 0 <= found <= MONTHS else (None, Problem.OUT_OF_RANGE)


def _of_text(text: str) -> float | None:
    found = _UNITS.fullmatch(text.strip())
    if found is None:
        return None
    if found["months"]:
        return _number(found["months"])
    years, more = (found["whole"], found["twelfths"]) if found["whole"] else (found["years"], found["more"])
    return 12 * (_number(years) or 0.0) + (_number(more) or 0.0 if more else 0.0)


def _number(text: str) -> float | None:
    """A decimal comma is one, too."""
    return float(text.replace(",", ".")) if re.fullmatch(_NUMBER, text) else None


def _told(words: set[str]) -> str:
    return ", ".join(sorted(words))


def _bad(came: str, expected: str, todo: str) -> BoneAgeError:
    return BoneAgeError(Kind.BAD_DATA, came=came, expected=expected, todo=todo)
