"""Shares of boxes found are those counted by hand."""

from __future__ import annotations

import csv
from pathlib import Path

import pytest

from boneage.evaluate.joint_figures import LabelRow, write_labels

ERRORS, OVERLAPS = [1.0, 2.0, 5.0, 9.0], [0.9, 0.3, 0.6, 0.1]


def test_found_is_by_overlap_or_by_center() -> None:
    row = LabelRow.of("joints.MCP", ERRORS, OVERLAPS)
    assert (row.boxes, row.found, row.overlap, row.near) == (4, 0.75, 0.5, 0.5)
    assert row.median == pytest.approx(3.5)


def test_the_table_names_its_origin(tmp_path: Path) -> None:
    write_labels(tmp_path / "joints.csv", [LabelRow.of("joints.MCP", ERRORS, OVERLAPS)], {"split_hash": "abc"})
    (line,) = csv.DictReader((tmp_path / "joints.csv").read_text().splitlines())
    assert (line["label"], line["found"], line["split_hash"]) == ("joints.MCP", "0.7500", "abc")
