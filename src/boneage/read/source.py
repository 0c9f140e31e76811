"""The bytes of one file, never waiting on a pipe and never reading more than the limit."""

from __future__ import annotations

import os
import stat
from pathlib import Path

from boneage.errors import BoneAgeError, Kind
from boneage.read.limits import MAX_BYTES, check_bytes


def load(path: Path, *, limit: int = MAX_BYTES + 1) -> bytes:
    """The first `limit` bytes of a regular file. Raises BoneAgeError for everything else."""
    try:
        # A FIFO without a writer blocks a plain open for ever. Asked first, since opening a device can have effects, and
        # asked again once open, since the path may have changed meanwhile.
        _check_regular(path, path.stat())
        with open(os.open(path, os.O_RDONLY | getattr(os, "O_NONBLOCK", 0)), "rb") as file:
            status = os.fstat(file.fileno())
            _check_regular(path, status)
            if limit > MAX_BYTES:
                check_bytes(status.st_size or 1)  # a size of 0 may be a lie (/proc); reading tells
            return file.read(limit)
    except FileNotFoundError as error:
        raise _unreadable(Kind.NOT_FOUND, path, "no such file") from error
    except (OSError, ValueError) as error:  # ValueError: a null character in the path
        reason = os.strerror(error.errno).lower() if isinstance(error, OSError) and error.errno else "not a path"
        raise _unreadable(Kind.NOT_READABLE, path, reason) from error


def _check_regular(path: Path, status: os.stat_result) -> None:
    if not stat.S_ISREG(status.st_mode):
        raise _unreadable(Kind.NOT_A_FILE, path, _kind_of_file(status.st_mode))


def _kind_of_file(mode: int) -> str:
    names = {stat.S_IFDIR: "a folder", stat.S_IFIFO: "a named pipe", stat.S_IFSOCK: "a socket"}
    return names.get(stat.S_IFMT(mode), "a device")


def _unreadable(kind: Kind, path: Path, reason: str) -> BoneAgeError:
    return BoneAgeError(
        kind, came=f"{str(path)!r}: {reason}", expected="a readable file", todo="Check the path and its permissions."
    )
