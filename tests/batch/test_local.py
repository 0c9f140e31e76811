"""The pool: a row a name in their order, whatever becomes of its processes."""

from __future__ import annotations

import time
from pathlib import Path

from asks import ASK

from boneage.batch.ask import Ask
from boneage.batch.local import rows
from boneage.phantom import Phantom, write_dicom
from boneage.systems import REFERENCE


def test_rows_come_in_the_order_of_the_names() -> None:
    names = [f"{number}" * (1 + number % 3) for number in range(60)]
    assert [row["file"] for row in rows(names, ASK, workers=2)] == names


def test_nothing_is_read_far_ahead_of_the_table() -> None:
    taken = []

    def names():
        for number in range(1000):
            taken.append(number)
            yield str(number)

    found = rows(names(), ASK, workers=1)
    next(found)
    assert len(taken) < 20
    found.close()


def test_a_film_that_ends_its_process_has_its_row_and_the_others_theirs(tmp_path: Path) -> None:
    names = ["a", "die", "b", f"once:{tmp_path / 'mark'}", "c", "die too", "d"]
    found = {str(row["file"]): row["error_kind"] for row in rows(names, ASK, workers=2)}
    assert list(found) == names
    assert [name for name, kind in found.items() if kind is not None] == ["die", "die too"]


def test_processes_answer_as_one_does(girl: Phantom, boy: Phantom, tmp_path: Path) -> None:
    films = [str(write_dicom(girl, tmp_path / "girl.dcm")), str(write_dicom(boy, tmp_path / "boy.dcm")), "absent.dcm"]
    ask = Ask(REFERENCE.name, None)
    assert list(rows(films, ask, workers=2)) == [ask.row(film) for film in films]


def test_a_process_that_dies_between_two_answers_costs_no_row() -> None:
    """The pool is found broken when it is asked for more, not when an answer is waited for."""
    names = [*map(str, range(6)), "die", *map(str, range(7, 30))]
    found = []
    for row in rows(names, ASK, workers=1):
        found.append(row["file"])
        time.sleep(0.02 if len(found) > 3 else 0.6)  # what was asked for is answered meanwhile, and the process dead
    assert found == names
