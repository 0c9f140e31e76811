"""Phantoms as files: PNG, JPEG and DICOM, as they come from a scanner or an archive."""

from __future__ import annotations

import datetime
from pathlib import Path

import numpy as np
import numpy.typing as npt
from PIL import Image as Pillow
from pydicom.dataset import FileDataset, FileMetaDataset
from pydicom.sequence import Sequence
from pydicom.sr.coding import Code
from pydicom.uid import (
    ComputedRadiographyImageStorage,
    DigitalXRayImageStorageForPresentation,
    ExplicitVRLittleEndian,
    generate_uid,
)

from boneage.phantom.expose import Phantom
from boneage.types import Sex, Side

STUDY_DAY = datetime.date(2020, 6, 15)  # the same for all: a phantom has no day
PATIENT_NAME = "PHANTOM^SYNTHETIC HAND"


def write_png(phantom: Phantom, path: Path, *, bits: int = 8) -> Path:
    """Gray PNG of 8 or 16 bits."""
    Pillow.fromarray(_stored(phantom, bits)).save(path, format="PNG")
    return path


def write_jpeg(phantom: Phantom, path: Path, *, quality: int = 90) -> Path:
    """Gray baseline JPEG."""
    Pillow.fromarray(_stored(phantom, 8)).save(path, format="JPEG", quality=quality)
    return path


def write_dicom(
    phantom: Phantom,
    path: Path,
    *,
    modality: str = "DX",
    bits: int = 12,
    monochrome1: bool = False,
    chronological_age_months: float | None = None,
) -> Path:
    """A DX (for presentation) or CR object, uncompressed; age and birth date are those of the bones unless given."""
    age = phantom.bone_age_months if chronological_age_months is None else chronological_age_months
    name = f"{phantom.seed}/{phantom.sex.value}/{phantom.bone_age_months}/{phantom.side.value}/{phantom.size}/{modality}"
    meta = FileMetaDataset()
    meta.MediaStorageSOPClassUID = DigitalXRayImageStorageForPresentation if modality == "DX" else ComputedRadiographyImageStorage
    meta.MediaStorageSOPInstanceUID = generate_uid(entropy_srcs=[name, "instance", str(bits), str(monochrome1)])
    meta.TransferSyntaxUID = ExplicitVRLittleEndian
    file = FileDataset(str(path), {}, file_meta=meta, preamble=b"\0" * 128)
    file.SOPClassUID = meta.MediaStorageSOPClassUID
    file.SOPInstanceUID = meta.MediaStorageSOPInstanceUID
    _patient(file, phantom, age)
    _study(file, name, modality)
    _acquisition(file, phantom, modality)
    _pixels(file, phantom, bits, monochrome1)
    file.save_as(path, enforce_file_format=True)
    return path


def _stored(phantom: Phantom, bits: int) -> npt.NDArray[np.uint8] | npt.NDArray[np.uint16]:
    values = np.round(phantom.pixels * (2**bits - 1))
    return np.asarray(values, np.uint8) if bits == 8 else np.asarray(values, np.uint16)


def _patient(file: FileDataset, phantom: Phantom, age_months: float) -> None:
    file.PatientName = PATIENT_NAME
    file.PatientID = f"PHANTOM-{phantom.seed}"
    file.PatientBirthDate = (STUDY_DAY - datetime.timedelta(days=age_months * 30.4375)).strftime("%Y%m%d")
    file.PatientSex = "F" if phantom.sex is Sex.FEMALE else "M"
    file.PatientAge = f"{round(age_months):03d}M"
    file.PatientComments = "Synthetic phantom, no patient"
    file.QualityControlImage = "YES"


def _study(file: FileDataset, name: str, modality: str) -> None:
    file.StudyInstanceUID = generate_uid(entropy_srcs=[name, "study"])
    file.SeriesInstanceUID = generate_uid(entropy_srcs=[name, "series"])
    file.StudyID = file.SeriesNumber = file.InstanceNumber = "1"
    file.AccessionNumber = file.ReferringPhysicianName = ""
    file.StudyDate = file.SeriesDate = file.AcquisitionDate = file.ContentDate = STUDY_DAY.strftime("%Y%m%d")
    file.StudyTime = file.SeriesTime = file.AcquisitionTime = file.ContentTime = "120000"
    file.StudyDescription = "XR hand, bone age"
    file.Modality = modality
    file.Manufacturer = "boneage.phantom"
    file.SpecificCharacterSet = "ISO_IR 100"


def _acquisition(file: FileDataset, phantom: Phantom, modality: str) -> None:
    file.BodyPartExamined = "HAND"
    file.ViewPosition = "PA"
    side = "L" if phantom.side is Side.LEFT else "R"
    file.PatientOrientation = ["R", "H"] if phantom.side is Side.LEFT else ["L", "H"]
    file.ImagerPixelSpacing = [f"{phantom.spacing_mm:.6f}"] * 2
    file.ImageType = ["ORIGINAL", "PRIMARY", ""] if modality == "DX" else ["ORIGINAL", "PRIMARY"]
    file.KVP = "50"
    file.BurnedInAnnotation = "NO"
    if modality != "DX":
        file.Laterality = side  # as computed radiography has it: once for the series
        return
    file.ImageLaterality = side
    file.PresentationIntentType = "FOR PRESENTATION"
    file.AnatomicRegionSequence = _coded(Code("85562004", "SCT", "Hand"))
    file.ViewCodeSequence = _coded(Code("272486006", "SCT", "postero-anterior"))
    file.ViewCodeSequence[0].ViewModifierCodeSequence = Sequence([])
    file.AcquisitionContextSequence = Sequence([])
    file.DetectorType = "STORAGE"
    file.PositionerType = "NONE"
    file.FieldOfViewShape = "RECTANGLE"


def _coded(code: Code) -> Sequence:
    item = FileDataset("", {})
    item.CodeValue, item.CodingSchemeDesignator, item.CodeMeaning = code.value, code.scheme_designator, code.meaning
    return Sequence([item])


def _pixels(file: FileDataset, phantom: Phantom, bits: int, monochrome1: bool) -> None:
    stored = _stored(phantom, bits)
    if monochrome1:
        stored = (2**bits - 1 - stored).astype(stored.dtype)
    file.Rows, file.Columns = phantom.size
    file.SamplesPerPixel = 1
    file.PhotometricInterpretation = "MONOCHROME1" if monochrome1 else "MONOCHROME2"
    file.PresentationLUTShape = "INVERSE" if monochrome1 else "IDENTITY"
    file.BitsAllocated, file.BitsStored, file.HighBit = (8 if bits == 8 else 16), bits, bits - 1
    file.PixelRepresentation = 0
    if file.Modality == "DX":
        file.PixelIntensityRelationship = "LOG"
        file.PixelIntensityRelationshipSign = 1 if monochrome1 else -1  # 1: more X-ray, higher value
    file.RescaleIntercept, file.RescaleSlope, file.RescaleType = "0", "1", "US"
    file.WindowCenter, file.WindowWidth = str(2 ** (bits - 1)), str(2**bits)
    file.LossyImageCompression = "00"
    file.PixelData = stored.tobytes()
    file["PixelData"].VR = "OB" if bits == 8 else "OW"
