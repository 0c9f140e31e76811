"""The puller's memory: what came is not asked for again, what did not come is, and one bad study does not stop the others."""

from __future__ import annotations

import io
import threading
from collections.abc import Callable, Sequence
from datetime import timedelta
from typing import Any

import pytest
from pydicom.dataset import Dataset
from pydicom.uid import generate_uid

from boneage.serve.dicom.asking import Asked, Settle
from boneage.serve.dicom.entity import ArchiveError
from boneage.serve.dicom.network import Network
from boneage.serve.dicom.pull import FIRST_AGAIN, Puller
from boneage.serve.intake import Intake
from boneage.serve.retention import forget
from boneage.serve.settings import DicomSource, Settings
from boneage.serve.site import open_site
from boneage.serve.states import Origin, State
from boneage.serve.store.pulled import Pulled

KEYS = ("StudyInstanceUID", "SeriesInstanceUID", "SOPInstanceUID", "SOPClassUID", "Modality", "BodyPartExamined")


class Archive:
    """Tells of the films that it has, and gives those that it can."""

    def __init__(self, intake: Intake) -> None:
        self.intake = intake
        self.films: list[Dataset] = []
        self.gives: Callable[[Dataset], bool] = lambda film: True
        self.counts = True
        self.bad: set[str] = set()  # studies that raise
        self.asked_for: list[str] = []
        self.looked_at = 0

    def studies(self, asked: Asked) -> list[Dataset]:
        found: dict[str, Dataset] = {}
        for film in self.films:
            study = found.setdefault(film.StudyInstanceUID, Dataset())
            study.StudyInstanceUID, study.ModalitiesInStudy = film.StudyInstanceUID, [film.Modality]
            if self.counts:
                study.NumberOfStudyRelatedInstances = int(study.get("NumberOfStudyRelatedInstances", 0)) + 1
        return list(found.values())

    def images(self, study: Dataset, may: Callable[[Dataset], bool]) -> list[Dataset]:
        self.looked_at += 1
        if study.StudyInstanceUID in self.bad:
            raise ArchiveError("an archive that refused the query with status 0xC001", away=False)
        told = []
        for film in self.films:
            image = Dataset()
            for keyword in KEYS:
                setattr(image, keyword, film.get(keyword))
            if film.StudyInstanceUID == study.StudyInstanceUID and may(image):
                told.append(image)
        return told

    def fetch(self, images: Sequence[Dataset], settle: Settle) -> None:
        wanted = {str(image.SOPInstanceUID) for image in images}
        self.asked_for += sorted(wanted)
        for film in self.films:
            if film.SOPInstanceUID in wanted and self.gives(film):
                file = io.BytesIO()
                film.save_as(file, enforce_file_format=True)
                self.intake.take(file.getvalue(), origin=Origin.PULLED, sender="archive")
                settle(str(film.SOPInstanceUID))


@pytest.fixture
def archive(intake: Intake) -> Archive:
    return Archive(intake)


@pytest.fixture
def puller(archive: Archive, intake: Intake, clock: Any) -> Puller:
    settings = DicomSource(kind="dimse", name="archive", ae_title="A", host="127.0.0.1", port=104, poll_seconds=30)
    return Puller(settings, archive, intake.mapping, Pulled(intake.worklist.engine, clock), clock=clock)


def test_a_study_that_did_not_change_is_not_looked_at_again(puller: Puller, archive: Archive, small: Any) -> None:
    archive.films = [small(), small()]
    assert puller.poll() == 2
    looked = archive.looked_at
    assert puller.poll() == 0
    assert archive.looked_at == looked
    archive.films.append(small(StudyInstanceUID=archive.films[0].StudyInstanceUID))
    assert puller.poll() == 1
    assert archive.looked_at == looked + 1


def test_an_archive_that_tells_no_number_is_looked_through_but_not_asked_twice(
    puller: Puller, archive: Archive, small: Any
) -> None:
    archive.counts = False
    archive.films = [small()]
    assert [puller.poll(), puller.poll()] == [1, 0]
    archive.films.append(small(StudyInstanceUID=archive.films[0].StudyInstanceUID))
    assert puller.poll() == 1
    assert sorted(archive.asked_for) == sorted(str(film.SOPInstanceUID) for film in archive.films)


def test_a_film_that_is_here_in_another_way_is_not_asked_for(puller: Puller, archive: Archive, small: Any) -> None:
    archive.films = [small()]
    archive.fetch(archive.films, lambda uid: None)
    archive.asked_for.clear()
    assert puller.poll() == 0
    assert archive.asked_for == []


def test_what_was_deleted_by_age_is_not_pulled_again_but_can_be_asked_for(
    puller: Puller, archive: Archive, intake: Intake, small: Any, clock: Any
) -> None:
    archive.films = [small(BodyPartExamined="HAND")]
    assert puller.poll() == 1
    line = intake.worklist.claim()
    assert line is not None
    from sqlalchemy import update

    from boneage.serve.store import schema

    with intake.worklist.engine.begin() as connection:  # as if it had been read
        connection.execute(update(schema.films).values(state=State.READ.value, claim=None, claimed_until=None))
    assert forget(intake.worklist, intake.spool, line.received_at + timedelta(days=1)) == 1
    again = Puller(puller.settings, archive, intake.mapping, puller.pulled, clock=clock)  # after a restart
    assert again.poll() == 0
    assert again.ask("A1") == 1


def test_a_film_that_does_not_come_is_asked_for_again_later_and_later(
    puller: Puller, archive: Archive, small: Any, clock: Any
) -> None:
    archive.films = [small()]
    archive.gives = lambda film: False
    for _ in range(3):
        assert puller.poll() == 0
    assert len(archive.asked_for) == 1  # not at every poll
    clock.go(seconds=FIRST_AGAIN.total_seconds())
    puller.poll()
    assert len(archive.asked_for) == 2
    clock.go(seconds=FIRST_AGAIN.total_seconds())
    puller.poll()
    assert len(archive.asked_for) == 2  # twice as long
    clock.go(hours=1)
    archive.gives = lambda film: True
    assert puller.poll() == 1


def test_one_study_that_cannot_be_had_does_not_stop_the_others(puller: Puller, archive: Archive, small: Any) -> None:
    archive.films = [small(), small()]
    archive.bad = {archive.films[0].StudyInstanceUID}
    assert puller.poll() == 1
    assert "0xC001" in puller.last_error
    archive.bad = set()
    assert puller.poll() == 1
    assert puller.last_error == ""


def test_two_copies_of_an_answer_are_one_film(puller: Puller, archive: Archive, intake: Intake, small: Any) -> None:
    film = small()
    archive.films = [film, film]
    assert puller.poll() == 1
    assert archive.asked_for == [film.SOPInstanceUID]


@pytest.mark.parametrize("error", [ArchiveError("away", away=True), OSError(), AttributeError("Secret^Sarah")])
def test_the_thread_outlasts_every_error_and_names_nobody(
    puller: Puller, archive: Archive, error: Exception, caplog: pytest.LogCaptureFixture
) -> None:
    failed = threading.Event()

    def broken(asked: Asked) -> list[Dataset]:
        failed.set()
        raise error

    archive.studies = broken  # type: ignore[method-assign]
    stop = threading.Event()
    thread = threading.Thread(target=puller.run, args=(stop,))
    thread.start()
    assert failed.wait(10)
    stop.set()
    thread.join(10)
    assert not thread.is_alive()
    assert "Secret" not in caplog.text + puller.last_error
    assert puller.last_error


def test_the_network_starts_and_stops(tmp_path: Any) -> None:
    site = open_site(Settings.model_validate({"folder": tmp_path / "site", "listener": {"port": 0}}))
    network = Network(site)
    network.start()
    assert network.listener is not None
    assert network.listener.port > 0
    network.stop()
    site.engine.dispose()


def test_pulled_is_remembered_once(intake: Intake, clock: Any) -> None:
    pulled, uids = Pulled(intake.worklist.engine, clock), [generate_uid() for _ in range(1200)]
    pulled.remember("one", uids)
    pulled.remember("one", uids)
    assert pulled.known("one", uids) == set(uids)
    assert pulled.known("two", uids) == set()
    assert pulled.here(uids) == set()
    clock.go(days=3)
    pulled.forget(clock.now - timedelta(days=1))
    assert pulled.known("one", uids) == set()
