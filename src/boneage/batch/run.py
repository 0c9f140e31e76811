"""An archive to its table: what is not in it yet is read, by this machine's processes or a cluster's."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from enum import Enum
from pathlib import Path

from boneage import __version__
from boneage.batch import local
from boneage.batch.ask import Ask
from boneage.batch.rows import Cell, as_text, columns
from boneage.batch.tables import Run, open_table
from boneage.engines import engine_asked
from boneage.systems import find_system

Rows = Iterator[dict[str, Cell]]
Follow = Callable[[Rows, int], Rows]  # rows as they come, and how many there will be: to show the progress


class Engine(str, Enum):
    """What reads."""

    LOCAL = "local"
    RAY = "ray"


@dataclass
class Tally:
    """Of one run; a run that was stopped has a part of its films left."""

    asked: int
    before: int  # had their rows already
    read: int = 0
    failed: int = 0  # of the rows of this run: films without an answer

    @property
    def left(self) -> int:
        return self.asked - self.before - self.read


def fill(path: Path, names: Sequence[str], ask: Ask, *, engine: Engine, workers: int | None, follow: Follow) -> Tally:
    """Rows for all names into the table at `path`; workers: by default as many as there are processors.

    A stop by the user (KeyboardInterrupt) keeps what was read.
    """
    system = find_system(ask.system)
    run = Run(__version__, system.name, system.weights, ask.sex_word, engine_asked().value)
    with open_table(path, columns(both=ask.both), run) as table:
        left = [name for name in names if as_text(name) not in table.done]
        tally = Tally(len(names), len(names) - len(left))
        try:
            for row in follow(_rows(left, ask, engine, workers), len(left)):
                table.add(row)
                tally.read += 1
                tally.failed += row["error_kind"] is not None
        except KeyboardInterrupt:
            pass
        return tally


def _rows(names: Sequence[str], ask: Ask, engine: Engine, workers: int | None) -> Rows:
    match engine:
        case Engine.LOCAL:
            return local.rows(names, ask, workers=workers or os.cpu_count() or 1)
        case Engine.RAY:
            from boneage.batch import cluster

            return cluster.rows(names, ask, workers=workers)
