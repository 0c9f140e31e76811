"""A table as people export it: CSV of whatever delimiter and encoding, cells as text. What is no table is one BoneAgeError."""

from __future__ import annotations

import csv
import io
import re
from dataclasses import dataclass, field
from pathlib import Path

from boneage.errors import BoneAgeError, Kind
from boneage.read.source import load

FIRST_ROW = 2  # as a spreadsheet counts: the header is row 1
DELIMITERS = ",;\t|"
BYTE_MARKS = {b"\xef\xbb\xbf": "utf-8-sig", b"\xff\xfe": "utf-16", b"\xfe\xff": "utf-16"}
GUESSED = ("utf-8", "cp1252")  # the second is what Windows programs write by themselves


@dataclass(frozen=True)
class Sheet:
    """A table's cells. They may hold patients: no repr shows them."""

    header: tuple[str, ...] = field(repr=False)
    rows: tuple[tuple[int, tuple[str, ...]], ...] = field(repr=False)  # number of the row, its cells; empty rows are left out
    encoding: str

    def places(self, names: set[str]) -> list[int]:
        """Of the columns that have one of these names, spelled as `plain` does."""
        return [place for place, name in enumerate(self.header) if plain(name) in names]


def read_sheet(path: Path, *, encoding: str | None = None, what: str = "a table") -> Sheet:
    """Raises BoneAgeError for a file that is no table; `what`: how errors name it."""
    text, used = _decode(load(path), encoding, what)
    told = re.match(r"sep=(.)\r?\n", text)  # a first line that spreadsheets take and do not show
    text = text[told.end() :] if told else text
    header_line = text.partition("\n")[0]
    delimiter = told[1] if told else max(DELIMITERS, key=header_line.count)
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter)
    rows = list[tuple[int, tuple[str, ...]]]()
    try:
        header = next(reader, [])
        for number, cells in enumerate(reader, start=FIRST_ROW):
            if any(cell.strip() for cell in cells):
                rows.append((number, tuple(cells)))
    except csv.Error as error:
        came = f"{what} that breaks off at row {len(rows) + FIRST_ROW} ({error})"
        raise _bad(came, "CSV", "Export the table again.") from error
    return Sheet(tuple(header), tuple(rows), used)


def plain(name: str) -> str:
    """A column's name in lower case, its words parted by single spaces."""
    return re.sub(r"[\W_]+", " ", name.lower()).strip()


def code(cell: str) -> str:
    """An identifier as it was meant: ="0012" and '0012 keep zeros in spreadsheets."""
    return cell.strip("=\"' ")


def _decode(data: bytes, encoding: str | None, what: str) -> tuple[str, str]:
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
    raise _bad(f"{what} that is no text", f"CSV in {' or '.join(tried)}", "Save it as CSV in UTF-8, or give --encoding.")


def _bad(came: str, expected: str, todo: str) -> BoneAgeError:
    return BoneAgeError(Kind.BAD_DATA, came=came, expected=expected, todo=todo)
