"""`boneage dataset` end to end: phantoms as a hospital's DICOM files, with reports made for them."""

from __future__ import annotations

import csv
import os
from pathlib import Path

import cv2
import numpy as np
import pytest
import typer
from pydicom import dcmread
from typer.testing import CliRunner

from boneage import dataset as layout
from boneage.dataset_command import dataset, parse_ages
from boneage.errors import BoneAgeError
from boneage.phantom import Phantom, Pose, draw, write_dicom
from boneage.read import read
from boneage.types import Sex, Side

SIZE = (800, 600)
app = typer.Typer()
app.command("dataset")(dataset)
app.command("other")(lambda: None)  # a group, so that the command keeps its name
REPORTS = {  # accession number: report
    "SECRET-100": "EXAM: bone age\n\nFINDINGS: Chronological age 9 years. Bone age is 8 years 4 months.",
    "SECRET-101": "Bone age is between 13 and 14 years; CA 13 y 2 m.",
    "SECRET-102": "Bone age: 9 years.",  # a right hand, in the header
    "SECRET-103": "Bone age: 9 years.",  # a right hand, in the pixels
    "SECRET-104": "Bone age is normal.",
    "SECRET-105": "Bone age: 9 years.",  # no hand on the film
    "SECRET-106": "Bone age: 9 years.",  # cut off
    "SECRET-107": "Bone age: 9 years.",  # never exported
    "SECRET-108": "Bone age: 3 years.",  # a child of 3
}


def save(phantom: Phantom, path: Path, accession: str, *, side: str | None = None, blank: bool = False) -> None:
    write_dicom(phantom, path, monochrome1=accession.endswith("1"))
    film = dcmread(path)
    film.AccessionNumber, film.PatientName = accession, "SECRET^NAME"
    if side is not None:
        film.ImageLaterality = side
    if blank:
        noise = np.random.default_rng(1).integers(0, 4000, SIZE)
        film.PixelData = noise.astype(np.uint16).tobytes()
    film.save_as(path)


@pytest.fixture(scope="module")
def hospital(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("hospital")
    films = folder / "films" / "SECRET^NAME"
    films.mkdir(parents=True)
    girl, boy = draw(100, Sex.FEMALE, seed=3, size=SIZE), draw(160, Sex.MALE, seed=4, size=SIZE)
    right = draw(108, Sex.FEMALE, seed=5, size=SIZE, pose=Pose(side=Side.RIGHT))
    small = draw(36, Sex.FEMALE, seed=6, size=SIZE)
    for number, phantom in ((100, girl), (101, boy), (102, right), (106, girl), (108, small), (109, boy)):
        save(phantom, films / f"{number}.dcm", f"SECRET-{number}")
    save(right, films / "103.dcm", "SECRET-103", side="L")
    save(girl, films / "105.dcm", "SECRET-105", blank=True)
    os.truncate(films / "106.dcm", 3 * (films / "106.dcm").stat().st_size // 4)
    with (folder / "reports.csv").open("w", newline="") as lines:
        csv.writer(lines).writerows([("accession", "report"), *REPORTS.items()])
    return folder


def call(folder: Path, out: Path, *words: object) -> tuple[int, str]:
    given = ["dataset", "--reports", folder / "reports.csv", "--dicom", folder / "films", "--out", out, *words]
    done = CliRunner().invoke(app, list(map(str, given)))
    if done.exception is not None and not isinstance(done.exception, SystemExit):
        raise done.exception
    return done.exit_code, done.output


def test_from_reports_and_films_to_a_data_set(hospital: Path, tmp_path: Path) -> None:
    out = tmp_path / "set"
    code, text = call(hospital, out, "--key", tmp_path / "key.csv")
    assert code == 1
    assert "damaged files: 1" in text
    films = layout.read_films(out)
    assert {(film.sex, film.bone_age_months) for film in films} == {(Sex.FEMALE, 100), (Sex.MALE, 162)}
    files = dict(layout.iterate_files(out, {film.id for film in films}))
    with (out / "exclusions.csv").open() as lines:
        excluded = [(row["reason"], row["detail"], row["row"]) for row in csv.DictReader(lines)]
    assert sorted(excluded) == [
        ("age-range", "", "10"),
        ("image-without-report", "", ""),
        ("refused-film", "no-hand", "7"),
        ("refused-film", "truncated", "8"),
        ("report-without-image", "", "9"),
        ("right-hand", "header", "4"),
        ("right-hand", "thumb", "5"),
        ("unreadable-report", "no-figure", "6"),
    ]
    assert "2 right hands, 2 deformed or refused films, 1 uninterpretable reports" in text
    assert "outside the ages: 1; kept without a known age: 0" in text
    assert "labeled: 1 female, 1 male" in text
    everything = text + "".join(str(path.relative_to(out)) + path.read_text("latin-1") for path in out.rglob("*"))
    assert "SECRET" not in everything
    with (tmp_path / "key.csv").open() as lines:
        key = {int(row["id"]): row for row in csv.DictReader(lines)}
    assert set(key) == set(files)
    for film_id, row in key.items():
        stored = cv2.imdecode(np.frombuffer(files[film_id], np.uint8), cv2.IMREAD_UNCHANGED)
        film = read(Path(row["file"]))
        assert film.identity.accession_number == row["accession"]
        assert stored.dtype == np.uint8
        assert np.abs(stored / 255 - film.pixels).max() <= 0.5 / 255 + 1e-6, "bone bright, in its own size"


def test_the_same_films_get_the_same_ids(hospital: Path, tmp_path: Path) -> None:
    """Whatever the order of the table and however much of it: the split binds a film for ever."""
    rows = (hospital / "reports.csv").read_text()
    other = tmp_path / "hospital"
    other.mkdir()
    (other / "films").symlink_to(hospital / "films")
    (other / "reports.csv").write_text("accession,report\nSECRET-101,Bone age is 13 1/2 years.\n")
    code, _ = call(other, tmp_path / "two", "--ages", "all")
    assert code == 0
    call(hospital, tmp_path / "one")
    assert (hospital / "reports.csv").read_text() == rows
    assert set(layout.read_films(tmp_path / "two")) <= set(layout.read_films(tmp_path / "one"))


def test_no_film_at_all_is_told_by_the_exit_code(hospital: Path, tmp_path: Path) -> None:
    (tmp_path / "reports.csv").write_text("accession,report\nOTHER,Bone age 9 years\n")
    (tmp_path / "films").mkdir()
    with pytest.raises(BoneAgeError, match="without images"):
        call(tmp_path, tmp_path / "set")
    save(draw(100, Sex.FEMALE, seed=3, size=(300, 200)), tmp_path / "films" / "1.dcm", "SECRET-1")
    code, text = call(tmp_path, tmp_path / "set")
    assert code == 1
    assert layout.read_films(tmp_path / "set") == []
    assert "no film was kept" in text


def test_a_wrong_call(hospital: Path, tmp_path: Path) -> None:
    with pytest.raises(BoneAgeError, match="accession-column"):
        call(hospital, tmp_path / "set", "--accession-column", "nothing")
    with pytest.raises(BoneAgeError, match="a folder"):
        call(hospital, tmp_path / "set", "--dicom", tmp_path / "none")
    assert not (tmp_path / "set").exists()
    assert (parse_ages("5-18").youngest, parse_ages("5-18").oldest) == (5, 18)
    for word in ("18-5", "5", "x", "-1-3", ""):
        with pytest.raises(BoneAgeError):
            parse_ages(word)
