"""The bytes of a DICOM file to a data set, with or without preamble, inflated only as far as a film can need."""

from __future__ import annotations

import io
import re
import zlib

from pydicom.dataset import Dataset, FileMetaDataset
from pydicom.filereader import read_dataset
from pydicom.uid import (
    UID,
    DeflatedExplicitVRLittleEndian,
    ExplicitVRBigEndian,
    ExplicitVRLittleEndian,
    ImplicitVRLittleEndian,
)

from boneage.errors import BoneAgeError, Kind
from boneage.read.limits import MAX_INFLATED
from boneage.read.quiet import DECODER_ERRORS, quiet

_LONG = {b"OB", b"OD", b"OF", b"OL", b"OV", b"OW", b"SQ", b"SV", b"UC", b"UN", b"UR", b"UT", b"UV"}


def parse(data: bytes) -> tuple[Dataset, bool]:
    """The data set, its `file_meta` holding the transfer syntax, and whether the parser had to tolerate something.

    Not pydicom's dcmread, for it inflates a deflated file without a limit.
    """
    syntax, start = _read_meta(data)
    if not syntax:
        syntax = _guess_syntax(data[start : start + 8])
    elif not syntax.is_valid:
        raise _broken()
    body = io.BytesIO(data)  # of bytes it makes no copy
    body.seek(start)
    if syntax == DeflatedExplicitVRLittleEndian:
        body, syntax = io.BytesIO(_inflate(data[start:])), ExplicitVRLittleEndian
    try:
        with quiet() as heard:
            dataset = read_dataset(body, syntax == ImplicitVRLittleEndian, syntax != ExplicitVRBigEndian)
    except DECODER_ERRORS as error:
        raise _broken() from error
    if len(dataset) == 0:  # pydicom drops everything where an element without length never ends
        raise _cut_off() if heard else _broken()
    dataset.file_meta = FileMetaDataset()
    dataset.file_meta.TransferSyntaxUID = syntax
    return dataset, bool(heard)


def name_of(uid: str) -> str:
    """A UID in words as far as the standard has them; text that is no UID is not repeated."""
    if not re.fullmatch(r"[0-9.]{1,64}", uid):
        return "an invalid UID"
    name = UID(uid).name
    return f"{name} ({uid})" if name != uid else uid


def _read_meta(data: bytes) -> tuple[UID | None, int]:
    """The transfer syntax of the file's meta information, and where the data set starts."""
    at, syntax = (132 if data[128:132] == b"DICM" else 0), None
    while data[at : at + 2] == b"\x02\x00":
        kind = data[at + 4 : at + 6]
        if kind in _LONG:
            head, length = 12, int.from_bytes(data[at + 8 : at + 12], "little")
        elif kind.isalpha() and kind.isupper():
            head, length = 8, int.from_bytes(data[at + 6 : at + 8], "little")
        else:  # implicit, against the standard
            head, length = 8, int.from_bytes(data[at + 4 : at + 8], "little")
        if data[at + 2 : at + 4] == b"\x10\x00":
            syntax = UID(data[at + head : at + head + min(length, 64)].rstrip(b"\0 ").decode("ascii", "replace"))
        at += head + length
    return syntax, min(at, len(data))


def _guess_syntax(body: bytes) -> UID:
    """Without meta information the first element shows how it was written."""
    if not (body[4:6].isalpha() and body[4:6].isupper()):
        return ImplicitVRLittleEndian
    return ExplicitVRBigEndian if body[:1] == b"\0" else ExplicitVRLittleEndian


def _inflate(body: bytes) -> bytes:
    inflater = zlib.decompressobj(-zlib.MAX_WBITS)
    try:
        inflated = inflater.decompress(body, MAX_INFLATED)
    except zlib.error as error:
        raise _broken() from error
    if inflater.unconsumed_tail:
        raise BoneAgeError(
            Kind.TOO_LARGE,
            came=f"a deflated DICOM file of more than {MAX_INFLATED // 2**20} MiB",
            expected="a single film",
            todo="Export the film uncompressed.",
        )
    if not inflater.eof:
        raise _cut_off()
    return inflated


def _cut_off() -> BoneAgeError:
    return BoneAgeError(Kind.TRUNCATED, came="a DICOM file that breaks off", expected="the whole file", todo="Copy it again.")


def _broken() -> BoneAgeError:
    return BoneAgeError(
        Kind.NOT_AN_IMAGE,
        came="a DICOM file whose header cannot be parsed",
        expected="a DICOM radiograph",
        todo="Export the film again.",
    )
