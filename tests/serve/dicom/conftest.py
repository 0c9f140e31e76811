"""Fixtures of the DICOM network: a site's intake, a listener on a free port, a real sender, a real archive."""

from __future__ import annotations

import json
import logging
import shutil
import socket
import subprocess
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pynetdicom
import pytest
import requests
from films import dataset, save, stored
from pydicom import config as pydicom_config
from pydicom.dataset import Dataset
from pydicom.uid import ComputedRadiographyImageStorage, ExplicitVRLittleEndian, generate_uid
from pynetdicom import AE, build_context

from boneage.serve.dicom.entity import NETWORK_LOGGERS, hush
from boneage.serve.dicom.listener import DicomListener
from boneage.serve.intake import Intake
from boneage.serve.mapping import DEFAULT
from boneage.serve.settings import Listener
from boneage.serve.spool import Spool
from boneage.serve.store.engine import open_engine
from boneage.serve.store.worklist import Worklist

ORTHANC = "Orthanc"
CERTIFICATES = """\
basicConstraints=critical,CA:FALSE
keyUsage=critical,digitalSignature
extendedKeyUsage=serverAuth,clientAuth
subjectAltName={names}
"""
PLUGINS = Path("/usr/share/orthanc/plugins")
UP_SECONDS = 60


@pytest.fixture(autouse=True)
def _as_before() -> Iterator[None]:
    """The service closes logs for its whole process; the other tests have them open."""
    levels = {name: logging.getLogger(name).level for name in NETWORK_LOGGERS}
    settings = pynetdicom._config
    before = (settings.LOG_HANDLER_LEVEL, settings.LOG_REQUEST_IDENTIFIERS, settings.LOG_RESPONSE_IDENTIFIERS)
    reading = pydicom_config.settings._reading_validation_mode
    yield
    for name, level in levels.items():
        logging.getLogger(name).setLevel(level)
    settings.LOG_HANDLER_LEVEL, settings.LOG_REQUEST_IDENTIFIERS, settings.LOG_RESPONSE_IDENTIFIERS = before
    pydicom_config.settings._reading_validation_mode = reading


@pytest.fixture
def intake(tmp_path: Path) -> Iterator[Intake]:
    """Over a database of its own."""
    engine = open_engine(f"sqlite:///{tmp_path / 'site.sqlite'}")
    yield Intake(Spool(tmp_path / "spool"), Worklist(engine), DEFAULT)
    engine.dispose()


@pytest.fixture
def listener(intake: Intake) -> Iterator[DicomListener]:
    """Knows one sender."""
    one = DicomListener(Listener(ae_title="BONEAGE", port=0, accepted=("SENDER", "ORTHANC"), associations=8), intake)
    one.start()
    yield one
    one.stop()
    for thread in threading.enumerate():  # an association that is still ending belongs to this test
        if "AcceptorThread" in thread.name:
            thread.join(5)


@pytest.fixture
def small() -> Callable[..., Dataset]:
    """Small CR films of a hand, each of another study unless it is said."""

    def make(*, syntax: str = ExplicitVRLittleEndian, bits: int = 12, **elements: Any) -> Dataset:
        told = {
            "SOPClassUID": ComputedRadiographyImageStorage,
            "StudyInstanceUID": generate_uid(),
            "SeriesInstanceUID": generate_uid(),
            "Modality": "CR",
            "BodyPartExamined": "HAND",
            "StudyDate": "20260102",
            "AccessionNumber": "A1",
        }
        film = dataset(stored(bits), bits=bits, **told | elements)
        save(film, syntax)
        film.file_meta.TransferSyntaxUID = syntax
        film.file_meta.MediaStorageSOPClassUID, film.file_meta.MediaStorageSOPInstanceUID = film.SOPClassUID, film.SOPInstanceUID
        return film

    return make


@dataclass
class Scu:
    """A sender as a modality is one."""

    port: int
    title: str = "SENDER"
    called: str = "BONEAGE"
    statuses: list[int] = field(default_factory=list)

    def associate(self, *contexts: tuple[str, Any]) -> Any:
        ae = AE(self.title)
        ae.acse_timeout = ae.dimse_timeout = 30
        wanted = [build_context(uid, list(syntaxes)) for uid, syntaxes in contexts]
        return ae.associate("127.0.0.1", self.port, wanted, ae_title=self.called)

    def store(self, *films: Dataset) -> list[int]:
        """The statuses that the other side answers with."""
        kinds = {(film.SOPClassUID, film.file_meta.TransferSyntaxUID) for film in films}
        association = self.associate(*((uid, [syntax]) for uid, syntax in sorted(kinds)))
        assert association.is_established
        told = [association.send_c_store(film).Status for film in films]
        association.release()
        return told


@pytest.fixture
def scu(listener: DicomListener) -> Scu:
    hush()
    return Scu(listener.port)


def free_port() -> int:
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        return int(one.getsockname()[1])


@dataclass
class Orthanc:
    """A real archive, with storage of its own, that can be stopped and started again."""

    folder: Path
    our_port: int  # where it finds our listener
    http: int = field(default_factory=free_port)
    dicom: int = field(default_factory=free_port)
    process: subprocess.Popen[bytes] | None = None
    options: dict[str, Any] = field(default_factory=dict)  # more of its configuration

    def start(self) -> None:
        config = {
            "Name": "archive",
            "StorageDirectory": str(self.folder / "files"),
            "IndexDirectory": str(self.folder / "files"),
            "HttpPort": self.http,
            "DicomPort": self.dicom,
            "DicomAet": "ORTHANC",
            "RemoteAccessAllowed": False,
            "AuthenticationEnabled": False,
            "SslEnabled": False,
            **{f"DicomAlwaysAllow{what}": True for what in ("Echo", "Store", "Find", "Get", "Move")},
            "DicomModalities": {"boneage": ["BONEAGE", "127.0.0.1", self.our_port]},
            "Plugins": [str(PLUGINS / name) for name in ("libOrthancDicomWeb.so", "libOrthancGdcm.so")],
            "DicomWeb": {"Enable": True, "Root": "/dicom-web/"},
            "StableAge": 1,
            "ConcurrentJobs": 2,
            **self.options,
        }
        (self.folder / "orthanc.json").write_text(json.dumps(config))
        with (self.folder / "orthanc.log").open("ab") as log:
            self.process = subprocess.Popen([ORTHANC, str(self.folder / "orthanc.json")], stdout=log, stderr=log)
        end = time.monotonic() + UP_SECONDS
        while time.monotonic() < end:
            try:
                if requests.get(f"{self.url}/system", timeout=2).ok:
                    return
            except requests.RequestException:
                time.sleep(0.1)
        self.stop()
        pytest.fail(f"Orthanc did not start: {(self.folder / 'orthanc.log').read_text()[-2000:]}")

    def stop(self) -> None:
        if self.process is not None:
            self.process.terminate()
            self.process.wait(30)
            self.process = None

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.http}"

    def put(self, data: bytes) -> str:
        """A film into the archive; its name there."""
        answer = requests.post(f"{self.url}/instances", data=data, timeout=30)
        answer.raise_for_status()
        return str(answer.json()["ID"])

    def send(self, name: str) -> None:
        """Has the archive send an instance to us."""
        requests.post(f"{self.url}/modalities/boneage/store", data=name, timeout=30).raise_for_status()

    def find(self, **query: str) -> list[dict[str, Any]]:
        """Instances with these values, with their main tags."""
        asked = {"Level": "Instance", "Expand": True, "Query": query}
        answer = requests.post(f"{self.url}/tools/find", json=asked, timeout=30)
        answer.raise_for_status()
        return list(answer.json())

    def file(self, name: str) -> bytes:
        return requests.get(f"{self.url}/instances/{name}/file", timeout=30).content


@pytest.fixture
def orthanc(tmp_path: Path) -> Iterator[Orthanc]:
    one = _archive(tmp_path)
    one.start()
    yield one
    one.stop()


@pytest.fixture
def orthanc_tls(tmp_path: Path, certificates: Certificates) -> Iterator[Orthanc]:
    """Speaks DICOM over TLS alone, and asks for a certificate."""
    one, paths = _archive(tmp_path), certificates.certificate("theirs")
    one.options = {
        "DicomTlsEnabled": True,
        "DicomTlsCertificate": str(paths["certificate"]),
        "DicomTlsPrivateKey": str(paths["key"]),
        "DicomTlsTrustedCertificates": str(certificates.ca()),
        "DicomTlsRemoteCertificateRequired": True,
        "DicomModalities": {"boneage": {"AET": "BONEAGE", "Host": "127.0.0.1", "Port": one.our_port, "UseDicomTls": True}},
    }
    one.start()
    yield one
    one.stop()


def _archive(tmp_path: Path) -> Orthanc:
    """Without Debian's orthanc and its plugins the test skips and says so."""
    if shutil.which(ORTHANC) is None:
        pytest.skip("no real archive: install Debian's orthanc, orthanc-dicomweb and orthanc-gdcm")
    if not all((PLUGINS / name).is_file() for name in ("libOrthancDicomWeb.so", "libOrthancGdcm.so")):
        pytest.skip("no DICOMweb in the archive: install Debian's orthanc-dicomweb and orthanc-gdcm")
    folder = tmp_path / "orthanc"
    folder.mkdir()
    return Orthanc(folder, our_port=free_port())


class Certificates:
    """Made by openssl: two authorities that do not know each other, and what each signed."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        for ca in ("clinic", "stranger"):
            self._openssl("req", "-x509", *self._new(f"{ca}-ca"), "-subj", f"/CN={ca} CA", "-days", "2")
        for name, ca, names in (
            ("ours", "clinic", "IP:127.0.0.1,DNS:localhost"),
            ("theirs", "clinic", "IP:127.0.0.1,DNS:localhost"),
            ("elsewhere", "clinic", "DNS:elsewhere.example"),
            ("foreign", "stranger", "IP:127.0.0.1,DNS:localhost"),
        ):
            (folder / f"{name}.cnf").write_text(CERTIFICATES.format(names=names))
            self._openssl("req", *self._new(name), "-subj", f"/CN={name}", "-out", f"{name}.csr")
            signer = ("-CA", f"{ca}-ca.pem", "-CAkey", f"{ca}-ca.key", "-CAcreateserial", "-days", "2")
            self._openssl("x509", "-req", "-in", f"{name}.csr", *signer, "-extfile", f"{name}.cnf", "-out", f"{name}.pem")

    def certificate(self, name: str) -> dict[str, Path]:
        return {"certificate": self.folder / f"{name}.pem", "key": self.folder / f"{name}.key"}

    def ca(self, name: str = "clinic") -> Path:
        return self.folder / f"{name}-ca.pem"

    def _new(self, name: str) -> tuple[str, ...]:
        made = () if not name.endswith("-ca") else ("-out", f"{name}.pem")
        return ("-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-keyout", f"{name}.key", *made)

    def _openssl(self, *arguments: str) -> None:
        subprocess.run(["openssl", *arguments], check=True, cwd=self.folder, capture_output=True)


@pytest.fixture(scope="session")
def certificates(tmp_path_factory: pytest.TempPathFactory) -> Certificates:
    if shutil.which("openssl") is None:
        pytest.skip("no openssl here to make certificates with: install Debian's package openssl")
    return Certificates(tmp_path_factory.mktemp("certificates"))


PIXELMED = Path("/usr/share/java/pixelmed.jar")
FREE_XPATH = [f"-Djdk.xml.xpath{limit}OpLimit=0" for limit in ("Total", "Expr")] + ["-Djdk.xml.xpathExprGrpLimit=0"]


@pytest.fixture
def dciodvfy(tmp_path: Path) -> Callable[[bytes], list[str]]:
    """What dciodvfy says of a file, but for the name of our own coding scheme, which it cannot know."""
    if shutil.which("dciodvfy") is None:
        pytest.skip("dciodvfy is not installed (Debian: dicom3tools)")

    def check(data: bytes) -> list[str]:
        path = tmp_path / "object.dcm"
        path.write_bytes(data)
        done = subprocess.run(["dciodvfy", "-new", str(path)], capture_output=True, text=True, check=False)
        said = (done.stdout + done.stderr).splitlines()
        return [line for line in said if ("Error" in line or "Warning" in line) and "<99BONEAGE>" not in line]

    return check


@pytest.fixture
def sr_validator(tmp_path: Path) -> Callable[[bytes], str]:
    """What PixelMed's DicomSRValidator says of a report's file."""
    if not PIXELMED.is_file() or shutil.which("java") is None:
        pytest.skip("PixelMed's validator is not installed (Debian: libpixelmed-java, default-jre-headless)")

    def check(data: bytes) -> str:
        path = tmp_path / "report.dcm"
        path.write_bytes(data)
        command = ["java", *FREE_XPATH, "-cp", str(PIXELMED), "com.pixelmed.validate.DicomSRValidator", str(path)]
        done = subprocess.run(command, capture_output=True, text=True, check=True)
        return done.stdout + done.stderr

    return check
