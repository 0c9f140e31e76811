"""The shelf: averages by film, means with limits, contests on common films, and which rows may be compared."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from shelves import shelf_in

from boneage.dataset import Film, Part
from boneage.errors import BoneAgeError
from boneage.evaluate.network_answers import NetworkAnswers
from boneage.papers.page import How
from boneage.papers.shelf import average, command, commands, contest, mean_error, readable, signed, together
from boneage.types import Sex

Films = tuple[Film, ...]
Keep = Callable[..., NetworkAnswers]


def off_by(films: Films, months: float | np.ndarray, name: str = "net") -> NetworkAnswers:
    return NetworkAnswers(name, films, np.array([film.bone_age_months for film in films]) + months)


def test_an_average_is_of_the_films_that_all_answered_whatever_their_order(films: Films) -> None:
    first, second = off_by(films[:50], 3.0), off_by(films[60:9:-1], -1.0)
    both = average([first, second])
    assert both.films == films[10:50]
    np.testing.assert_allclose(both.errors, 1.0)


def test_a_sex_s_networks_read_together_what_each_reads_alone(films: Films) -> None:
    girls, boys = (
        off_by(tuple(film for film in films if film.sex is sex), error) for sex, error in zip(Sex, (2, 4), strict=True)
    )
    both = together([girls, boys])
    assert set(both.films) == set(films)
    for sex, error in zip(Sex, (2, 4), strict=True):
        assert mean_error(both, lambda film, sex=sex: film.sex is sex).mae == pytest.approx(error)
    with pytest.raises(ValueError, match="share no film"):
        together([girls, girls])


def test_a_mean_has_limits_around_it_and_none_for_a_handful(films: Films) -> None:
    answers = off_by(films, np.resize([1.0, -3.0, 8.0], len(films)))
    mean = mean_error(answers)
    assert mean.mae == pytest.approx(4.0)
    assert mean.low < mean.mae < mean.high
    assert str(mean).startswith("4.00 (")
    few = mean_error(off_by(films[:4], 2.0))
    assert str(few) == "2.00"
    assert str(mean_error(answers, lambda film: False)) == "no films"


def test_a_contest_turned_round_says_the_opposite(films: Films) -> None:
    random = np.random.default_rng(0)
    near, far = (off_by(films[k : k + 500], random.normal(0, error, 500)) for k, error in ((0, 5), (100, 8)))
    one, other = contest(near, far), contest(far, near)
    assert one.films == 400
    assert one.first_is_better
    assert not other.first_is_better
    assert (one.first, one.second, one.p) == (other.second, other.first, pytest.approx(other.p))
    assert one.low < one.first - one.second < one.high < 0
    with pytest.raises(ValueError, match="both answered"):
        contest(off_by(films[:9], 1.0), off_by(films[9:], 1.0))


def test_only_rows_of_equal_budgets_are_alike(films: Films, keep: Keep, tmp_path: Path) -> None:
    for name, size, epochs in (("a", "9 x 9", 16), ("b", "9 x 9", 16), ("longer", "9 x 9", 17), ("larger", "10 x 9", 16)):
        keep(name, films[:9], 1.0, size=size, epochs=epochs)
    shelf = shelf_in(tmp_path)
    assert shelf.alike(["a"], ["b"])
    assert not shelf.alike(["a"], ["a", "longer"])
    assert not shelf.alike(["a"], ["larger"])
    assert shelf.as_long(["a"], ["larger"])
    assert not shelf.as_long(["a"], ["longer"])
    assert not shelf.alike(["absent"], ["absent"])
    assert shelf.budget(["a", "longer", "absent"]) == "9 x 9; 16, 17 epochs; 80,000 films seen"
    assert shelf.budget(["absent"]) == ""


def test_what_was_not_run_is_told_with_its_command(films: Films, keep: Keep, tmp_path: Path) -> None:
    keep("a", films[:9], 1.0)
    shelf = shelf_in(tmp_path)
    assert shelf.not_run(["a", "b", "b"]) == ("b",)
    assert shelf.averaged(["a", "b"]) is None
    assert command("b") in commands(["b"])
    assert "--only b --data DIR" in command("b")
    assert commands([]) == ""


def test_answers_are_those_of_one_part(films: Films, keep: Keep, tmp_path: Path) -> None:
    train = next(film for number in range(9999) if (film := Film(number, Sex.MALE, 90.0)).part is Part.TRAIN)
    keep("a", (*films[:9], train), 1.0)
    answers = shelf_in(tmp_path, films=(*films, train)).answers("a")
    assert answers is not None
    assert set(answers.films) == set(films[:9])


def test_a_shelf_reads_once_and_another_sees_what_was_run_since(films: Films, keep: Keep, tmp_path: Path) -> None:
    before = shelf_in(tmp_path)
    assert before.answers("a") is None
    keep("a", films[:9], 1.0)
    assert before.answers("a") is None  # a page is of one moment
    after = shelf_in(tmp_path)
    assert after.answers("a") is after.answers("a") is not None


def test_answers_of_films_without_labels_are_told(films: Films, keep: Keep, tmp_path: Path) -> None:
    keep("a", films[:9], 1.0)
    with pytest.raises(BoneAgeError, match="not in the labels"):
        shelf_in(tmp_path, films=films[1:]).answers("a")


def test_an_exhibit_says_how_far_its_networks_are(films: Films, keep: Keep, tmp_path: Path) -> None:
    made = []
    for names in ([], ["a"], ["a", "b"]):
        for name in names:
            keep(name, films[:9], 1.0)
        made.append(shelf_in(tmp_path).exhibit("Table I", "errors", How.STAND_IN, "Words.", ["a table"], ["a", "b", "a"]))
    assert [one.how for one in made] == [How.NOT_RUN, How.IN_PART, How.STAND_IN]
    assert made[0].words == "Words."
    assert command("a") in made[0].body
    assert made[2].words == "Words. Trained with 96 x 96; 16 epochs; 80,000 films seen."
    assert made[2].body == "a table"


def test_numbers_are_readable() -> None:
    assert (readable(0.00001), readable(0.0312), signed(-0.456), signed(2)) == ("under 0.0001", "0.031", "−0.46", "+2.00")
