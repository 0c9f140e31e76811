"""The listener: what it takes is safe, what it refuses has the standard's own status, and nobody but known senders comes in."""

from __future__ import annotations

import logging
import socket
import threading
from collections.abc import Callable
from typing import Any

import pytest
from pydicom import dcmread
from pydicom.dataset import Dataset
from pydicom.uid import (
    MPEG2MPML,
    CTImageStorage,
    DeflatedExplicitVRLittleEndian,
    DigitalXRayImageStorageForPresentation,
    ExplicitVRBigEndian,
    ExplicitVRLittleEndian,
    ImplicitVRLittleEndian,
    JPEGLosslessSV1,
    JPEGLSLossless,
    RLELossless,
    generate_uid,
)
from pynetdicom import AE
from pynetdicom.sop_class import Verification
from sqlalchemy.exc import OperationalError

from boneage.errors import BoneAgeError
from boneage.read import read
from boneage.serve.dicom import taking
from boneage.serve.dicom.kinds import FILMS, SYNTAXES
from boneage.serve.dicom.listener import DicomListener
from boneage.serve.intake import Intake
from boneage.serve.settings import Listener
from boneage.serve.spool import Spool
from boneage.serve.states import Origin, State
from boneage.serve.store.worklist import Wanted, Worklist

ALL = Wanted(states=frozenset(State))
Small = Callable[..., Dataset]


def test_a_film_that_is_told_to_be_safe_is_in_spool_and_worklist(scu: Any, intake: Intake, small: Small) -> None:
    film = small()
    assert scu.store(film) == [0x0000]
    (kept,), count = intake.worklist.page(ALL)
    assert count == 1
    assert (kept.origin, kept.sender, kept.state) == (Origin.STORED, "SENDER", State.WAITING)
    assert kept.identity.sop_uid == film.SOPInstanceUID
    assert read(intake.spool.read(kept.file)).size == (film.Rows, film.Columns)


def test_the_same_film_again_is_a_success_and_nothing_new(scu: Any, intake: Intake, small: Small) -> None:
    film = small()
    assert scu.store(film, film) == [0x0000, 0x0000]
    assert intake.worklist.page(ALL)[1] == 1
    assert len(list(intake.spool.folder.iterdir())) == 1


def test_a_film_of_another_kind_is_kept_and_left_alone(scu: Any, intake: Intake, small: Small) -> None:
    assert scu.store(small(BodyPartExamined="CHEST")) == [0x0000]
    assert intake.worklist.page(ALL)[0][0].state is State.LEFT_ALONE


def test_our_own_captures_do_not_come_back_as_films(scu: Any, intake: Intake, small: Small) -> None:
    assert scu.store(small(Manufacturer="boneage project", ManufacturerModelName="boneage")) == [0x0000]
    assert intake.worklist.page(ALL)[0][0].state is State.LEFT_ALONE


@pytest.mark.parametrize(
    "syntax",
    [
        ExplicitVRLittleEndian,
        ImplicitVRLittleEndian,
        ExplicitVRBigEndian,
        DeflatedExplicitVRLittleEndian,
        RLELossless,
        JPEGLSLossless,
        JPEGLosslessSV1,
    ],
)
def test_a_film_comes_as_it_was_sent(scu: Any, intake: Intake, small: Small, syntax: str) -> None:
    film = small(syntax=syntax)
    assert scu.store(film) == [0x0000]
    data = intake.spool.read(intake.worklist.page(ALL)[0][0].file)
    assert data[128:132] == b"DICM"
    assert dcmread_syntax(data) == syntax
    if syntax in (ExplicitVRLittleEndian, RLELossless):
        assert read(data).size == (film.Rows, film.Columns)


def dcmread_syntax(data: bytes) -> str:
    import io

    return str(dcmread(io.BytesIO(data), stop_before_pixels=True).file_meta.TransferSyntaxUID)


def test_echo_answers(scu: Any) -> None:
    association = scu.associate((Verification, [ImplicitVRLittleEndian]))
    assert association.send_c_echo().Status == 0x0000
    association.release()


@pytest.mark.parametrize(("title", "called"), [("STRANGER", "BONEAGE"), ("SENDER", "OTHER")])
def test_strangers_and_wrong_numbers_are_rejected(scu: Any, title: str, called: str) -> None:
    scu.title, scu.called = title, called
    association = scu.associate((Verification, [ImplicitVRLittleEndian]))
    assert association.is_rejected
    assert association.acceptor.primitive.diagnostic == (0x03 if title == "STRANGER" else 0x07)


def test_without_accepted_titles_nobody_comes_in(intake: Intake) -> None:
    alone = DicomListener(Listener(port=0), intake)
    alone.start()
    try:
        ae = AE("SENDER")
        ae.add_requested_context(Verification)
        assert ae.associate("127.0.0.1", alone.port, ae_title="BONEAGE").is_rejected
    finally:
        alone.stop()


def test_other_kinds_and_syntaxes_are_refused_when_the_association_is_made(scu: Any) -> None:
    contexts = [(CTImageStorage, [ExplicitVRLittleEndian]), (FILMS[0], [MPEG2MPML]), (FILMS[1], [ExplicitVRLittleEndian])]
    association = scu.associate(*contexts)
    assert [one.abstract_syntax for one in association.accepted_contexts] == [FILMS[1]]
    assert {one.abstract_syntax: one.result for one in association.rejected_contexts} == {CTImageStorage: 3, FILMS[0]: 4}
    association.release()


def test_exact_pixels_are_chosen_before_lossy_ones(scu: Any) -> None:
    association = scu.associate((FILMS[0], list(reversed(SYNTAXES))))
    assert [one.transfer_syntax for one in association.accepted_contexts] == [[ExplicitVRLittleEndian]]
    association.release()


def test_every_class_and_syntax_is_accepted_by_itself(scu: Any) -> None:
    for film in FILMS:
        association = scu.associate(*((film, [syntax]) for syntax in SYNTAXES))
        assert [one.transfer_syntax[0] for one in association.accepted_contexts] == list(SYNTAXES)
        association.release()


def sent_under(scu: Any, film: Dataset, sop_class: str, sop_uid: str) -> int:
    """Status of a request that names a class and an instance, whatever the data set says."""
    from io import BytesIO

    from pynetdicom.dimse_primitives import C_STORE
    from pynetdicom.dsutils import encode

    association = scu.associate((sop_class, [ExplicitVRLittleEndian]))
    request = C_STORE()
    request.MessageID, request.Priority = 1, 2
    request.AffectedSOPClassUID, request.AffectedSOPInstanceUID = sop_class, sop_uid
    request.DataSet = BytesIO(encode(film, False, True) if isinstance(film, Dataset) else film)
    association._reactor_checkpoint.clear()
    association.dimse.send_msg(request, 1)
    _, answer = association.dimse.get_msg(block=True)
    association._reactor_checkpoint.set()
    association.release()
    return int(answer.Status)


def test_a_data_set_of_another_class_or_instance_does_not_match(scu: Any, intake: Intake, small: Small) -> None:
    film = small()
    assert sent_under(scu, film, DigitalXRayImageStorageForPresentation, film.SOPInstanceUID) == 0xA900
    assert sent_under(scu, film, film.SOPClassUID, generate_uid()) == 0xA900
    assert intake.worklist.page(ALL)[1] == 0
    assert not list(intake.spool.folder.iterdir())


@pytest.mark.parametrize("junk", [b"no data set at all, just text", b"\xff" * 400, b"\x08\x00\x16\x00UI\xff\xff1.2"])
def test_what_is_no_data_set_cannot_be_understood(scu: Any, intake: Intake, junk: bytes) -> None:
    assert sent_under(scu, junk, FILMS[0], generate_uid()) in (0xC000, 0xA900)  # type: ignore[arg-type]
    assert intake.worklist.page(ALL)[1] == 0


def test_a_data_set_that_is_too_long_is_out_of_resources(
    scu: Any, intake: Intake, small: Small, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(taking, "MOST_BYTES", 200_000)
    film = small()
    film.PixelData = b"\0" * 2_000_000
    assert scu.store(film, small()) == [0xA700, 0x0000]  # and the association goes on
    assert intake.worklist.page(ALL)[1] == 1


@pytest.mark.parametrize("error", [OSError(28, "No space left on device"), OperationalError("", {}, Exception())])
def test_without_room_or_database_the_sender_may_try_again(
    scu: Any, intake: Intake, small: Small, monkeypatch: pytest.MonkeyPatch, error: Exception
) -> None:
    film = small()
    owner, name = (Spool, "put") if isinstance(error, OSError) else (Worklist, "receive")
    with monkeypatch.context() as broken:
        broken.setattr(owner, name, lambda *_: (_ for _ in ()).throw(error))
        assert scu.store(film) == [0xA700]
    assert scu.store(film) == [0x0000]
    assert intake.worklist.page(ALL)[1] == 1


def test_more_associations_than_allowed_are_told_to_come_later(scu: Any, listener: DicomListener) -> None:
    held = [scu.associate((Verification, [ImplicitVRLittleEndian])) for _ in range(8)]
    assert all(one.is_established for one in held)
    ninth = scu.associate((Verification, [ImplicitVRLittleEndian]))
    assert ninth.is_rejected
    assert ninth.acceptor.primitive.result == 2  # transient
    for one in held:
        one.release()


def test_a_film_that_an_archive_moved_for_us_counts_as_pulled(scu: Any, intake: Intake, small: Small) -> None:
    film = small()
    association = scu.associate((film.SOPClassUID, [ExplicitVRLittleEndian]))
    assert association.send_c_store(film, originator_aet="BONEAGE", originator_id=1).Status == 0x0000
    association.release()
    assert intake.worklist.page(ALL)[0][0].origin is Origin.PULLED


def test_no_identity_reaches_a_log_or_stderr(
    scu: Any, small: Small, caplog: pytest.LogCaptureFixture, capfd: pytest.CaptureFixture[str]
) -> None:
    caplog.set_level(logging.DEBUG)
    film = small(PatientName="Secret^Sarah", PatientID="SECRET-1", AccessionNumber="SECRET-2")
    assert scu.store(film) == [0x0000]
    assert sent_under(scu, film, film.SOPClassUID, generate_uid()) == 0xA900
    told = caplog.text + "".join(capfd.readouterr())
    assert "0xA900" in told  # what is told at all
    for secret in ("Secret", "Sarah", "SECRET", film.SOPInstanceUID, film.StudyInstanceUID):
        assert secret not in told


def test_a_taken_port_is_told(listener: DicomListener, intake: Intake) -> None:
    with pytest.raises(BoneAgeError, match=str(listener.port)):
        DicomListener(Listener(port=listener.port), intake).start()


def test_after_stop_nothing_listens(intake: Intake) -> None:
    one = DicomListener(Listener(port=0, accepted=("SENDER",)), intake)
    one.start()
    port, threads = one.port, threading.active_count()
    one.stop()
    with pytest.raises(ConnectionRefusedError):
        socket.create_connection(("127.0.0.1", port))
    assert threading.active_count() <= threads
