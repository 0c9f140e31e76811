"""Films and readings for reports in DICOM, and the validators where they are installed."""

from __future__ import annotations

import io
import shutil
import subprocess
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from pydicom import dcmread
from pydicom.config import disable_value_validation
from pydicom.dataset import Dataset
from pydicom.uid import ExplicitVRLittleEndian, ImplicitVRLittleEndian, SecondaryCaptureImageStorage, generate_uid

from boneage.errors import Kind
from boneage.phantom import Phantom, write_dicom
from boneage.report.dicom import film_header, to_bytes
from boneage.report.reading import Decision, Drawing, Film, Reading, Refusal, Status
from boneage.types import Estimate, Flag, Identity, Sex, SexSource, Side

READER = "Holm^Greta"
AT, SIGNED_AT = datetime(2026, 11, 21, 10, 2, 3, tzinfo=UTC), datetime(2026, 11, 21, 11, 5, 6, tzinfo=UTC)
PIXELMED = Path("/usr/share/java/pixelmed.jar")
FREE_XPATH = [f"-Djdk.xml.xpath{limit}OpLimit=0" for limit in ("Total", "Expr")] + ["-Djdk.xml.xpathExprGrpLimit=0"]


@pytest.fixture(scope="session", autouse=True)
def dicom() -> None:
    """What most of these tests write with."""
    pytest.importorskip("highdicom", reason="needs the dicom extra")


@pytest.fixture(scope="session")
def film(girl: Phantom, boy: Phantom, tmp_path_factory: pytest.TempPathFactory) -> Callable[..., bytes]:
    """A phantom's film as a file, with elements changed; None takes one away."""

    def make(
        *, sex: Sex = Sex.FEMALE, modality: str = "DX", monochrome1: bool = False, implicit: bool = False, **elements: Any
    ) -> bytes:
        path = tmp_path_factory.mktemp("film") / "film.dcm"
        kind = "CR" if modality == "OT" else modality
        write_dicom(
            girl if sex is Sex.FEMALE else boy, path, modality=kind, monochrome1=monochrome1, chronological_age_months=110
        )
        dataset = dcmread(path)
        if modality == "OT":
            dataset.SOPClassUID = dataset.file_meta.MediaStorageSOPClassUID = SecondaryCaptureImageStorage
            dataset.Modality, dataset.ConversionType = "OT", "DF"
        with disable_value_validation():
            for keyword, value in elements.items():
                if value is None:
                    del dataset[keyword]
                else:
                    setattr(dataset, keyword, value)
            dataset.file_meta.TransferSyntaxUID = ImplicitVRLittleEndian if implicit else ExplicitVRLittleEndian
            file = io.BytesIO()
            dataset.save_as(file, implicit_vr=implicit, little_endian=True, enforce_file_format=True)
        return file.getvalue()

    return make


@pytest.fixture
def header(film: Callable[..., bytes]) -> Dataset:
    return film_header(film())


@pytest.fixture
def reading() -> Callable[..., Reading]:
    """A reading of the film with this header: of the system where `status` is not given."""

    def make(header: Dataset, *, status: Status = Status.UNVERIFIED, months: float = 99.0, **changes: Any) -> Reading:
        sex = {"F": Sex.FEMALE, "M": Sex.MALE}.get(header.PatientSex)
        decision = None if status is Status.UNVERIFIED else Decision(READER, SIGNED_AT, months)
        values: dict[str, Any] = {
            "uid": generate_uid(prefix=None),
            "made_at": AT,
            "identity": identity(header),
            "film": Film("ab" * 32, (1000, 750), None, Side.LEFT, "2020-06-15"),
            "sex": sex,
            "sex_source": SexSource.HEADER,
            "chronological_age_months": 110.0,
            "system": "reference-2026-11",
            "weights": ("a-2026-11", "b-2026-11"),
            "estimate": estimate(sex),
            "drawing": drawing(),
            "flags": frozenset({Flag.SPACING_UNKNOWN}),
            "status": status,
            "decision": decision,
            "predecessor": "2.25.4711" if status in (Status.AMENDED, Status.WITHDRAWN) else None,
        }
        return Reading(**(values | changes))

    return make


@pytest.fixture
def refusal() -> dict[str, Any]:
    """What a reading of a refused film has instead of an estimate."""
    refused = Refusal(Kind.NO_HAND, "a film without one hand", "a radiograph of one hand", "Look at the film.")
    return {"estimate": None, "drawing": None, "refusal": refused}


def identity(header: Dataset) -> Identity:
    keywords = ("PatientName", "PatientID", "AccessionNumber", "StudyInstanceUID", "SOPInstanceUID", "SeriesInstanceUID")
    return Identity(*(str(header[keyword].value) for keyword in keywords))


def estimate(sex: Sex | None) -> Estimate:
    probabilities = np.exp(-0.5 * ((np.arange(240) - 99.0) / 9) ** 2)
    return Estimate(sex, 99.0, (81.25, 116.75), 0.9, 9.0, probabilities / probabilities.sum())


def drawing() -> Drawing:
    """Points of which the last lies beside the film, and a region that reaches beyond it."""
    angles = np.linspace(0, 5, 21)
    points = np.stack([375 + 200 * np.cos(angles), 500 + 300 * np.sin(angles)], axis=1)
    points[20] = (-30, 500)
    whole = np.array([(-40.0, 60.0), (700, -20), (730, 1020), (30, 1010)])
    return Drawing(points, {"whole": whole, "carpals": np.array([(300.0, 600.0), (450, 610), (440, 760), (290, 750)])})


@pytest.fixture
def dciodvfy(tmp_path: Path) -> Callable[[Dataset], list[str]]:
    """What David Clunie's dciodvfy says of an object, but for the name of our own coding scheme, which it cannot know."""
    if shutil.which("dciodvfy") is None:
        pytest.skip("dciodvfy is not installed (Debian: dicom3tools)")

    def check(made: Dataset) -> list[str]:
        path = tmp_path / "object.dcm"
        path.write_bytes(to_bytes(made))
        done = subprocess.run(["dciodvfy", "-new", str(path)], capture_output=True, text=True, check=False)
        said = (done.stdout + done.stderr).splitlines()
        return [line for line in said if ("Error" in line or "Warning" in line) and "<99BONEAGE>" not in line]

    return check


@pytest.fixture
def sr_validator(tmp_path: Path) -> Callable[[Dataset], str]:
    """What PixelMed's DicomSRValidator says of a report. Some seconds of Java each."""
    if not PIXELMED.is_file() or shutil.which("java") is None:
        pytest.skip("PixelMed's validator is not installed (Debian: libpixelmed-java, default-jre-headless)")

    def check(report: Dataset) -> str:
        path = tmp_path / "report.dcm"
        path.write_bytes(to_bytes(report))
        command = ["java", *FREE_XPATH, "-cp", str(PIXELMED), "com.pixelmed.validate.DicomSRValidator", str(path)]
        done = subprocess.run(command, capture_output=True, text=True, check=True)
        return done.stdout + done.stderr

    return check
