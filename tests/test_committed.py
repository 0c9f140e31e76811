"""CONTRIBUTING, rule 9: no table of single films that a command wrote here holds a label of the data set."""

from __future__ import annotations

import csv
from pathlib import Path

import pytest

RESULTS = Path(__file__).parents[1] / "results"
BY_FILM = ("predictions/*.csv", "networks/*.csv", "lee-attention.csv", "ren-activation.csv", "eye-check-key-points.csv")
LABELS = {"truth_months", "bone_age_months", "boneage", "sex", "male", "stage", "band"}


@pytest.mark.skipif(not RESULTS.is_dir(), reason="results/ is not here: run in the source tree")
def test_no_table_by_film_holds_a_label() -> None:
    found = {}
    for path in (path for pattern in BY_FILM for path in RESULTS.glob(pattern)):
        with path.open(newline="") as lines:
            found[path.name] = LABELS & set(next(csv.reader(lines), []))
    assert found
    assert not {name: labels for name, labels in found.items() if labels}
