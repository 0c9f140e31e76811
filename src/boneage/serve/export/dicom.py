"""A film as DICOM without identity, by the Basic Application Level Confidentiality Profile (PS3.15, annex E).

Nothing is taken out of the old object: a new one is made, and of the old header only `write_dicom`'s parameters go in. So every
attribute of table E.1-1 is absent, empty or new, every private one is absent, and what a vendor hides where the table does not
look is absent, too. Options (PS3.15 E.3): patient characteristics kept (113108): sex and age; longitudinal information with
modified dates (113107): the study dates of one child are moved by the same days. Type 2 attributes that the profile empties (Z)
are there without a value; UIDs are new (U). All pixels outside the hand are one gray, but what is written on the hand itself
stays, so the Clean Pixel Data Option (113101) is not claimed and Burned In Annotation is not said to be NO. The pixels are those
that the system read, windowed, 16 bits, bone bright, so the object is a derived secondary capture.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
import numpy.typing as npt
from pydicom.dataset import Dataset, FileDataset, FileMetaDataset
from pydicom.sequence import Sequence
from pydicom.uid import ExplicitVRLittleEndian, SecondaryCaptureImageStorage, generate_uid

from boneage import __version__
from boneage.types import Sex

METHOD = "boneage export-films: new object, outside of hand blanked"
CODES = (  # PS3.16, CID 7050
    ("113100", "Basic Application Confidentiality Profile"),
    ("113107", "Retain Longitudinal Temporal Information Modified Dates Option"),
    ("113108", "Retain Patient Characteristics Option"),
)
EMPTY = ("PatientName", "PatientBirthDate", "AccessionNumber", "ReferringPhysicianName", "StudyTime", "StudyID", "Laterality")


def write_dicom(
    path: Path,
    grays: npt.NDArray[np.uint16],
    *,
    film_id: int,
    child: int,
    sex: Sex,
    age_months: float | None,
    day: str | None,
    spacing_mm: tuple[float, float] | None,
) -> None:
    """`day`: the moved study date, ISO 8601. Raises OSError."""
    meta = FileMetaDataset()
    meta.MediaStorageSOPClassUID = SecondaryCaptureImageStorage
    meta.MediaStorageSOPInstanceUID = generate_uid(prefix=None)
    meta.TransferSyntaxUID = ExplicitVRLittleEndian
    file = FileDataset(str(path), {}, file_meta=meta, preamble=b"\0" * 128)
    file.SOPClassUID, file.SOPInstanceUID = meta.MediaStorageSOPClassUID, meta.MediaStorageSOPInstanceUID
    for keyword in EMPTY:
        setattr(file, keyword, "")
    file.PatientID, file.PatientSex = str(child), "F" if sex is Sex.FEMALE else "M"
    if age_months is not None:
        file.PatientAge = f"{min(round(age_months), 999):03d}M"
    file.StudyDate = "" if day is None else day.replace("-", "")
    file.StudyInstanceUID, file.SeriesInstanceUID = generate_uid(prefix=None), generate_uid(prefix=None)
    file.SeriesNumber, file.InstanceNumber = "1", "1"
    file.Modality, file.ConversionType, file.BodyPartExamined = "OT", "WSD", "HAND"
    file.PatientOrientation = ""
    file.Manufacturer, file.SoftwareVersions = "", f"boneage {__version__}"
    file.SeriesDescription = f"bone age research film {film_id}"
    _tell_method(file)
    _pixels(file, grays, spacing_mm)
    file.save_as(path, enforce_file_format=True)


def _tell_method(file: FileDataset) -> None:
    file.PatientIdentityRemoved, file.DeidentificationMethod = "YES", METHOD
    file.LongitudinalTemporalInformationModified = "MODIFIED"
    items = []
    for value, meaning in CODES:
        item = Dataset()
        item.CodeValue, item.CodingSchemeDesignator, item.CodeMeaning = value, "DCM", meaning
        items.append(item)
    file.DeidentificationMethodCodeSequence = Sequence(items)


def _pixels(file: FileDataset, grays: npt.NDArray[np.uint16], spacing_mm: tuple[float, float] | None) -> None:
    file.ImageType = ["DERIVED", "SECONDARY"]
    file.SamplesPerPixel, file.PhotometricInterpretation = 1, "MONOCHROME2"
    file.Rows, file.Columns = grays.shape
    file.BitsAllocated = file.BitsStored = 16
    file.HighBit, file.PixelRepresentation = 15, 0
    file.WindowCenter, file.WindowWidth = "32768", "65536"
    if spacing_mm is not None:
        file.PixelSpacing = [f"{one:.6g}" for one in spacing_mm]
    file.PixelData = grays.astype("<u2").tobytes()
    file["PixelData"].VR = "OW"
