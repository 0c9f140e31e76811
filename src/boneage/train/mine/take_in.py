"""Masks from files into the folder: each becomes a corrected mask, which wins over every predicted one."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path

from boneage import dataset
from boneage.train.mine.decide import By, Verdict
from boneage.train.mine.disk import append, write_mask
from boneage.train.mine.folder import MineFolder, now
from boneage.train.mine.imports.entry import Entry, Fault
from boneage.train.mine.imports.read import read_files

HEADER = ["id", "from", "when"]


@dataclass(frozen=True)
class TakenIn:
    """What an import did."""

    films: frozenset[int]
    faults: tuple[Fault, ...]


def take_in(
    folder: MineFolder, files: list[Path], *, data: Path | None, size: tuple[int, int] | None, tell: Callable[[str], None]
) -> TakenIn:
    """Every good entry of the files to corrected/, one by one; corrected.csv says where each came from."""
    known = None if data is None else {film.id for film in dataset.read_films(data)}
    sizes = {} if data is None else dataset.read_sizes(data)
    round_ = folder.in_hand()
    films, faults = set[int](), list[Fault]()
    for found in _known_films(read_files(files, size=size, sizes=sizes), known):
        if isinstance(found, Fault):
            faults.append(found)
            continue
        if found.film in films:
            tell(f"film {found.film} came twice; the later one holds: {found.where}")
        write_mask(folder.corrected / f"{found.film}.png", found.mask)
        append(folder.path / "corrected.csv", HEADER, [str(found.film), found.where, now()])
        round_.decide(found.film, Verdict.KEEP, By.IMPORT)
        films.add(found.film)
    return TakenIn(frozenset(films), tuple(faults))


def _known_films(entries: Iterable[Entry | Fault], known: set[int] | None) -> Iterable[Entry | Fault]:
    for entry in entries:
        if isinstance(entry, Entry) and known is not None and entry.film not in known:
            yield Fault(entry.where, f"film {entry.film} is not in the data set's table")
        else:
            yield entry
