"""The one door: file, then line, then the sender is told; what comes twice is there once, what is found is adopted."""

from __future__ import annotations

import resource
import sys
import time
from pathlib import Path
from typing import Any

import films
import pytest
from sqlalchemy import Engine

from boneage.errors import BoneAgeError, Kind
from boneage.serve.intake import Given, Intake, age_months
from boneage.serve.mapping import DEFAULT
from boneage.serve.spool import Spool
from boneage.serve.states import Origin, State
from boneage.serve.store.audit import events
from boneage.serve.store.worklist import Wanted, Worklist
from boneage.types import Identity, Sex

EVERY = Wanted(states=frozenset(State))
CHILD = {"PatientSex": "F", "PatientBirthDate": "20140501", "StudyDate": "20240501", "Modality": "DX"}


@pytest.fixture
def intake(worklist: Worklist, tmp_path: Path) -> Intake:
    return Intake(Spool(tmp_path / "spool"), worklist, DEFAULT)


def in_spool(intake: Intake) -> list[str]:
    return sorted(path.name for path in intake.spool.folder.iterdir())


def test_a_dicom_film(intake: Intake) -> None:
    data = films.film(BodyPartExamined="HAND", Manufacturer="ACME", ManufacturerModelName="X1", AccessionNumber="A1", **CHILD)
    received = intake.take(data, origin=Origin.STORED, sender="MODALITY")
    film = intake.worklist.film(received.film_id)
    assert film is not None
    assert received.new
    assert intake.spool.read(film.file) == data
    assert (film.state, film.sex, film.study_date, film.scanner) == (State.WAITING, Sex.FEMALE, "2024-05-01", "ACME X1")
    who = film.identity
    assert (who.patient_name, who.patient_id, who.birth_date, who.accession_number) == (
        "Doe^Jane",
        "PAT-4711",
        "2014-05-01",
        "A1",
    )


def test_what_the_sender_says_of_a_picture(intake: Intake) -> None:
    data = films.png(films.stored(8))
    given = Given(Identity(patient_name="A^B", birth_date="2015-01-31"), "2024-02-29", Sex.MALE, 120.0)
    film = intake.worklist.film(intake.take(data, origin=Origin.UPLOAD, sender="reader", given=given).film_id)
    assert film is not None
    assert (film.identity, film.study_date, film.sex, film.height_cm) == (given.identity, "2024-02-29", Sex.MALE, 120.0)


def test_a_header_wins_over_what_is_said_but_for_the_sex(intake: Intake) -> None:
    given = Given(Identity(patient_name="OTHER", patient_id="OTHER"), "2020-01-01", Sex.MALE)
    film = intake.worklist.film(intake.take(films.film(**CHILD), origin=Origin.UPLOAD, sender="reader", given=given).film_id)
    assert film is not None
    assert (film.identity.patient_id, film.study_date, film.sex) == ("PAT-4711", "2024-05-01", Sex.MALE)


def test_the_same_film_again(intake: Intake) -> None:
    data = films.film(**CHILD)
    first = intake.take(data, origin=Origin.STORED, sender="A")
    again = intake.take(data, origin=Origin.PULLED, sender="B")
    assert (again.film_id, again.new) == (first.film_id, False)
    assert in_spool(intake) == [first.file]


@pytest.mark.parametrize("origin", Origin)
def test_what_is_not_bone_age_is_left_alone_unless_somebody_gives_it(intake: Intake, origin: Origin) -> None:
    data = films.film(BodyPartExamined="CHEST", **CHILD)
    film = intake.worklist.film(intake.take(data, origin=origin, sender="x").film_id)
    assert film is not None
    assert film.state is (State.LEFT_ALONE if origin in (Origin.STORED, Origin.PULLED) else State.WAITING)


@pytest.mark.parametrize("data", [b"", b"hello", b"%PDF-1.4", b"PK\3\4" + b"x" * 500, b"\0" * 128 + b"DICM" + b"\xff" * 40])
def test_what_is_no_film_is_refused_and_leaves_nothing(engine: Engine, intake: Intake, data: bytes) -> None:
    with pytest.raises(BoneAgeError):
        intake.take(data, origin=Origin.STORED, sender="x")
    assert in_spool(intake) == []
    assert events(engine) == []


@pytest.mark.parametrize("wrong", ["yesterday", "20240131", "2024-02-30", "2024-W05-5", "2024-01-31T00:00", "0000-00-00", " "])
def test_dates_that_are_none(wrong: str) -> None:
    for given in ({"study_date": wrong}, {"identity": Identity(birth_date=wrong)}):
        with pytest.raises(BoneAgeError) as caught:
            Given(**given)  # type: ignore[arg-type]
        assert caught.value.kind is Kind.BAD_OPTION
        assert wrong.strip() == "" or wrong not in str(caught.value)


@pytest.mark.parametrize("height", [0.0, -1.0, 1.4, 1400.0, float("nan"), float("inf")])
def test_heights_that_are_none(height: float) -> None:
    with pytest.raises(BoneAgeError, match="height"):
        Given(height_cm=height)


def test_nothing_of_the_child_is_in_a_repr(intake: Intake) -> None:
    given = Given(Identity("SECRET^NAME", "SECRET-ID", birth_date="2015-01-31"))
    film = intake.worklist.film(intake.take(films.png(films.stored(8)), origin=Origin.UPLOAD, sender="r", given=given).film_id)
    assert "SECRET" not in repr((given, film, intake))
    assert "2015" not in repr((given, film))


def test_a_line_follows_its_file(intake: Intake, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: Any) -> None:
        raise OSError("no space")

    monkeypatch.setattr(Spool, "put", fail)
    with pytest.raises(OSError, match="no space"):
        intake.take(films.film(**CHILD), origin=Origin.STORED, sender="x")
    assert intake.worklist.files() == set()


def test_a_film_whose_server_was_killed_is_adopted(engine: Engine, intake: Intake) -> None:
    data = films.film(BodyPartExamined="HAND", **CHILD)
    kept = intake.spool.put(data)
    assert intake.adopt() == 1
    (film,), _ = intake.worklist.page(EVERY)
    assert (film.file, film.sender, film.state) == (kept.name, "recovered", State.WAITING)
    assert intake.adopt() == 0
    assert not intake.take(data, origin=Origin.STORED, sender="x").new
    assert in_spool(intake) == [kept.name]
    assert [event.action for event in events(engine)] == ["receive"]


def test_what_is_here_already_or_was_never_promised_is_not_adopted(intake: Intake) -> None:
    data = films.film(**CHILD)
    first = intake.take(data, origin=Origin.STORED, sender="x")
    for orphan in (data, films.png(films.stored(8)), b"no film"):
        intake.spool.put(orphan)
    assert intake.adopt() == 0
    assert in_spool(intake) == [first.file]


def test_ages() -> None:
    assert age_months("2014-05-01", "2024-05-01") == pytest.approx(120, abs=0.05)
    assert age_months("2024-05-01", "2014-05-01") is None
    assert age_months("", "2024-05-01") is None
    assert age_months("2014-05-01", None) is None


@pytest.mark.parametrize("url", ["sqlite"], indirect=True)
def test_memory_stays_flat(intake: Intake, monkeypatch: pytest.MonkeyPatch) -> None:
    """2,000 small films; how fast is printed. The disk's own syncing is left out: it is not memory."""
    monkeypatch.setattr("os.fsync", lambda number: None)
    raw = intake.worklist.engine.raw_connection()  # the one of this thread
    raw.cursor().execute("PRAGMA synchronous=OFF")
    raw.close()
    blank = films.film(BodyPartExamined="HAND", SOPInstanceUID="1.2.3.4.5.900000", **CHILD)

    def some(numbers: range) -> int:
        for number in numbers:
            intake.take(blank.replace(b"1.2.3.4.5.900000", f"1.2.3.4.5.{number:06}".encode()), origin=Origin.STORED, sender="x")
        return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss

    began, warm = time.perf_counter(), some(range(100000, 100300))
    grown = some(range(100300, 102000)) - warm
    sys.stdout.write(f"{2000 / (time.perf_counter() - began):.0f} films a second, {grown} KiB more\n")
    assert intake.worklist.page(EVERY)[1] == 2000
    assert grown < 8 * 1024
