"""Single networks' answers: what is written comes back with the labels, a film stays in its part, a damaged file is told."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from boneage.dataset import Film, Part, by_id
from boneage.errors import BoneAgeError
from boneage.evaluate.network_answers import (
    NetworkAnswers,
    Training,
    answers_path,
    read_answers,
    read_trainings,
    write_answers,
    write_training,
)
from boneage.types import YEARS, Sex

FILMS = tuple(Film(number, Sex.MALE if number % 2 else Sex.FEMALE, 60.0 + number % 150) for number in range(1500, 1440, -1))
LABELS = by_id(FILMS)
MONTHS = NetworkAnswers("vgg", FILMS, np.linspace(50, 200, len(FILMS)))
ROW = Training(
    "vgg",
    "2026-11-21",
    "figure 8",
    "160 x 120",
    16,
    5550,
    88_576,
    10_000_000,
    8.4,
    55.2,
    "0123456789ab",
    "ba9876543210",
    "818271",
    "run",
)


def years() -> NetworkAnswers:
    raw = np.random.default_rng(0).random((len(FILMS), len(YEARS))) ** 8
    return NetworkAnswers("googlenet", FILMS, MONTHS.predicted, raw / raw.sum(1, keepdims=True))


@pytest.mark.parametrize("answers", [MONTHS, years()], ids=["months", "years"])
def test_what_is_written_comes_back_by_id(answers: NetworkAnswers, tmp_path: Path) -> None:
    write_answers(answers_path(tmp_path, answers.network), answers)
    again = read_answers(tmp_path, answers.network, LABELS)
    assert again is not None
    order = np.argsort([film.id for film in answers.films])
    assert again.films == tuple(answers.films[k] for k in order)
    np.testing.assert_allclose(again.predicted, answers.predicted[order], atol=0.0051)
    assert (again.classes is None) == (answers.classes is None)
    if answers.classes is not None and again.classes is not None:
        np.testing.assert_allclose(again.classes, answers.classes[order], atol=5.1e-5)


def test_no_label_is_written_and_a_film_without_is_told(tmp_path: Path) -> None:
    path = answers_path(tmp_path, "vgg")
    write_answers(path, MONTHS)
    text = path.read_text()
    assert text.splitlines()[0] == "id,part,predicted_months"
    others = tuple(Film(film.id, Sex.MALE if film.sex is Sex.FEMALE else Sex.FEMALE, 7.0) for film in FILMS)
    write_answers(path, replace(MONTHS, films=others))
    assert path.read_text() == text
    found = read_answers(tmp_path, "vgg", by_id(others))
    assert found is not None
    assert set(found.films) == set(others)
    with pytest.raises(BoneAgeError, match=f"film {FILMS[0].id}, which is not in the labels"):
        read_answers(tmp_path, "vgg", by_id(FILMS[1:]))


def test_parts_and_errors() -> None:
    assert sum(len(MONTHS.on(part).films) for part in Part) == len(FILMS)
    boys = MONTHS.where(lambda film: film.sex is Sex.MALE)
    assert {film.sex for film in boys.films} == {Sex.MALE}
    np.testing.assert_allclose(boys.errors + boys.truth, boys.predicted)


def test_an_answer_for_each_film_is_needed() -> None:
    with pytest.raises(ValueError, match="an answer for each"):
        NetworkAnswers("vgg", FILMS, np.zeros(3))
    with pytest.raises(ValueError, match="finite"):
        NetworkAnswers("vgg", FILMS[:1], np.array([np.nan]))


def test_a_network_that_was_not_run_has_none_and_a_damaged_file_is_told(tmp_path: Path) -> None:
    assert read_answers(tmp_path, "vgg", LABELS) is None
    path = answers_path(tmp_path, "vgg")
    write_answers(path, MONTHS)
    text = path.read_text()
    for damaged in (
        text.replace("predicted_months", "months"),
        text.replace(",train,", ",test,"),  # a film that the split puts elsewhere
        text[: len(text) // 2] + "\n1441,tr",
        "",
    ):
        path.write_text(damaged)
        with pytest.raises(BoneAgeError):
            read_answers(tmp_path, "vgg", LABELS)


def test_the_table_of_trainings_keeps_one_line_a_network(tmp_path: Path) -> None:
    other = replace(ROW, network="alexnet")
    for row in (ROW, other, replace(ROW, select_mae=7.9)):
        write_training(tmp_path, row)
    assert read_trainings(tmp_path) == (other, replace(ROW, select_mae=7.9))
    (tmp_path / "networks.csv").write_text("network,date\nvgg,today\n")
    with pytest.raises(BoneAgeError):
        read_trainings(tmp_path)
