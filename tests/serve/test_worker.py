"""The worker: every film gets one reading, whatever the film is; what is no plain refusal frees the film and is raised."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import films
import numpy as np
import pytest
from sqlalchemy import Engine

from boneage.errors import BoneAgeError, Kind
from boneage.pipeline import settle_sex
from boneage.serve.intake import Given, Intake
from boneage.serve.mapping import DEFAULT
from boneage.serve.settings import CStore, Send, Stow
from boneage.serve.spool import Spool
from boneage.serve.states import Origin, State
from boneage.serve.store.outbox import Outbox
from boneage.serve.store.records import Errand, Film
from boneage.serve.store.worklist import Worklist
from boneage.serve.worker import MOST_ATTEMPTS, Worker, errands_of, new_uid
from boneage.systems import REFERENCE, System
from boneage.types import Assessment, Estimate, Identity, Prepared, Radiograph, Sex, SexSource

CHILD = {"PatientSex": "F", "PatientBirthDate": "20140501", "StudyDate": "20240501", "Modality": "DX", "BodyPartExamined": "HAND"}
PACS = CStore(kind="c-store", name="pacs", ae_title="PACS", host="127.0.0.1", port=104, formats=("sr", "sc"))
WEB = Stow(kind="stow", name="web", url="https://pacs.example", formats=("sr",))


def quick(radiograph: Radiograph, system: System, sex: Sex | None) -> Assessment:
    """An answer without networks; sexes are settled as they always are."""
    (settled,), source, flags = settle_sex(radiograph, sex, system)
    estimate = Estimate(settled, 100.0, (90.0, 110.0), 0.9, 5.0, np.full(240, 1 / 240))
    return Assessment(radiograph, Prepared((), ()), (estimate,), source, system.name, system.weights, flags, 0.01)


@pytest.fixture
def intake(worklist: Worklist, tmp_path: Path) -> Intake:
    return Intake(Spool(tmp_path / "spool"), worklist, DEFAULT)


@pytest.fixture
def worker(intake: Intake) -> Worker:
    return Worker(intake.worklist, intake.spool, REFERENCE, (PACS, WEB), Send.ON_SIGN, intake.worklist.clock, quick)


def take(intake: Intake, data: bytes, given: Given | None = None) -> str:
    return intake.take(data, origin=Origin.UPLOAD, sender="reader", given=given).film_id


def only(worklist: Worklist, film_id: str) -> Film:
    film = worklist.film(film_id)
    assert film is not None
    return film


def test_a_film_is_read(intake: Intake, worker: Worker) -> None:
    film_id = take(intake, films.film(**CHILD))
    assert worker.step()
    assert not worker.step()
    film, (reading,) = only(worker.worklist, film_id), worker.worklist.versions(film_id)
    assert (film.state, film.bone_age_months, film.reading_uid) == (State.READ, 100.0, reading.uid)
    assert (reading.sex, reading.sex_source, reading.predecessor) == (Sex.FEMALE, SexSource.HEADER, None)
    assert reading.identity.patient_id == "PAT-4711"
    assert reading.chronological_age_months == pytest.approx(120, abs=0.05)


def test_what_was_said_of_a_picture_stands_in_its_reading(intake: Intake, worker: Worker) -> None:
    given = Given(Identity(patient_id="P1", birth_date="2014-05-01"), "2024-05-01", Sex.MALE, 140.0)
    film_id = take(intake, films.png(films.stored(8)), given)
    worker.step()
    (reading,) = worker.worklist.versions(film_id)
    assert (reading.identity, reading.film.study_date) == (given.identity, "2024-05-01")
    assert (reading.sex, reading.sex_source, reading.height_cm) == (Sex.MALE, SexSource.OPTION, 140.0)
    assert reading.chronological_age_months == pytest.approx(120, abs=0.05)


def test_the_age_that_a_header_states_is_kept_without_any_identity(intake: Intake, worker: Worker) -> None:
    data = films.film(PatientAge="120M", PatientSex="M", PatientName="", PatientID="", SOPInstanceUID="1.2.3.4.5.900000")
    data = data.replace(b"1.2.3.4.5.900000", b" " * 16)
    film_id = take(intake, data)
    worker.step()
    assert worker.worklist.versions(film_id)[0].chronological_age_months == 120


def test_a_refusal_is_kept_with_what_is_known(intake: Intake, worker: Worker) -> None:
    unsexed = {**CHILD, "PatientSex": ""}
    known, unknown, broken = (
        take(intake, films.film(**CHILD)),
        take(intake, films.film(**unsexed)),
        take(intake, b"\x89PNG\r\n\x1a\nx"),
    )

    def no_hand(radiograph: Radiograph, system: System, sex: Sex | None) -> Assessment:
        quick(radiograph, system, sex)
        raise BoneAgeError(Kind.NO_HAND, came="a foot", expected="a hand", todo="Take another.")

    refusing = replace(worker, ask=no_hand)
    while refusing.step():
        pass
    first, second, third = (worker.worklist.versions(one)[0] for one in (known, unknown, broken))
    kinds = [one.refusal.kind for one in (first, second, third) if one.refusal]
    assert kinds == [Kind.NO_HAND, Kind.SEX_UNKNOWN, Kind.TRUNCATED] or kinds[:2] == [Kind.NO_HAND, Kind.SEX_UNKNOWN]
    assert (first.sex_source, first.film.size, first.identity.patient_id) == (SexSource.HEADER, (120, 90), "PAT-4711")
    assert second.sex is None
    assert {only(worker.worklist, one).state for one in (known, unknown, broken)} == {State.REFUSED}


def test_a_correction_is_read_anew_and_names_what_it_replaces(intake: Intake, worker: Worker) -> None:
    film_id = take(intake, films.film(**{**CHILD, "PatientSex": ""}))
    worker.step()
    worker.worklist.correct(film_id, sex=Sex.MALE, height_cm=141.0, actor="reader")
    worker.step()
    first, second = worker.worklist.versions(film_id)
    assert first.estimate is None
    assert (second.predecessor, second.sex, second.sex_source, second.height_cm) == (first.uid, Sex.MALE, SexSource.OPTION, 141.0)
    worker.worklist.correct(film_id, sex=None, height_cm=None, actor="reader")
    worker.step()
    assert worker.worklist.versions(film_id)[2].predecessor == second.uid


@pytest.mark.parametrize(("send", "count"), [(Send.ON_SIGN, 0), (Send.ON_READ, 3)])
def test_when_results_leave(engine: Engine, intake: Intake, worker: Worker, send: Send, count: int) -> None:
    film_id = take(intake, films.film(**CHILD))
    refused = take(intake, films.film(**{**CHILD, "PatientSex": ""}))
    sending = replace(worker, send=send)
    while sending.step():
        pass
    outbox = Outbox(engine)
    assert len(outbox.of(film_id)) == count
    assert outbox.of(refused) == []
    assert errands_of((PACS, WEB)) == (Errand("pacs", "sr"), Errand("pacs", "sc"), Errand("web", "sr"))


def test_a_film_on_which_workers_end_is_refused_after_some(intake: Intake, worker: Worker, clock: Any) -> None:
    bad = take(intake, films.film(**CHILD))
    clock.go(seconds=1)
    good = take(intake, films.film(**CHILD))

    def ends(radiograph: Radiograph, system: System, sex: Sex | None) -> Assessment:
        if radiograph.identity.sop_uid == only(worker.worklist, bad).identity.sop_uid:
            raise RuntimeError("ours to mend")
        return quick(radiograph, system, sex)

    ending = replace(worker, ask=ends)
    outcomes = []
    for _ in range(MOST_ATTEMPTS + 3):
        try:
            outcomes.append(ending.step())
        except RuntimeError:
            outcomes.append(None)
    assert outcomes == [None, True, None, None, True, False]
    assert only(worker.worklist, good).state is State.READ
    (reading,) = worker.worklist.versions(bad)
    assert reading.refusal is not None
    assert reading.refusal.kind is Kind.INTERNAL


def test_a_correction_while_a_worker_reads_wins(intake: Intake, worker: Worker) -> None:
    film_id = take(intake, films.film(**{**CHILD, "PatientSex": "M"}))

    def slow(radiograph: Radiograph, system: System, sex: Sex | None) -> Assessment:
        worker.worklist.correct(film_id, sex=Sex.FEMALE, height_cm=None, actor="reader")
        return quick(radiograph, system, sex)

    replace(worker, ask=slow).step()
    assert only(worker.worklist, film_id).state is State.WAITING
    worker.step()
    assert [reading.sex for reading in worker.worklist.versions(film_id)] == [Sex.FEMALE]


def test_uids_differ_and_are_valid() -> None:
    uids = {new_uid() for _ in range(100)}
    assert len(uids) == 100
    assert all(uid.startswith("2.25.") and len(uid) <= 64 for uid in uids)
