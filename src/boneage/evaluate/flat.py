"""Flat CSV tables: one row a figure's group, and in every row where the figures come from."""

from __future__ import annotations

import csv
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from _typeshed import DataclassInstance


def write_flat(path: Path, rows: Sequence[Mapping[str, Any] | DataclassInstance], origin: Mapping[str, Any]) -> None:
    """`origin`: date, split hash, weights and the like, repeated in every row. Floats with four significant places."""
    path.parent.mkdir(parents=True, exist_ok=True)
    values = [{**(row if isinstance(row, Mapping) else asdict(row)), **origin} for row in rows]
    with path.open("w", newline="") as lines:
        writer = csv.DictWriter(lines, list(dict.fromkeys(key for row in values for key in row)), lineterminator="\n")
        writer.writeheader()
        writer.writerows({key: cell(value) for key, value in row.items()} for row in values)


def cell(value: Any) -> str:
    """A figure as it stands in a table; None is empty."""
    return "" if value is None else f"{value:.4g}" if isinstance(value, float) else str(value)
