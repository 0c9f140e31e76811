"""Tables by film: in the order of ids, joined with the labels, none left half written, a damaged one told."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from boneage.dataset import Film, by_id
from boneage.errors import BoneAgeError
from boneage.evaluate.film_table import read_film_table, write_film_table
from boneage.types import Sex

FILMS = [Film(number, Sex.FEMALE, 30.0 + number % 100) for number in (1380, 1377, 1501)]
LABELS = by_id(FILMS)


def parse(film: Film, row: dict[str, str]) -> tuple[Film, int]:
    return film, int(row["count"])


def test_lines_come_back_by_id_with_their_labels(tmp_path: Path) -> None:
    path = write_film_table(tmp_path / "deep" / "a.csv", ("count",), ((film, (film.id - 1000,)) for film in FILMS))
    assert path.read_text().splitlines()[0] == "id,part,count"
    found = read_film_table(path, LABELS, parse, ("count",))
    assert found == [(film, film.id - 1000) for film in sorted(FILMS, key=lambda film: film.id)]
    assert read_film_table(path, LABELS, parse, ("other",), ("count",)) == found


def test_what_breaks_off_leaves_the_older_table(tmp_path: Path) -> None:
    path = write_film_table(tmp_path / "a.csv", ("count",), [(FILMS[0], (1,))])

    def broken() -> Iterator[tuple[Film, tuple[int]]]:
        yield FILMS[1], (2,)
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        write_film_table(path, ("count",), broken())
    assert read_film_table(path, LABELS, parse, ("count",)) == [(FILMS[0], 1)]


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("id,part,number\n", "columns"),
        ("", "columns"),
        ("id,part,count\n1377,{part},x\n", "line 2"),
        ("id,part,count\n1377,{part}\n", "line 2"),
        ("id,part,count\nx,{part},1\n", "line 2"),
        ("id,part,count\n1377,nowhere,1\n", "line 2"),
        ("id,part,count\n99,{part},1\n", "film 99, which is not in the labels"),
    ],
)
def test_a_damaged_table_is_told(tmp_path: Path, text: str, said: str) -> None:
    path = tmp_path / "a.csv"
    path.write_text(text.replace("{part}", LABELS[1377].part.value))
    with pytest.raises(BoneAgeError, match=said):
        read_film_table(path, LABELS, parse, ("count",))
