"""Whatever comes over the wire, the listener lives on, keeps only films, and prints nothing."""

from __future__ import annotations

import random
import socket
import struct
import threading
import time
from collections.abc import Callable, Iterator
from io import BytesIO
from typing import Any

import pytest
from pydicom.dataset import Dataset
from pydicom.uid import ExplicitVRLittleEndian, ImplicitVRLittleEndian
from pynetdicom.dimse_primitives import C_STORE
from pynetdicom.dsutils import encode
from pynetdicom.sop_class import Verification

from boneage.serve.dicom import listener as listener_module
from boneage.serve.dicom.kinds import FILMS
from boneage.serve.dicom.listener import MOST_PDU_BYTES, DicomListener
from boneage.serve.intake import Intake
from boneage.serve.states import State
from boneage.serve.store.worklist import Wanted

ALL = Wanted(states=frozenset(State), most=10_000)


@pytest.fixture(autouse=True)
def _impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(listener_module, "HELLO_SECONDS", 1.0)
    monkeypatch.setattr(listener_module, "IDLE_SECONDS", 3.0)


@pytest.fixture(autouse=True)
def _silent_and_alive(_impatient: None, scu: Any, capfd: pytest.CaptureFixture[str]) -> Iterator[None]:
    """After each of these tests the listener answers, and nothing was printed."""
    yield
    association = scu.associate((Verification, [ImplicitVRLittleEndian]))
    assert association.send_c_echo().Status == 0x0000
    association.release()
    assert "".join(capfd.readouterr()) == ""


def pdu(kind: int, body: bytes, *, length: int | None = None) -> bytes:
    return struct.pack(">BBL", kind, 0, len(body) if length is None else length) + body


def request(called: str = "BONEAGE", calling: str = "SENDER") -> bytes:
    """An association request as a modality sends it, for C-STORE of CR films."""

    def item(kind: int, body: bytes) -> bytes:
        return struct.pack(">BBH", kind, 0, len(body)) + body

    context = bytes([1, 0, 0, 0]) + item(0x30, FILMS[0].encode()) + item(0x40, ExplicitVRLittleEndian.encode())
    user = item(0x51, struct.pack(">L", 16384)) + item(0x52, b"1.2.3")
    head = struct.pack(">HH", 1, 0) + called.ljust(16).encode() + calling.ljust(16).encode() + bytes(32)
    return pdu(1, head + item(0x10, b"1.2.840.10008.3.1.1.1") + item(0x20, context) + item(0x50, user))


def connect(listener: DicomListener) -> socket.socket:
    one = socket.create_connection(("127.0.0.1", listener.port), timeout=20)
    one.settimeout(20)
    return one


def closed(one: socket.socket) -> bool:
    """Whether the other side ends the connection, whatever it says before."""
    try:
        while one.recv(65536):
            pass
    except ConnectionError:
        pass
    except TimeoutError:
        return False
    finally:
        one.close()
    return True


def settled(listener: DicomListener) -> bool:
    """Whether the associations end."""
    end = time.monotonic() + 20
    while listener.associations and time.monotonic() < end:
        time.sleep(0.05)
    return not listener.associations


@pytest.mark.parametrize("junk", [b"GET / HTTP/1.1\r\nHost: x\r\n\r\n", b"\x16\x03\x01" + bytes(300), b"\xff" * 64, bytes(64)])
def test_another_protocol_is_closed(listener: DicomListener, junk: bytes) -> None:
    with connect(listener) as one:
        one.sendall(junk)
        one.shutdown(socket.SHUT_WR)
        assert closed(one)
    assert settled(listener)


@pytest.mark.parametrize("kind", [1, 2, 4])
def test_a_pdu_that_claims_to_be_huge_is_not_read(listener: DicomListener, kind: int) -> None:
    with connect(listener) as one:
        one.sendall(pdu(kind, b"", length=2**32 - 1))
        assert closed(one)  # at once: nothing of it was sent, and we did not hang up
    assert settled(listener)


def test_a_huge_pdu_inside_an_association_is_not_read(listener: DicomListener) -> None:
    with connect(listener) as one:
        one.sendall(request())
        assert one.recv(65536)[:1] == b"\x02"
        one.sendall(pdu(4, b"", length=MOST_PDU_BYTES + 1))
        assert closed(one)
    assert settled(listener)


def test_a_connection_that_breaks_off_inside_a_pdu_is_given_up(listener: DicomListener) -> None:
    with connect(listener) as one:
        one.sendall(request()[:40])  # and then nothing more, ever
        assert closed(one)
    assert settled(listener)


@pytest.mark.parametrize("kind", [2, 3, 5, 6, 4, 1])
def test_a_pdu_out_of_turn_ends_only_its_association(listener: DicomListener, kind: int) -> None:
    with connect(listener) as one:
        one.sendall(request())
        assert one.recv(65536)[:1] == b"\x02"
        one.sendall(request() if kind == 1 else pdu(kind, bytes(4) if kind != 4 else b"\x00\x00\x00\x02\x01\x03"))
        one.sendall(pdu(7, bytes(4)))
        assert closed(one)
    assert settled(listener)


def test_a_command_without_end_is_not_kept(listener: DicomListener) -> None:
    with connect(listener) as one:
        one.sendall(request())
        assert one.recv(65536)[:1] == b"\x02"
        value = struct.pack(">LBB", 16002, 1, 1) + b"\0" * 16000  # a command fragment, not the last one
        try:
            for _ in range(40):
                one.sendall(pdu(4, value))
            one.sendall(pdu(4, struct.pack(">LBB", 4, 1, 3) + b"\0\0"))
        except ConnectionError:
            pass
        assert closed(one)
    assert settled(listener)


def test_connections_that_never_say_who_they_are_are_limited(listener: DicomListener) -> None:
    held = [connect(listener) for _ in range(60)]
    time.sleep(0.5)
    assert listener.associations <= 32
    for one in held:
        one.close()
    assert settled(listener)


def mutations(data: bytes, number: int) -> Iterator[bytes]:
    """Cut, overwritten, doubled, with lengths that lie."""
    dice = random.Random(7)
    for _ in range(number):
        broken = bytearray(data)
        match dice.randrange(4):
            case 0:
                del broken[dice.randrange(len(broken)) :]
            case 1:
                for _ in range(dice.randrange(1, 30)):
                    broken[dice.randrange(min(len(broken), 700))] = dice.randrange(256)
            case 2:
                at = dice.randrange(min(len(broken), 700))
                broken[at : at + 4] = b"\xff\xff\xff\x7f"
            case _:
                at = dice.randrange(min(len(broken), 700))
                broken[at:at] = broken[: dice.randrange(200)]
        yield bytes(broken)


def test_mutated_data_sets_are_kept_whole_or_refused(
    scu: Any, intake: Intake, listener: DicomListener, small: Callable[..., Dataset]
) -> None:
    film = small()
    whole = encode(film, False, True)
    assert whole is not None
    told = []
    association = scu.associate((film.SOPClassUID, [ExplicitVRLittleEndian]))
    association._reactor_checkpoint.clear()
    for number, data in enumerate(mutations(whole, 120)):
        asked = C_STORE()
        asked.MessageID, asked.Priority = number + 1, 2
        asked.AffectedSOPClassUID, asked.AffectedSOPInstanceUID = film.SOPClassUID, film.SOPInstanceUID
        asked.DataSet = BytesIO(data)
        association.dimse.send_msg(asked, 1)
        _, answer = association.dimse.get_msg(block=True)
        told.append(answer.Status)
    association._reactor_checkpoint.set()
    association.release()
    assert len(told) == 120
    assert set(told) <= {0x0000, 0xA700, 0xA900, 0xC000}
    assert {0xA900, 0xC000} & set(told)
    assert intake.worklist.page(ALL)[1] == 1  # one instance, however often
    assert len(list(intake.spool.folder.iterdir())) == 1
    assert threading.active_count() < 50
