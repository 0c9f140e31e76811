"""1. Read: any file, told by its content, becomes one radiograph: float32, 0..1, bone bright where its header says so."""

from __future__ import annotations

from pathlib import Path

from boneage.errors import BoneAgeError, Kind
from boneage.read.limits import check_bytes
from boneage.read.memory import keep_freed
from boneage.read.raster import read_raster
from boneage.read.sniff import Format, describe, sniff
from boneage.read.source import load
from boneage.types import Radiograph


def read(source: Path | str | bytes) -> Radiograph:
    """One film from a file, or from the file's bytes.

    Raises BoneAgeError, and nothing else, for whatever is not one readable gray film.
    """
    keep_freed()
    data = source if isinstance(source, bytes) else load(Path(source))
    check_bytes(len(data))
    match sniff(data):
        case Format.DICOM:
            from boneage.read.dicom import read_dicom  # pydicom takes long to load, and a picture does not need it

            return read_dicom(data)
        case Format.UNKNOWN:
            raise BoneAgeError(
                Kind.NOT_AN_IMAGE,
                came=describe(data),
                expected="a radiograph as DICOM, PNG, JPEG, TIFF, WebP, BMP or GIF",
                todo="Export the film in one of these formats.",
            )
        case raster:
            return read_raster(data, raster)


__all__ = ["read"]
