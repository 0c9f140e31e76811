"""What was predicted and refused is read together, and systems that saw other films are not compared."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from boneage.dataset import Film, Part, by_id
from boneage.errors import BoneAgeError
from boneage.evaluate.answered import Answered, check_alike, read_answered
from boneage.evaluate.predictions import Prediction, write_predictions
from boneage.types import Sex

GONE = (Film(7, Sex.MALE, 90.0), Film(9, Sex.FEMALE, 100.0))
Labels = dict[int, Film]


def answered(name: str, rows: list[Prediction], *refused: Film, split_hash: str = "0123") -> Answered:
    return Answered(name, tuple(rows), frozenset(refused), "w", split_hash)


def write(folder: Path, rows: list[Prediction], *, name: str = "lee-2017", inside: str = "lee-2017") -> None:
    write_predictions(folder / f"{name}-test.csv", rows, system=inside, weights="w", split_hash="0123")


def test_answers_and_refusals_are_read_together(tmp_path: Path, rows: list[Prediction], labels: Labels) -> None:
    write(tmp_path, rows)
    (tmp_path / "lee-2017-test-refused.csv").write_text("id,part,reason\n7,test,no-hand\n9,test,no-hand\n")
    with pytest.raises(BoneAgeError, match="film 7, which is not in the labels"):
        read_answered(tmp_path, "lee-2017", Part.TEST, labels)
    found = read_answered(tmp_path, "lee-2017", Part.TEST, labels | by_id(GONE))
    assert found is not None
    assert found.rows == tuple(rows)
    assert found.refused == set(GONE)
    assert found.asked == {7, 9, *(row.id for row in rows)}
    assert (found.weights, found.split_hash) == ("w", "0123")


def test_what_was_not_measured_is_none_and_no_list_of_refusals_is_none_refused(
    tmp_path: Path, rows: list[Prediction], labels: Labels
) -> None:
    assert read_answered(tmp_path, "lee-2017", Part.TEST, labels) is None
    write(tmp_path, rows)
    found = read_answered(tmp_path, "lee-2017", Part.TEST, labels)
    assert found is not None
    assert not found.refused
    assert read_answered(tmp_path, "lee-2017", Part.SELECT, labels) is None


def test_a_file_of_another_system_or_part_is_refused(tmp_path: Path, rows: list[Prediction], labels: Labels) -> None:
    write(tmp_path, rows, inside="ren-2018")
    with pytest.raises(BoneAgeError, match="ren-2018"):
        read_answered(tmp_path, "lee-2017", Part.TEST, labels)
    write(tmp_path, [replace(rows[0], part=Part.SELECT), *rows[1:]])
    with pytest.raises(BoneAgeError, match="other films"):
        read_answered(tmp_path, "lee-2017", Part.TEST, labels)


@pytest.mark.parametrize("text", ["film\n7\n", "id,part\nseven,test\n"])
def test_a_bad_list_of_refusals_is_refused(text: str, tmp_path: Path, rows: list[Prediction], labels: Labels) -> None:
    write(tmp_path, rows)
    (tmp_path / "lee-2017-test-refused.csv").write_text(text)
    with pytest.raises(BoneAgeError, match="column id"):
        read_answered(tmp_path, "lee-2017", Part.TEST, labels)


def test_a_film_is_answered_or_refused(tmp_path: Path, rows: list[Prediction], labels: Labels) -> None:
    write(tmp_path, rows)
    (tmp_path / "lee-2017-test-refused.csv").write_text(f"id\n{rows[0].id}\n")
    with pytest.raises(BoneAgeError, match="refused too"):
        read_answered(tmp_path, "lee-2017", Part.TEST, labels)


def test_the_same_films_may_be_answered_by_one_and_refused_by_the_other(rows: list[Prediction], labels: Labels) -> None:
    gone = [labels[row.id] for row in rows]
    check_alike([answered("a", rows), answered("b", rows[1:], gone[0]), answered("c", rows[:0], *gone)])
    check_alike([])


def test_other_films_or_splits_are_not_compared(rows: list[Prediction]) -> None:
    whole = answered("a", rows)
    with pytest.raises(BoneAgeError, match="1 films shown to only one"):
        check_alike([whole, answered("b", rows[1:])])
    with pytest.raises(BoneAgeError, match="split 4567"):
        check_alike([whole, answered("b", rows, split_hash="4567")])
