"""DICOMweb: what a server can answer, and what becomes of it."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest
from pydantic import SecretStr
from pydicom.dataset import Dataset

from boneage.serve.dicom import dicomweb
from boneage.serve.dicom.asking import Asked
from boneage.serve.dicom.dicomweb import StowArchive, WebArchive
from boneage.serve.dicom.entity import ArchiveError
from boneage.serve.intake import Intake
from boneage.serve.settings import Stow, WebSource

JSON = "application/dicom+json"


class Server:
    """Answers every request with the next of its answers, the last one for ever."""

    def __init__(self) -> None:
        self.answers: list[tuple[int, str, bytes]] = [(200, JSON, b"{}")]
        self.asked: list[tuple[str, str, dict[str, str]]] = []
        server = self

        class Handler(BaseHTTPRequestHandler):
            def answer(self) -> None:
                if self.headers.get("Transfer-Encoding") == "chunked":
                    while int(self.rfile.readline(), 16):
                        self.rfile.readline()
                else:
                    self.rfile.read(int(self.headers.get("Content-Length", 0)))
                server.asked.append((self.command, self.path, dict(self.headers)))
                status, kind, body = server.answers[0]
                if len(server.answers) > 1:
                    server.answers.pop(0)
                self.send_response(status)
                self.send_header("Content-Type", kind)
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            do_GET = do_POST = answer

            def log_message(self, *_: Any) -> None:
                pass

        self.http = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.thread = threading.Thread(target=self.http.serve_forever, daemon=True)
        self.thread.start()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.http.server_address[1]}/dicom-web"


@pytest.fixture
def server() -> Iterator[Server]:
    one = Server()
    yield one
    one.http.shutdown()
    one.http.server_close()


@pytest.fixture
def stow(server: Server) -> StowArchive:
    return StowArchive(Stow(kind="stow", name="archive", url=f"{server.url}/", token=SecretStr("s3cret")))


def response(**sequences: list[dict[str, int]]) -> bytes:
    """As a server tells what it stored."""
    made = Dataset()
    for keyword, items in sequences.items():
        told = []
        for item in items:
            one = Dataset()
            one.ReferencedSOPInstanceUID = "1.2.3"
            for name, value in item.items():
                setattr(one, name, value)
            told.append(one)
        setattr(made, keyword, told)
    return made.to_json().encode()


def test_stored_objects_are_delivered(stow: StowArchive, server: Server, small: Callable[..., Dataset]) -> None:
    server.answers = [(200, JSON, response(ReferencedSOPSequence=[{}]))]
    stow.send([small(), small()])
    ((method, path, headers),) = server.asked
    assert (method, path) == ("POST", "/dicom-web/studies")
    assert headers["Authorization"] == "Bearer s3cret"
    assert headers["Content-Type"].startswith('multipart/related; type="application/dicom"')


@pytest.mark.parametrize(
    ("status", "kind", "body", "away", "told"),
    [
        (200, JSON, response(FailedSOPSequence=[{"FailureReason": 0xA700}]), False, "0xA700"),
        (202, JSON, response(FailedSOPSequence=[{"FailureReason": 0x0122}], ReferencedSOPSequence=[{}]), False, "0x0122"),
        (202, "text/plain", b"well", False, "does not say"),
        (409, JSON, response(FailedSOPSequence=[{"FailureReason": 0x0110}]), False, "HTTP 409"),
        (401, "text/html", b"<html>Secret^Sarah</html>", False, "HTTP 401"),
        (503, "text/html", b"later", True, "HTTP 503"),
        (200, JSON, b"{]", False, "not understood"),
    ],
)
def test_everything_else_is_told(
    stow: StowArchive, server: Server, small: Callable[..., Dataset], status: int, kind: str, body: bytes, away: bool, told: str
) -> None:
    server.answers = [(status, kind, body)]
    with pytest.raises(ArchiveError, match=told) as error:
        stow.send([small(PatientName="Secret^Sarah")])
    assert error.value.away is away
    for secret in ("Secret", "s3cret", "127.0.0.1"):
        assert secret not in str(error.value)


def test_what_is_there_already_is_delivered(stow: StowArchive, server: Server, small: Callable[..., Dataset]) -> None:
    server.answers = [(202, JSON, response(FailedSOPSequence=[{"FailureReason": 0x0111}]))]
    stow.send([small()])


def test_a_server_that_is_gone_is_away(stow: StowArchive, server: Server, small: Callable[..., Dataset]) -> None:
    assert stow.answers()
    server.http.shutdown()
    server.http.server_close()
    assert not stow.answers()
    with pytest.raises(ArchiveError) as error:
        stow.send([small()])
    assert error.value.away


def test_answers_come_in_pages(server: Server, intake: Intake, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(dicomweb, "PAGE", 2)
    source = WebArchive(WebSource(kind="dicomweb", name="archive", url=server.url), intake)

    def page(*uids: str) -> tuple[int, str, bytes]:
        return 200, JSON, json.dumps([{"0020000D": {"vr": "UI", "Value": [uid]}} for uid in uids]).encode()

    server.answers = [page("1", "2"), page("3", "4"), page("5")]
    assert [study.StudyInstanceUID for study in source.studies(Asked("A1"))] == ["1", "2", "3", "4", "5"]
    server.answers = [page("1", "2")]  # a server that does not know `offset`
    assert [study.StudyInstanceUID for study in source.studies(Asked("A1"))] == ["1", "2"]
    server.answers = [(204, JSON, b"")]
    assert source.studies(Asked("A1")) == []


@pytest.mark.parametrize("body", [b"[1, 2]", b'"text"', b'[{"0020000D": 7}]', b"\xff\xfe", b'[{"zzzz": {"vr": "UI"}}]'])
def test_nonsense_is_one_kind_of_error(server: Server, intake: Intake, body: bytes) -> None:
    source = WebArchive(WebSource(kind="dicomweb", name="archive", url=server.url), intake)
    server.answers = [(200, JSON, body)]
    with pytest.raises(ArchiveError, match="not understood"):
        source.studies(Asked("A1"))
