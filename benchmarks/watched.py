"""`boneage assess FOLDER --table X.csv`, watched from outside: rows and memory over time, kept so that a run may be in pieces."""

from __future__ import annotations

import csv
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterable, Iterator, Sequence
from contextlib import suppress
from dataclasses import astuple, dataclass, fields
from itertools import pairwise
from pathlib import Path

from processes import highest_mib, processes, resident_mib

STOPPED = (130, -signal.SIGINT)  # the exit codes of a command that the user stops, at work and while it starts
READ = (0, 1)  # all films, or all that could be


@dataclass(frozen=True)
class Sample:
    """What is seen at one moment. A session is one call of the command."""

    session: int
    seconds: float  # since the session began
    rows: int  # in the table
    main_mib: float  # the process that writes
    worker_mib: float  # the largest of those that read
    worker_peak_mib: float  # the most that one of them ever had


class RowCount:
    """Rows of a CSV table that is being written; only what came since the last call is read."""

    def __init__(self, table: Path) -> None:
        self._table, self._at, self._lines = table, 0, 0

    def __call__(self) -> int:
        with suppress(FileNotFoundError), self._table.open("rb") as file:
            file.seek(self._at)
            new = file.read()
            self._at += len(new)
            self._lines += new.count(b"\n")
        return max(self._lines - 1, 0)  # the head is no row


def refused(table: Path) -> int:
    """Films that have a row and no answer."""
    with table.open(newline="") as lines:
        return sum(row["error_kind"] != "" for row in csv.DictReader(lines))


def watch(films: Path, table: Path, *, workers: int, every: float, log: Path, until: float | None = None) -> list[Sample]:
    """Runs the command until its end, or until that moment of time.monotonic(); samples of this and earlier sessions.

    A run whose table is there goes on where it was stopped; its samples are appended to `log`. Raises SystemExit where the
    command fails.
    """
    before = read_log(log)
    session = before[-1].session + 1 if before else 0
    command = [sys.executable, "-m", "boneage", "assess", str(films), "--table", str(table), "--workers", str(workers)]
    count, began, stopped = RowCount(table), time.perf_counter(), False
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)
    with log.open("a", newline="") as file:
        lines = csv.writer(file, lineterminator="\n")
        try:
            while process.poll() is None:
                time.sleep(every)
                if until is not None and not stopped and time.monotonic() > until:
                    process.send_signal(signal.SIGINT)
                    stopped = True
                with suppress(OSError, IndexError, ValueError):  # a process ended while it was looked at
                    lines.writerow(astuple(sample(session, began, count, process.pid)))
        finally:
            if process.poll() is None:
                process.send_signal(signal.SIGINT)
            told = process.communicate()[1]
        seconds = time.perf_counter() - began
        last = Sample(session, seconds, count(), 0.0, 0.0, 0.0)
        lines.writerow(astuple(last))
    if process.returncode not in (*READ, *STOPPED):
        raise SystemExit(told)
    return read_log(log)


def sample(session: int, began: float, count: RowCount, main: int) -> Sample:
    readers = processes(main)[1:]
    workers = max(map(resident_mib, readers), default=0.0), max(map(highest_mib, readers), default=0.0)
    return Sample(session, time.perf_counter() - began, count(), resident_mib(main), *workers)


def read_log(log: Path) -> list[Sample]:
    """A line that a kill tore is left out."""
    if not log.is_file():
        return []
    kinds = [int if field.type == "int" else float for field in fields(Sample)]
    with log.open(newline="") as lines:
        whole = (row for row in csv.reader(lines) if len(row) == len(kinds))
        return [Sample(*(kind(cell) for kind, cell in zip(kinds, row, strict=True))) for row in whole]  # type: ignore[arg-type]


def whole_seconds(samples: Sequence[Sample]) -> float:
    """Of all sessions, their starts included."""
    last = {one.session: one.seconds for one in samples}
    return sum(last.values())


def first_row_seconds(samples: Sequence[Sample]) -> float:
    """From the start of the first session to its first row: starting, and listing all names."""
    return next((one.seconds for one in samples if one.rows > 0), 0.0)


def steady(samples: Iterable[Sample], low: float, high: float) -> float:
    """Seconds a film between two numbers of rows; what a session takes before its first row and after its last is left out.

    Between two samples rows are taken to come evenly.
    """
    spent = films = 0.0
    for one, two in _progress(samples):
        share = max(min(two.rows, high) - max(one.rows, low), 0) / (two.rows - one.rows)
        spent += share * (two.seconds - one.seconds)
        films += share * (two.rows - one.rows)
    return spent / films if films else float("nan")


def _progress(samples: Iterable[Sample]) -> Iterator[tuple[Sample, Sample]]:
    """Neighbors in a session that differ in rows, from its first new row on; between them it stood still, which counts."""
    begins: dict[int, int] = {}
    came: list[Sample] = []
    for one in samples:
        begin = begins.setdefault(one.session, one.rows)
        if one.rows > begin and (not came or came[-1].session != one.session or one.rows > came[-1].rows):
            came.append(one)
    yield from ((one, two) for one, two in pairwise(came) if one.session == two.session)


def memory_at(samples: Sequence[Sample], rows: float) -> tuple[float, float]:
    """Of the main process and the largest worker, at the sample nearest to so many rows."""
    seen = [one for one in samples if one.worker_mib > 0]
    if not seen:
        return float("nan"), float("nan")
    nearest = min(seen, key=lambda one: abs(one.rows - rows))
    return nearest.main_mib, nearest.worker_mib


def link(films: Sequence[Path], folder: Path, names: int) -> Path:
    """A folder of so many names, hard links to the films in turn."""
    folder.mkdir(exist_ok=True)
    for number in range(names):
        name = folder / f"{number:06d}{films[0].suffix}"
        if not name.exists():
            os.link(films[number % len(films)], name)
    return folder
