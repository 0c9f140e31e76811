"""Folders to films: every file that may be one, in a stable order."""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from boneage.errors import BoneAgeError, Kind
from boneage.read.sniff import HEAD, Format, is_dicomdir, sniff
from boneage.read.source import load

OUTPUT_MARK = ".boneage-output"  # stands in folders that this program writes: what is in them is not read as films
FILM_SUFFIXES = {".dcm", ".dicom", ".png", ".jpg", ".jpeg", ".tif", ".tiff", ".webp", ".bmp"}


@dataclass(frozen=True)
class Found:
    """A file to read, or the reason why a folder gave none."""

    path: Path
    error: BoneAgeError | None = None
    given: str | None = None  # as the user wrote it; None: found in a folder

    @property
    def name(self) -> str:
        return str(self.path) if self.given is None else self.given

    def source(self) -> Path:
        """What to read. Raises the error that stands in its place."""
        if self.error is not None:
            raise self.error
        return self.path


def find_files(given: Sequence[Path | str]) -> list[Found]:
    """The files to read. What is not a folder is passed on as given: reading it says what is wrong with it.

    Folders are walked in the order of names. Hidden files and what is evidently no film are left out.
    """
    found: list[Found] = []
    for name in given:
        path, text = Path(name), str(name)
        if text == "":  # an unset variable; the empty path would be the working folder
            found.append(Found(path, _error(Kind.NOT_FOUND, path, "an empty name"), given=""))
            continue
        if not _is_folder(path):
            found.append(Found(path, given=text))
            continue
        inside = list(_walk(path))
        found += inside or [Found(path, _error(Kind.NOT_FOUND, path, "a folder without images"), given=text)]
    return found


def _walk(folder: Path) -> Iterator[Found]:
    """Depth first without recursion; a folder reached twice, through a link, is entered once."""
    entered: set[tuple[int, int]] = set()
    left = [folder]
    while left:
        path = left.pop()
        if not _is_folder(path):
            if _may_be_film(path):
                yield Found(path)
            continue
        try:
            status = path.stat()
            if (status.st_dev, status.st_ino) in entered:
                continue
            entered.add((status.st_dev, status.st_ino))
            names = sorted(os.listdir(path), reverse=True)
            if OUTPUT_MARK in names:
                continue
        except OSError as error:
            yield Found(path, _error(Kind.NOT_READABLE, path, os.strerror(error.errno or 0).lower()))
            continue
        left += [path / name for name in names if not name.startswith(".")]


def _is_folder(path: Path) -> bool:
    try:
        return stat.S_ISDIR(path.stat().st_mode)
    except (OSError, ValueError):  # absent, forbidden, a link to itself, no path at all
        return False


def _may_be_film(path: Path) -> bool:
    """By content; a name that claims to be a film is enough to try it, so that a damaged film is told and not lost."""
    try:
        head = load(path, limit=HEAD)
    except BoneAgeError as error:
        return error.kind is not Kind.NOT_A_FILE  # a pipe or a device is no film; a broken link may have been one
    return (sniff(head) is not Format.UNKNOWN and not is_dicomdir(head)) or path.suffix.lower() in FILM_SUFFIXES


def _error(kind: Kind, path: Path, reason: str) -> BoneAgeError:
    return BoneAgeError(
        kind, came=f"{str(path)!r}: {reason}", expected="a folder with radiographs", todo="Check the path and its permissions."
    )
