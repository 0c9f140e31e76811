"""Height, width and precision as a compressed frame's own header states them, before a decoder trusts them."""

from __future__ import annotations

from dataclasses import dataclass

_SOF = (*range(0xC0, 0xC4), *range(0xC5, 0xC8), *range(0xC9, 0xCC), *range(0xCD, 0xD0), 0xF7)  # JPEG's and JPEG-LS's
_BARE = (*range(0xD0, 0xD9), 0x01, 0xFF)  # markers without a segment


@dataclass(frozen=True)
class Codestream:
    """What stands in a JPEG, JPEG-LS or JPEG 2000 frame header."""

    height: int
    width: int
    bits: int
    ends: bool  # whether the end marker is there


def read_codestream(data: bytes) -> Codestream | None:
    """The frame header, or None where there is none to be found."""
    start = data[:4096].find(b"\xff\x4f\xff\x51")  # JPEG 2000, bare or in its boxes
    if start >= 0:
        return _jpeg_2000(data[start:])
    return _jpeg(data) if data[:2] == b"\xff\xd8" else None


def _jpeg_2000(data: bytes) -> Codestream | None:
    if len(data) < 43:
        return None
    right, bottom, left, top = (int.from_bytes(data[at : at + 4], "big") for at in (8, 12, 16, 20))
    # The end marker is left out by some writers, and its absence harms nothing.
    return Codestream(bottom - top, right - left, (data[42] & 0x7F) + 1, ends=True)


def _jpeg(data: bytes) -> Codestream | None:
    at = 2
    while at + 9 < len(data) and data[at] == 0xFF:
        marker = data[at + 1]
        if marker in _SOF:
            height, width = (int.from_bytes(data[start : start + 2], "big") for start in (at + 5, at + 7))
            return Codestream(height, width, data[at + 4], ends=b"\xff\xd9" in data[-64:])
        at += 1 if marker == 0xFF else 2 if marker in _BARE else 2 + int.from_bytes(data[at + 2 : at + 4], "big")
    return None
