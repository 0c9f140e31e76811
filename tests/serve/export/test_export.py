"""An export holds the films, what was signed, and nobody: in no file, no name, no pixel outside the hand."""

from __future__ import annotations

import csv
import shutil
import stat
import subprocess
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import date
from pathlib import Path

import numpy as np
import pydicom
import pytest
from sqlalchemy import Engine

from boneage.dataset import LABELS, iterate_images, read_films
from boneage.errors import BoneAgeError
from boneage.phantom import Phantom, draw, write_dicom
from boneage.read import read
from boneage.report.reading import Drawing, Reading, Status
from boneage.serve.export.films import LeftOut
from boneage.serve.export.identity import Strangers
from boneage.serve.export.run import BEGUN, DONE, Form, Wish, export
from boneage.serve.spool import Spool
from boneage.serve.store.audit import events
from boneage.serve.store.engine import open_engine
from boneage.serve.store.records import Arrival
from boneage.serve.store.worklist import Worklist
from boneage.standardize.blank import hand_outline
from boneage.types import Identity, Sex

SECRET = "SECRET4711"
EMPTIED = (  # of PS3.15 table E.1-1, what a film's header usually has
    *("PatientName", "PatientBirthDate", "AccessionNumber", "ReferringPhysicianName", "StudyTime", "StudyID", "OtherPatientIDs"),
    *("InstitutionName", "InstitutionAddress", "StationName", "OperatorsName", "PhysiciansOfRecord", "PatientAddress"),
    *("DeviceSerialNumber", "StudyDescription", "ProtocolName", "PatientComments", "ImageComments", "SeriesDate", "ContentDate"),
    *("AcquisitionDate", "AcquisitionDateTime", "RequestAttributesSequence", "IssuerOfPatientID", "PerformedProcedureStepID"),
)


@dataclass
class Site:
    """A service with films that somebody signed."""

    engine: Engine
    worklist: Worklist
    spool: Spool
    folder: Path
    arrival: Callable[..., Arrival]
    reading: Callable[..., Reading]
    decided: Callable[..., Reading]

    def film(self, phantom: Phantom, months: float | None = 100.0, *, hand: bool = True, **other: object) -> str:
        """Signed as these months; None: nobody signed."""
        path = write_dicom(phantom, self.folder / "film.dcm")
        header = pydicom.dcmread(path)
        header.PatientName, header.PatientID, header.AccessionNumber = f"{SECRET}^NAME", f"{SECRET}-MRN", f"{SECRET}-A"
        header.InstitutionName = header.OperatorsName = header.ImageComments = SECRET
        header.add_new(0x00091001, "LO", SECRET)
        header.save_as(path)
        arrival = self.arrival(file=self.spool.put(path.read_bytes()).name, **{"patient_id": f"{SECRET}-MRN", **other})
        film_id = self.worklist.receive(arrival).film_id
        claimed = self.worklist.claim()
        assert claimed is not None
        drawing = Drawing(phantom.points if hand else np.empty((0, 2)), {})
        said = self.reading(101.0, drawing=drawing, sex=phantom.sex, identity=Identity(patient_name=SECRET))
        said = replace(said, film=replace(said.film, study_date=str(other.get("study_date", "2024-05-01"))))
        assert self.worklist.answer(claimed, said)
        if months is not None:
            self.worklist.decide(film_id, said.uid, self.decided(said, Status.SIGNED, months, reason=SECRET), actor="jane")
        return film_id


@pytest.fixture(scope="module")
def hand() -> Phantom:
    return draw(100, Sex.FEMALE, seed=3, size=(400, 300))


@pytest.fixture
def site(
    migrated: Path,
    tmp_path: Path,
    arrival: Callable[..., Arrival],
    reading: Callable[..., Reading],
    decided: Callable[..., Reading],
) -> Site:
    shutil.copy(migrated, tmp_path / "site.sqlite")
    engine = open_engine(f"sqlite:///{tmp_path}/site.sqlite")
    return Site(engine, Worklist(engine), Spool(tmp_path / "spool"), tmp_path, arrival, reading, decided)


def told(path: Path) -> list[dict[str, str]]:
    with path.open(newline="") as lines:
        return list(csv.DictReader(lines))


def test_the_challenge_s_reader_reads_it(site: Site, hand: Phantom, tmp_path: Path) -> None:
    site.film(hand, 96.5)
    found = export(site.engine, site.spool, Wish(tmp_path / "out"), actor="x")
    (film,) = read_films(tmp_path / "out")
    assert (found.films, film.bone_age_months, film.sex) == (1, 96.5, Sex.FEMALE)
    ((_, image),) = iterate_images(tmp_path / "out", {film.id})
    assert image.shape == hand.size
    assert read(tmp_path / "out" / f"{film.id}.png").pixels.shape == hand.size
    (line,) = told(tmp_path / "out" / "films.csv")
    assert (line["id"], line["chronological_age_months"], line["sex"]) == (str(film.id), "120", "female")


@pytest.mark.parametrize("form", list(Form))
def test_nobody_is_in_it(site: Site, hand: Phantom, tmp_path: Path, form: Form) -> None:
    film_id = site.film(hand)
    export(site.engine, site.spool, Wish(tmp_path / "out", form=form), actor="x")
    files = list((tmp_path / "out").iterdir())
    assert len(files) == 3
    uid = pydicom.dcmread(tmp_path / "film.dcm").SOPInstanceUID
    for path in files:
        data = path.read_bytes()
        for word in (SECRET, film_id, uid, "PHANTOM", "2024-05-01", "20200615"):
            assert word.encode() not in data, (path.name, word)
            assert word not in path.name


@pytest.mark.parametrize("form", list(Form))
def test_the_hand_is_as_it_was_and_the_rest_is_one_gray(site: Site, hand: Phantom, tmp_path: Path, form: Form) -> None:
    site.film(hand)
    export(site.engine, site.spool, Wish(tmp_path / "out", form=form), actor="x")
    (path,) = (path for path in (tmp_path / "out").iterdir() if path.suffix != ".csv")
    before, after = read(tmp_path / "film.dcm").pixels, read(path).pixels
    outline = hand_outline(hand.points, hand.size)
    assert np.allclose(after[outline], before[outline], atol=2 / 65535)
    assert len(np.unique(after[~outline])) == 1
    assert not (hand.bones & ~outline).any()


def test_the_dicom_form_keeps_to_the_profile(site: Site, hand: Phantom, tmp_path: Path) -> None:
    site.film(hand)
    export(site.engine, site.spool, Wish(tmp_path / "out", form=Form.DICOM), actor="x")
    (path,) = (tmp_path / "out").glob("*.dcm")
    film, before = pydicom.dcmread(path), pydicom.dcmread(tmp_path / "film.dcm")
    assert film.PatientIdentityRemoved == "YES"
    assert [item.CodeValue for item in film.DeidentificationMethodCodeSequence] == ["113100", "113107", "113108"]
    assert not [one for one in film if one.tag.is_private]
    assert not {name: film.get(name) for name in EMPTIED if film.get(name)}
    for name in ("SOPInstanceUID", "StudyInstanceUID", "SeriesInstanceUID", "PatientID", "StudyDate"):
        assert film[name].value != before[name].value
    assert (film.PatientSex, film.PatientAge) == ("F", "120M")
    if (program := shutil.which("dciodvfy")) is not None:
        done = subprocess.run([program, str(path)], capture_output=True, text=True, check=False)
        assert "Error" not in done.stderr, done.stderr


def test_a_child_stays_one_child_and_its_visits_keep_their_distance(site: Site, hand: Phantom, tmp_path: Path) -> None:
    for number, day in (("1", "2024-01-31"), ("1", "2025-01-31"), ("2", "2024-01-31"), ("", "2024-01-31"), ("", "2024-01-31")):
        site.film(hand, patient_id=number, study_date=day)
    export(site.engine, site.spool, Wish(tmp_path / "out"), actor="x")
    children: dict[str, list[date]] = {}
    for line in told(tmp_path / "out" / "films.csv"):
        children.setdefault(line["child"], []).append(date.fromisoformat(line["day"]))
    assert sorted(map(len, children.values())) == [1, 1, 1, 2]
    (visits,) = (sorted(days) for days in children.values() if len(days) == 2)
    assert (visits[1] - visits[0]).days == 366
    assert all(min(days) < date(2024, 1, 31) for days in children.values())  # the lines stand in a random order


def test_ids_are_new_each_time_and_the_mapping_is_only_there_on_demand(site: Site, hand: Phantom, tmp_path: Path) -> None:
    film_id = site.film(hand)
    export(site.engine, site.spool, Wish(tmp_path / "one"), actor="x")
    mapping = tmp_path / "mapping.csv"
    export(site.engine, site.spool, Wish(tmp_path / "two", mapping=mapping), actor="x")
    (line,) = told(mapping)
    assert (line["film"], line["patient_id"]) == (film_id, f"{SECRET}-MRN")
    assert line["id"] == told(tmp_path / "two" / LABELS)[0]["id"] != told(tmp_path / "one" / LABELS)[0]["id"]
    assert stat.S_IMODE(mapping.stat().st_mode) == 0o600
    assert not list((tmp_path / "two").glob("*mapping*"))


def test_what_cannot_be_blanked_or_is_not_signed_stays_at_home(site: Site, hand: Phantom, tmp_path: Path) -> None:
    site.film(hand)
    site.film(hand, hand=False)
    site.film(hand, None)
    gone = site.film(hand)
    film = site.worklist.film(gone)
    assert film is not None
    site.spool.remove(film.file)
    found = export(site.engine, site.spool, Wish(tmp_path / "out"), actor="x")
    assert found.films == 1
    assert dict(found.left_out) == {LeftOut.NO_HAND: 1, LeftOut.UNREADABLE: 1}


def test_each_export_stands_in_the_audit_trail(site: Site, hand: Phantom, tmp_path: Path) -> None:
    site.film(hand)
    export(site.engine, site.spool, Wish(tmp_path / "out", first=date(2020, 1, 1)), actor="command line")
    lines = [one for one in events(site.engine) if one.action in (BEGUN, DONE)]
    assert [(one.actor, one.action) for one in lines] == [("command line", BEGUN), ("command line", DONE)]
    assert lines[1].detail["films"] == 1
    assert lines[1].detail["from"] == "2020-01-01"
    assert SECRET not in str(lines)


def test_days_of_receipt_choose(site: Site, hand: Phantom, tmp_path: Path) -> None:
    site.film(hand)
    today = events(site.engine)[0].at.date()
    assert export(site.engine, site.spool, Wish(tmp_path / "a", first=today, last=today), actor="x").films == 1
    before = today.replace(year=today.year - 1)
    assert export(site.engine, site.spool, Wish(tmp_path / "b", last=before), actor="x").films == 0


@pytest.mark.parametrize("wrong", ["days", "inside", "there", "full"])
def test_a_wrong_wish_writes_nothing(site: Site, hand: Phantom, tmp_path: Path, wrong: str) -> None:
    out = tmp_path / "out"
    wish = Wish(out)
    if wrong == "days":
        wish = Wish(out, first=date(2025, 1, 2), last=date(2025, 1, 1))
    elif wrong == "inside":
        wish = Wish(out, mapping=out / "more" / ".." / "mapping.csv")
    elif wrong == "there":
        wish = Wish(out, mapping=tmp_path / "site.sqlite")
    else:
        out.mkdir()
        (out / "other.txt").write_text("mine")
    with pytest.raises(BoneAgeError):
        export(site.engine, site.spool, wish, actor="x")
    assert not [one for one in events(site.engine) if one.action == BEGUN]


def test_ids_never_meet() -> None:
    strangers = Strangers(draw=lambda below: next(numbers) % below)
    numbers = iter([5, 5, 6, 7, 8, 9])
    assert [strangers.film(), strangers.film()] == [10**8 + 5, 10**8 + 6]
