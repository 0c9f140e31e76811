"""What a system said of a film's transforms, kept in a file as it comes, so that a kill loses at most a film."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from boneage.errors import BoneAgeError, Kind

COLUMNS = ("film", "transform", "key", "months", "flags", "refused")


@dataclass(frozen=True)
class Answer:
    """One film in one form."""

    film: int
    transform: str  # name; grid.CLEAN: as it came
    key: str  # of what the transform does
    months: float | None  # None: refused
    flags: frozenset[str] = frozenset()
    refused: str = ""  # the error's kind

    def __post_init__(self) -> None:
        if (self.months is None) != bool(self.refused):
            raise ValueError(f"either months or a refusal is expected, not {self.months} and {self.refused!r}")


class KeptAnswers:
    """Answers in a CSV file, added to by whole films. One process at a time writes it."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._known = {(one.film, one.transform, one.key): one for one in read_answers(path)}

    def find(self, film: int, transform: str, key: str) -> Answer | None:
        """What was answered; None: not asked yet, or only of another form of that transform."""
        return self._known.get((film, transform, key))

    def add(self, answers: Iterable[Answer]) -> None:
        """Append a film's answers by one write."""
        fresh = list(answers)
        text = io.StringIO()
        writer = csv.writer(text, lineterminator="\n")
        if not self.path.is_file():
            self.path.parent.mkdir(parents=True, exist_ok=True)
            writer.writerow(COLUMNS)
        writer.writerows(_values(one) for one in fresh)
        with self.path.open("a", newline="") as file:
            file.write(text.getvalue())
        self._known |= {(one.film, one.transform, one.key): one for one in fresh}


def read_answers(path: Path) -> list[Answer]:
    """All that were kept. A last line that a kill broke off is cut away. Raises BoneAgeError for another file."""
    if not path.is_file():
        return []
    text = path.read_bytes()
    if whole := text[: text.rfind(b"\n") + 1]:
        if len(whole) < len(text):
            path.write_bytes(whole)
    else:
        path.unlink()  # not even the header was written
        return []
    rows = csv.reader(io.StringIO(whole.decode()))
    try:
        if tuple(next(rows)) != COLUMNS:
            raise ValueError("another header")
        return [_parse(row) for row in rows]
    except ValueError as error:
        raise BoneAgeError(
            Kind.BAD_DATA, came=f"{path}: {error}", expected=",".join(COLUMNS), todo="Delete it; the films are asked again."
        ) from error


def _values(one: Answer) -> tuple[str, ...]:
    months = "" if one.months is None else repr(one.months)
    return (str(one.film), one.transform, one.key, months, " ".join(sorted(one.flags)), one.refused)


def _parse(row: list[str]) -> Answer:
    film, transform, key, months, flags, refused = row
    return Answer(int(film), transform, key, float(months) if months else None, frozenset(flags.split()), refused)
