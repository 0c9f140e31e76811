"""The comparison of all systems as two flat files: one line per system and scope, one per system and group of films."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import asdict, fields
from pathlib import Path
from typing import Any

from boneage.evaluate.comparison import SCOPES, Errors
from boneage.evaluate.comparison_table import SystemTable
from boneage.evaluate.flat import write_flat
from boneage.evaluate.paired import Paired
from boneage.evaluate.papers import papers_of
from boneage.evaluate.parameters import Size
from boneage.evaluate.tables import Group

EMPTY: dict[str, Any] = {field.name: None for kind in (Errors, Paired, Size) for field in fields(kind)}


def write_comparison(path: Path, table: SystemTable, *, date: str) -> None:
    """All figures, the sizes and times, and the paper's own words. A system that was not measured: empty figures."""
    write_flat(path, list(_lines(table)), _origin(table, date))


def write_group_errors(path: Path, table: SystemTable, *, date: str) -> None:
    """MAE with limits by sex, by band of true age, and by both."""
    weights = {one.system: one.weights for one in table.answered}
    rows = [
        {
            "system": one.system,
            "sex": one.group.sex.value if one.group.sex else "all",
            "band": _band(one.group),
            "films": one.films,
            "mae_months": one.mae_months,
            "mae_low_months": one.low_months,
            "mae_high_months": one.high_months,
            "weights": weights[one.system],
        }
        for one in table.group_errors
    ]
    write_flat(path, rows, _origin(table, date))


def _lines(table: SystemTable) -> Iterator[dict[str, Any]]:
    standings = {(one.system, one.scope): one for one in table.standings}
    weights = {one.system: one.weights for one in table.answered}
    for name in table.systems:
        size, seconds, reference = table.sizes.get(name), table.seconds.get(name), table.seconds.get(table.reference)
        for scope in SCOPES:
            standing = standings.get((name, scope))
            yield {
                "system": name,
                "band": _band(scope),
                "measured": "yes" if standing else "no",
                **EMPTY,
                **(asdict(standing.errors) if standing else {}),
                **(asdict(standing.paired) if standing and standing.paired else {}),
                **(asdict(size) if size else {}),
                "seconds_a_film": seconds,
                "times_the_reference": seconds / reference if seconds and reference else None,
                "paper": "; ".join(map(str, papers_of(name))),
                "weights": weights.get(name),
                "command": table.command(name),
            }


def _origin(table: SystemTable, date: str) -> dict[str, str]:
    return {"date": date, "split": table.split, "split_hash": table.split_hash, "reference": table.reference}


def _band(group: Group) -> str:
    return str(group.band) if group.band else "all"
