"""The stress test's figures against a table worked by hand; fictive ages against the norm that they are drawn from."""

from __future__ import annotations

import csv
from pathlib import Path

import numpy as np
import pytest

from boneage.clinical.norms import Norm
from boneage.dataset import Film
from boneage.evaluate.stress.answers import Answer
from boneage.evaluate.stress.fictive import Category, categorize, fictive_norm
from boneage.evaluate.stress.figures import clean_mae, clean_refused, drift, figures, is_silent, mcnemar
from boneage.evaluate.stress.grid import CLEAN, choose
from boneage.evaluate.stress.table import render_stress, summary, write_stress
from boneage.types import Flag, Sex

NORM = Norm(100.0, 10.0)
(MIRROR,) = choose(("left-right",))


def answers(clean: list[float | None], other: list[float | None], flags: dict[int, str] | None = None) -> list[Answer]:
    found = []
    for film, (before, after) in enumerate(zip(clean, other, strict=True), start=1):
        marks = frozenset((flags or {}).get(film, "").split())
        found.append(Answer(film, CLEAN, "", before, refused="" if before is not None else "no-hand"))
        found.append(Answer(film, MIRROR.name, MIRROR.key, after, marks, refused="" if after is not None else "no-hand"))
    return found


@pytest.fixture
def films() -> dict[int, Film]:
    return {number: Film(number, Sex.MALE, 100.0) for number in range(1, 8)}


def test_a_table_worked_by_hand(films: dict[int, Film], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("boneage.evaluate.stress.figures.fictive_norm", lambda film: NORM if film.id != 2 else None)
    clean = [100.0, 110.0, 90.0, 100.0, 130.0, 100.0, None]
    other = [107.0, 110.0, 50.0, None, 117.0, 130.0, 100.0]  # drifts 7, 0, -40, -, -13, 30, and one that was not clean
    flags = {3: f"{Flag.MIRRORED.value}", 6: f"{Flag.WIDE_INTERVAL.value} {Flag.MIRRORED.value}"}
    (row,) = figures(answers(clean, other, flags), films, (MIRROR,))
    assert (row.family, row.transform, row.films, row.answered) == ("mirror", "left-right", 6, 5)
    assert row.mae_clean == pytest.approx((0 + 10 + 10 + 30 + 0) / 5)
    assert row.mae_change == pytest.approx((7 + 10 + 50 + 17 + 30) / 5 - 10)
    assert row.mean_drift == pytest.approx((7 + 0 - 40 - 13 + 30) / 5)
    assert row.mean_absolute_drift == pytest.approx(90 / 5)
    assert (row.over_6, row.over_12, row.over_24) == (4 / 5, 3 / 5, 2 / 5)
    assert row.refused == 1 / 6
    assert row.silent_over_24 == 1 / 6  # film 3: that it was mirrored excuses nothing; film 6 says that it is unsure
    # within the label's category: clean all but film 5 (130 is 3 SD), in this form all but films 3 and 6 (50 and 130)
    assert row.categories == 4
    assert row.category_changes == 3 / 4
    assert (row.category_wrong_clean, row.category_wrong) == (1 / 4, 2 / 4)
    assert row.category_wrong_p == 1
    assert (row.target_months, row.within_target) == (1.0, False)
    assert clean_mae(answers(clean, other), films) == pytest.approx(50 / 6)
    assert clean_refused(answers(clean, other)) == 1


def test_without_change_nothing_drifts(films: dict[int, Film]) -> None:
    same: list[float | None] = [90.0, 100.0, 112.5, 60.0, 130.0, 99.0, 101.0]
    (row,) = figures(answers(same, same), films, (MIRROR,))
    assert (row.mae_change, row.mean_drift, row.mean_absolute_drift, row.over_6, row.refused) == (0, 0, 0, 0, 0)
    assert (row.silent_over_24, row.category_changes, row.within_target) == (0, 0, True)


def test_where_all_is_refused_no_figure_is_made_up(films: dict[int, Film], tmp_path: Path) -> None:
    (row,) = figures(answers([100.0] * 7, [None] * 7), films, (MIRROR,))
    assert (row.films, row.answered, row.refused, row.silent_over_24) == (7, 0, 1, 0)
    assert row.mean_drift is row.mae_change is row.within_target is row.category_wrong_p is None
    write_stress(tmp_path / "table.csv", [row], {"date": "2026-11-21", "system": "s"})
    assert list(render_stress([row], title="t").columns[2].cells) == ["-"]
    assert list(summary([row]))[2].startswith("mean drift beyond its target in 0 of 0")


def test_the_table_is_flat_and_says_that_the_ages_are_fictive(films: dict[int, Film], tmp_path: Path) -> None:
    rows = figures(answers([100.0, None], [90.0, 80.0]), films, (MIRROR, *choose(("inversion",))))
    write_stress(tmp_path / "table.csv", rows, {"date": "2026-11-21", "system": "s", "weights": "w", "split_hash": "h"})
    with (tmp_path / "table.csv").open(newline="") as lines:
        read = list(csv.DictReader(lines))
    assert [row["transform"] for row in read] == ["left-right", "inversion"]
    assert read[0]["mean_drift"] == "-10"
    assert read[0]["chronological_age"] == "fictive"
    assert read[1]["films"] == "0"
    assert read[1]["mean_drift"] == ""
    assert "FICTIVE" in str(render_stress(rows, title="t").caption)


def test_only_a_new_flag_of_doubt_excuses_a_drift() -> None:
    clean, wide = Answer(1, CLEAN, "", 100.0), frozenset({Flag.WIDE_INTERVAL.value})
    assert is_silent(clean, Answer(1, "x", "", 124.1))
    assert not is_silent(clean, Answer(1, "x", "", 124.0))
    assert not is_silent(clean, Answer(1, "x", "", 75.0, wide))
    assert is_silent(Answer(1, CLEAN, "", 100.0, wide), Answer(1, "x", "", 75.0, wide))
    assert is_silent(clean, Answer(1, "x", "", 75.0, frozenset({Flag.TURNED.value, Flag.POLARITY_INVERTED.value})))
    refused = Answer(1, "x", "", None, refused="no-hand")
    assert not is_silent(clean, refused)
    assert drift(clean, refused) is None


def test_mcnemar_by_hand() -> None:
    assert mcnemar(0, 0) == 1
    assert mcnemar(3, 3) == 1
    assert mcnemar(0, 5) == pytest.approx(2 / 32)
    assert mcnemar(1, 9) == mcnemar(9, 1) == pytest.approx(2 * 11 / 1024)


def test_two_standard_deviations_are_still_within() -> None:
    assert [categorize(months, NORM) for months in (79.9, 80.0, 120.0, 120.1)] == [
        *(Category.BELOW, Category.WITHIN, Category.WITHIN, Category.ABOVE),
    ]


def test_fictive_ages_are_fixed_and_put_labels_where_healthy_children_lie() -> None:
    films = [Film(number, (Sex.MALE, Sex.FEMALE)[number % 2], 120.0) for number in range(4000)]
    norms = [fictive_norm(film) for film in films]
    assert norms == [fictive_norm(film) for film in films]
    scores = np.array([norm.score(120.0) for norm in norms if norm is not None])
    assert len(scores) == len(films)
    assert scores.mean() == pytest.approx(0, abs=0.06)
    assert scores.std() == pytest.approx(1, abs=0.05)
    assert (np.abs(scores) > 2).mean() == pytest.approx(0.0455, abs=0.01)


def test_beyond_the_table_there_is_no_fictive_age() -> None:
    assert fictive_norm(Film(1, Sex.FEMALE, 228.0)) is None
    assert fictive_norm(Film(1, Sex.MALE, 0.1)) is None
