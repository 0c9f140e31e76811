"""Small films with a known picture, as arrays and as files."""

from __future__ import annotations

import io
import tempfile
from pathlib import Path
from typing import Any

import gdcm
import numpy as np
from PIL import Image
from pydicom import dcmread
from pydicom.config import disable_value_validation
from pydicom.dataset import Dataset, FileMetaDataset
from pydicom.encaps import encapsulate
from pydicom.uid import (
    DeflatedExplicitVRLittleEndian,
    DigitalXRayImageStorageForPresentation,
    ExplicitVRBigEndian,
    ExplicitVRLittleEndian,
    JPEGBaseline8Bit,
    JPEGLossless,
    JPEGLosslessSV1,
    generate_uid,
)

HEIGHT, WIDTH = 120, 90
NAME, IDENTIFIER = "Doe^Jane", "PAT-4711"


def picture(height: int = HEIGHT, width: int = WIDTH) -> np.ndarray:
    """Gray 0..1, dark corners, every part different from every other one, so that a turn or a mirror shows."""
    y, x = np.mgrid[0 : 1 : height * 1j, 0 : 1 : width * 1j]
    light = np.exp(-(((x - 0.4) / 0.25) ** 2 + ((y - 0.55) / 0.3) ** 2))
    fingers = 0.3 * np.exp(-(((x - 0.7) / 0.05) ** 2)) * (y < 0.6) * (y > 0.15)
    gray = light + fingers
    return (gray - gray.min()) / np.ptp(gray)


def stored(bits: int, *, signed: bool = False) -> np.ndarray:
    """The picture in whole numbers that fill `bits`."""
    values = np.rint(picture() * (2**bits - 1)).astype(np.int64) - (2 ** (bits - 1) if signed else 0)
    return values.astype(f"{'i' if signed else 'u'}{1 if bits <= 8 else 2}")


def dataset(values: np.ndarray, *, bits: int, photometric: str = "MONOCHROME2", **elements: Any) -> Dataset:
    """A minimal film of these stored values."""
    film = Dataset()
    film.SOPClassUID = DigitalXRayImageStorageForPresentation
    film.SOPInstanceUID = generate_uid()
    film.PatientName, film.PatientID = NAME, IDENTIFIER
    film.Rows, film.Columns = values.shape[:2]
    film.SamplesPerPixel = 1 if values.ndim == 2 else values.shape[2]
    if values.ndim == 3:
        film.PlanarConfiguration = 0
    film.PhotometricInterpretation = photometric
    film.BitsAllocated, film.BitsStored, film.HighBit = 8 * values.dtype.itemsize, bits, bits - 1
    film.PixelRepresentation = int(values.dtype.kind == "i")
    film.file_meta = FileMetaDataset()
    film.file_meta.TransferSyntaxUID = ExplicitVRLittleEndian
    data = values.tobytes()
    film.PixelData = data + b"\0" * (len(data) % 2)
    film["PixelData"].VR = "OB" if values.dtype.itemsize == 1 else "OW"
    with disable_value_validation():  # some tests write what breaks the standard
        for keyword, value in elements.items():
            setattr(film, keyword, value)
    return film


def save(film: Dataset, syntax: str = ExplicitVRLittleEndian) -> bytes:
    """The film's file in a transfer syntax."""
    if syntax == JPEGBaseline8Bit:
        gray = np.frombuffer(film.PixelData, np.uint8)[: film.Rows * film.Columns].reshape(film.Rows, film.Columns)
        film.PixelData = encapsulate([jpeg(gray, quality=100)])
        film["PixelData"].is_undefined_length = True
    elif syntax in (JPEGLossless, JPEGLosslessSV1):
        _compress_with_gdcm(film, syntax)
    elif film.file_meta.TransferSyntaxUID != syntax and syntax not in _PLAIN:
        film.compress(syntax, generate_instance_uid=False)
    elif syntax == ExplicitVRBigEndian and film.BitsAllocated == 16:
        film.PixelData = np.frombuffer(film.PixelData, "<u2").astype(">u2").tobytes()
    film.file_meta.TransferSyntaxUID = syntax
    file = io.BytesIO()
    with disable_value_validation():
        film.save_as(file, enforce_file_format=True)
    return file.getvalue()


_PLAIN = {ExplicitVRLittleEndian, "1.2.840.10008.1.2", ExplicitVRBigEndian, DeflatedExplicitVRLittleEndian}


def _compress_with_gdcm(film: Dataset, syntax: str) -> None:
    names = {
        JPEGLossless: gdcm.TransferSyntax.JPEGLosslessProcess14,
        JPEGLosslessSV1: gdcm.TransferSyntax.JPEGLosslessProcess14_1,
    }
    with tempfile.TemporaryDirectory() as folder:
        plain, packed = Path(folder) / "plain", Path(folder) / "packed"
        plain.write_bytes(save(film))
        reader, change, writer = gdcm.ImageReader(), gdcm.ImageChangeTransferSyntax(), gdcm.ImageWriter()
        reader.SetFileName(str(plain))
        assert reader.Read()
        change.SetTransferSyntax(gdcm.TransferSyntax(names[syntax]))
        change.SetInput(reader.GetImage())
        assert change.Change()
        writer.SetFileName(str(packed))
        writer.SetFile(reader.GetFile())
        writer.SetImage(change.GetOutput())
        assert writer.Write()
        # GDCM adds elements of its own, an invented pixel spacing among them; only its pixels are wanted.
        film.PixelData = dcmread(packed).PixelData
    film["PixelData"].VR, film["PixelData"].is_undefined_length = "OB", True


def film(bits: int = 12, **elements: Any) -> bytes:
    """A plain unsigned film as a file."""
    return save(dataset(stored(bits), bits=bits, **elements))


def png(values: np.ndarray, **options: Any) -> bytes:
    return raster(values, "PNG", **options)


def jpeg(values: np.ndarray, **options: Any) -> bytes:
    return raster(values, "JPEG", **options)


def raster(values: np.ndarray | Image.Image, form: str, **options: Any) -> bytes:
    file = io.BytesIO()
    (values if isinstance(values, Image.Image) else Image.fromarray(values)).save(file, form, **options)
    return file.getvalue()
