"""Where an archive's films are: folders, object storage (any address that fsspec knows), a DICOMweb server's answers."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from boneage.batch import dicomweb
from boneage.errors import BoneAgeError, Kind
from boneage.extras import load
from boneage.read.folder import FILM_SUFFIXES, find_files
from boneage.read.limits import MAX_BYTES, check_bytes


def names_of(given: Sequence[str]) -> list[str]:
    """The films' names, each once, in the order of their folders: paths and addresses."""
    return list(dict.fromkeys(name for one in given for name in _names(one)))


def film_of(name: str) -> Path | bytes:
    """What stands behind a name. Raises BoneAgeError where it cannot be had."""
    if dicomweb.speaks(name):
        return dicomweb.film_of(name)
    return _stored(name) if _is_address(name) else Path(name)


def _names(given: str) -> Iterator[str]:
    if dicomweb.speaks(given):
        yield from dicomweb.names_of(given)
    elif _is_address(given):
        yield from _stored_names(given)
    else:
        yield from (found.name for found in find_files([given]))


def _is_address(name: str) -> bool:
    return "://" in name


def _stored_names(address: str) -> list[str]:
    """A folder's files that may be films, by their names alone: looking into each would fetch it."""
    store, path = _store(address)
    try:
        if not store.isdir(path):
            return [address]
        found = sorted(file for file in store.find(path) if _may_be_film(Path(file)))
        return [str(store.unstrip_protocol(file)) for file in found] or [address]
    except Exception as error:  # each kind of storage has errors of its own
        raise _away(address, error) from error


def _may_be_film(path: Path) -> bool:
    """DICOM files often have no ending, or a number for one."""
    ending = path.suffix.lower()
    return not path.name.startswith(".") and (ending in FILM_SUFFIXES or ending[1:].isdigit() or ending == "")


def _stored(address: str) -> bytes:
    store, path = _store(address)
    try:
        with store.open(path, "rb") as file:
            data: bytes = file.read(MAX_BYTES + 1)
    except Exception as error:  # each kind of storage has errors of its own
        raise _away(address, error) from error
    check_bytes(len(data))
    return data


def _store(address: str) -> tuple[Any, str]:
    try:
        store, path = load("fsspec", "batch").core.url_to_fs(address)
    except (ImportError, ValueError) as error:
        raise BoneAgeError(
            Kind.BAD_OPTION,
            came=f"the address {address!r}: {error}",
            expected="a kind of storage that fsspec knows here",
            todo="Install what it names, or give a folder.",
        ) from error
    return store, path


def _away(address: str, error: Exception) -> BoneAgeError:
    kind = Kind.NOT_FOUND if isinstance(error, FileNotFoundError) else Kind.NOT_READABLE
    return BoneAgeError(
        kind,
        came=f"{address!r}: {type(error).__name__}",
        expected="storage that answers, and a file there",
        todo="Check the address, and the rights of this user there.",
    )
