"""What each system said about the films of one part, read from its files, and that all were asked about the same films."""

from __future__ import annotations

import csv
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from boneage.dataset import Film, Part, labeled
from boneage.errors import BoneAgeError, Kind
from boneage.evaluate.predictions import Prediction, read_predictions


@dataclass(frozen=True)
class Answered:
    """One system's answers by id, and the films it refused."""

    system: str
    rows: tuple[Prediction, ...]
    refused: frozenset[Film]
    weights: str  # hash, as in the file
    split_hash: str

    @property
    def asked(self) -> frozenset[int]:
        """Ids of all films it was shown."""
        return frozenset(film.id for film in self.refused) | {row.id for row in self.rows}


def read_answered(folder: Path, system: str, part: Part, films: Mapping[int, Film]) -> Answered | None:
    """What `boneage evaluate` wrote for that system and part, of `films`; None where not measured.

    Raises BoneAgeError for bad files, and for a film that is not among them.
    """
    path = folder / f"{system}-{part.value}.csv"
    if not path.is_file():
        return None
    found = read_predictions(path, films)
    if found.system != system or any(row.part is not part for row in found.rows):
        raise _bad(f"{path} with other films or of {found.system!r}", f"{system!r} on the part {part.value}", "Write it again.")
    refused = _read_refused(path.with_name(f"{path.stem}-refused.csv"), films)
    if both := {film.id for film in refused} & {row.id for row in found.rows}:
        raise _bad(f"{path} with {len(both)} films that were refused too", "each film answered or refused", "Write both again.")
    return Answered(system, found.rows, refused, found.weights, found.split_hash)


def check_alike(answered: Sequence[Answered]) -> None:
    """One split, the same films. Raises BoneAgeError where a comparison would not be one."""
    if not answered:
        return
    first, again = answered[0], "Evaluate all systems on the same split, whole."
    for one in answered:
        if one.split_hash != first.split_hash:
            raise _bad(f"{one.system} on split {one.split_hash}", f"{first.split_hash}, as of {first.system}", again)
        if apart := one.asked ^ first.asked:
            raise _bad(f"{len(apart)} films shown to only one of {first.system} and {one.system}", "the same films", again)


def _read_refused(path: Path, films: Mapping[int, Film]) -> frozenset[Film]:
    """No file: none refused; `check_alike` finds films that are nowhere."""
    if not path.is_file():
        return frozenset()
    with path.open(newline="") as lines:
        try:
            return frozenset(labeled(films, int(row["id"])) for row in csv.DictReader(lines))
        except (KeyError, ValueError, TypeError) as error:
            raise _bad(f"{path} without whole numbers in a column id", "one refused film a line", "Write it again.") from error


def _bad(came: str, expected: str, todo: str) -> BoneAgeError:
    return BoneAgeError(Kind.BAD_DATA, came=came, expected=expected, todo=todo)
