"""Where an archive's rows go: Parquet, CSV or JSON lines. Each is written as it comes; a table that is opened again goes on."""

from __future__ import annotations

import csv
import io
import json
import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Protocol

from boneage.batch.parts import Parts
from boneage.batch.rows import Cell, Row, Type
from boneage.claim import claimed
from boneage.errors import BoneAgeError, Kind

SUFFIXES = (".parquet", ".csv", ".jsonl")


class Table(Protocol):
    """Rows by the film's name."""

    @property
    def done(self) -> set[str]:
        """The names that have their row."""

    def add(self, row: Row) -> None:
        """Kept when this returns: a killed process has not lost it."""

    def close(self) -> None: ...


@dataclass(frozen=True)
class Run:
    """What a table's answers come from; a table holds those of one alone."""

    version: str
    system: str
    weights: tuple[str, ...]
    sex: str | None  # as asked for
    computed_by: str  # engines.py: another engine rounds otherwise


@contextmanager
def open_table(path: Path, columns: Mapping[str, Type], run: Run) -> Iterator[Table]:
    """New, or where an earlier run left it. Raises BoneAgeError where it is of another run, of another kind, or in use."""
    if path.suffix not in SUFFIXES:
        raise BoneAgeError(
            Kind.BAD_OPTION,
            came=f"a table {path.name!r}",
            expected=f"a name that ends in {', '.join(SUFFIXES)}",
            todo="Give such a name: the ending chooses the format.",
        )
    beside = path.with_name(f"{path.name}.run")
    with claimed(beside) as ours:
        if not ours:
            raise BoneAgeError(
                Kind.BAD_OPTION,
                came=f"{str(path)!r}, which another run writes",
                expected="a table of this run alone",
                todo="Wait for that run, or give another table.",
            )
        _same_run(path, beside / "run.json", run)
        table: Table = Parts(path, columns) if path.suffix == ".parquet" else Lines(path, columns)
        try:
            yield table
        finally:
            table.close()


def _same_run(path: Path, told: Path, run: Run) -> None:
    """Two systems' answers in one table would be taken for one's."""
    ours = json.dumps(asdict(run))
    if path.exists() and (not told.is_file() or told.read_text() != ours):
        earlier = told.read_text() if told.is_file() else "nothing that says where it comes from"
        raise BoneAgeError(
            Kind.BAD_OPTION,
            came=f"the table {str(path)!r} of another run: {earlier}",
            expected=ours,
            todo="Give another table, or take that one away.",
        )
    told.write_text(ours)


class Lines:
    """A file of lines, CSV or JSON: a row is one write at the file's end; of a row that a power cut tore nothing is left."""

    def __init__(self, path: Path, columns: Mapping[str, Type]) -> None:
        self._columns, self._csv = tuple(columns), path.suffix == ".csv"
        self.done = set[str]()
        whole = 0
        if path.is_file():
            with path.open("rb") as file:
                for name, end in self._rows(file):
                    self.done.add(name)
                    whole = end
        self._file = path.open("r+b" if path.is_file() else "w+b", buffering=0)
        self._file.truncate(whole)
        self._file.seek(whole)
        if self._csv and whole == 0:
            self._file.write(self._line(self._columns))

    def add(self, row: Row) -> None:
        cells = [row[name] for name in self._columns]
        self._file.write(self._line(cells) if self._csv else json.dumps(dict(row)).encode() + b"\n")
        self.done.add(str(row["file"]))

    def close(self) -> None:
        os.fsync(self._file.fileno())
        self._file.close()

    def _line(self, cells: tuple[str, ...] | list[Cell]) -> bytes:
        text = io.StringIO()
        csv.writer(text, lineterminator="\n").writerow(["" if cell is None else cell for cell in cells])
        return text.getvalue().encode()

    def _rows(self, file: io.BufferedReader) -> Iterator[tuple[str, int]]:
        """The name of each whole row, and where the row ends; a name may hold line breaks."""
        end = 0

        def lines() -> Iterator[str]:
            nonlocal end
            for line in file:
                if not line.endswith(b"\n"):
                    return
                end += len(line)
                yield line.decode()

        if not self._csv:
            for line in lines():
                yield json.loads(line)["file"], end
            return
        place = self._columns.index("file")
        try:
            for number, row in enumerate(csv.reader(lines(), strict=True)):
                if number > 0:
                    yield row[place], end
        except csv.Error:  # a quote that was never closed: the last row was torn at a line break within
            return
