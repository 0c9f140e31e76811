"""The pixel data of a DICOM film, decoded by the one decoder per transfer syntax that withstands damaged data.

pydicom alone would ask GDCM first, which writes to stderr and aborted the whole process on 9 of 6,000 mutated files of JPEG,
JPEG-LS and JPEG 2000; pylibjpeg-rle panics past `except Exception`. Pillow, CharLS, OpenJPEG and pydicom's own RLE
raise. Only JPEG lossless of more than 8 bits has no other decoder, so GDCM works for it in a process of its own.
"""

from __future__ import annotations

import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
from pydicom.dataset import Dataset
from pydicom.encaps import generate_frames
from pydicom.pixels.decoders.base import get_decoder
from pydicom.pixels.processing import apply_color_lut
from pydicom.pixels.utils import pixel_array
from pydicom.uid import (
    UID,
    JPEG2000TransferSyntaxes,
    JPEGBaseline8Bit,
    JPEGExtended12Bit,
    JPEGLossless,
    JPEGLosslessSV1,
    JPEGLSTransferSyntaxes,
    JPEGTransferSyntaxes,
    RLELossless,
)

from boneage.errors import BoneAgeError, Kind
from boneage.read.codestream import read_codestream
from boneage.read.dataset import name_of
from boneage.read.grayheader import Layout
from boneage.read.quiet import DECODER_ERRORS

Stored = npt.NDArray[Any]

SURPLUS = 1.5  # times the expected pixel data: more is another layout than the header's, less is padding
SECONDS = 120  # for one frame; a film takes less than one
PLUGINS: dict[str, str] = {
    **dict.fromkeys((JPEGBaseline8Bit, JPEGExtended12Bit), "pillow"),
    **dict.fromkeys(JPEGLSTransferSyntaxes, "pyjpegls"),
    **dict.fromkeys(JPEG2000TransferSyntaxes, "pylibjpeg"),
    RLELossless: "pydicom",
}
_STREAMS = {*JPEGTransferSyntaxes, *JPEGLSTransferSyntaxes, *JPEG2000TransferSyntaxes}


def decode(dataset: Dataset, layout: Layout) -> tuple[Stored, bool]:
    """Stored values [H, W], or colors [H, W, 3], and whether there was more pixel data than one frame's."""
    syntax = dataset.file_meta.TransferSyntaxUID
    _check_decoder(syntax)
    surplus = False
    frame, plugin = b"", PLUGINS.get(syntax, "")
    if syntax.is_encapsulated:
        frame, bits = _checked_frame(dataset, layout, syntax)
        plugin = "pylibjpeg" if syntax == JPEGExtended12Bit and bits > 8 else plugin
    else:
        surplus = _check_length(len(dataset.PixelData), layout)
    if syntax in (JPEGLossless, JPEGLosslessSV1):
        stored = _with_gdcm(frame, layout, syntax)
    else:
        stored = _with_pydicom(dataset, layout, plugin=plugin)
    if stored.shape[:2] != (layout.height, layout.width):
        raise _mismatch(f"pixel data of shape {stored.shape}", layout)
    if stored.ndim == 3:
        return stored[..., :3], surplus
    return _used_bits(stored, layout, encapsulated=syntax.is_encapsulated), surplus


def _with_pydicom(dataset: Dataset, layout: Layout, *, plugin: str) -> Stored:
    try:
        gray = layout.samples == 1
        stored = pixel_array(dataset, raw=gray, correct_unused_bits=False, decoding_plugin=plugin, view_only=gray)
        return apply_color_lut(stored, dataset) if layout.photometric == "PALETTE COLOR" else stored
    except DECODER_ERRORS as error:
        raise _undecodable(dataset.file_meta.TransferSyntaxUID) from error


def _with_gdcm(frame: bytes, layout: Layout, syntax: UID) -> Stored:
    if layout.samples != 1:
        raise _no_decoder(f"{name_of(syntax)} in color", "JPEG lossless in gray")
    script = Path(__file__).with_name("gdcm_process.py")
    numbers = (layout.height, layout.width, layout.allocated, layout.bits, int(layout.signed))
    command = [sys.executable, "-P", str(script), syntax, *map(str, numbers)]
    try:
        done = subprocess.run(command, input=frame, capture_output=True, check=False, timeout=SECONDS)
    except (OSError, subprocess.TimeoutExpired) as error:
        raise _undecodable(syntax) from error
    # GDCM fills up what it cannot decode and only says so. Bytes too many between segments do no harm.
    complaints = [line for line in done.stderr.splitlines() if b"extraneous bytes" not in line]
    if done.returncode != 0 or complaints or len(done.stdout) != layout.length:
        raise _undecodable(syntax)
    kind = "i" if layout.signed else "u"
    return np.frombuffer(done.stdout, f"<{kind}{layout.allocated // 8}").reshape(layout.height, layout.width)


def _used_bits(stored: Stored, layout: Layout, *, encapsulated: bool) -> Stored:
    """The bits that hold the value, of a type that depends on their number alone: overlays may hide in the others."""
    size = 8 * stored.dtype.itemsize
    kept = np.dtype(f"{'i' if layout.signed else 'u'}{1 if layout.bits <= 8 else 2}")
    above = size - layout.bits if encapsulated else size - 1 - layout.high_bit
    if size <= layout.bits or (above == size - layout.bits and _all_clear(stored, layout)):
        return stored.astype(kept, copy=False)
    shifted = stored.astype(f"u{size // 8}")  # a copy: the film may be a view of the file
    shifted <<= above
    values = shifted.view(f"{'i' if layout.signed else 'u'}{size // 8}")
    values >>= size - layout.bits
    return values.astype(kept, copy=False)


def _all_clear(stored: Stored, layout: Layout) -> bool:
    """Whether the bits above the value are clear already, as nearly all films have them."""
    return not layout.signed and stored.dtype.kind == "u" and int(stored.max()) < 2**layout.bits


def _check_decoder(syntax: UID) -> None:
    """Refuses transfer syntaxes that are not of pictures, or whose decoder is not installed."""
    try:
        decoder = get_decoder(syntax)
    except NotImplementedError as error:
        raise _no_decoder(f"the transfer syntax {name_of(syntax)}", "a transfer syntax of single pictures") from error
    if not decoder.is_available:
        missing = "; ".join(decoder.missing_dependencies)
        raise _no_decoder(f"the transfer syntax {name_of(syntax)}", f"an installed decoder ({missing})")


def _checked_frame(dataset: Dataset, layout: Layout, syntax: UID) -> tuple[bytes, int]:
    """The one compressed frame and its precision. Refuses a frame that breaks off or whose size is not the header's."""
    try:
        frame = next(generate_frames(dataset.PixelData, number_of_frames=1), b"")
    except DECODER_ERRORS as error:
        raise _truncated("compressed pixel data that breaks off") from error
    if syntax not in _STREAMS:
        return frame, layout.bits
    stream = read_codestream(frame)
    if stream is None:
        raise _mismatch(f"pixel data without a frame header of {name_of(syntax)}", layout)
    if (stream.height, stream.width) != (layout.height, layout.width):
        raise _mismatch(f"a compressed frame of {stream.height:,} x {stream.width:,} pixels", layout)
    if not stream.ends:
        raise _truncated("a compressed frame that breaks off")
    if stream.bits > layout.allocated:
        raise _mismatch(f"a compressed frame of {stream.bits} bits", layout)
    if syntax == JPEGExtended12Bit and stream.bits > 8 and find_spec("libjpeg") is None:
        # pylibjpeg-libjpeg is GPL-3, so it is the user's to install and not a dependency.
        raise _no_decoder("12-bit JPEG Extended (1.2.840.10008.1.2.4.51)", "the decoder pylibjpeg-libjpeg to be installed")
    return frame, stream.bits


def _check_length(length: int, layout: Layout) -> bool:
    """Whether there is more uncompressed pixel data than the frame needs. Refuses too little and far too much."""
    if length < layout.length:
        raise _truncated(f"{length:,} of {layout.length:,} bytes of pixel data")
    if length > SURPLUS * layout.length:
        raise _mismatch(f"{length:,} bytes of pixel data instead of {layout.length:,}", layout)
    return length > layout.length + 1  # one byte makes the length even


def _no_decoder(came: str, expected: str) -> BoneAgeError:
    todo = "Export the film uncompressed, or as lossless JPEG or JPEG 2000."
    return BoneAgeError(Kind.UNSUPPORTED, came=came, expected=expected, todo=todo)


def _undecodable(syntax: UID) -> BoneAgeError:
    todo = "Export or send the film again, best uncompressed."
    came = f"pixel data that cannot be decoded as {name_of(syntax)}"
    return BoneAgeError(Kind.BAD_PIXELS, came=came, expected="undamaged pixel data", todo=todo)


def _truncated(came: str) -> BoneAgeError:
    return BoneAgeError(Kind.TRUNCATED, came=came, expected="the whole film", todo="Copy or send it again.")


def _mismatch(came: str, layout: Layout) -> BoneAgeError:
    expected = f"{layout.height} x {layout.width} pixels, {layout.allocated} bits each, as the header says"
    return BoneAgeError(Kind.BAD_PIXELS, came=came, expected=expected, todo="Export the film again.")
