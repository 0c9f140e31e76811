"""Figure 5's films and figures: who is chosen, what is measured, what is written."""

from __future__ import annotations

import csv
from pathlib import Path

import numpy as np
import pytest

from boneage.dataset import Film, Part, part_of
from boneage.evaluate.patch_grid import PER_CLASS, YEARS, Case, Cell, choose_films, iou, measure, plot_grid, write_grid
from boneage.networks import Batch
from boneage.standardize.patches import STRIDES, PatchClass
from boneage.types import Sex

FILMS = [Film(i, Sex.MALE if i % 2 else Sex.FEMALE, float(12 * (i // 2 % 19) + 6)) for i in range(1377, 12000)]


def test_ten_of_each_year_and_sex_and_none_that_was_trained_on() -> None:
    chosen = choose_films(FILMS, {film.id for film in FILMS})
    assert len(chosen) == 280
    assert Part.TRAIN not in {film.part for film in chosen}
    for year in YEARS:
        for sex in Sex:
            assert sum(film.sex is sex and film.bone_age_months // 12 == year for film in chosen) == PER_CLASS


def test_test_films_come_first_and_others_fill_up() -> None:
    test = [film for film in FILMS if film.part is Part.TEST]
    few = {film.id for film in test[:40]}
    chosen = choose_films(FILMS, few | {film.id for film in FILMS if film.part is Part.SELECT})
    assert {film.id for film in test[:40] if film.bone_age_months >= 60} <= {film.id for film in chosen}
    assert {film.part for film in chosen} == {Part.TEST, Part.SELECT}
    assert all(part_of(film.id) is not Part.TRAIN for film in chosen)


def test_the_oldest_are_one_class() -> None:
    old = [Film(film.id, Sex.MALE, 228.0) for film in FILMS if film.part is Part.TEST][:30]
    assert len(choose_films(old, {film.id for film in old})) == PER_CLASS


def bright(batch: Batch, **extra: Batch) -> tuple[Batch, ...]:
    """Tissue where the middle of a 16 px window is bright."""
    middle = batch[0, 0][6 : batch.shape[2] - 6, 6 : batch.shape[3] - 6]
    cells = np.lib.stride_tricks.sliding_window_view(middle, (4, 4))[::4, ::4].mean((2, 3))
    scores = np.full((1, 5, *cells.shape), -9, np.float32)
    scores[0, PatchClass.BACKGROUND] = 0
    scores[0, PatchClass.TISSUE] = cells - 0.5
    return (scores,)


def test_a_finer_stride_follows_a_disk_more_closely() -> None:
    y, x = np.indices((512, 512))
    truth = (y - 250.0) ** 2 + (x - 260.0) ** 2 < 90**2
    cells = measure([Case(truth.astype(np.float32), truth)], bright, 16)
    assert [cell.stride for cell in cells] == list(STRIDES)
    values = [cell.mean_iou for cell in cells]
    assert values[0] > 0.97
    assert values[0] > values[2] > values[3] > 0.7
    assert all(cell.seconds > 0 for cell in cells)


def test_iou() -> None:
    a, b = np.zeros((2, 4, 4), bool)
    assert iou(a, b) == 1.0
    a[:2], b[1:3] = True, True
    assert iou(a, b) == pytest.approx(1 / 3)


def test_the_grid_is_written_and_drawn(tmp_path: Path) -> None:
    pytest.importorskip("matplotlib")
    cells = [Cell(p, s, 280, 0.9, 0.92, 0.01 * s) for p in (16, 32) for s in STRIDES]
    write_grid(tmp_path / "grid.csv", cells, [film for film in FILMS if film.part is Part.TEST][:5], split_hash="abc")
    with (tmp_path / "grid.csv").open() as lines:
        rows = list(csv.DictReader(lines))
    assert len(rows) == 8
    assert (rows[0]["test_films"], rows[0]["select_films"], rows[0]["weights"]) == ("5", "0", "patch-cnn-16-2026-11")
    plot_grid(tmp_path / "grid.svg", cells)
    assert (tmp_path / "grid.svg").read_bytes().count(b"<path") > 10
