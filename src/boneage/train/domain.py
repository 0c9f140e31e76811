"""Two halves of one data set, told apart by contrast alone: a stand-in for two hospitals (Ren 2018, tables IV and V).

Not the paper: it had the films of a second hospital. Here the standard deviation of a film's gray values is under or over
the train films' median. A cut at 0.13, where the films part into two heaps, would be closer to hospitals, but leaves a fifth
of the films on one side: too few to train on and to tell networks apart.
"""

from __future__ import annotations

from functools import lru_cache
from pathlib import Path
from typing import Literal

from boneage import dataset
from boneage.read import read

Domain = Literal["low-contrast", "high-contrast"]
MEDIAN = 0.18  # of the gray scale: of the train films' standard deviations


def domain_of(film: bytes) -> Domain:
    """Of a film's file."""
    return "low-contrast" if float(read(film).pixels.std()) < MEDIAN else "high-contrast"


@lru_cache(maxsize=2)
def domains(data: Path) -> dict[int, Domain]:
    """Of every film of the data set, by id. Every file is read: about half a minute for the challenge's films."""
    ids = {film.id for film in dataset.read_films(data)}
    return {film_id: domain_of(file) for film_id, file in dataset.iterate_files(data, ids)}
