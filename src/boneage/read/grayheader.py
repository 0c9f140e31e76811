"""The header's description of the pixels: their layout, and the chain of steps from stored values to gray."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from boneage.errors import BoneAgeError, Kind
from boneage.read.dataset import name_of
from boneage.read.gray import Chain, Lut, Rescale, Window
from boneage.read.tags import Tags

GRAY = ("MONOCHROME1", "MONOCHROME2")
COLOR = ("RGB", "YBR_FULL", "YBR_FULL_422", "YBR_ICT", "YBR_RCT")
FUNCTIONS = ("LINEAR", "LINEAR_EXACT", "SIGMOID")


@dataclass(frozen=True)
class Layout:
    """How one frame is stored."""

    height: int
    width: int
    samples: int  # 1 or 3 per pixel
    allocated: int  # bits per sample: 8 or 16
    bits: int  # of them stored: 8..16
    high_bit: int
    signed: bool
    photometric: str

    @property
    def length(self) -> int:
        """Bytes of the uncompressed frame."""
        subsampled = self.photometric == "YBR_FULL_422"  # two samples a pixel instead of three
        return self.height * self.width * (2 if subsampled else self.samples) * self.allocated // 8


def read_layout(tags: Tags, *, cut_off: bool) -> Layout:
    """The layout of the one frame. Refuses what is not one gray or color frame of 8 to 16 bits.

    `cut_off` says that the parser met the end of the file too early; then absent pixels are not the header's fault.
    """
    _check_pixels(tags, cut_off=cut_off)
    frames = tags.whole("NumberOfFrames")
    if frames is not None and frames > 1:
        raise _unsupported(f"a DICOM file of {frames} frames", "a single film", "Export the one film.")
    height, width = _whole(tags, "Rows"), _whole(tags, "Columns")
    samples, allocated = tags.whole("SamplesPerPixel") or 1, _whole(tags, "BitsAllocated")
    bits = tags.whole("BitsStored") or allocated
    photometric = tags.text("PhotometricInterpretation").upper()
    known = photometric in (*GRAY, "PALETTE COLOR") if samples == 1 else samples == 3 and photometric in COLOR
    if not known:
        came, expected = "a photometric interpretation that radiographs do not have", f"{' or '.join(GRAY)}, or RGB"
        raise _unsupported(came, expected, "Export the film in gray.")
    if allocated not in (8, 16) or not 8 <= bits <= allocated:
        raise _unsupported(f"pixels of {bits} bits in {allocated}", "8 to 16 bits in 8 or 16", "Export the film in 16 bits.")
    high_bit = tags.whole("HighBit")
    if high_bit is None or not bits - 1 <= high_bit < allocated:
        tags.tolerated = tags.tolerated or high_bit is not None
        high_bit = bits - 1
    return Layout(height, width, samples, allocated, bits, high_bit, tags.whole("PixelRepresentation") == 1, photometric)


def _check_pixels(tags: Tags, *, cut_off: bool) -> None:
    if isinstance(tags.value("PixelData"), bytes):
        return
    if any(keyword in tags.dataset for keyword in ("FloatPixelData", "DoubleFloatPixelData")):
        raise _unsupported("floating-point pixel data", "whole numbers of 8 to 16 bits", "Export the film in 16 bits.")
    name = name_of(tags.text("SOPClassUID"))
    if cut_off:
        came = "a DICOM image file that ends before its pixels"
        raise BoneAgeError(Kind.TRUNCATED, came=came, expected="the whole file", todo="Copy or send it again.")
    if "Image Storage" in name or any(keyword in tags.dataset for keyword in ("Rows", "PixelData")):
        came = "a DICOM image file without pixel data, or one that was cut off before it"
        raise BoneAgeError(Kind.NO_PIXELS, came=came, expected="a radiograph", todo="Copy or send it again.")
    raise BoneAgeError(
        Kind.NO_PIXELS,
        came=f"a DICOM file without pixels: {name}",
        expected="a radiograph",
        todo="Give the film that this file refers to.",
    )


def read_chain(tags: Tags, layout: Layout) -> Chain:
    """The gray steps of a film of one sample per pixel. Steps that make no sense are left out and noted."""
    return Chain(
        bits=layout.bits,
        signed=layout.signed,
        inverted=layout.photometric == "MONOCHROME1",
        modality=_lut(tags, "ModalityLUTSequence") or _rescale(tags),
        voi=_lut(tags, "VOILUTSequence") or _window(tags),
        padding=_padding(tags),
    )


def _rescale(tags: Tags) -> Rescale | None:
    slope, intercept = tags.number("RescaleSlope"), tags.number("RescaleIntercept")
    if slope is None and intercept is None:
        return None
    if slope == 0 or abs(slope or 1) > 1e6 or abs(intercept or 0) > 1e9:
        tags.tolerated = True
        return None
    return Rescale(1.0 if slope is None else slope, intercept or 0.0)


def _window(tags: Tags) -> Window | None:
    """The first window: alternatives are for the eye, and the first one is what viewers open with."""
    center, width = tags.number("WindowCenter"), tags.number("WindowWidth")
    if center is None or width is None:
        tags.tolerated = tags.tolerated or (center is not None or width is not None)
        return None
    function = tags.text("VOILUTFunction").upper() or "LINEAR"
    if function not in FUNCTIONS:
        tags.tolerated, function = True, "LINEAR"
    window = Window(center, width, function)
    tags.tolerated = tags.tolerated or not window.valid
    return window if window.valid else None


def _lut(tags: Tags, keyword: str) -> Lut | None:
    """The first table of a sequence. PS3.3 C.11.1.1 and C.11.2.1.1."""
    items = tags.items(keyword)
    if not items:
        return None
    item = Tags(items[0])
    descriptor, raw = item.numbers("LUTDescriptor"), item.value("LUTData")
    lut = _build_lut([int(number) for number in descriptor], raw, little=tags.dataset.original_encoding[1] is not False)
    tags.tolerated = tags.tolerated or item.tolerated or lut is None
    return lut


def _build_lut(descriptor: list[int], raw: object, *, little: bool) -> Lut | None:
    if len(descriptor) != 3:
        return None
    count, first, bits = (descriptor[0] % 2**16) or 2**16, descriptor[1], descriptor[2]
    if isinstance(raw, bytes):  # OW: words, or bytes where the table has 8 bits and somebody packed it
        word = "<u2" if little else ">u2"
        entries = np.frombuffer(raw, np.uint8) if len(raw) < 2 * count else np.frombuffer(raw[: 2 * count], word)
    else:
        entries = np.asarray(raw if isinstance(raw, Sequence) else [])
    if not 8 <= bits <= 16 or len(entries) < count or entries.dtype.kind not in "ui":
        return None
    return Lut(first, (entries[:count].astype(np.int64) % 2**16).astype(np.uint16), bits)


def _padding(tags: Tags) -> tuple[int, int] | None:
    low = tags.whole("PixelPaddingValue")
    if low is None:
        return None
    limit = tags.whole("PixelPaddingRangeLimit")
    return (low, low) if limit is None else (min(low, limit), max(low, limit))


def _whole(tags: Tags, keyword: str) -> int:
    value = tags.whole(keyword)
    if value is None:
        raise BoneAgeError(
            Kind.BAD_PIXELS, came=f"a DICOM file without a valid {keyword}", expected="a whole header", todo="Export it again."
        )
    return value


def _unsupported(came: str, expected: str, todo: str) -> BoneAgeError:
    return BoneAgeError(Kind.UNSUPPORTED, came=came, expected=expected, todo=todo)
