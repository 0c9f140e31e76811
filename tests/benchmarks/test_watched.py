"""A watched run: rows counted as they come, cost by windows whatever the pieces, memory beside them."""

from __future__ import annotations

import sys
from math import isnan
from pathlib import Path

import pytest

BENCHMARKS = Path(__file__).parents[2] / "benchmarks"
if not BENCHMARKS.is_dir():
    pytest.skip("benchmarks/ is not here: run in the source tree", allow_module_level=True)
sys.path.insert(0, str(BENCHMARKS))

from watched import (  # noqa: E402
    RowCount,
    Sample,
    first_row_seconds,
    link,
    memory_at,
    read_log,
    refused,
    steady,
    whole_seconds,
)


def seen(session: int, *moments: tuple[float, int]) -> list[Sample]:
    return [Sample(session, seconds, rows, 70 + rows, 200, 220) for seconds, rows in moments]


def test_an_even_run_costs_the_same_in_every_window() -> None:
    samples = seen(0, (1, 0), *((2 + k, 10 * (k + 1)) for k in range(100)))
    assert steady(samples, 10, 1000) == pytest.approx(0.1)
    assert steady(samples, 333, 512) == pytest.approx(0.1)


def test_the_start_is_in_no_window_and_in_the_whole() -> None:
    samples = seen(0, (30, 0), (31, 10), (32, 20), (33, 30))
    assert steady(samples, 0, 30) == pytest.approx(0.1)
    assert first_row_seconds(samples) == 31
    assert whole_seconds(samples) == 33


def test_a_window_where_it_slows_down_shows_it() -> None:
    samples = seen(0, (0, 0), (1, 10), (2, 20), (4, 30), (6, 40))
    assert steady(samples, 10, 20) == pytest.approx(0.1)
    assert steady(samples, 20, 40) == pytest.approx(0.2)
    assert steady(samples, 10, 40) == pytest.approx(5 / 30)


def test_standing_still_between_two_rows_counts() -> None:
    assert steady(seen(0, (0, 0), (1, 10), (2, 10), (3, 10), (4, 20)), 10, 20) == pytest.approx(0.3)


def test_in_pieces_it_costs_what_it_does_in_one() -> None:
    """The second call starts slowly; its start is no part of a film's cost, and its seconds are of the whole."""
    samples = [*seen(0, (2, 0), (3, 10), (4, 20)), *seen(1, (9, 20), (10, 30), (11, 40), (12, 40))]
    assert steady(samples, 0, 40) == pytest.approx(0.1)
    assert whole_seconds(samples) == 16


def test_where_nothing_was_read_there_is_no_cost() -> None:
    assert isnan(steady(seen(0, (1, 0), (2, 0)), 0, 10))
    assert isnan(memory_at([], 3)[0])


def test_memory_is_that_of_the_nearest_look_at_living_workers() -> None:
    samples = [*seen(0, (1, 0), (2, 100), (3, 200)), Sample(0, 4, 300, 0, 0, 0)]
    assert memory_at(samples, 110) == (170, 200)
    assert memory_at(samples, 300) == (270, 200)


def test_rows_are_counted_as_they_are_written(tmp_path: Path) -> None:
    table = tmp_path / "table.csv"
    count = RowCount(table)
    assert count() == 0
    with table.open("w") as file:
        file.write("file,error_kind\n")
        file.flush()
        assert count() == 0
        file.write("a,\nb,no-hand\nc")
        file.flush()
        assert count() == 2
        file.write(",\n")
        file.flush()
        assert count() == RowCount(table)() == 3
    assert refused(table) == 1


def test_a_torn_line_of_the_log_is_left_out(tmp_path: Path) -> None:
    log = tmp_path / "log.csv"
    assert read_log(log) == []
    log.write_text("0,1.5,3,70.0,200.0,210.0\n0,2.5,4,70")
    assert read_log(log) == [Sample(0, 1.5, 3, 70.0, 200.0, 210.0)]


def test_names_are_links_in_turn_and_a_second_call_adds_the_rest(tmp_path: Path) -> None:
    films = [tmp_path / "a.dcm", tmp_path / "b.dcm"]
    for film in films:
        film.write_text(film.name)
    link(films, tmp_path / "names", 3)
    names = sorted(link(films, tmp_path / "names", 5).iterdir())
    assert [name.read_text() for name in names] == ["a.dcm", "b.dcm", "a.dcm", "b.dcm", "a.dcm"]
    assert names[0].samefile(films[0])
