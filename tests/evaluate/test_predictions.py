"""Per-film predictions survive the disk without their labels, and what cannot be right is refused."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from boneage.dataset import Film, Part
from boneage.errors import BoneAgeError, Kind
from boneage.evaluate.predictions import Prediction, column, read_predictions, write_predictions
from boneage.types import Sex

Labels = dict[int, Film]
ORIGIN: dict[str, Any] = {"system": "reference", "weights": "net-2026-01-01 0123abcd", "split_hash": "0123456789ab"}


def written(folder: Path, rows: list[Prediction]) -> Path:
    path = folder / "deep" / "predictions.csv"
    write_predictions(path, rows, **ORIGIN)
    return path


def test_reading_gives_what_was_written(tmp_path: Path, rows: list[Prediction], labels: Labels) -> None:
    back = read_predictions(written(tmp_path, rows), labels)
    assert list(back.rows) == rows
    assert (back.system, back.weights, back.split_hash) == tuple(ORIGIN.values())
    assert back.interval_coverage == 0.9


def test_a_table_without_further_intervals_is_read(tmp_path: Path, rows: list[Prediction], labels: Labels) -> None:
    """As the tables were before there were any."""
    bare = [replace(row, further=()) for row in rows]
    path = written(tmp_path, bare)
    assert "_80_" not in path.read_text()
    assert list(read_predictions(path, labels).rows) == bare


def test_intervals_at_various_coverages_are_not_written(tmp_path: Path, rows: list[Prediction]) -> None:
    with pytest.raises(BoneAgeError, match="various coverages"):
        written(tmp_path, [rows[0], replace(rows[1], further=())])


def test_a_further_interval_without_its_other_end_is_refused(tmp_path: Path, rows: list[Prediction], labels: Labels) -> None:
    path = written(tmp_path, rows[:3])
    path.write_text(path.read_text().replace("high_80_months", "high_81_months"))
    with pytest.raises(BoneAgeError, match="high_80_months"):
        read_predictions(path, labels)


def test_no_label_is_written(tmp_path: Path, rows: list[Prediction]) -> None:
    """Truth and sex are the data set's (rule 9); the text is the same whatever they are."""
    text = written(tmp_path / "a", rows).read_text()
    assert not {"sex", "truth_months"} & set(text.splitlines()[0].split(","))
    others = [replace(row, truth_months=0.0, sex=Sex.FEMALE if row.sex is Sex.MALE else Sex.MALE) for row in rows]
    assert written(tmp_path / "b", others).read_text() == text


def test_truth_and_sex_are_the_labels_and_a_film_without_is_told(tmp_path: Path, rows: list[Prediction], labels: Labels) -> None:
    path, first = written(tmp_path, rows), rows[0].id
    older = labels | {first: Film(first, Sex.FEMALE, 7.0)}
    found = read_predictions(path, older).rows[0]
    assert (found.id, found.sex, found.truth_months) == (first, Sex.FEMALE, 7.0)
    del older[first]
    with pytest.raises(BoneAgeError, match=f"film {first}, which is not in the labels"):
        read_predictions(path, older)


def test_the_file_does_not_depend_on_the_order(tmp_path: Path, rows: list[Prediction]) -> None:
    first = written(tmp_path / "a", rows).read_bytes()
    assert written(tmp_path / "b", rows[::-1]).read_bytes() == first


def test_a_column_more_is_tolerated(tmp_path: Path, rows: list[Prediction], labels: Labels) -> None:
    path = written(tmp_path, rows[:3])
    path.write_text("".join(f"{line},more\n" for line in path.read_text().splitlines()))
    assert list(read_predictions(path, labels).rows) == rows[:3]


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("predicted_months", "age"),  # a column is missing
        (",test,", ",exam,"),
        ("1001,", "1000,"),  # a film stands twice
        ("1001,", "x,"),
        (",101.0,", ",nan,"),
        (",101.0,", ",,"),
        (",7.0,", ",-7.0,"),  # a negative spread
        (",88.0,", ",188.0,"),  # low above high
        ("0123456789ab,0.9\n1001", "another,0.9\n1001"),  # two splits in one file
        (",0.9", ",90"),
    ],
)
def test_what_cannot_be_right_is_refused(tmp_path: Path, old: str, new: str) -> None:
    films = [Prediction(1000 + i, Sex.MALE, Part.TEST, 100.0, 101.0, 7.0, 88.0, 114.0) for i in range(3)]
    path, labels = written(tmp_path, films), {film.id: Film(film.id, film.sex, film.truth_months) for film in films}
    read_predictions(path, labels)
    text = path.read_text()
    assert old in text
    path.write_text(text.replace(old, new))
    with pytest.raises(BoneAgeError) as caught:
        read_predictions(path, labels)
    assert caught.value.kind is Kind.BAD_DATA


@pytest.mark.parametrize("text", ["", "id,part\n", "1\n2\n"])
def test_no_table_is_refused(tmp_path: Path, text: str) -> None:
    path = tmp_path / "predictions.csv"
    path.write_text(text)
    with pytest.raises(BoneAgeError):
        read_predictions(path, {})


def test_a_short_line_is_refused(tmp_path: Path, rows: list[Prediction], labels: Labels) -> None:
    path = written(tmp_path, rows[:3])
    path.write_text(path.read_text() + "1005,test\n")
    with pytest.raises(BoneAgeError, match="line 5"):
        read_predictions(path, labels)


def test_a_header_alone_no_file_and_no_rows_are_refused(tmp_path: Path, rows: list[Prediction]) -> None:
    path = written(tmp_path, rows[:1])
    path.write_text(path.read_text().splitlines()[0] + "\n")
    with pytest.raises(BoneAgeError, match="without films"):
        read_predictions(path, {})
    with pytest.raises(BoneAgeError, match="no file"):
        read_predictions(tmp_path / "absent.csv", {})
    with pytest.raises(BoneAgeError, match="without films"):
        write_predictions(tmp_path / "none.csv", [], **ORIGIN)
    assert not (tmp_path / "none.csv").exists()


def test_a_film_twice_is_not_written(tmp_path: Path, rows: list[Prediction]) -> None:
    with pytest.raises(BoneAgeError, match="film 1000 on 2 lines"):
        written(tmp_path, [rows[0], rows[1], rows[0]])


def test_column_gives_one_number_per_film(rows: list[Prediction]) -> None:
    assert column(rows, lambda row: row.truth_months).tolist() == [row.truth_months for row in rows]
