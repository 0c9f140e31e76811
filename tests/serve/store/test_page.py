"""The worklist by pages, and who is looked for in it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from boneage.report.reading import Reading
from boneage.serve.states import State
from boneage.serve.store.records import Arrival
from boneage.serve.store.worklist import LARGEST_PAGE, Wanted, Worklist

PEOPLE = ["MÜLLER^ANNA", "Müller^Eva", "100%^SURE", "UNDER_SCORE^A", "UNDERXSCORE^B", "王^小東=Wang^XiaoDong", "O'NEIL^\\X"]


@pytest.fixture
def people(worklist: Worklist, arrival: Callable[..., Arrival], clock: Any) -> Worklist:
    for number, name in enumerate(PEOPLE):
        worklist.receive(arrival(patient_name=name, patient_id=f"ID{number}", accession_number=f"ACC{number}"))
        clock.go(seconds=1)
    return worklist


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("", PEOPLE),
        ("müller", PEOPLE[:2]),
        ("eva müller", [PEOPLE[1]]),
        ("Müller^Eva", [PEOPLE[1]]),
        ("MULLER", []),
        ("100%", [PEOPLE[2]]),
        ("%", [PEOPLE[2]]),
        ("under_score", [PEOPLE[3]]),
        ("_", [PEOPLE[3]]),
        ("小東", [PEOPLE[5]]),
        ("o'neil", [PEOPLE[6]]),
        ("\\", [PEOPLE[6]]),
        ("id3", [PEOPLE[3]]),
        ("acc4 underx", [PEOPLE[4]]),
        ("'; DROP TABLE films; --", []),
        ("\0", PEOPLE),
        ("\ud800 id3", [PEOPLE[3]]),
        ("x" * 100_000, []),
        (" ".join("a" * 1000), PEOPLE),  # as in their accession numbers
    ],
    ids=range(19),
)
def test_search(people: Worklist, text: str, found: list[str]) -> None:
    films, count = people.page(Wanted(text=text, newest_first=False))
    assert [film.identity.patient_name for film in films] == found
    assert count == len(found)


def test_pages_hold_every_film_once(people: Worklist) -> None:
    pages = [people.page(Wanted(skip=skip, most=3)) for skip in (0, 3, 6, 9)]
    assert {count for _, count in pages} == {len(PEOPLE)}
    assert [film.identity.patient_name for films, _ in pages for film in films] == PEOPLE[::-1]


@pytest.mark.parametrize(("skip", "most", "count"), [(-5, 2, 2), (0, -1, 0), (0, 10 * LARGEST_PAGE, 7), (10**6, 5, 0)])
def test_no_page_is_out_of_bounds(people: Worklist, skip: int, most: int, count: int) -> None:
    films, _ = people.page(Wanted(skip=skip, most=most))
    assert len(films) == count


def test_states(people: Worklist, reading: Callable[..., Reading], arrival: Callable[..., Arrival]) -> None:
    people.receive(arrival(left_alone=True))
    for months in (100.0, None):
        film = people.claim()
        assert film is not None
        people.answer(film, reading(months))
    assert people.counts() == dict.fromkeys(State, 0) | {
        State.WAITING: 5,
        State.READ: 1,
        State.REFUSED: 1,
        State.LEFT_ALONE: 1,
    }
    assert people.page(Wanted())[1] == 7
    assert people.page(Wanted(states=frozenset({State.REFUSED, State.LEFT_ALONE})))[1] == 2
    assert people.page(Wanted(states=frozenset())) == ([], 0)
