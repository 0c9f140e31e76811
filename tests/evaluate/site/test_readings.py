"""A site's table: whatever it is called and however ages are written, a row is read right or says what is wrong with it."""

from __future__ import annotations

from pathlib import Path

import pytest

from boneage.errors import BoneAgeError, Kind
from boneage.evaluate.site.readings import Line, Problem, read_lines
from boneage.types import Sex


def table(folder: Path, text: str, *, encoding: str = "utf-8") -> tuple[Line, ...]:
    path = folder / "readings.csv"
    path.write_bytes(text.encode(encoding))
    return read_lines(path)


@pytest.mark.parametrize(
    ("header", "cells", "months"),
    [
        ("bone_age_months", "126", 126.0),
        ("Bone age (months)", "126.5", 126.5),
        ("months", "126", 126.0),
        ("bone age years", '"10,5"', 126.0),
        ("years,months", "10,6", 126.0),
        ("years,months", "10,", 120.0),
        ("years,months", ",9", 9.0),
        ("bone age", "10 years 6 months", 126.0),
        ("bone age", "10y6m", 126.0),
        ("bone age", "10 6/12", 126.0),
        ("bone age", "126 mo", 126.0),
        ("Bone Age Years", "10 y 6 m", 126.0),
        ("months", "0", 0.0),
    ],
)
def test_ages_are_read_in_their_units(tmp_path: Path, header: str, cells: str, months: float) -> None:
    (line,) = table(tmp_path, f"file,{header}\na.png,{cells}\n")
    assert line.problem is None
    assert line.months == months


@pytest.mark.parametrize(
    ("row", "problem"),
    [
        ("a.png,,F", Problem.NO_READING),
        ("a.png,ten years,F", Problem.BAD_READING),
        ("a.png,241,F", Problem.OUT_OF_RANGE),
        ("a.png,-3,F", Problem.BAD_READING),
        (",126,F", Problem.NO_NAME),
        ("a.png,126,?", Problem.BAD_SEX),
        ("a.png,126", Problem.CELLS),
        ("a.png,126,F,x", Problem.CELLS),
    ],
)
def test_a_bad_row_says_why_and_the_others_go_on(tmp_path: Path, row: str, problem: Problem) -> None:
    bad, good = table(tmp_path, f"file,bone_age_months,sex\n{row}\nb.png,99,m\n")
    assert (bad.row, bad.problem) == (2, problem)
    assert (good.row, good.problem, good.months, good.sex) == (3, None, 99.0, Sex.MALE)


@pytest.mark.parametrize("cells", ["126", "10"])
def test_an_age_without_its_unit_is_not_guessed(tmp_path: Path, cells: str) -> None:
    (line,) = table(tmp_path, f"file,bone age\na.png,{cells}\n")
    assert line.problem is Problem.BAD_READING


def test_thirteen_months_beside_years_are_a_slip(tmp_path: Path) -> None:
    (line,) = table(tmp_path, "file,years,months\na.png,10,13\n")
    assert line.problem is Problem.BAD_READING


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "cp1252"])
@pytest.mark.parametrize("delimiter", list(",;\t|"))
def test_the_export_of_any_program_is_read(tmp_path: Path, delimiter: str, encoding: str) -> None:
    text = "\r\n".join(["Accession No,Bone age months,Radiologist", '="00815",126,Müller', ""]).replace(",", delimiter)
    (line,) = table(tmp_path, text, encoding=encoding)
    assert (line.accession, line.months, line.reader) == ("00815", 126.0, "müller")


@pytest.mark.parametrize(
    "text",
    ["", "file,months\n", "name,months\nDoe,3\n", "file,reading of doe\na,3\n", "file,film,months\na,b,3\n", "a,b\n\0,3\n"],
)
def test_what_is_no_such_table_is_one_error_that_repeats_no_name(tmp_path: Path, text: str) -> None:
    with pytest.raises(BoneAgeError) as error:
        table(tmp_path, text)
    assert error.value.kind is Kind.BAD_DATA
    assert "doe" not in str(error.value).lower()


def test_a_row_shows_neither_film_nor_reader(tmp_path: Path) -> None:
    (line,) = table(tmp_path, "accession,months,reader\nMRN4711,3,Doe\n")
    assert "4711" not in repr(line)
    assert "doe" not in repr(line)
