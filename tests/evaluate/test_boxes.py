"""The box table: figures by hand, held-out hands alone, a film without a box counts as 0."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from boneage.dataset import POINT_NAMES, Part, part_of
from boneage.evaluate.boxes import BoxFigures, measure_boxes
from boneage.networks import Batch, load_network
from boneage.phantom import draw, write_png
from boneage.systems import HAND_FINDER
from boneage.types import Sex

BOX = (0.2, 0.1, 0.8, 0.9)
FILMS = {part: next(i for i in range(1377, 2000) if part_of(i) is part) for part in Part}
SIZE = (100, 100)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """One phantom of each part, annotated."""
    data = tmp_path_factory.mktemp("data")
    (data / "annotations").mkdir()
    points = ",".join(f"{name}_x,{name}_y" for name in POINT_NAMES)
    rows = [f"id,width,height,side,x0,y0,x1,y1,{points}"]
    for k, film in enumerate(FILMS.values()):
        write_png(draw(100, Sex.FEMALE, seed=k, size=(500, 400)), data / f"{film}.png")
        rows.append(",".join([str(film), "400", "500", "left", *map(str, BOX), *["0.5"] * 2 * len(POINT_NAMES)]))
    (data / "annotations" / "hands.csv").write_text("\n".join(rows) + "\n")
    return data


def says(*box: float) -> object:
    def network(batch: Batch, **extra: Batch) -> tuple[Batch, ...]:
        return np.array([box], np.float32) * 100, np.array([0.9], np.float32)

    return network


def blind(batch: Batch, **extra: Batch) -> tuple[Batch, ...]:
    return np.zeros((0, 4), np.float32), np.zeros(0, np.float32)


def test_figures_by_hand() -> None:
    row = BoxFigures.of("select", [1.0, 0.95, 0.8, 0.0])
    assert (row.films, row.missed, row.mean_iou, row.median_iou, row.share_over_90) == (4, 1, 0.6875, 0.875, 0.5)
    with pytest.raises(ValueError, match="one film"):
        BoxFigures.of("select", [])


def test_only_held_out_hands_are_measured(folder: Path) -> None:
    rows = measure_boxes(folder, says(*BOX), size=SIZE, finder=load_network(HAND_FINDER))
    assert [row.part for row in rows] == ["select", "calibrate", "test", "held out"]
    assert [row.films for row in rows] == [1, 1, 1, 3]
    assert all(row.mean_iou == pytest.approx(1, abs=1e-4) for row in rows)


def test_a_narrower_box_and_no_box_at_all(folder: Path) -> None:
    finder = load_network(HAND_FINDER)
    narrow = measure_boxes(folder, says(0.2, 0.1, 0.5, 0.9), size=SIZE, finder=finder, parts=(Part.SELECT,))
    assert [(row.mean_iou, row.missed) for row in narrow] == [(pytest.approx(0.5, abs=1e-4), 0)] * 2
    none = measure_boxes(folder, blind, size=SIZE, finder=finder, parts=(Part.SELECT,))
    assert [(row.mean_iou, row.missed) for row in none] == [(0, 1)] * 2
