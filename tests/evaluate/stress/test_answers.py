"""Answers that outlive a kill, and a system asked once for each film and form."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from boneage import dataset
from boneage.dataset import Film, Part
from boneage.errors import BoneAgeError
from boneage.evaluate.stress import ask as asking
from boneage.evaluate.stress.answers import COLUMNS, Answer, KeptAnswers, read_answers
from boneage.evaluate.stress.ask import Original, ask_film, ask_films, missing, pick
from boneage.evaluate.stress.files import as_png
from boneage.evaluate.stress.grid import ALL, CLEAN, choose
from boneage.phantom import Phantom
from boneage.pipeline import assess
from boneage.register.aspect import TYPICAL
from boneage.standardize.size import standard_frame
from boneage.systems import REFERENCE, SexUse
from boneage.types import Flag, Sex

ANSWERS = [
    Answer(1, CLEAN, "", 100.25, frozenset({"mirrored", "turned"})),
    Answer(1, "mirror", "abc", None, refused="no-hand"),
    Answer(2, CLEAN, "", 1 / 3),
]


@pytest.fixture
def folder(girl: Phantom, boy: Phantom, tmp_path: Path) -> Path:
    """Two squashed films as a data set."""
    for film_id, phantom in ((1, girl), (2, boy)):
        (tmp_path / f"{film_id}.png").write_bytes(as_png(standard_frame(phantom.pixels)[0]))
    (tmp_path / dataset.LABELS).write_text("id,boneage,male\n1,100,False\n2,160,True\n")
    return tmp_path


def test_answers_are_read_as_they_were_kept(tmp_path: Path) -> None:
    path = tmp_path / "runs" / "answers.csv"
    kept = KeptAnswers(path)
    kept.add(ANSWERS[:2])
    kept.add(ANSWERS[2:])
    assert read_answers(path) == ANSWERS
    assert KeptAnswers(path).find(2, CLEAN, "") == ANSWERS[2]
    assert KeptAnswers(path).find(1, "mirror", "other settings") is None


@pytest.mark.parametrize("lost", [1, 5, 20])
def test_a_broken_last_line_is_cut_away(lost: int, tmp_path: Path) -> None:
    path = tmp_path / "answers.csv"
    KeptAnswers(path).add(ANSWERS)
    path.write_bytes(path.read_bytes()[:-lost])
    kept = KeptAnswers(path)
    left = [one for one in ANSWERS if kept.find(one.film, one.transform, one.key) is not None]
    assert left == ANSWERS[: len(left)]
    assert len(left) < 3
    kept.add(ANSWERS[len(left) :])
    assert read_answers(path) == ANSWERS


def test_a_broken_header_begins_anew(tmp_path: Path) -> None:
    path = tmp_path / "answers.csv"
    path.write_text(",".join(COLUMNS)[:9])
    KeptAnswers(path).add(ANSWERS)
    assert read_answers(path) == ANSWERS


@pytest.mark.parametrize(
    "text", ["id,part\n1,2\n", ",".join(COLUMNS) + "\n1,clean,,x,,\n", ",".join(COLUMNS) + "\n1,clean,,,,\n"]
)
def test_another_file_is_an_error(text: str, tmp_path: Path) -> None:
    (tmp_path / "answers.csv").write_text(text)
    with pytest.raises(BoneAgeError, match=r"answers\.csv"):
        KeptAnswers(tmp_path / "answers.csv")


def test_an_answer_is_months_or_a_refusal() -> None:
    with pytest.raises(ValueError, match="either"):
        Answer(1, CLEAN, "", 100.0, refused="no-hand")
    with pytest.raises(ValueError, match="either"):
        Answer(1, CLEAN, "", None)


def test_films_are_picked_evenly_from_one_part() -> None:
    films = [Film(number, Sex.MALE, 100) for number in range(4000, 0, -1)]
    select = pick(films, REFERENCE, Part.SELECT, None)
    assert {film.part for film in select} == {Part.SELECT}
    assert [film.id for film in select] == sorted(film.id for film in select)
    some = pick(films, REFERENCE, Part.SELECT, 10)
    assert len(some) == 10
    assert some == select[:: len(select) // 10][:10]
    girls = replace(REFERENCE, members=(replace(REFERENCE.members[0], sex=SexUse.FEMALE),))
    assert pick(films, girls, Part.SELECT, None) == []


def test_the_clean_form_is_what_assess_says_and_stored_again_drifts_by_nothing(girl: Phantom) -> None:
    file = as_png(standard_frame(girl.pixels)[0])
    wanted = (None, *choose(("stored-again", "inversion", "depth")))
    answers = ask_film(REFERENCE, Film(1, girl.sex, 100), file, wanted)
    assessment = assess(file, REFERENCE, sex=girl.sex)
    flags = {flag.value for flag in assessment.flags | assessment.estimates[0].flags}
    assert answers[0] == Answer(1, CLEAN, "", assessment.estimates[0].bone_age_months, frozenset(flags))
    by_name = {one.transform: one for one in answers}
    assert by_name["stored-again"].months == answers[0].months
    assert by_name["png-16-bit"].months == pytest.approx(answers[0].months, abs=0.01)
    assert by_name["dicom-16-bit-monochrome1"].months == pytest.approx(answers[0].months, abs=0.01)
    assert by_name["inversion"].months == pytest.approx(answers[0].months, abs=0.1)
    assert Flag.POLARITY_INVERTED.value in by_name["inversion"].flags


def test_a_film_that_cannot_be_read_is_refused_in_every_form() -> None:
    answers = ask_film(REFERENCE, Film(1, Sex.MALE, 100), b"no film at all", (None, *ALL))
    assert len(answers) == 1 + len(ALL)
    assert {one.refused for one in answers} == {"not-an-image"}


def test_a_picture_without_a_hand_is_refused() -> None:
    noise = as_png(np.random.default_rng(1).random((299, 299)).astype(np.float32))
    (answer,) = ask_film(REFERENCE, Film(1, Sex.MALE, 100), noise, (None,))
    assert answer.refused == "no-hand"


def test_proportions_are_known_or_the_films_own_or_told_by_the_hand(girl: Phantom) -> None:
    squashed = standard_frame(girl.pixels)[0]
    assert Original(1, squashed, (2000, 1400)).aspect == 0.7
    assert Original(1, girl.pixels).aspect == 0.75
    assert Original(1, squashed).aspect == pytest.approx(0.75, rel=0.15)
    assert TYPICAL / 2 < Original(1, np.zeros((299, 299), np.float32) + squashed[::-1] * 0).aspect < 2 * TYPICAL


def test_a_killed_run_goes_on_and_asks_no_film_twice(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    films = dataset.read_films(folder)
    some, more = choose(("left-right",)), choose(("left-right", "inversion"))
    asked = list[tuple[int, str]]()

    def answer(system: object, film: Film, name: str, key: str, file: bytes) -> Answer:
        if len(asked) == 4:
            raise KeyboardInterrupt
        asked.append((film.id, name))
        return Answer(film.id, name, key, 100.0 + film.id)

    monkeypatch.setattr(asking, "_ask", answer)
    path = folder / "answers.csv"
    with pytest.raises(KeyboardInterrupt):
        ask_films(REFERENCE, folder, films, choose(("mirror",)), KeptAnswers(path), tell=lambda line: None)
    assert {one.film for one in read_answers(path)} == {1}
    asked.clear()
    again = ask_films(REFERENCE, folder, films, some, KeptAnswers(path), tell=lambda line: None)
    assert asked == [(2, CLEAN), (2, "left-right")]
    assert [(one.film, one.transform) for one in again] == [(1, CLEAN), (1, "left-right"), (2, CLEAN), (2, "left-right")]
    asked.clear()
    ask_films(REFERENCE, folder, films, more, KeptAnswers(path), tell=lambda line: None)
    assert asked == [(1, "inversion"), (2, "inversion")]
    assert ask_films(REFERENCE, folder, films, some, KeptAnswers(path), tell=lambda line: None) == again
    assert not missing(films[0], more, KeptAnswers(path))
