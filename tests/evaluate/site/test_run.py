"""The whole of it on phantoms with made-up readings: figures, exit codes, and no patient in what is written."""

from __future__ import annotations

import csv
from pathlib import Path

import pydicom
import pytest
from typer.testing import CliRunner

pytest.importorskip("scipy", reason="needs the train extra: make test EXTRAS=train")
pytest.importorskip("matplotlib", reason="needs the train extra")

from boneage.cli import app
from boneage.errors import BoneAgeError
from boneage.evaluate.site.films import NO_HEADER, find_cases
from boneage.evaluate.site.readings import Problem, read_lines
from boneage.evaluate.site.run import validate
from boneage.phantom import Phantom, write_dicom, write_png
from boneage.systems import REFERENCE
from boneage.types import Sex

SECRET = "SECRET4711"
GOOD = [
    "Accession,File,Years,Months,Sex,Reader",
    f"{SECRET},,8,4,,Dr. Nym",
    f"{SECRET},,8,10,,Dr. Poe",
    ",more/boy.png,13,4,M,Dr. Nym",
]


@pytest.fixture(scope="module")
def site(girl: Phantom, boy: Phantom, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A DICOM film with a patient, a PNG, and a file that is no film."""
    folder = tmp_path_factory.mktemp("site")
    (folder / "more").mkdir()
    path = write_dicom(girl, folder / "girl.dcm")
    film = pydicom.dcmread(path)
    film.AccessionNumber, film.PatientName, film.PatientID = SECRET, f"{SECRET}^NAME", f"{SECRET}-MRN"
    film.Manufacturer, film.ManufacturerModelName = "ACME", "One"
    film.save_as(path)
    write_png(boy, folder / "more" / "boy.png")
    (folder / "blank.png").write_bytes(b"nothing")
    return folder


def table(folder: Path, rows: list[str]) -> Path:
    path = folder / "readings.csv"
    path.write_text("\n".join(rows) + "\n")
    return path


def read(path: Path) -> list[dict[str, str]]:
    with path.open(newline="") as lines:
        return list(csv.DictReader(lines))


def test_films_are_found_and_measured_and_nobody_is_named(site: Path, tmp_path: Path) -> None:
    found = validate(REFERENCE, table(tmp_path, GOOD), site, tmp_path / "out")
    assert found.whole
    girl, boy = read(tmp_path / "out" / "films.csv")
    assert (girl["rows"], girl["file"], girl["scanner"], girl["sex"], girl["readers"]) == ("2 3", "", "ACME One", "female", "2")
    assert (boy["rows"], boy["file"], boy["scanner"], boy["sex"]) == ("4", "more/boy.png", NO_HEADER, "male")
    assert float(girl["reference_months"]) == 103.0
    assert float(girl["error_months"]) == pytest.approx(float(girl["predicted_months"]) - 103.0, abs=0.011)
    assert read(tmp_path / "out" / "table.csv")[0]["films"] == "2"
    written = b"".join(path.read_bytes() for path in (tmp_path / "out").iterdir())
    for word in (SECRET, "nym", "dr. poe", "dr poe"):
        assert word.lower().encode() not in written.lower()


def test_exit_codes_and_reasons(site: Path, tmp_path: Path) -> None:
    rows = [*GOOD[:2], ",boy,13,4,,A", ",blank,8,0,F,A", ",gone.png,8,0,F,A", ",boy,13,4,,A"]
    arguments = ["evaluate", "--site", str(table(tmp_path, rows)), "--films", str(site), "--out", str(tmp_path / "out")]
    done = CliRunner().invoke(app, arguments)
    assert done.exit_code == 1, done.output
    assert "Row 5: no such film" in done.output.replace("\n", " ")
    reasons = {row["reason"] for row in read(tmp_path / "out" / "refused.csv")}
    assert reasons == {"not-an-image", "sex-unknown", Problem.NO_FILM.value, Problem.TWICE.value}
    assert [row["status"] == "read" for row in read(tmp_path / "out" / "films.csv")].count(True) == 1
    done = CliRunner().invoke(app, [*arguments[:2], str(table(tmp_path, GOOD[:1])), *arguments[3:]])
    assert done.exit_code == 2
    done = CliRunner().invoke(app, ["evaluate", "--films", str(site)])
    assert done.exit_code == 2


def test_films_of_one_child_are_told(site: Path, tmp_path: Path) -> None:
    (site / "again.dcm").write_bytes((site / "girl.dcm").read_bytes())
    try:
        rows = table(tmp_path, ["file,months,sex", "girl.dcm,99,F", "again.dcm,98,F", "boy,99,M"])
        found = validate(REFERENCE, rows, site, tmp_path / "out")
    finally:
        (site / "again.dcm").unlink()
    assert any(line.startswith("2 of the films are of children with more than one") for line in found.said)


def test_no_usable_row_is_told_before_any_work(site: Path, tmp_path: Path) -> None:
    with pytest.raises(BoneAgeError, match="row 2"):
        validate(REFERENCE, table(tmp_path, ["file,months", "gone.png,9"]), site, tmp_path / "out")
    assert not (tmp_path / "out").exists()


def test_the_header_s_sex_stands_and_a_difference_is_told(site: Path, tmp_path: Path) -> None:
    lines = read_lines(table(tmp_path, ["file,months,sex", "girl,99,M"]))
    ((case,), _) = find_cases(lines, site)
    assert (case.sex, case.sex_differs) == (Sex.FEMALE, True)


def test_one_name_of_two_films_is_asked_back(site: Path, tmp_path: Path) -> None:
    (site / "more" / "girl.png").write_bytes((site / "more" / "boy.png").read_bytes())
    try:
        lines = read_lines(table(tmp_path, ["file,months,sex", "girl,99,F", "girl.dcm,98,F", "../site/girl.dcm,9,F"]))
        cases, problems = find_cases(lines, site)
    finally:
        (site / "more" / "girl.png").unlink()
    assert [case.lines[0].row for case in cases] == [3]
    assert [(line.row, line.problem) for line in problems] == [(2, Problem.MANY_FILMS), (4, Problem.NO_FILM)]
