"""PNG, JPEG, TIFF, WebP, BMP and GIF to a radiograph.

Pillow decodes all of them: OpenCV is at most 15 % faster on 8-bit PNG and equal elsewhere, but it fills up truncated
files with gray and lets libpng and libjpeg write to stderr.
"""

from __future__ import annotations

import io
from contextlib import nullcontext

import numpy as np
import numpy.typing as npt
from PIL import ExifTags, UnidentifiedImageError
from PIL import Image as Pillow

from boneage.errors import BoneAgeError, Kind
from boneage.read.color import to_gray
from boneage.read.fingerprint import fingerprinting
from boneage.read.limits import MAX_PIXELS, check_contrast, check_size
from boneage.read.polarity import corner_polarity
from boneage.read.sniff import Format
from boneage.read.still import PICTURE_ERRORS, mute, quiet
from boneage.types import Flag, Image, Polarity, Radiograph

Stored = npt.NDArray[np.generic]

DEPTHS = (8, 10, 12, 14, 16)  # bits of detectors and scanners; an odd depth would make a dim film look brighter
WHITE_IS_ZERO = 0  # TIFF PhotometricInterpretation


def read_raster(data: bytes, form: Format) -> Radiograph:
    """The one picture of a raster file. Raises BoneAgeError."""
    stored, orientation, white_is_zero, tolerated = _decode(data, form)
    with fingerprinting(stored) as name:
        pixels, colored = _gray(stored, white_is_zero=white_is_zero)
        pixels = _turn(pixels, orientation)
        check_contrast(pixels, full=1, step=1 / 255 if colored or stored.dtype == np.uint8 else 1 / 65535)
        sha256 = name()
    flags = {Flag.COLOR_SCAN} if colored else set()
    if tolerated:
        flags.add(Flag.TOLERATED_HEADER)
    # A raster file's header does not say which polarity it has, and the corners are no ground to turn a film over: of the
    # 12,611 real films of the challenge essentially all are bone bright, yet the corner rule calls 3 % of them dark. So the
    # pixels stay as stored and the doubt is handed on; the hand finder, trained on both polarities, settles it.
    if corner_polarity(pixels) is Polarity.BONE_DARK:
        flags.add(Flag.POLARITY_DISAGREES)
    return Radiograph(pixels, sha256, flags=frozenset(flags))


def _decode(data: bytes, form: Format) -> tuple[Stored, int, bool, bool]:
    """Stored pixels [H, W] or [H, W, 2..4], EXIF orientation, whether zero is white, whether something was tolerated."""
    try:
        muted = mute() if form is Format.TIFF else nullcontext()
        with quiet() as heard, muted, Pillow.open(io.BytesIO(data), formats=[form.value]) as image:
            check_size(image.height, image.width)
            _check_single(image)
            white_is_zero = image.mode.startswith("I;16") and _tiff_tag(image, 262) == WHITE_IS_ZERO  # Pillow inverts 8 bits only
            stored = _to_array(image)
            orientation = _orientation(image, heard)
    except Pillow.DecompressionBombError as error:
        raise BoneAgeError(
            Kind.TOO_LARGE,
            came="a picture of far too many pixels",
            expected=f"at most {MAX_PIXELS // 10**6} million pixels",
            todo="Export the film at a lower resolution.",
        ) from error
    except PICTURE_ERRORS as error:
        raise _broken(data, form, error) from error
    return stored, orientation, white_is_zero, bool(heard)


def _check_single(image: Pillow.Image) -> None:
    frames = 1 if image.format == "MPO" else getattr(image, "n_frames", 1)  # MPO: a camera's JPEG; the picture, then previews
    if frames > 1:
        raise _unsupported(f"{frames} pictures in one {image.format} file", "a file with one film", "Export that page alone.")


def _tiff_tag(image: Pillow.Image, tag: int) -> object:
    tags = getattr(image, "tag_v2", None)
    return None if tags is None else tags.get(tag)


def _to_array(image: Pillow.Image) -> Stored:
    key = image.info.get("transparency")
    match image.mode:
        case "1":
            raise _unsupported("a picture of 1 bit a pixel", "at least 8 bits of gray", "Export the film with its gray values.")
        case "L" | "I" | "F" | "LA" | "RGB" | "RGBA" if key is None:
            return np.asarray(image)
        case "I;16" | "I;16B" | "I;16L" | "I;16N":
            return _without_key(np.asarray(image).astype(np.uint16), key)
        case "L":
            return _without_key(np.asarray(image), key)
        case "La":
            return np.asarray(image.convert("LA"))
        case "RGB" | "P" | "PA" | "RGBa":
            return np.asarray(image.convert("RGB" if key is None and image.mode == "P" else "RGBA"))
        case "CMYK" | "YCbCr" | "RGBX":
            return np.asarray(image.convert("RGB"))
    raise _unsupported(f"a picture in Pillow's mode {image.mode}", "gray or RGB", "Export the film in gray.")


def _without_key(values: Stored, key: object) -> Stored:
    """A PNG may name one gray value as transparent; it becomes black."""
    return np.where(values == key, 0, values).astype(values.dtype) if isinstance(key, int) else values


def _orientation(image: Pillow.Image, heard: list[str]) -> int:
    try:
        value = image.getexif().get(ExifTags.Base.Orientation, 1)
    except PICTURE_ERRORS:
        heard.append("broken EXIF")
        return 1
    return value if isinstance(value, int) and 1 <= value <= 8 else 1


def _turn(pixels: Image, orientation: int) -> Image:
    """EXIF 2.3, tag 274: the film as it was meant to be seen."""
    seen = pixels.T if orientation >= 5 else pixels  # 5 to 8 are stored with rows and columns exchanged
    upside_down, mirrored = orientation in (3, 4, 7, 8), orientation in (2, 3, 6, 7)
    turned = seen[:: -1 if upside_down else 1, :: -1 if mirrored else 1]
    return np.ascontiguousarray(turned)


def _gray(stored: Stored, *, white_is_zero: bool) -> tuple[Image, bool]:
    """Gray 0..1, and whether it was stored in color."""
    if stored.ndim == 2:
        gray = _scale(stored)
        return (1 - gray if white_is_zero else gray), False
    values = stored.astype(np.uint8)  # Pillow has no deeper pictures of several channels
    if values.shape[2] in (2, 4):
        values = _on_black(values)
    if values.shape[2] == 1:
        return _scale(values[..., 0]), False
    return to_gray(values), True


def _on_black(values: npt.NDArray[np.uint8]) -> npt.NDArray[np.uint8]:
    """The colors before a black ground; the last channel is how much of them is seen."""
    alpha = values[..., -1:]
    if not alpha.any():
        raise BoneAgeError(
            Kind.BLANK, came="a wholly transparent picture", expected="a visible film", todo="Export it without transparency."
        )
    if alpha.min() == 255:
        return values[..., :-1]
    return np.rint(values[..., :-1].astype(np.float32) * (alpha / np.float32(255))).astype(np.uint8)


def _scale(values: Stored) -> Image:
    """Stored gray [H, W] to 0..1 by the depth that its type or its greatest value shows."""
    if values.dtype == np.uint8:
        return np.multiply(values, np.float32(1 / 255), dtype=np.float32)
    low, high = float(values.min()), float(values.max())
    if not (np.isfinite(low) and np.isfinite(high)):
        raise _bad_values("pixels that are not numbers", "finite gray values")
    if low < 0 or high > 65535:
        raise _bad_values(f"gray values from {low:g} to {high:g}", "values in 0..65535, or in 0..1 for a float picture")
    if values.dtype.kind == "f" and high <= 1:
        return values.astype(np.float32)
    bits = next(bits for bits in DEPTHS if high <= 2**bits - 1)
    return np.multiply(values, np.float32(1 / (2**bits - 1)), dtype=np.float32)


def _bad_values(came: str, expected: str) -> BoneAgeError:
    return BoneAgeError(Kind.BAD_PIXELS, came=came, expected=expected, todo="Export the film as 8- or 16-bit gray.")


def _unsupported(came: str, expected: str, todo: str) -> BoneAgeError:
    return BoneAgeError(Kind.UNSUPPORTED, came=came, expected=expected, todo=todo)


_END = {Format.PNG: b"IEND", Format.JPEG: b"\xff\xd9", Format.GIF: b";"}


def _broken(data: bytes, form: Format, error: Exception) -> BoneAgeError:
    """What a decoder's exception means: the end is missing, or the middle is damaged."""
    end = _END.get(form)
    if (end is not None and end not in data[-64:]) or "truncated" in str(error).lower() or isinstance(error, EOFError):
        return BoneAgeError(
            Kind.TRUNCATED, came=f"a {form.value} file that breaks off", expected="the whole file", todo="Copy it again."
        )
    if isinstance(error, UnidentifiedImageError):
        came = f"a file that begins like {form.value} but is none"
        return BoneAgeError(Kind.NOT_AN_IMAGE, came=came, expected="a radiograph", todo="Export the film again.")
    return BoneAgeError(
        Kind.BAD_PIXELS, came=f"a damaged {form.value} file", expected="one that can be decoded", todo="Export the film again."
    )
