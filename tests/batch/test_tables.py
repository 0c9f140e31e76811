"""Tables: what was added is there, once, however the run before ended."""

from __future__ import annotations

import csv
import json
import os
from collections.abc import Callable
from dataclasses import replace
from importlib import import_module
from pathlib import Path
from signal import SIGKILL
from typing import Any

import pytest
from asks import ASK

from boneage.batch import parts
from boneage.batch.rows import columns
from boneage.batch.tables import SUFFIXES, Run, open_table
from boneage.errors import BoneAgeError

NEEDED = "Parquet needs the batch extra"
COLUMNS = columns(both=False)
RUN = Run("0.1.0", "reference-2026-11", ("a", "b"), None, "onnxruntime")
STRANGE = 'line\nbreak, comma "quote" \\ 手.dcm'


@pytest.fixture(params=SUFFIXES)
def path(request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    if request.param == ".parquet":
        pytest.importorskip("pyarrow", reason=NEEDED)
    monkeypatch.setattr(parts.Parts.__init__, "__kwdefaults__", {"rows": 3})  # several parts of few rows
    return tmp_path / f"table{request.param}"


def told(path: Path) -> list[dict[str, Any]]:
    """All rows as a reader of that format sees them."""
    match path.suffix:
        case ".parquet":
            return import_module("pyarrow.dataset").dataset(path).to_table().to_pylist()
        case ".csv":
            with path.open(newline="") as file:
                return list(csv.DictReader(file))
    return [json.loads(line) for line in path.read_text().splitlines()]


def names(path: Path) -> list[str]:
    return [row["file"] for row in told(path)]


def fill(path: Path, films: list[str], run: Run = RUN) -> None:
    with open_table(path, COLUMNS, run) as table:
        for film in films:
            if film not in table.done:
                table.add(ASK.row(film))


def test_rows_stand_in_the_order_in_which_they_came(path: Path) -> None:
    films = [f"{number}.dcm" for number in range(8)]
    fill(path, films)
    assert names(path) == films
    row = told(path)[3]
    assert list(row) == list(COLUMNS)
    assert float(row["bone_age_months"]) == len("3.dcm")
    assert not row["sex"]  # None, or an empty cell


def test_a_run_goes_on_where_the_one_before_ended(path: Path) -> None:
    fill(path, ["a", STRANGE, "c", "d"])
    fill(path, ["a", STRANGE, "c", "d", "e", "f", "g"])
    assert names(path) == ["a", STRANGE, "c", "d", "e", "f", "g"]


@pytest.mark.parametrize("added", range(1, 6))
def test_what_was_added_outlives_a_killed_process(path: Path, added: int) -> None:
    films = ["a", STRANGE, "c", "d", "e", "f"]
    if (child := os.fork()) == 0:
        with open_table(path, COLUMNS, RUN) as table:
            for film in films[:added]:
                table.add(ASK.row(film))
            os.kill(os.getpid(), SIGKILL)
    os.waitpid(child, 0)
    with open_table(path, COLUMNS, RUN) as table:
        assert table.done == set(films[:added])
    fill(path, films)
    assert names(path) == films


@pytest.mark.parametrize("cut", [1, 5, 40, 90])
def test_of_a_torn_row_nothing_is_left(tmp_path: Path, cut: int) -> None:
    for path in (tmp_path / "table.csv", tmp_path / "table.jsonl"):
        fill(path, ["a", "b", STRANGE])
        path.write_bytes(path.read_bytes()[:-cut])
        fill(path, ["a", "b", STRANGE, "d"])
        assert names(path) == ["a", "b", STRANGE, "d"]


def test_a_part_that_was_made_when_the_journal_still_told_of_its_rows_doubles_none(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    pytest.importorskip("pyarrow", reason=NEEDED)
    path = tmp_path / "table.parquet"
    monkeypatch.setattr(parts.Parts.__init__, "__kwdefaults__", {"rows": 3})
    monkeypatch.setattr(parts.Parts, "_write_journal", _first_time(parts.Parts._write_journal))
    with pytest.raises(KeyboardInterrupt):
        fill(path, ["a", "b", "c", "d"])
    monkeypatch.undo()
    assert len(list(path.glob("part-*"))) == 1
    fill(path, ["a", "b", "c", "d"])
    assert names(path) == ["a", "b", "c", "d"]


def _first_time(write: Callable[[parts.Parts], None]) -> Callable[[parts.Parts], None]:
    """At the second time the process ends."""
    times = []

    def once(self: parts.Parts) -> None:
        times.append(1)
        if len(times) == 2:
            self.close = lambda: None  # type: ignore[method-assign]
            raise KeyboardInterrupt
        write(self)

    return once


@pytest.mark.parametrize(
    "other",
    [
        replace(RUN, version="0.2.0"),
        replace(RUN, sex="male"),
        replace(RUN, weights=("a", "c")),
        replace(RUN, computed_by="openvino-bf16"),
    ],
)
def test_a_table_holds_the_answers_of_one_run_alone(path: Path, other: Run) -> None:
    fill(path, ["a"])
    with pytest.raises(BoneAgeError, match="another run"):
        fill(path, ["b"], other)
    assert names(path) == ["a"]


def test_a_file_of_somebody_else_is_left_alone(path: Path) -> None:
    if path.suffix == ".parquet":
        path.mkdir()
    else:
        path.write_text("mine\n")
    with pytest.raises(BoneAgeError, match="nothing that says where it comes from"):
        fill(path, ["a"])


def test_two_runs_do_not_write_one_table(path: Path) -> None:
    with open_table(path, COLUMNS, RUN), pytest.raises(BoneAgeError, match="which another run writes"):
        fill(path, ["a"])


def test_the_ending_chooses_the_format(tmp_path: Path) -> None:
    with pytest.raises(BoneAgeError, match=r"\.parquet, \.csv, \.jsonl"):
        fill(tmp_path / "table.xlsx", ["a"])
