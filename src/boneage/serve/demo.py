"""The service with synthetic patients: no archive, no children, one command."""

from __future__ import annotations

import io
import tempfile
from datetime import date, timedelta
from pathlib import Path

import pydicom
from pydicom.dataset import Dataset
from pydicom.uid import generate_uid

from boneage.phantom import Phantom, draw, write_dicom, write_png
from boneage.serve.intake import Given
from boneage.serve.settings import Settings, Web
from boneage.serve.site import Site
from boneage.serve.states import Origin
from boneage.serve.store.records import Role, User
from boneage.types import Identity, Sex

USER, PASSWORD = "demo", "demo-demo-demo"  # synthetic patients on loopback: a secret would keep nobody out
DAYS_PER_MONTH = 30.4375
TODAY = date(2026, 6, 15)
SIZE = (1500, 1150)

# name, id, sex, (age, bone age, height in cm) at each visit, in months
PATIENTS = (
    ("Abendroth^Lena", "D-1001", Sex.FEMALE, ((82, 70, 118.0), (95, 84, 124.5), (107, 97, 130.0))),
    ("Okafor^Daniel", "D-1002", Sex.MALE, ((118, 142, 147.5),)),
    ("Wang^Xiaodong=王^小东", "D-1003", Sex.MALE, ((163, 160, 158.0),)),
    ("García López^María José", "D-1004", Sex.FEMALE, ((132, 130, 143.0), (144, 146, 150.5))),
    ("Lindqvist^Elsa", "D-1005", Sex.FEMALE, ((30, 31, None),)),
    ("Dubois^Émile", "D-1006", Sex.MALE, ((196, 190, 171.0),)),
)


_READER = User(USER, "Dr. Demo", Role.ADMIN)


def is_demo(site: Site) -> bool:
    """Whether its sign-in page may tell how to come in."""
    return site.accounts.find(USER) == _READER


def demo_settings(folder: Path, *, port: int) -> Settings:
    """A site of its own in that folder, on loopback."""
    return Settings(folder=folder, web=Web(port=port))


def fill(site: Site) -> None:
    """The patients' films, a photograph-like picture that is no hand, and one user; what is there already stays."""
    if site.accounts.find(USER) is None:
        site.accounts.add(_READER, PASSWORD, actor="demo")
    if any(site.worklist.counts().values()):
        return
    for number, (name, patient_id, sex, visits) in enumerate(PATIENTS):
        for visit, (age, bone_age, height) in enumerate(visits):
            phantom = draw(bone_age, sex, seed=100 + 10 * number + visit, size=SIZE)
            data = _film(phantom, name, patient_id, age=age, newest=visits[-1][0])
            site.intake.take(data, origin=Origin.DEMO, sender=USER, given=Given(height_cm=height))
    site.intake.take(_no_hand(), origin=Origin.DEMO, sender=USER, given=Given(Identity("Nobody^No Hand", "D-1007"), sex=Sex.MALE))


def _film(phantom: Phantom, name: str, patient_id: str, *, age: float, newest: float) -> bytes:
    """A DICOM file of that patient, the newest visit today."""
    with tempfile.TemporaryDirectory() as folder:
        file = write_dicom(phantom, Path(folder) / "film.dcm", chronological_age_months=age)
        film = pydicom.dcmread(file)
    day = TODAY - timedelta(days=(newest - age) * DAYS_PER_MONTH)
    _describe(film, name, patient_id, day, day - timedelta(days=age * DAYS_PER_MONTH))
    film.save_as(buffer := io.BytesIO(), enforce_file_format=True)
    return buffer.getvalue()


def _describe(film: Dataset, name: str, patient_id: str, day: date, birth: date) -> None:
    film.SpecificCharacterSet = "ISO_IR 192"
    film.PatientName, film.PatientID = name, patient_id
    film.StudyDate = film.SeriesDate = film.ContentDate = film.AcquisitionDate = day.strftime("%Y%m%d")
    film.PatientBirthDate = birth.strftime("%Y%m%d")
    film.AccessionNumber = f"A{patient_id[2:]}{day:%y%m}"
    sources = [patient_id, day.isoformat()]
    film.StudyInstanceUID = generate_uid(entropy_srcs=[*sources, "study"])
    film.SeriesInstanceUID = generate_uid(entropy_srcs=[*sources, "series"])
    film.SOPInstanceUID = film.file_meta.MediaStorageSOPInstanceUID = generate_uid(entropy_srcs=[*sources, "film"])


def _no_hand() -> bytes:
    """Something else on a film."""
    with tempfile.TemporaryDirectory() as folder:
        phantom = draw(120, Sex.MALE, seed=99, size=(900, 700))
        turned = Phantom(**{**vars(phantom), "pixels": phantom.pixels[:300, :250]})
        return write_png(turned, Path(folder) / "film.png").read_bytes()
