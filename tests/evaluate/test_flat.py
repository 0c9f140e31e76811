"""Flat tables read back."""

from __future__ import annotations

import csv
from dataclasses import dataclass
from pathlib import Path

from boneage.evaluate.flat import cell, write_flat


@dataclass(frozen=True)
class Figures:
    films: int
    iou: float
    largest: float | None


def test_every_row_has_its_figures_and_where_they_come_from(tmp_path: Path) -> None:
    path = tmp_path / "results" / "table.csv"
    write_flat(path, [Figures(3, 0.93456, None), {"films": 4, "iou": 1.0, "part": "test"}], {"date": "2026-11-21"})
    one, two = csv.DictReader(path.read_text().splitlines())
    assert one == {"films": "3", "iou": "0.9346", "largest": "", "date": "2026-11-21", "part": ""}
    assert (two["films"], two["part"], two["date"]) == ("4", "test", "2026-11-21")


def test_cells() -> None:
    assert [cell(value) for value in (None, 0.000123456, 12, "a")] == ["", "0.0001235", "12", "a"]
