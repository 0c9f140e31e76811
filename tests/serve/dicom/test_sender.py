"""The sender: what the archive says decides what becomes of a delivery, and no reason names a patient."""

from __future__ import annotations

import io
import threading
from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any

import pytest
from pydicom import dcmread
from pydicom.dataset import Dataset
from pydicom.uid import ComputedRadiographyImageStorage, CTImageStorage
from pynetdicom import AE, evt

from boneage.report.language import Language
from boneage.report.reading import Reading
from boneage.serve.dicom.archives import StoreArchive
from boneage.serve.dicom.entity import ArchiveError
from boneage.serve.dicom.sender import Make, Sender
from boneage.serve.intake import Intake
from boneage.serve.kept_maps import NotYet
from boneage.serve.pictures import Pictures
from boneage.serve.reports import Reports
from boneage.serve.settings import CStore
from boneage.serve.spool import Spool
from boneage.serve.states import Origin
from boneage.serve.store.outbox import Outbox
from boneage.serve.store.records import Errand, Film, Handover
from boneage.systems import REFERENCE

TITLE = "ARCHIVE"


def as_it_came(spool: Spool) -> Make:
    """Instead of a report, the film itself."""
    return lambda film, reading, what: [dcmread(io.BytesIO(spool.read(film.file)))]


@pytest.fixture
def archive() -> Iterator[Any]:
    """An archive that answers as it is told."""

    class Scp:
        status: Any = 0x0000
        stored: list[str] = []  # noqa: RUF012

        def start(self, port: int = 0) -> int:
            ae = AE(TITLE)
            ae.require_called_aet = True
            ae.add_supported_context(ComputedRadiographyImageStorage)
            ae.add_supported_context("1.2.840.10008.1.1")
            self.server: Any = ae.start_server(("127.0.0.1", port), block=False, evt_handlers=[(evt.EVT_C_STORE, self.store)])
            return int(self.server.server_address[1])

        def store(self, event: Any) -> int:
            if self.status == "abort":
                event.assoc.abort()
                return 0xC000
            if self.status in (0x0000, 0xB000, 0xB006, 0xB007):
                self.stored.append(str(event.request.AffectedSOPInstanceUID))
            return int(self.status)

    scp = Scp()
    scp.stored = []
    scp.port = scp.start()  # type: ignore[attr-defined]
    yield scp
    scp.server.shutdown()


@pytest.fixture
def sender(intake: Intake, archive: Any) -> Sender:
    settings = CStore(kind="c-store", name="archive", ae_title=TITLE, host="127.0.0.1", port=archive.port)
    outbox = Outbox(intake.worklist.engine)
    return Sender("archive", StoreArchive(settings, "BONEAGE"), outbox, intake.worklist, as_it_came(intake.spool))


@pytest.fixture
def due(intake: Intake, reading: Callable[..., Reading], small: Callable[..., Dataset]) -> Callable[..., tuple[str, str]]:
    """A film that was read and whose report is to be sent: its id, and the film's SOP instance UID."""

    def make(film: Dataset | bytes | None = None) -> tuple[str, str]:
        one = film or small(PatientName="Secret^Sarah", PatientID="SECRET-1")
        if isinstance(one, Dataset):
            file = io.BytesIO()
            one.save_as(file, enforce_file_format=True)
            data = file.getvalue()
        else:
            data = one
        intake.take(data, origin=Origin.UPLOAD, sender="greta")
        line = intake.worklist.claim()
        assert line is not None
        intake.worklist.answer(line, replace(reading(), identity=line.identity), [Errand("archive", "sr")])
        return line.id, line.identity.sop_uid

    return make


@pytest.mark.parametrize("status", [0x0000, 0xB000, 0xB006, 0xB007, 0x0111])
def test_stored_with_or_without_warning_is_delivered(
    sender: Sender, archive: Any, due: Callable[..., tuple[str, str]], status: int
) -> None:
    film_id, sop_uid = due()
    archive.status = status
    assert sender.step()
    (delivery,) = sender.outbox.of(film_id)
    assert delivery.state is Handover.DONE
    assert archive.stored == ([] if status == 0x0111 else [sop_uid])
    assert not sender.step()


@pytest.mark.parametrize("status", [0xA700, 0xA900, 0xC000, 0x0122, 0x0124])
def test_a_refusal_is_kept_with_its_status_and_tried_again(
    sender: Sender, archive: Any, due: Callable[..., tuple[str, str]], status: int
) -> None:
    film_id, _ = due()
    archive.status = status
    sender.step()
    (delivery,) = sender.outbox.of(film_id)
    assert (delivery.state, delivery.attempts) == (Handover.DUE, 1)
    assert f"0x{status:04X}" in delivery.last_error
    assert not sender.away
    assert "Secret" not in delivery.last_error
    assert "SECRET" not in delivery.last_error


def test_a_kind_that_the_archive_does_not_take_is_named(
    sender: Sender, due: Callable[..., tuple[str, str]], small: Callable[..., Dataset]
) -> None:
    film_id, _ = due(small(SOPClassUID=CTImageStorage))
    sender.step()
    (delivery,) = sender.outbox.of(film_id)
    assert "takes none" in delivery.last_error
    assert not sender.away


def test_while_the_archive_is_away_nothing_else_is_tried_and_then_all_goes(
    sender: Sender, archive: Any, due: Callable[..., tuple[str, str]]
) -> None:
    films = [due()[0] for _ in range(3)]
    archive.server.shutdown()
    assert not sender.step()
    assert sender.away
    for _ in range(3):
        assert not sender.step()
    assert [sender.outbox.of(film)[0].attempts for film in films] == [1, 0, 0]
    archive.start(archive.port)
    while sender.step():
        pass
    assert [sender.outbox.of(film)[0].state for film in films] == [Handover.DONE] * 3
    assert len(set(archive.stored)) == len(archive.stored) == 3


def test_an_abort_while_sending_counts_as_away(sender: Sender, archive: Any, due: Callable[..., tuple[str, str]]) -> None:
    film_id, _ = due()
    archive.status = "abort"
    sender.step()
    assert sender.away
    assert sender.outbox.of(film_id)[0].state is Handover.DUE


def test_another_called_title_is_told(archive: Any) -> None:
    wrong = CStore(kind="c-store", name="archive", ae_title="WRONG", host="127.0.0.1", port=archive.port)
    with pytest.raises(ArchiveError, match="rejects"):
        StoreArchive(wrong, "BONEAGE").send([replace_class()])


def replace_class() -> Dataset:
    one = Dataset()
    one.SOPClassUID = ComputedRadiographyImageStorage
    return one


def test_a_host_without_an_address_is_away() -> None:
    nowhere = CStore(kind="c-store", name="archive", ae_title=TITLE, host="nowhere.invalid", port=104)
    with pytest.raises(ArchiveError) as told:
        StoreArchive(nowhere, "BONEAGE").send([replace_class()])
    assert told.value.away
    assert not StoreArchive(nowhere, "BONEAGE").answers()


def test_a_report_that_cannot_be_made_is_given_up(
    sender: Sender, intake: Intake, due: Callable[..., tuple[str, str]], girl: Any, tmp_path: Any
) -> None:
    from boneage.phantom import write_png

    film_id, _ = due(write_png(girl, tmp_path / "film.png").read_bytes())  # has no study to put a report in
    pictures = Pictures(intake.spool, tmp_path, REFERENCE)
    sender.make = Reports(pictures, intake.worklist, Language.ENGLISH).objects
    sender.step()
    (delivery,) = sender.outbox.of(film_id)
    assert delivery.state is Handover.GIVEN_UP
    assert delivery.last_error


def test_maps_that_are_being_made_keep_nothing_waiting(
    sender: Sender, archive: Any, due: Callable[..., tuple[str, str]], caplog: pytest.LogCaptureFixture
) -> None:
    whole = sender.make

    def waits(film: Film, reading: Reading, what: str) -> Any:
        if film.id == first:
            raise NotYet
        return whole(film, reading, what)

    (first, _), (second, sop_uid) = due(), due()
    sender.make = waits
    assert sender.step()
    assert sender.step()
    assert archive.stored == [sop_uid]
    (waiting,), (sent,) = sender.outbox.of(first), sender.outbox.of(second)
    assert (waiting.state, sent.state) == (Handover.DUE, Handover.DONE)
    assert waiting.last_error == "the sr is still being made"
    assert not caplog.text
    sender.make = whole
    sender.outbox.wake("archive")
    sender.step()
    assert sender.outbox.of(first)[0].state is Handover.DONE


def test_our_own_mistake_is_kept_by_its_type_alone(
    sender: Sender, due: Callable[..., tuple[str, str]], caplog: pytest.LogCaptureFixture
) -> None:
    def broken(film: Film, reading: Reading, what: str) -> list[Dataset]:
        raise ValueError("Secret^Sarah has no date")

    film_id, _ = due()
    sender.make = broken
    sender.step()
    (delivery,) = sender.outbox.of(film_id)
    assert delivery.last_error == "ValueError while the sr was made"
    assert "Secret" not in caplog.text


def test_the_thread_sends_and_stops(sender: Sender, archive: Any, due: Callable[..., tuple[str, str]]) -> None:
    stop = threading.Event()
    thread = threading.Thread(target=sender.run, args=(stop,))
    thread.start()
    film_id, _ = due()
    for _ in range(300):
        if sender.outbox.of(film_id)[0].state is Handover.DONE:
            break
        stop.wait(0.05)
    stop.set()
    thread.join(10)
    assert not thread.is_alive()
    assert sender.outbox.of(film_id)[0].state is Handover.DONE
