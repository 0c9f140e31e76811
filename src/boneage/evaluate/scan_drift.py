"""The same film at 299 px, squashed, and at half its size in true proportion: how far apart a system's answers lie."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np

from boneage import dataset
from boneage.combine.ensemble import combine
from boneage.dataset import Film, Part, Scan
from boneage.errors import BoneAgeError, Kind
from boneage.networks import load_network
from boneage.pipeline import perceive
from boneage.read import read
from boneage.systems import System
from boneage.vote import vote

FAR = (6.0, 12.0)  # months


@dataclass(frozen=True)
class ScanPair:
    """A system's months for one film at the two sizes."""

    film: Film
    challenge: float
    half: float


@dataclass(frozen=True)
class ScanDrift:
    """How far the answers lie apart, in months; the drift is half size minus 299 px."""

    system: str
    split: str
    films: int
    refused: int  # at one of the sizes or both
    median_absolute: float
    p95_absolute: float
    mean_drift: float
    over_6: float  # shares of the films
    over_12: float
    mae_299: float
    mae_half: float


def ask_scans(system: System, data: Path, part: Part) -> tuple[list[ScanPair], int]:
    """Each film of the part that is there at half size, and how many were refused. Raises BoneAgeError where there are none."""
    there = dataset.scanned(data, Scan.HALF) or set()
    films = {film.id: film for film in dataset.read_films(data) if film.part is part and film.id in there}
    if not films:
        raise BoneAgeError(
            Kind.BAD_DATA,
            came=f"no films of {part.value} at half size",
            expected="images-half-*.tar in the data folder",
            todo="Give a data folder that has them.",
        )
    said = {scan: _months(system, data, films, scan) for scan in Scan}
    both = sorted(set(said[Scan.CHALLENGE]) & set(said[Scan.HALF]))
    pairs = [ScanPair(films[film_id], said[Scan.CHALLENGE][film_id], said[Scan.HALF][film_id]) for film_id in both]
    return pairs, len(films) - len(both)


def drift_of(pairs: list[ScanPair], *, system: str, part: Part, refused: int) -> ScanDrift:
    """The figures over all films."""
    truth, challenge, half = np.array([(pair.film.bone_age_months, pair.challenge, pair.half) for pair in pairs]).T
    drift = half - challenge
    size = np.abs(drift)
    values = (np.median(size), np.percentile(size, 95), drift.mean(), *((size > far).mean() for far in FAR))
    errors = (np.abs(challenge - truth).mean(), np.abs(half - truth).mean())
    return ScanDrift(system, part.value, len(pairs), refused, *(float(value) for value in (*values, *errors)))


def _months(system: System, data: Path, films: dict[int, Film], scan: Scan) -> dict[int, float]:
    """By id, of the films that are not refused and that the system reads."""
    months = {}
    wanted = {film_id for film_id, film in films.items() if system.reads(film.sex)}
    for film_id, file in dataset.iterate_files(data, wanted, scan):
        try:
            crops = perceive(read(file), system).crops
        except BoneAgeError:
            continue
        sex = films[film_id].sex if system.takes_sex else None
        months[film_id] = combine(vote(system.members, crops, sex, load=load_network)).months
    return months
