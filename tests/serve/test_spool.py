"""A file is on the disk for certain before anybody is told: the order of what is asked of the system, and nothing left half."""

from __future__ import annotations

import errno
import hashlib
import os
import stat
from pathlib import Path
from typing import Any

import pytest

from boneage.serve import disk
from boneage.serve.spool import NAME, Spool


@pytest.fixture
def spool(tmp_path: Path) -> Spool:
    return Spool(tmp_path / "spool")


def told(monkeypatch: pytest.MonkeyPatch, folder: Path) -> list[str]:
    """What is asked of the system from now on, in order; files by their suffix."""
    asked: list[str] = []
    names: dict[int, str] = {}

    def watch(name: str, describe: Any) -> None:
        original = getattr(os, name)

        def call(*arguments: Any, **others: Any) -> Any:
            asked.append(f"{name} {describe(*arguments)}")
            result = original(*arguments, **others)
            if name == "open":
                names[result] = what(arguments[0])
            return result

        monkeypatch.setattr(os, name, call)

    def what(path: Any) -> str:
        return "folder" if Path(path) == folder else Path(path).suffix or "file"

    watch("open", lambda path, *_: what(path))
    watch("fsync", lambda number: names.get(number, "?"))
    watch("replace", lambda source, target: f"{what(source)} {what(target)}")
    watch("unlink", lambda path, *_, **__: what(path))
    return asked


def test_written_synced_renamed_and_the_folder_synced(spool: Spool, monkeypatch: pytest.MonkeyPatch) -> None:
    asked = told(monkeypatch, spool.folder)
    kept = spool.put(b"a film")
    assert asked == ["open .part", "fsync .part", "replace .part file", "open folder", "fsync folder"]
    assert spool.read(kept.name) == b"a film"
    assert kept.sha256 == hashlib.sha256(b"a film").hexdigest()


def test_the_bytes_are_in_the_file_when_it_is_synced(spool: Spool, monkeypatch: pytest.MonkeyPatch) -> None:
    sizes: list[int] = []
    monkeypatch.setattr(os, "fsync", lambda number: sizes.append(os.fstat(number).st_size))
    spool.put(b"x" * 100_001)
    assert sizes[0] == 100_001


def test_what_is_removed_stays_away(spool: Spool, monkeypatch: pytest.MonkeyPatch) -> None:
    one, other = spool.put(b"a").name, spool.put(b"b").name
    asked = told(monkeypatch, spool.folder)
    spool.remove(one, other, one)
    assert asked == ["unlink file"] * 3 + ["open folder", "fsync folder"]
    with pytest.raises(FileNotFoundError):
        spool.read(one)


def test_a_new_folder_and_those_above_it_are_synced(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    synced: list[Path] = []
    monkeypatch.setattr(disk, "sync", synced.append)
    Spool(tmp_path / "a" / "b" / "spool")
    assert synced == [tmp_path, tmp_path / "a", tmp_path / "a" / "b"]


@pytest.mark.parametrize("step", ["fsync", "replace"])
def test_a_full_disk_leaves_nothing_behind(spool: Spool, monkeypatch: pytest.MonkeyPatch, step: str) -> None:
    def fail(*_: Any) -> None:
        raise OSError(errno.ENOSPC, "no space left")

    monkeypatch.setattr(os, step, fail)
    with pytest.raises(OSError, match="no space"):
        spool.put(b"a film")
    assert list(spool.folder.iterdir()) == []


def test_for_this_user_alone(spool: Spool) -> None:
    before = os.umask(0)
    try:
        kept = spool.put(b"a film")
        other = Spool(spool.folder / "x" / "y")
    finally:
        os.umask(before)
    assert stat.S_IMODE((spool.folder / kept.name).stat().st_mode) == 0o600
    assert {stat.S_IMODE(one.stat().st_mode) for one in (spool.folder, other.folder, other.folder.parent)} == {0o700}


def test_names_say_nothing_and_differ(spool: Spool) -> None:
    names = {spool.put(b"the same film").name for _ in range(20)}
    assert len(names) == 20
    assert all(NAME.fullmatch(name) for name in names)


@pytest.mark.parametrize(
    "name", ["", ".", "..", "../x", "/etc/passwd", "a" * 31, "A" * 32, "a" * 32 + "\n", "a" * 32 + "/x", "a\0" * 16]
)
def test_no_other_file_is_reached(spool: Spool, name: str) -> None:
    with pytest.raises(ValueError):
        spool.read(name)
    with pytest.raises(ValueError):
        spool.remove(name)


def test_orphans_are_files_that_nobody_knows(spool: Spool) -> None:
    known, orphan = spool.put(b"a").name, spool.put(b"b").name
    (spool.folder / f"{'c' * 32}.part").write_bytes(b"half")
    (spool.folder / "notes.txt").write_text("somebody's")
    assert spool.orphans({known}) == [orphan]
    spool.sweep()
    assert sorted(path.name for path in spool.folder.iterdir()) == sorted([known, orphan, "notes.txt"])
