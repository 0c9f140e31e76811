"""Plain files that a kill at any point cannot break: written beside and moved, or appended by whole lines."""

from __future__ import annotations

import csv
import io
import os
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import TextIO

import cv2
import numpy as np
import numpy.typing as npt

from boneage.errors import BoneAgeError, Kind

Bytes = npt.NDArray[np.uint8]
Mask = npt.NDArray[np.bool_]


def write_beside(path: Path, content: bytes) -> None:
    """The whole file or none of it."""
    path.parent.mkdir(parents=True, exist_ok=True)
    beside = path.with_name(f".{path.name}.{os.getpid()}")
    beside.write_bytes(content)
    beside.replace(path)


def whole_lines(path: Path) -> list[str]:
    """The file's lines; a last one that a kill cut short is taken off the file."""
    if not path.is_file():
        return []
    text = path.read_text()
    whole = text[: text.rfind("\n") + 1]
    if whole != text:
        write_beside(path, whole.encode())
    return whole.splitlines()


def append(path: Path, header: Sequence[str], row: Sequence[str]) -> None:
    """One row at the end, at once on disk; the header first where the file is new, a line that a kill cut short taken off."""
    with path.open("a+", newline="") as lines:
        _take_off_torn(path, lines)
        lines.write(_csv([header, row] if lines.tell() == 0 else [row]))
        lines.flush()
        os.fsync(lines.fileno())


def _take_off_torn(path: Path, lines: TextIO) -> None:
    with path.open("rb") as file:
        if file.seek(0, os.SEEK_END) == 0:
            return
        file.seek(-1, os.SEEK_END)
        if file.read(1) == b"\n":
            return
    lines.truncate(path.read_bytes().rfind(b"\n") + 1)
    lines.seek(0, os.SEEK_END)


def write_table(path: Path, header: Sequence[str], rows: Iterable[Sequence[str]]) -> None:
    """A whole table, beside and moved."""
    write_beside(path, _csv([header, *rows]).encode())


def read_table(path: Path) -> list[dict[str, str]]:
    """The rows of a table, by column; none where there is no file."""
    return list(csv.DictReader(whole_lines(path)))


def write_mask(path: Path, mask: Mask) -> None:
    write_picture(path, np.where(mask, np.uint8(255), np.uint8(0)))


def write_picture(path: Path, picture: Bytes) -> None:
    done, code = cv2.imencode(path.suffix, picture)
    if not done:
        raise OSError(f"{path.name} could not be encoded")
    write_beside(path, code.tobytes())


def read_mask(path: Path) -> Mask:
    """A mask that was written here, or by a hand: any gray above the middle is hand. Raises BoneAgeError where it is none."""
    picture = cv2.imdecode(np.fromfile(path, np.uint8), cv2.IMREAD_GRAYSCALE) if path.stat().st_size else None
    if picture is None:
        raise BoneAgeError(Kind.BAD_DATA, came=f"{path} cannot be decoded", expected="a PNG mask", todo="Write the file again.")
    return np.asarray(picture > 127)


def _csv(rows: Iterable[Sequence[str]]) -> str:
    text = io.StringIO()
    csv.writer(text, lineterminator="\n").writerows(rows)
    return text.getvalue()
