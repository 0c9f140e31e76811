"""The stress test's table: as a flat file, and as a person reads it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from rich.box import SIMPLE_HEAD
from rich.table import Table

from boneage.evaluate.flat import write_flat
from boneage.evaluate.stress.figures import Row
from boneage.evaluate.stress.grid import GRID
from boneage.evaluate.stress.targets import SILENT_SHARE

CAPTION = (
    "Months. Drift: the answer less the same film's clean answer; its mean, and the mean of its size. > 6, > 12, > 24: share of "
    "films that drift by more. Silent: share that drifts by more than 24 months without a refusal or a flag of doubt that the "
    "clean answer had not. Categories (below, within, above 2 SD of Brush's table) rest on FICTIVE chronological ages, drawn "
    "around each label: changed against the clean answer; wrong against the label, clean -> in this form, * where they differ "
    "with p < 0.05 (exact McNemar). The settings within a family are not in the paper."
)


def write_stress(path: Path, rows: Sequence[Row], origin: Mapping[str, Any]) -> None:
    """One line a transform, with the origin in each; what is not known is empty."""
    write_flat(path, rows, {**origin, "chronological_age": "fictive"})


def render_stress(rows: Sequence[Row], *, title: str) -> Table:
    """Family by family."""
    table = Table(title=title, title_justify="left", caption=CAPTION, caption_justify="left", box=SIMPLE_HEAD, pad_edge=False)
    table.padding = (0, 1, 0, 0)
    table.add_column("", no_wrap=True)
    for heading in (
        "films",
        "MAE\nclean",
        "\nchange",
        "drift\nmean",
        "\nsize",
        "\n> 6 %",
        "\n> 12 %",
        "\n> 24 %",
        "refused\n%",
        "silent\n%",
        "category\nchanged %",
        "\nwrong %",
        "target",
    ):
        table.add_column(heading, justify="right", no_wrap=True)
    last = None
    for row in rows:
        if last is not None and row.family != last:
            table.add_section()
        table.add_row(row.transform, *_cells(row))
        last = row.family
    return table


def summary(rows: Sequence[Row]) -> Iterator[str]:
    """What the whole says."""
    grid = {one.name for one in GRID}
    tested = [row for row in rows if row.transform in grid and row.category_wrong_p is not None]
    moved = sum(row.category_wrong_p is not None and row.category_wrong_p < 0.05 for row in tested)
    yield f"share of wrong categories differs (p < 0.05) in {moved} of {len(tested)} transforms of the seven families"
    asked = sum(row.films for row in rows)
    silent = sum(round((row.silent_over_24 or 0) * row.films) for row in rows)
    if asked:
        held = "met" if silent / asked <= SILENT_SHARE else "not met"
        yield f"drifts over 24 months without a flag or refusal: {silent} of {asked} ({silent / asked:.2%}; {held})"
    missed = [row.transform for row in rows if row.within_target is False]
    judged = sum(row.within_target is not None for row in rows)
    yield f"mean drift beyond its target in {len(missed)} of {judged} transforms that have one: {', '.join(missed) or 'none'}"


def _cells(row: Row) -> list[str]:
    wrong = f"{_percent(row.category_wrong_clean)} -> {_percent(row.category_wrong)}"
    differs = row.category_wrong_p is not None and row.category_wrong_p < 0.05
    verdict = {None: "", True: "met", False: "missed"}[row.within_target]
    return [
        str(row.films),
        _months(row.mae_clean, ".2f"),
        _months(row.mae_change, "+.2f"),
        _months(row.mean_drift, "+.2f"),
        _months(row.mean_absolute_drift, ".2f"),
        *(_percent(share) for share in (row.over_6, row.over_12, row.over_24, row.refused, row.silent_over_24)),
        _percent(row.category_changes),
        wrong + ("*" if differs else ""),
        "" if row.target_months is None else f"{row.target_months:g} {verdict}".strip(),
    ]


def _months(value: float | None, form: str) -> str:
    return "-" if value is None else format(value, form)


def _percent(share: float | None) -> str:
    return "-" if share is None else f"{100 * share:.1f}"
