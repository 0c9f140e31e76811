"""One process a folder: a lock that the system takes back when its holder ends, in whatever way."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from fcntl import LOCK_EX, LOCK_NB, flock
from pathlib import Path


@contextmanager
def claimed(folder: Path) -> Iterator[bool]:
    """Whether this process has the folder to itself meanwhile; False: another one does. The folder is made."""
    folder.mkdir(parents=True, exist_ok=True)
    with (folder / "lock").open("w") as lock:
        try:
            flock(lock, LOCK_EX | LOCK_NB)
        except BlockingIOError:
            yield False
        else:
            yield True


@contextmanager
def alone(folder: Path, tell: Callable[[str], None]) -> Iterator[None]:
    """As `claimed`, but it waits for the other process, and says so."""
    folder.mkdir(parents=True, exist_ok=True)
    with (folder / "lock").open("w") as lock:
        try:
            flock(lock, LOCK_EX | LOCK_NB)
        except BlockingIOError:
            tell(f"another process works in {folder}: waiting for it")
            flock(lock, LOCK_EX)
        yield
