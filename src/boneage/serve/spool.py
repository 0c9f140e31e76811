"""Where received files lie until they are forgotten: on the disk for certain before anybody is told that they are."""

from __future__ import annotations

import hashlib
import os
import re
import uuid
from collections.abc import Set
from dataclasses import dataclass
from pathlib import Path

from boneage.serve.disk import PRIVATE_FILE, make_folder, sync

NAME = re.compile(r"[0-9a-f]{32}")
PART = ".part"


@dataclass(frozen=True)
class Spooled:
    """A file that lies in the spool."""

    name: str  # says nothing of the patient
    sha256: str


class Spool:
    """A folder of files by random names, readable by this user alone. One server has it; its threads and workers share it."""

    def __init__(self, folder: Path) -> None:
        """Makes the folder."""
        self.folder = folder
        make_folder(folder)

    def sweep(self) -> None:
        """Takes away what a killed process was still writing: for the only server of a folder, when it starts."""
        for unfinished in self.folder.glob(f"*{PART}"):
            unfinished.unlink(missing_ok=True)

    def put(self, data: bytes) -> Spooled:
        """Written, synced, renamed, and the folder synced: after that a power cut takes nothing away.

        Raises OSError where the disk is full or gone, and leaves nothing behind then.
        """
        name = uuid.uuid4().hex
        beside = self.folder / f"{name}{PART}"
        try:
            with os.fdopen(os.open(beside, os.O_WRONLY | os.O_CREAT | os.O_EXCL, PRIVATE_FILE), "wb") as file:
                file.write(data)
                file.flush()
                os.fsync(file.fileno())
            os.replace(beside, self.folder / name)
        except BaseException:
            beside.unlink(missing_ok=True)
            raise
        sync(self.folder)
        return Spooled(name, hashlib.sha256(data).hexdigest())

    def read(self, name: str) -> bytes:
        return self._path(name).read_bytes()

    def remove(self, *names: str) -> None:
        """For good: a power cut does not bring them back."""
        for name in names:
            self._path(name).unlink(missing_ok=True)
        if names:
            sync(self.folder)

    def orphans(self, known: Set[str]) -> list[str]:
        """Files that no film is of: received by a process that was killed before it could say so."""
        return sorted(path.name for path in self.folder.iterdir() if NAME.fullmatch(path.name) and path.name not in known)

    def _path(self, name: str) -> Path:
        if not NAME.fullmatch(name):
            raise ValueError("a name that the spool gave is expected")
        return self.folder / name
