"""Folders for this user alone, and what a power cut must not undo."""

from __future__ import annotations

import os
import uuid
from pathlib import Path

PRIVATE_FOLDER, PRIVATE_FILE = 0o700, 0o600


def make_folder(folder: Path) -> None:
    """Makes a folder, and those above it that are missing, for this user alone, and durably; one that is there stays as it is."""
    missing = [one for one in (folder, *folder.parents) if not one.exists()]
    for one in reversed(missing):
        one.mkdir(mode=PRIVATE_FOLDER, exist_ok=True)
        sync(one.parent)


def write_whole(path: Path, data: bytes) -> None:
    """A file whole or not at all, also after a power cut; nothing is left beside it where that fails. Two at once are no harm."""
    beside = path.with_suffix(f".{uuid.uuid4().hex}.part")
    try:
        with os.fdopen(os.open(beside, os.O_WRONLY | os.O_CREAT | os.O_EXCL, PRIVATE_FILE), "wb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        beside.replace(path)
    except BaseException:
        beside.unlink(missing_ok=True)
        raise


def sync(folder: Path) -> None:
    """What was made, renamed and removed in the folder is so after a power cut."""
    opened = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(opened)
    finally:
        os.close(opened)
