"""Supervisely JSON: one file an image, `1377.png.json`, with polygons and bitmaps."""

from __future__ import annotations

import base64
import binascii
import io
import zlib
from collections.abc import Iterator
from typing import Any

import numpy as np
from PIL import Image as Pillow

from boneage.train.mine.imports.entry import (
    LARGEST,
    BadEntryError,
    Entry,
    Fault,
    Mask,
    checked,
    drawn,
    film_of,
    ring,
    size_of,
    squashed,
)

LARGEST_BITMAP = 64 * 2**20  # bytes once unpacked


def is_supervisely(values: Any) -> bool:
    return isinstance(values, dict) and isinstance(values.get("objects"), list) and isinstance(values.get("size"), dict)


def read(values: dict[str, Any], name: str) -> Iterator[Entry | Fault]:
    """The union of the file's objects."""
    try:
        size = size_of(values["size"].get("height"), values["size"].get("width"))
        if not values["objects"]:
            raise BadEntryError("no objects")
        masks = [_object(value, size, number) for number, value in enumerate(values["objects"])]
        yield Entry(film_of(name), checked(np.logical_or.reduce(masks)), name)
    except BadEntryError as error:
        yield Fault(name, str(error))


def _object(value: Any, size: tuple[int, int], number: int) -> Mask:
    kind = value.get("geometryType") if isinstance(value, dict) else None
    try:
        if kind == "polygon" and isinstance(points := value.get("points"), dict):
            return drawn([ring(points.get("exterior"))], size, points.get("interior") or ())
        if kind == "bitmap" and isinstance(bitmap := value.get("bitmap"), dict):
            return squashed(_bitmap(bitmap.get("data"), bitmap.get("origin"), size))
    except BadEntryError as error:
        raise BadEntryError(f"object {number}: {error}") from None
    raise BadEntryError(f"object {number} is a {kind!r}; a polygon with points or a bitmap is expected")


def _bitmap(data: Any, origin: Any, size: tuple[int, int]) -> Mask:
    """A zipped PNG in base64 that stands at `origin` (x, y) of the image."""
    small = _picture(_unpacked(data))
    if not (isinstance(origin, list) and len(origin) == 2 and all(isinstance(v, int) and 0 <= v <= LARGEST for v in origin)):
        raise BadEntryError(f"a bitmap with the origin {origin!r}; [x, y] from 0 is expected")
    x, y = origin
    if y + small.shape[0] > size[0] or x + small.shape[1] > size[1]:
        raise BadEntryError(f"a bitmap that reaches out of the image of {size[1]} x {size[0]}")
    mask = np.zeros(size, bool)
    mask[y : y + small.shape[0], x : x + small.shape[1]] = small
    return mask


def _unpacked(data: Any) -> bytes:
    try:
        packed = base64.b64decode(data, validate=True)
        plain = zlib.decompressobj()
        content = plain.decompress(packed, LARGEST_BITMAP)
    except (TypeError, ValueError, binascii.Error, zlib.error):
        raise BadEntryError("a bitmap that is not a zipped PNG in base64") from None
    if plain.unconsumed_tail:
        raise BadEntryError(f"a bitmap of over {LARGEST_BITMAP} bytes")
    return content


def _picture(content: bytes) -> Mask:
    """Where the PNG is opaque, or, without transparency, where it is not black: as Supervisely's own reader does."""
    try:
        with Pillow.open(io.BytesIO(content), formats=["PNG"]) as picture:
            if max(picture.size) > LARGEST:
                raise BadEntryError(f"a bitmap of {picture.size[0]} x {picture.size[1]}")
            clear = picture.mode in {"LA", "RGBA", "PA"} or "transparency" in picture.info
            band = picture.convert("RGBA").getchannel("A") if clear else picture.convert("RGB").convert("L")
            return np.asarray(band) > 0
    except (OSError, SyntaxError, ValueError, Pillow.DecompressionBombError):
        raise BadEntryError("a bitmap that is not a PNG") from None
