"""What a file is, told by its first bytes and never by its name."""

from __future__ import annotations

from enum import Enum
from typing import Literal

HEAD = 4096  # bytes that are enough to tell


class Format(str, Enum):
    """The formats that can be read; the values of rasters are Pillow's names."""

    DICOM = "DICOM"
    PNG = "PNG"
    JPEG = "JPEG"
    TIFF = "TIFF"
    WEBP = "WEBP"
    BMP = "BMP"
    GIF = "GIF"
    UNKNOWN = "unknown"


_MAGIC: tuple[tuple[int, bytes, Format], ...] = (
    (128, b"DICM", Format.DICOM),  # first: the preamble before it may hold another format's magic
    (0, b"\x89PNG\r\n\x1a\n", Format.PNG),
    (0, b"\xff\xd8\xff", Format.JPEG),
    (0, b"II*\0", Format.TIFF),
    (0, b"MM\0*", Format.TIFF),
    (0, b"II+\0", Format.TIFF),
    (0, b"MM\0+", Format.TIFF),
    (8, b"WEBP", Format.WEBP),
    (0, b"BM", Format.BMP),
    (0, b"GIF8", Format.GIF),
)

_OTHERS: tuple[tuple[int, bytes, str], ...] = (
    (0, b"%PDF", "a PDF document"),
    (0, b"PK\x03\x04", "a ZIP archive"),
    (0, b"\x1f\x8b", "a gzip archive"),
    (0, b"\0\0\0\x0cjP  ", "a JPEG 2000 picture outside DICOM"),
    (0, b"\xff\x4f\xff\x51", "a JPEG 2000 picture outside DICOM"),
    (4, b"ftyp", "a HEIF or AVIF picture or a video"),
)

# An element of group 0008 or 0002 that opens a data set without the preamble of part 10 of the standard.
_GROUPS: dict[bytes, Literal["little", "big"]] = {b"\x02\x00": "little", b"\x08\x00": "little", b"\x00\x08": "big"}


def sniff(data: bytes) -> Format:
    """The format of a file that begins with `data`."""
    for offset, magic, found in _MAGIC:
        if data[offset : offset + len(magic)] == magic and (found is not Format.BMP or _is_bmp(data)):
            return found
    return Format.DICOM if _is_bare_dicom(data) else Format.UNKNOWN


def is_dicomdir(data: bytes) -> bool:
    """Whether a DICOM file is a directory of a medium, and not a film."""
    return data[128:132] == b"DICM" and b"1.2.840.10008.1.3.10" in data[:HEAD]


def describe(data: bytes) -> str:
    """An unknown file in words, without its content."""
    for offset, magic, name in _OTHERS:
        if data[offset : offset + len(magic)] == magic:
            return name
    head = data[:HEAD]
    if b"\0" not in head and sum(byte >= 32 or byte in b"\t\r\n\f" for byte in head) >= 0.98 * len(head):
        return "a text file"
    return "a file of unknown kind"


def _is_bmp(data: bytes) -> bool:
    return len(data) > 18 and data[6:10] == b"\0\0\0\0"


def _is_bare_dicom(data: bytes) -> bool:
    """Whether two elements in ascending order stand at the start, the first of group 0002 or 0008."""
    order = _GROUPS.get(data[:2])
    if order is None or len(data) < 16:
        return False
    explicit = data[4:6].isalpha() and data[4:6].isupper()
    length = int.from_bytes(data[6:8] if explicit else data[4:8], order)
    following = 8 + length
    if length > 1024 or following + 8 > len(data):
        return False
    first, second = (
        (int.from_bytes(data[at : at + 2], order), int.from_bytes(data[at + 2 : at + 4], order)) for at in (0, following)
    )
    return first < second and first[1] <= 0x0100 and second[0] <= 0x0020
