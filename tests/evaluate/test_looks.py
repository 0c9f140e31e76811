"""Each look at test leaves its line."""

from __future__ import annotations

import csv
from pathlib import Path
from typing import Any

import pytest

from boneage.errors import BoneAgeError
from boneage.evaluate.looks import COLUMNS, log_look

LOOK: dict[str, Any] = {"date": "2026-01-01", "weights": "w", "split_hash": "0123", "films": 1000, "mae": 6.5}


def test_looks_add_up_under_one_header(tmp_path: Path) -> None:
    path = tmp_path / "results" / "test-looks.csv"
    log_look(path, system="first", command='boneage evaluate first, "quoted"', **LOOK)
    before = path.read_text()
    log_look(path, system="second", command="boneage evaluate second", **LOOK)
    assert path.read_text().startswith(before)
    with path.open(newline="") as lines:
        read = list(csv.DictReader(lines))
    assert tuple(read[0]) == COLUMNS
    assert [row["system"] for row in read] == ["first", "second"]
    assert read[0]["command"] == 'boneage evaluate first, "quoted"'
    assert float(read[0]["mae_months"]) == 6.5


def test_a_lost_line_end_does_not_join_two_looks(tmp_path: Path) -> None:
    path = tmp_path / "looks.csv"
    log_look(path, system="first", command="c", **LOOK)
    path.write_text(path.read_text().rstrip("\n"))
    log_look(path, system="second", command="c", **LOOK)
    assert len(path.read_text().splitlines()) == 3


def test_an_empty_file_gets_its_header(tmp_path: Path) -> None:
    path = tmp_path / "looks.csv"
    path.touch()
    log_look(path, system="first", command="c", **LOOK)
    assert path.read_text().splitlines()[0] == ",".join(COLUMNS)


def test_another_table_is_left_alone(tmp_path: Path) -> None:
    path = tmp_path / "other.csv"
    path.write_text("a,b\n1,2\n")
    with pytest.raises(BoneAgeError, match="another header"):
        log_look(path, system="first", command="c", **LOOK)
    assert path.read_text() == "a,b\n1,2\n"
