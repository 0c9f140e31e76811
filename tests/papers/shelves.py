"""Made-up films with their labels, and the shelf of what was kept of them."""

from __future__ import annotations

from collections.abc import Iterable
from itertools import count, islice
from pathlib import Path

from boneage.dataset import Film, Part, by_id
from boneage.papers.shelf import Shelf
from boneage.types import Sex

EVERY = (Film(number, Sex.MALE if number % 2 else Sex.FEMALE, 20.0 + 31 * number % 207) for number in count(1000))
FILMS = tuple(islice((film for film in EVERY if film.part is Part.TEST), 600))  # of both sexes and all ages


def shelf_in(results: Path, *, films: Iterable[Film] = FILMS, part: Part = Part.TEST) -> Shelf:
    """What lies there, of these films."""
    return Shelf(results, by_id(films), part)
