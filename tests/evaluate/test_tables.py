"""The table of an evaluation: its groups add up, its figures are the metrics', its CSV is flat."""

from __future__ import annotations

import csv
from collections.abc import Callable
from io import StringIO
from math import inf, isnan
from pathlib import Path
from typing import Any

import pytest
from rich.console import Console

from boneage.errors import BoneAgeError
from boneage.evaluate.bands import BANDS
from boneage.evaluate.metrics import coverage, mae, share_within
from boneage.evaluate.predictions import Prediction, column
from boneage.evaluate.tables import FEWEST_FILMS, FIGURES, By, Group, Row, make_table, render_table, write_table
from boneage.types import Sex

pytest.importorskip("scipy", reason="needs the train extra")

ORIGIN: dict[str, Any] = {"date": "2026-01-01", "system": "reference", "weights": "w", "split": "test", "split_hash": "0123"}


@pytest.fixture
def table(rows: list[Prediction]) -> tuple[Row, ...]:
    return make_table(rows, resamples=200)


def find(table: tuple[Row, ...], group: Group) -> Row:
    (row,) = (row for row in table if row.group == group)
    return row


def test_the_bands_cover_every_age_once() -> None:
    assert [band.low for band in BANDS] == [0, 36, 72, 108, 144, 180, 216]
    assert BANDS[-1].high == inf
    for months in (0, 35.99, 36, 216, 239, 500):
        assert sum(months in band for band in BANDS) == 1


def test_the_groups_add_up(table: tuple[Row, ...], rows: list[Prediction]) -> None:
    assert len(table) == 1 + 2 + 7 + 14 + 7
    assert find(table, Group()).films == len(rows)
    assert sum(find(table, Group(sex)).films for sex in Sex) == len(rows)
    assert sum(find(table, Group(band=band)).films for band in BANDS) == len(rows)
    assert sum(find(table, Group(by=By.PREDICTED, band=band)).films for band in BANDS) == len(rows)
    for band in BANDS:
        assert sum(find(table, Group(sex, band=band)).films for sex in Sex) == find(table, Group(band=band)).films


def test_the_figures_are_the_metrics_of_the_group(table: tuple[Row, ...], rows: list[Prediction]) -> None:
    girls = [row for row in rows if row.sex is Sex.FEMALE and 108 <= row.truth_months < 144]
    truth, predicted = column(girls, lambda row: row.truth_months), column(girls, lambda row: row.predicted_months)
    low, high = column(girls, lambda row: row.low_months), column(girls, lambda row: row.high_months)
    row = find(table, Group(Sex.FEMALE, band=BANDS[3]))
    assert row.films == len(girls) >= FEWEST_FILMS
    assert row.figures["mae_months"].value == mae(truth, predicted)
    assert row.figures["within_12_months"].value == share_within(12)(truth, predicted)
    assert row.figures["coverage"].value == coverage(truth, low, high)


def test_the_mean_error_of_all_is_that_of_the_bands_weighted(table: tuple[Row, ...]) -> None:
    parts = [row for band in BANDS if (row := find(table, Group(band=band))).films]
    total = sum(row.films * row.figures["mae_months"].value for row in parts)
    whole = find(table, Group())
    assert total / whole.films == pytest.approx(whole.figures["mae_months"].value)


def test_limits_hold_their_value(table: tuple[Row, ...]) -> None:
    for row in table:
        assert set(row.figures) == set(FIGURES)
        for figure in row.figures.values():
            assert isnan(figure.low) or figure.low <= figure.value <= figure.high


def test_few_films_have_no_bootstrap_and_none_have_no_figures(rows: list[Prediction]) -> None:
    middle = [row for row in rows if 108 <= row.truth_months < 144][: FEWEST_FILMS - 1]
    table = make_table(middle, resamples=50)
    few, none = find(table, Group()).figures, find(table, Group(band=BANDS[0])).figures
    assert not isnan(few["mae_months"].value)
    assert isnan(few["mae_months"].low)
    assert few["coverage"].low < few["coverage"].value  # binomial limits are exact for any number
    assert all(isnan(figure.value) for figure in none.values())


def test_the_bands_of_predicted_age_are_what_the_user_sees(table: tuple[Row, ...], rows: list[Prediction]) -> None:
    old = [row for row in rows if 180 <= row.predicted_months < 216]
    row = find(table, Group(by=By.PREDICTED, band=BANDS[5]))
    assert row.films == len(old) != find(table, Group(band=BANDS[5])).films
    error = mae(column(old, lambda row: row.truth_months), column(old, lambda row: row.predicted_months))
    assert row.figures["mae_months"].value == error


def test_the_order_of_films_moves_neither_a_figure_nor_a_limit(rows: list[Prediction], table: tuple[Row, ...]) -> None:
    assert repr(make_table(rows[::-1], resamples=200)) == repr(table)


def test_equal_seeds_equal_tables_and_no_global_state(rows: list[Prediction], global_state: Callable[[], bytes]) -> None:
    before = global_state()
    first, second = (repr(make_table(rows, seed=3, resamples=100)) for _ in range(2))
    assert first == second
    assert global_state() == before


def test_the_csv_is_flat_and_says_where_it_comes_from(tmp_path: Path, table: tuple[Row, ...]) -> None:
    path = tmp_path / "results" / "test.csv"
    write_table(path, table, **ORIGIN)
    with path.open(newline="") as lines:
        read = list(csv.DictReader(lines))
    assert len(read) == len(table)
    for line, row in zip(read, table, strict=True):
        assert {key: line[key] for key in ORIGIN} == ORIGIN
        assert int(line["films"]) == row.films
        for name, figure in row.figures.items():
            for end, number in (("", figure.value), ("_low", figure.low), ("_high", figure.high)):
                assert line[name + end] == "" if isnan(number) else float(line[name + end]) == pytest.approx(number, abs=6e-5)
    assert len({(line["sex"], line["band_by"], line["band"]) for line in read}) == len(read)


def test_the_printed_table_fits_a_terminal_uncut(rows: list[Prediction], table: tuple[Row, ...]) -> None:
    printed = StringIO()
    Console(width=80, file=printed).print(render_table(table, title="reference on test"))
    text = printed.getvalue()
    assert "\u2026" not in text
    error = f"{find(table, Group()).figures['mae_months'].value:.2f}"
    for word in ("all", "female", "male", "216+", "MAE", "reference on test", error):
        assert word in text


def test_nothing_to_tabulate_is_refused() -> None:
    with pytest.raises(BoneAgeError):
        make_table([])
