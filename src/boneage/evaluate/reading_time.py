"""How long each system takes for one film: all in one process, taking turns, so that what slows the machine slows all."""

from __future__ import annotations

import csv
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from time import perf_counter

from boneage.errors import BoneAgeError
from boneage.evaluate.flat import write_flat
from boneage.pipeline import assess
from boneage.systems import System
from boneage.types import Sex

TURNS = 5


@dataclass(frozen=True)
class ReadingTime:
    """One system's time from the file to the answer, its networks loaded, on one thread each."""

    system: str
    median_seconds: float
    turns: int
    film_px: str  # height x width


def time_systems(
    film: Path, systems: Sequence[System], *, sex: Sex | None = None, turns: int = TURNS
) -> tuple[dict[str, ReadingTime], dict[str, BoneAgeError]]:
    """Times by name, and why the others gave none (no weights here, the film refused).

    In each turn each system reads the film twice and only the second counts: the first brings back the networks
    that the other systems pushed out of the cache.
    """
    seconds: dict[str, list[float]] = {system.name: [] for system in systems}
    failed: dict[str, BoneAgeError] = {}
    size = ""
    for _ in range(turns):
        for system in systems:
            if system.name in failed:
                continue
            try:
                assess(film, system, sex=sex)
                began = perf_counter()
                height, width = assess(film, system, sex=sex).radiograph.size
                seconds[system.name].append(perf_counter() - began)
                size = f"{height} x {width}"
            except BoneAgeError as error:
                failed[system.name] = error
    times = {name: ReadingTime(name, median(own), len(own), size) for name, own in seconds.items() if own and name not in failed}
    return times, failed


def write_times(path: Path, times: Mapping[str, ReadingTime], origin: Mapping[str, str]) -> None:
    """One line per system; all of one run, as only those may be set against each other."""
    write_flat(path, list(times.values()), origin)


def read_times(path: Path) -> dict[str, float]:
    """Median seconds by system, of the last run; none where there was no run."""
    if not path.is_file():
        return {}
    with path.open(newline="") as lines:
        return {row["system"]: float(row["median_seconds"]) for row in csv.DictReader(lines)}
