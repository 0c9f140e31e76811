"""Tables of one line a film, by id and part: no truth and no sex stands in them; reading joins them with the labels."""

from __future__ import annotations

import csv
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from typing import TypeVar

from boneage.dataset import Film, Part, labeled
from boneage.errors import BoneAgeError, Kind

T = TypeVar("T")
OWN = ("id", "part")  # the columns before a table's own


def write_film_table(path: Path, columns: Sequence[str], rows: Iterable[tuple[Film, Sequence[object]]]) -> Path:
    """Each film with its values, by id. Written beside, then moved into place."""
    path.parent.mkdir(parents=True, exist_ok=True)
    beside, lines = path.with_suffix(".part"), sorted(rows, key=lambda row: row[0].id)
    with beside.open("w", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow((*OWN, *columns))
        writer.writerows((film.id, film.part.value, *values) for film, values in lines)
    return beside.replace(path)


def read_film_table(
    path: Path, films: Mapping[int, Film], parse: Callable[[Film, dict[str, str]], T], *columns: Sequence[str]
) -> list[T]:
    """What `write_film_table` wrote with one of the sets of `columns`, each line as `parse` takes it.

    Raises BoneAgeError for a damaged table, and for a film that is not among `films`.
    """
    with path.open(newline="") as lines:
        reader = csv.DictReader(lines)
        names = tuple(reader.fieldnames or ())
        if names not in [(*OWN, *of_one) for of_one in columns]:
            raise _bad(f"{path} with the columns {', '.join(names)}", ", ".join((*OWN, *columns[-1])))
        seen = set[int]()
        try:
            return [parse(_film(row, films, seen), row) for row in reader]
        except (KeyError, ValueError, TypeError) as error:  # TypeError: a short line's None
            raise _bad(f"{path}, line {reader.line_num}: {error}", "one film a line") from error


def _film(row: Mapping[str, str], films: Mapping[int, Film], seen: set[int]) -> Film:
    film = labeled(films, int(row["id"]))
    if film.id in seen:
        raise ValueError(f"film {film.id} once more")
    seen.add(film.id)
    if film.part is not Part(row["part"]):
        raise ValueError(f"film {film.id} is of the part {film.part.value}, not {row['part']}")
    return film


def _bad(came: str, expected: str) -> BoneAgeError:
    return BoneAgeError(Kind.BAD_DATA, came=came, expected=expected, todo="Bring back the committed one, or make it again.")
