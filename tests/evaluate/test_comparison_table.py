"""The printed comparison fits its width uncut, names what is absent, and its files are flat."""

from __future__ import annotations

import csv
from dataclasses import replace
from io import StringIO
from pathlib import Path

import cv2
import numpy as np
import pytest
from rich.console import Console

from boneage.dataset import Film
from boneage.evaluate.answered import Answered
from boneage.evaluate.comparison import compare_systems, group_errors
from boneage.evaluate.comparison_files import write_comparison, write_group_errors
from boneage.evaluate.comparison_plot import plot_comparison
from boneage.evaluate.comparison_table import NOT_MEASURED, WIDTH, SystemTable, render
from boneage.evaluate.papers import PAPERS
from boneage.evaluate.parameters import Size
from boneage.evaluate.predictions import Prediction

pytest.importorskip("scipy", reason="needs the train extra")
pytest.importorskip("matplotlib", reason="needs the train extra")
REFERENCE = "reference-2026-11"
SIZE = Size(6, 123_456_789, 199.9, 14.4, "2080 x 1600", "15, 20, 25, 30")


@pytest.fixture
def table(rows: list[Prediction], labels: dict[int, Film]) -> SystemTable:
    """Six systems, of which the last was not measured and the fourth errs a lot and refuses two films."""
    names = (REFERENCE, *(f"{name}-2026-11" for name in PAPERS))
    answered = []
    for number, name in enumerate(names[:-1]):
        errors = np.random.default_rng(number).normal(0, 7 + 3 * number + 100 * (number == 3), len(rows)).tolist()
        made = [replace(row, predicted_months=row.truth_months + by) for row, by in zip(rows, errors, strict=True)]
        gone = 2 if number == 3 else 0
        answered.append(
            Answered(name, tuple(made[gone:]), frozenset(labels[row.id] for row in made[:gone]), f"w{number}", "0123")
        )
    return SystemTable(
        systems=names,
        reference=REFERENCE,
        split="test",
        answered=tuple(answered),
        standings=compare_systems(answered, REFERENCE, resamples=50),
        group_errors=group_errors(answered, resamples=50),
        sizes={names[0]: SIZE, names[1]: SIZE},
        seconds={names[0]: 0.5, names[1]: 2.0},
    )


def printed(table: SystemTable) -> str:
    text = StringIO()
    for part in render(table):
        Console(width=WIDTH, file=text).print(part)
    return text.getvalue()


def lines_of(path: Path) -> list[dict[str, str]]:
    with path.open(newline="") as lines:
        return list(csv.DictReader(lines))


def test_the_printed_table_fits_uncut(table: SystemTable) -> None:
    text = printed(table)
    assert "\u2026" not in text
    assert max(map(len, text.splitlines())) <= WIDTH
    shown = f"{table.standings[0].errors.mae_months:.2f}"
    for word in (
        *table.systems,
        shown,
        "4.97",
        "94.2 M",
        "17.85",
        "298 of 300 films that all 5",
        "2080 x 1600",
        "4.0",
        "123.46 M",
    ):
        assert word in text


def test_what_was_not_measured_says_how_to(table: SystemTable, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.chdir(tmp_path)  # no recipe of that name here
    assert table.not_measured == (table.systems[-1],)
    assert f"{NOT_MEASURED}: boneage evaluate {table.systems[-1]} --data DIR --split test" in printed(table)


def test_without_another_system_a_sentence_says_why_there_are_no_tests(table: SystemTable) -> None:
    alone = table.answered[:1]
    errors = group_errors(alone, resamples=50)
    text = printed(replace(table, answered=alone, standings=compare_systems(alone, REFERENCE, resamples=50), group_errors=errors))
    (line,) = (line for line in text.splitlines() if "No paired tests" in line)
    assert f"against {REFERENCE} " in line
    assert f"Measured: {REFERENCE}." in line
    assert "Wilcoxon" not in text
    assert "\u2026" not in text


def test_a_recipe_s_network_alone_is_measured_again_by_its_recipe(
    table: SystemTable, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "recipes").mkdir()
    for name in ("vgg-a-female-2026-11", REFERENCE):
        (tmp_path / "recipes" / f"{name}.toml").touch()
    assert table.command("vgg-a-female-2026-11") == "boneage evaluate recipes/vgg-a-female-2026-11.toml --data DIR --split test"
    assert table.command(REFERENCE) == f"boneage evaluate {REFERENCE} --data DIR --split test"
    assert table.command("my-own") == "boneage evaluate my-own --data DIR --split test"


def test_the_csv_holds_every_system_twice(tmp_path: Path, table: SystemTable) -> None:
    write_comparison(tmp_path / "compare.csv", table, date="2026-01-01")
    lines = lines_of(tmp_path / "compare.csv")
    assert [(line["system"], line["band"]) for line in lines] == [
        (name, band) for name in table.systems for band in ("all", "60+")
    ]
    assert {(line["date"], line["split"], line["split_hash"], line["reference"]) for line in lines} == {
        ("2026-01-01", "test", "0123", REFERENCE)
    }
    found = {(line["system"], line["band"]): line for line in lines}
    for one in table.standings:
        line = found[one.system, "all" if one.scope.band is None else "60+"]
        assert line["measured"] == "yes"
        assert int(line["films"]) == one.errors.films
        assert float(line["mae_months"]) == pytest.approx(one.errors.mae_months, rel=1e-3)
        assert (line["t_test_p_holm"] == "") == (one.system == REFERENCE)
    absent, first, third = (found[table.systems[i], "all"] for i in (-1, 1, 3))
    assert (absent["measured"], absent["films"], absent["mae_months"], absent["weights"]) == ("no", "", "", "")
    assert "RMSE 15.09" in absent["paper"]
    assert (first["parameters"], first["input_px"], first["times_the_reference"]) == ("123456789", "2080 x 1600", "4")
    assert (third["refused"], third["common_films"], third["weights"]) == ("2", "298", "w3")


def test_the_csv_of_groups_is_flat(tmp_path: Path, table: SystemTable) -> None:
    write_group_errors(tmp_path / "compare-bands.csv", table, date="2026-01-01")
    lines = lines_of(tmp_path / "compare-bands.csv")
    assert len(lines) == len({(line["system"], line["sex"], line["band"]) for line in lines}) == 5 * 24
    for line, one in zip(lines, table.group_errors, strict=True):
        assert int(line["films"]) == one.films
        assert line["mae_months"] == ("" if one.mae_months is None else f"{one.mae_months:.4g}")
    assert {line["weights"] for line in lines} == {one.weights for one in table.answered}


def test_the_picture_is_drawn_the_same_each_time(tmp_path: Path, table: SystemTable) -> None:
    for name in ("one.svg", "same.svg", "deep/one.png"):
        plot_comparison(tmp_path / name, table)
    assert (tmp_path / "one.svg").read_bytes() == (tmp_path / "same.svg").read_bytes()
    image = cv2.imread(str(tmp_path / "deep/one.png"))
    assert image is not None
    assert min(image.shape[:2]) > 500
    reference = replace(table, answered=table.answered[:1], standings=tuple(s for s in table.standings if s.system == REFERENCE))
    plot_comparison(tmp_path / "alone.svg", reference)
    assert (tmp_path / "alone.svg").read_bytes() != (tmp_path / "one.svg").read_bytes()
