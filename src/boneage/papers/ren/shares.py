"""Where a network's attention lies on each film: shares by region, kept by id so that the page needs no network."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from boneage.dataset import Film
from boneage.evaluate.film_table import read_film_table, write_film_table
from boneage.papers.attention import SHARES

FILE = "ren-activation.csv"
COLUMNS = ("domain", *SHARES, "half_area", "weights")


@dataclass(frozen=True)
class FilmShares:
    """One film's map."""

    film: Film
    domain: str
    shares: tuple[float, ...]  # of the map's sum over the hand, in the order of REGIONS; they add up to 1
    half_area: float  # the share of the hand's outline that holds half of the map's sum, 0..0.5: small where it is focused


def within(rows: Sequence[FilmShares], wanted: Callable[[Film], bool]) -> list[FilmShares]:
    return [row for row in rows if wanted(row.film)]


def write_shares(results: Path, rows: Sequence[FilmShares], weights: str) -> Path:
    """One line a film, by id, without its labels."""
    lines = ((row.film, (row.domain, *(f"{value:.4f}" for value in (*row.shares, row.half_area)), weights)) for row in rows)
    return write_film_table(results / FILE, COLUMNS, lines)


def read_shares(results: Path, films: Mapping[int, Film]) -> list[FilmShares]:
    """What `write_shares` wrote, of `films`; none where nothing was measured. Raises BoneAgeError for a damaged file."""
    path = results / FILE
    return read_film_table(path, films, _parse, COLUMNS) if path.is_file() else []


def _parse(film: Film, row: Mapping[str, str]) -> FilmShares:
    return FilmShares(film, row["domain"], tuple(float(row[name]) for name in SHARES), float(row["half_area"]))
