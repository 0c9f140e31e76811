"""Reports and films to a data set: the table is read or refused with a reason, every row has one outcome, nobody is named."""

from __future__ import annotations

import csv
from pathlib import Path

import pytest

from boneage.errors import BoneAgeError, Kind
from boneage.read.folder import Found
from boneage.read.header import Header
from boneage.train.build_dataset import AgeRange, Counts, DatasetFolder, Excluded, Reason, Scanned, build, scan
from boneage.train.report_table import Columns, Row, read_table
from boneage.types import Identity, Sex, Side

TEXT = "Bone age is 10 years."
TABLE = """Accession Number,Report Text,Sex,Age
A1,Bone age is 10 years.,F,9.5
A2,"FINDINGS: none,
bone age 8 years",m,10 y 2 m
"""


def table(folder: Path, content: str | bytes) -> Path:
    path = folder / "reports.csv"
    path.write_bytes(content.encode() if isinstance(content, str) else content)
    return path


def scanned(
    accession: str, *, sex: Sex | None = Sex.FEMALE, age: float | None = 120, side: Side | None = None, n: int = 1
) -> Scanned:
    header = Header(sex, age, None, side, None, Identity(accession_number=accession, sop_uid=f"{accession}.{n}"), frozenset())
    return Scanned(n, Path("nowhere.dcm"), header)


def outcome(row: Row, *films: Scanned, ages: AgeRange = AgeRange()) -> Excluded:  # noqa: B008
    first = next(build([row], films, ages))
    assert isinstance(first, Excluded)
    return first


def test_a_table_is_read(tmp_path: Path) -> None:
    one, two = read_table(table(tmp_path, TABLE)).rows
    assert (one.number, one.accession, one.report, one.sex, one.chronological_age_months) == (2, "A1", TEXT, Sex.FEMALE, 114)
    assert (two.number, two.sex, two.chronological_age_months) == (3, Sex.MALE, 122)
    assert "\n" in two.report


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "cp1252"])
def test_encodings_agree(tmp_path: Path, encoding: str) -> None:
    text = TABLE.replace("10 years", "10½ years – Dr. Müller")
    rows = read_table(table(tmp_path, text.encode(encoding))).rows
    assert rows == read_table(table(tmp_path, text)).rows
    assert "½" in rows[0].report


@pytest.mark.parametrize("delimiter", [";", "\t", "|"])
def test_delimiters_agree(tmp_path: Path, delimiter: str) -> None:
    comma = "acc,report,gender\nA1,Bone age 10 years,F\n"
    assert read_table(table(tmp_path, comma.replace(",", delimiter))).rows == read_table(table(tmp_path, comma)).rows


def test_what_spreadsheets_add_is_taken_off(tmp_path: Path) -> None:
    plain = read_table(table(tmp_path, "accession;report\n0012;Bone age 10 years, normal, or so\n"))
    for line in ('="0012"', "'0012", " 0012 ", "\u00a00012"):
        text = f"sep=;\r\naccession;report\r\n{line};Bone age 10 years, normal, or so\r\n"
        for encoding in ("utf-8", "utf-8-sig", "cp1252"):
            assert read_table(table(tmp_path, text.encode(encoding))).rows == plain.rows


def test_columns_by_name_and_ages_in_months(tmp_path: Path) -> None:
    path = table(tmp_path, "nr,Befund,w,Age (months)\nA1,Bone age 10 years,female,114\n")
    row = read_table(path, Columns(accession="NR", report="befund", sex="w")).rows[0]
    assert (row.accession, row.report, row.sex, row.chronological_age_months) == ("A1", "Bone age 10 years", Sex.FEMALE, 114)
    row = read_table(path, Columns(accession="nr", report="Befund", age="w")).rows[0]
    assert row.chronological_age_months is None


@pytest.mark.parametrize(
    ("content", "columns"),
    [
        ("", Columns()),
        ("accession,notes\nA1,x\n", Columns()),
        ("accession,report,report text\nA1,x,y\n", Columns()),
        ("accession,report\nA1,x\n", Columns(sex="sex")),
        ("12345,Jane Doe bone age 10 years\n", Columns()),
        (b"\0\1\2\3\xff\x81", Columns()),
        (b"accession,report\nA1,\x81\x8d\n", Columns()),
        ('accession,report\nA1,"' + "x" * 200_000, Columns()),
    ],
)
def test_what_is_no_table_is_told_without_its_content(tmp_path: Path, content: str | bytes, columns: Columns) -> None:
    with pytest.raises(BoneAgeError) as caught:
        read_table(table(tmp_path, content), columns)
    assert caught.value.kind is Kind.BAD_DATA
    assert "Doe" not in str(caught.value)
    assert "12345" not in str(caught.value)


def test_an_absent_table_and_an_unknown_encoding(tmp_path: Path) -> None:
    with pytest.raises(BoneAgeError):
        read_table(tmp_path / "none.csv")
    with pytest.raises(BoneAgeError, match="klingon"):
        read_table(table(tmp_path, TABLE), encoding="klingon")


def test_a_row_of_too_many_cells_is_excluded(tmp_path: Path) -> None:
    rows = read_table(table(tmp_path, "accession,report\nA1,Bone age is 10 years, or 11\n\nA2\n")).rows
    assert [row.whole for row in rows] == [False, False]
    assert outcome(rows[0], scanned("A1")).reason is Reason.BROKEN_ROW


@pytest.mark.parametrize(
    ("row", "films", "reason", "detail"),
    [
        (Row(2, "", TEXT), [scanned("")], Reason.NO_ACCESSION, ""),
        (Row(2, "A1", "Bone age is normal."), [scanned("A1")], Reason.UNREADABLE_REPORT, "no-figure"),
        (Row(2, "A1", ""), [scanned("A1")], Reason.UNREADABLE_REPORT, "empty"),
        (Row(2, "A1", TEXT), [], Reason.NO_IMAGE, ""),
        (Row(2, "A1", TEXT), [scanned("A2")], Reason.NO_IMAGE, ""),
        *(
            (Row(2, "A10", TEXT), [scanned(other)], Reason.NO_IMAGE, "number-written-otherwise")
            for other in ("a10", "00A10", "A-10")
        ),
        (Row(2, "A1", TEXT), [scanned("A1"), scanned("A1", n=2)], Reason.SEVERAL_IMAGES, "2"),
        (Row(2, "A1", TEXT), [scanned("A1", side=Side.RIGHT)], Reason.RIGHT_HAND, "header"),
        (Row(2, "A1", TEXT), [scanned("A1", sex=None)], Reason.SEX_UNKNOWN, ""),
        (Row(2, "A1", TEXT, Sex.MALE), [scanned("A1")], Reason.SEX_DIFFERS, ""),
        (Row(2, "A1", TEXT), [scanned("A1", age=59.9)], Reason.AGE_RANGE, ""),
        (Row(2, "A1", TEXT), [scanned("A1", age=228)], Reason.AGE_RANGE, ""),
        (Row(2, "A1", TEXT, None, 40), [scanned("A1", age=120)], Reason.AGE_RANGE, ""),
        # what passes the table is read, and this file is not there
        (Row(2, "A1", TEXT), [scanned("A1", age=60)], Reason.REFUSED_FILM, "not-found"),
        (Row(2, "A1", TEXT), [scanned("A1", age=227.9)], Reason.REFUSED_FILM, "not-found"),
        (Row(2, "A1", TEXT), [scanned("A1", age=None)], Reason.REFUSED_FILM, "not-found"),
        (Row(2, "A1", "Bone age: adult"), [scanned("A1", age=250)], Reason.REFUSED_FILM, "not-found"),
        (Row(2, "A1", TEXT, Sex.MALE), [scanned("A1", sex=None)], Reason.REFUSED_FILM, "not-found"),
        (Row(2, "A1", TEXT), [scanned("A1"), scanned("A1")], Reason.REFUSED_FILM, "not-found"),  # a copy of one object
    ],
)
def test_every_reason(row: Row, films: list[Scanned], reason: Reason, detail: str) -> None:
    found = outcome(row, *films)
    assert (found.reason, found.detail, found.row) == (reason, detail, 2)


def test_any_age_can_be_taken_in() -> None:
    assert outcome(Row(2, "A1", TEXT), scanned("A1", age=12), ages=AgeRange(0, 200)).reason is Reason.REFUSED_FILM


def test_one_accession_number_twice() -> None:
    same = list(build([Row(2, "A1", TEXT), Row(3, "A1", "Bone age: 120 months")], [scanned("A1")], AgeRange()))
    assert [one.reason for one in same if isinstance(one, Excluded)] == [Reason.REFUSED_FILM, Reason.DUPLICATE]
    differ = list(build([Row(2, "A1", TEXT), Row(3, "A1", "Bone age: 9 years")], [scanned("A1")], AgeRange()))
    assert [(one.reason, one.detail) for one in differ if isinstance(one, Excluded)] == [(Reason.DUPLICATE, "reports-differ")] * 2


def test_a_film_without_report() -> None:
    outcomes = list(build([Row(2, "A1", TEXT)], [scanned("A1"), scanned("B1", n=7)], AgeRange()))
    assert outcomes[-1] == Excluded(Reason.NO_REPORT, films=(7,), sex=Sex.FEMALE)
    counts = Counts()
    for one in outcomes:
        counts.add(one)
    assert (counts.of(Reason.NO_REPORT), counts.of(Reason.REFUSED_FILM), counts.damaged) == (1, 1, 1)


def test_no_film_is_lost() -> None:
    """Every film stands in a line: kept, beside the report that was excluded, alone, or as a copy."""
    rows = [Row(2, "A1", "Bone age is normal."), Row(3, "A2", TEXT), Row(4, "A3", TEXT), Row(5, "A3", "Bone age 9 years")]
    films = [scanned("A1"), scanned("A2", n=2), scanned("A2", n=3), scanned("A3", n=4), scanned("B1", n=5)]
    copy = Scanned(6, Path("copy.dcm"), films[-1].header)
    outcomes = [one for one in build(rows, [*films, copy], AgeRange()) if isinstance(one, Excluded)]
    assert [one.films for one in outcomes] == [(1,), (2, 3), (4,), (4,), (5,), (6,)]
    assert (outcomes[-1].reason, outcomes[-1].detail) == (Reason.SAME_FILM, "copy")


def test_a_bad_file_never_ends_the_scan(tmp_path: Path) -> None:
    (tmp_path / "text.dcm").write_text("no film")
    (tmp_path / "empty.dcm").write_bytes(b"")
    (tmp_path / "head.dcm").write_bytes(b"\0" * 128 + b"DICM" + b"\2\0")
    names = ["text.dcm", "empty.dcm", "head.dcm", "absent.dcm"]
    outcomes = list(scan([Found(tmp_path / name) for name in names]))
    assert all(isinstance(one, Excluded) for one in outcomes)
    assert [one.films for one in outcomes if isinstance(one, Excluded)] == [(1,), (2,), (3,), (4,)]


def test_the_folder_must_be_new_and_the_key_elsewhere(tmp_path: Path) -> None:
    (tmp_path / "old").mkdir()
    (tmp_path / "old" / "film.png").touch()
    with pytest.raises(BoneAgeError, match="holds files"):
        DatasetFolder(tmp_path / "old")
    with pytest.raises(BoneAgeError, match="key table"):
        DatasetFolder(tmp_path / "new", tmp_path / "new" / "key.csv")
    DatasetFolder(tmp_path / "set", tmp_path / "key.csv")
    assert (tmp_path / "key.csv").stat().st_mode & 0o077 == 0


def test_exclusions_name_nobody(tmp_path: Path) -> None:
    folder = DatasetFolder(tmp_path / "set")
    folder.add(outcome(Row(2, "SECRET-1", "Bone age is normal."), scanned("SECRET-1")))
    text = (tmp_path / "set" / "exclusions.csv").read_text()
    assert "SECRET" not in text + repr(Row(2, "SECRET-1", "SECRET")) + repr(scanned("SECRET-1"))
    row = next(csv.DictReader(text.splitlines()))
    assert row == {"reason": "unreadable-report", "detail": "no-figure", "row": "2", "films": "1", "sex": "female"}
