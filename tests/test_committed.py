"""What is committed: no table by film holds a label of the data set (CONTRIBUTING, rule 9), and tables belong together."""

from __future__ import annotations

import csv
from pathlib import Path

import pytest

from boneage.evaluate.network_answers import answers_hash, read_trainings

RESULTS = Path(__file__).parents[1] / "results"
BY_FILM = ("predictions/*.csv", "networks/*.csv", "lee-attention.csv", "ren-activation.csv", "eye-check-key-points.csv")
LABELS = {"truth_months", "bone_age_months", "boneage", "sex", "male", "stage", "band"}

here = pytest.mark.skipif(not RESULTS.is_dir(), reason="results/ is not here: run in the source tree")


@here
def test_no_table_by_film_holds_a_label() -> None:
    found = {}
    for path in (path for pattern in BY_FILM for path in RESULTS.glob(pattern)):
        with path.open(newline="") as lines:
            found[path.name] = LABELS & set(next(csv.reader(lines), []))
    assert found
    assert not {name: labels for name, labels in found.items() if labels}


@here
def test_each_networks_answers_are_those_of_its_line_in_the_table_of_all() -> None:
    told = {training.network: training.answers for training in read_trainings(RESULTS)}
    assert told == {path.stem: answers_hash(path) for path in (RESULTS / "networks").glob("*.csv")}
