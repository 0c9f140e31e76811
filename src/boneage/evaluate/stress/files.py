"""A changed film as the file that a reader gets: PNG of 8 or 16 bits, JPEG, DICOM."""

from __future__ import annotations

import io
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from PIL import Image as Pillow
from pydicom.dataset import FileDataset, FileMetaDataset
from pydicom.uid import UID, DigitalXRayImageStorageForPresentation, ExplicitVRLittleEndian

from boneage.types import Image

INSTANCE = UID("1.2.826.0.1.3680043.8.498.1")  # under pydicom's own root, the same for all: the file is read once and thrown away


def as_png(film: Image) -> bytes:
    """PNG of 8 bits."""
    return _packed(stored(film, 8), "PNG")


def as_deep_png(film: Image) -> bytes:
    """PNG of 16 bits."""
    return _packed(stored(film, 16), "PNG")


@dataclass(frozen=True)
class AsJpeg:
    """Baseline JPEG."""

    quality: int

    def __call__(self, film: Image) -> bytes:
        return _packed(stored(film, 8), "JPEG", quality=self.quality)


@dataclass(frozen=True)
class AsDicom:
    """A digital radiograph for presentation, uncompressed, of nobody; no window: the whole range is shown."""

    bits: int
    bone_dark: bool = False  # MONOCHROME1

    def __call__(self, film: Image) -> bytes:
        values = stored(film, self.bits)
        meta = FileMetaDataset()
        meta.MediaStorageSOPClassUID, meta.MediaStorageSOPInstanceUID = DigitalXRayImageStorageForPresentation, INSTANCE
        meta.TransferSyntaxUID = ExplicitVRLittleEndian
        file = FileDataset("", {}, file_meta=meta, preamble=b"\0" * 128)
        file.SOPClassUID, file.SOPInstanceUID = DigitalXRayImageStorageForPresentation, INSTANCE
        file.Modality, file.PresentationIntentType, file.BodyPartExamined = "DX", "FOR PRESENTATION", "HAND"
        file.Rows, file.Columns = values.shape
        file.SamplesPerPixel, file.PixelRepresentation = 1, 0
        file.PhotometricInterpretation = "MONOCHROME1" if self.bone_dark else "MONOCHROME2"
        file.BitsAllocated, file.BitsStored, file.HighBit = (8 if self.bits == 8 else 16), self.bits, self.bits - 1
        file.PixelData = (2**self.bits - 1 - values if self.bone_dark else values).astype(values.dtype).tobytes()
        file["PixelData"].VR = "OB" if self.bits == 8 else "OW"
        target = io.BytesIO()
        file.save_as(target, enforce_file_format=True)
        return target.getvalue()


def stored(film: Image, bits: int) -> npt.NDArray[np.uint8] | npt.NDArray[np.uint16]:
    """Gray 0..1 as the nearest whole values of so many bits."""
    values = np.rint(film.astype(np.float64) * (2**bits - 1))
    return np.asarray(values, np.uint8) if bits <= 8 else np.asarray(values, np.uint16)


def _packed(values: npt.NDArray[np.uint8] | npt.NDArray[np.uint16], form: str, **options: int) -> bytes:
    target = io.BytesIO()
    Pillow.fromarray(values).save(target, form, **options)
    return target.getvalue()
