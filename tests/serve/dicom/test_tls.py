"""DICOM over TLS: without a certificate that counts nobody gets in, old versions neither; who is silent keeps nobody waiting."""

from __future__ import annotations

import gc
import http.server
import socket
import ssl
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from pydicom.dataset import Dataset
from pydicom.uid import ComputedRadiographyImageStorage, ExplicitVRLittleEndian
from pynetdicom import AE, build_context, evt

from boneage.errors import BoneAgeError
from boneage.serve.dicom import listener as module
from boneage.serve.dicom.archives import StoreArchive
from boneage.serve.dicom.dicomweb import StowArchive
from boneage.serve.dicom.entity import ArchiveError, hush
from boneage.serve.dicom.listener import DicomListener
from boneage.serve.dicom.pull import Puller, source_of
from boneage.serve.dicom.tls import calling, listening
from boneage.serve.intake import Intake
from boneage.serve.settings import CStore, DicomSource, Listener, ListenerTls, PeerTls, Stow
from boneage.serve.store.pulled import Pulled

pytestmark = pytest.mark.filterwarnings(
    "ignore:Exception ignored in. <(socket|ssl|boneage):pytest.PytestUnraisableExceptionWarning"
)
CR = build_context(ComputedRadiographyImageStorage, ExplicitVRLittleEndian)


@pytest.fixture
def listen(intake: Intake, certificates: Any) -> Iterator[Callable[..., DicomListener]]:
    """Our listener over TLS."""
    started = []

    def start(**other: Any) -> DicomListener:
        hush()
        tls = ListenerTls(**certificates.certificate("ours"), **{"ca": certificates.ca()} | other)
        one = DicomListener(Listener(port=0, accepted=("SENDER",), associations=2, tls=tls), intake)
        one.start()
        started.append(one)
        return one

    yield start
    for one in started:
        one.stop()


def ask(port: int, context: ssl.SSLContext | None) -> Any:
    """An association as a modality asks for it."""
    ae = AE("SENDER")
    ae.acse_timeout = ae.dimse_timeout = ae.connection_timeout = 5
    tls = None if context is None else (context, "127.0.0.1")
    return ae.associate("127.0.0.1", port, [CR], ae_title="BONEAGE", tls_args=tls)


def theirs(certificates: Any, name: str | None = "theirs", ca: str = "clinic") -> ssl.SSLContext:
    context = ssl.create_default_context(cafile=str(certificates.ca(ca)))
    if name is not None:
        paths = certificates.certificate(name)
        context.load_cert_chain(paths["certificate"], paths["key"])
    return context


@pytest.mark.parametrize("version", [ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3], ids=lambda version: version.name)
def test_a_film_comes_over_tls(
    listen: Callable[..., DicomListener], certificates: Any, small: Callable[..., Dataset], intake: Intake, version: Any
) -> None:
    context = theirs(certificates)
    context.minimum_version = context.maximum_version = version
    association = ask(listen().port, context)
    assert association.is_established
    assert association.send_c_store(small(bits=16, PatientComments="x" * 9000)).Status == 0x0000  # more than one TLS record
    association.release()
    assert sum(intake.worklist.counts().values()) == 1


@pytest.mark.parametrize(
    ("name", "told"), [(None, "PEER_DID_NOT_RETURN_A_CERTIFICATE"), ("foreign", "CERTIFICATE_VERIFY_FAILED"), ("plain", "")]
)
def test_who_shows_no_certificate_that_counts_is_refused(
    listen: Callable[..., DicomListener], certificates: Any, caplog: pytest.LogCaptureFixture, name: str | None, told: str
) -> None:
    context = None if name == "plain" else theirs(certificates, name)
    assert not ask(listen().port, context).is_established
    assert waited(lambda: "no TLS came about" in caplog.text)
    assert told in caplog.text


def waited(condition: Callable[[], bool]) -> bool:
    end = time.monotonic() + 10
    while not (found := condition()) and time.monotonic() < end:
        time.sleep(0.02)
    return found


def test_without_a_certificate_only_where_the_site_says_so(listen: Callable[..., DicomListener], certificates: Any) -> None:
    association = ask(listen(client_certificate=False, ca=None).port, theirs(certificates, None))
    assert association.is_established
    association.release()


@pytest.mark.filterwarnings("ignore:ssl.TLSVersion:DeprecationWarning")
def test_old_versions_and_weak_suites_are_refused(listen: Callable[..., DicomListener], certificates: Any) -> None:
    port = listen().port
    old = theirs(certificates)
    old.minimum_version = old.maximum_version = ssl.TLSVersion.TLSv1_1
    old.set_ciphers("ALL:@SECLEVEL=0")
    weak = theirs(certificates)
    weak.maximum_version = ssl.TLSVersion.TLSv1_2
    weak.set_ciphers("ECDHE+AES:!AESGCM:!AESCCM:@SECLEVEL=0")  # CBC
    for context in (old, weak):
        assert not ask(port, context).is_established


def test_both_sides_agree_on_what_bcp_195_recommends(certificates: Any) -> None:
    mine = [
        listening(ListenerTls(**certificates.certificate("ours"), ca=certificates.ca())),
        calling(PeerTls(**certificates.certificate("ours"), ca=certificates.ca()), "pacs"),
    ]
    for context in mine:
        assert context.verify_mode is ssl.CERT_REQUIRED
        assert context.minimum_version is ssl.TLSVersion.TLSv1_2
        assert context.options & ssl.OP_NO_COMPRESSION
        assert context.options & ssl.OP_NO_RENEGOTIATION
        for suite in context.get_ciphers():
            old = suite["protocol"] != "TLSv1.3"
            assert not old or (suite["name"].startswith("ECDHE-") and "-GCM-" in suite["name"]), suite["name"]
    assert mine[1].check_hostname


def test_nobody_waits_for_a_caller_who_is_silent(
    listen: Callable[..., DicomListener], certificates: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "HELLO_SECONDS", 0.5)
    port = listen().port
    silent = [socket.create_connection(("127.0.0.1", port)) for _ in range(5)]
    association = ask(port, theirs(certificates))
    assert association.is_established
    association.release()
    for one in silent:
        one.settimeout(10)
        assert one.recv(1) == b""  # hung up
        one.close()


def test_silent_callers_are_not_without_number(listen: Callable[..., DicomListener], certificates: Any) -> None:
    port = listen().port
    silent = []
    for _ in range(8):  # four for each association
        silent.append(socket.create_connection(("127.0.0.1", port)))
        time.sleep(0.05)
    assert not ask(port, theirs(certificates)).is_established
    for one in silent:
        one.close()
    assert waited(lambda: ask(port, theirs(certificates)).is_established)


@pytest.fixture
def archive(certificates: Any) -> Iterator[Callable[..., int]]:
    """Another's archive over TLS."""
    servers = []

    def start(name: str = "theirs", *, asks: bool = True) -> int:
        paths = certificates.certificate(name)
        context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH, cafile=str(certificates.ca()))
        context.load_cert_chain(paths["certificate"], paths["key"])
        context.verify_mode = ssl.CERT_REQUIRED if asks else ssl.CERT_NONE
        ae = AE("ARCHIVE")
        ae.add_supported_context(ComputedRadiographyImageStorage)
        ae.add_supported_context("1.2.840.10008.1.1")
        server: Any = ae.start_server(
            ("127.0.0.1", 0), block=False, evt_handlers=[(evt.EVT_C_STORE, lambda event: 0)], ssl_context=context
        )
        server.handle_error = lambda *_: None
        servers.append(server)
        return int(server.server_address[1])

    yield start
    for server in servers:
        server.shutdown()


def to(port: int, **tls: Any) -> StoreArchive:
    settings = CStore(kind="c-store", name="pacs", ae_title="ARCHIVE", host="127.0.0.1", port=port, tls=PeerTls(**tls))
    return StoreArchive(settings, "BONEAGE")


def test_a_report_goes_over_tls(archive: Callable[..., int], certificates: Any, small: Callable[..., Dataset]) -> None:
    ours = certificates.certificate("ours")
    to(archive(), ca=certificates.ca(), **ours).send([small()])
    to(archive(asks=False), ca=certificates.ca(), client_certificate=False).send([small()])
    anywhere = to(archive("elsewhere"), ca=certificates.ca(), check_host=False, **ours)
    anywhere.send([small()])
    assert anywhere.answers()


@pytest.mark.parametrize(
    ("name", "ca", "ours", "told"),
    [
        ("theirs", "stranger", "ours", "CERTIFICATE_VERIFY_FAILED: self-signed certificate in certificate chain"),
        ("elsewhere", "clinic", "ours", "CERTIFICATE_VERIFY_FAILED: IP address mismatch"),
        ("theirs", "clinic", "foreign", ""),
        ("theirs", "clinic", None, ""),
    ],
)
def test_an_archive_that_is_not_trusted_gets_nothing_and_is_told_why(
    archive: Callable[..., int], certificates: Any, small: Callable[..., Dataset], name: str, ca: str, ours: str | None, told: str
) -> None:
    shown = {"client_certificate": False} if ours is None else certificates.certificate(ours)
    one = to(archive(name), ca=certificates.ca(ca), **shown)
    with pytest.raises(ArchiveError, match=r"no TLS connection|does not answer|broke off") as caught:
        one.send([small()])
    assert caught.value.away
    assert told in caught.value.came
    assert not one.answers()


@pytest.mark.parametrize(
    "changes", [{"certificate": "none.pem"}, {"key": "theirs.key"}, {"ca": "ours.key"}, {"key": "locked.key"}]
)
def test_files_that_cannot_be_used_are_told_at_the_start(certificates: Any, intake: Intake, changes: dict[str, str]) -> None:
    certificates._openssl("ec", "-in", "ours.key", "-aes256", "-passout", "pass:secret", "-out", "locked.key")
    paths = certificates.certificate("ours") | {"ca": certificates.ca()}
    paths |= {name: certificates.folder / file for name, file in changes.items()}
    with pytest.raises(BoneAgeError, match=r"listener\.tls") as caught:
        DicomListener(Listener(port=0, tls=ListenerTls(**paths)), intake)
    assert str(certificates.folder) not in str(caught.value)
    with pytest.raises(BoneAgeError, match="tls of pacs"):
        to(1, **paths)


@contextmanager
def web_archive(certificates: Any, name: str) -> Iterator[str]:
    """A DICOMweb server over HTTPS that asks for a certificate and finds nothing."""

    class Nothing(http.server.BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(204)
            self.end_headers()

        def log_message(self, *_: Any) -> None:
            pass

    paths = certificates.certificate(name)
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH, cafile=str(certificates.ca()))
    context.load_cert_chain(paths["certificate"], paths["key"])
    context.verify_mode = ssl.CERT_REQUIRED
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Nothing) as server:
        server.handle_error = lambda *_: None  # type: ignore[method-assign]
        server.socket = context.wrap_socket(server.socket, server_side=True)
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"https://127.0.0.1:{server.server_address[1]}/dicom-web"
        server.shutdown()


@pytest.mark.parametrize(
    ("name", "ca", "ours", "check", "gets_in"),
    [
        ("theirs", "clinic", "ours", True, True),
        ("elsewhere", "clinic", "ours", False, True),
        ("elsewhere", "clinic", "ours", True, False),
        ("theirs", "stranger", "ours", True, False),
        ("theirs", "clinic", "foreign", True, False),
    ],
)
def test_dicomweb_trusts_and_shows_the_sites_certificates(
    certificates: Any, monkeypatch: pytest.MonkeyPatch, name: str, ca: str, ours: str, check: bool, gets_in: bool
) -> None:
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", str(certificates.ca()))  # what the environment trusts does not count
    tls = PeerTls(ca=certificates.ca(ca), check_host=check, **certificates.certificate(ours))
    with web_archive(certificates, name) as url:
        archive = StowArchive(Stow(kind="stow", name="web", url=url, tls=tls))
        assert archive.answers() is gets_in
        archive._line.session.close()


def test_settings_ask_for_both_sides_unless_told(tmp_path: Path) -> None:
    for wrong in ({"certificate": "a", "key": "b"}, {"certificate": "a", "ca": "c"}):
        with pytest.raises(ValueError, match=r"ca|key"):
            ListenerTls.model_validate(wrong)
    for wrong in (
        {"ca": "c"},
        {"ca": "c", "certificate": "a"},
        {"ca": "c", "certificate": "a", "key": "b", "client_certificate": False},
    ):
        with pytest.raises(ValueError, match="certificate and key"):
            PeerTls.model_validate(wrong)


@pytest.mark.parametrize("by", ["sent", "c-get", "c-move"])
def test_with_a_real_archive_both_ways(
    by: str, orthanc_tls: Any, certificates: Any, intake: Intake, small: Callable[..., Dataset]
) -> None:
    """Our listener, sender and puller, with Orthanc over TLS."""
    ours = certificates.certificate("ours")
    title, tls = "BONEAGE", PeerTls(ca=certificates.ca(), **ours)
    to_listen = Listener(port=orthanc_tls.our_port, accepted=("ORTHANC",), tls=ListenerTls(ca=certificates.ca(), **ours))
    at: dict[str, Any] = {"name": "pacs", "ae_title": "ORTHANC", "host": "127.0.0.1", "port": orthanc_tls.dicom, "tls": tls}
    listener = DicomListener(to_listen, intake)
    listener.start()
    try:
        film = small(AccessionNumber="A-17")
        StoreArchive(CStore(kind="c-store", **at), title).send([film])
        (there,) = orthanc_tls.find(SOPInstanceUID=str(film.SOPInstanceUID))
        if by == "sent":
            orthanc_tls.send(there["ID"])
        else:
            source = DicomSource(kind="dimse", by=by, **at)  # type: ignore[arg-type]
            puller = Puller(source, source_of(source, title, intake), intake.mapping, Pulled(intake.worklist.engine))
            assert puller.ask("A-17") == 1
        assert sum(intake.worklist.counts().values()) == 1
        bare = at | {"tls": PeerTls(ca=certificates.ca(), client_certificate=False)}
        for wrong in (bare, at | {"tls": None}):
            assert not StoreArchive(CStore(kind="c-store", **wrong), title).answers()
    finally:
        listener.stop()
        gc.collect()  # pynetdicom's sockets that could not be connected, while they are ignored
