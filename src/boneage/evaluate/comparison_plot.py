"""MAE of every system with its interval, beside the paper's own figure."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from boneage.evaluate.comparison import SCOPES, Standing
from boneage.evaluate.comparison_table import SystemTable
from boneage.evaluate.papers import papers_of
from boneage.evaluate.plots import CURVES, INK, STYLE, canvas, save
from boneage.extras import load

if TYPE_CHECKING:
    from matplotlib.axes import Axes

LABELS = ("all films", "60 months and more")
SHIFTS = (-0.14, 0.14)  # of a system's two scopes, in lines


def plot_comparison(path: Path, table: SystemTable) -> None:
    """One line per measured system, the best above: MAE with 95 % limits in both scopes; an open diamond: the paper's."""
    best = sorted((one for one in table.standings if one.scope == SCOPES[0]), key=lambda one: one.errors.mae_months or 0.0)
    place = {one.system: line for line, one in enumerate(best)}
    with load("matplotlib").rc_context(STYLE):
        figure, axes = canvas((6.2, 1.3 + 0.55 * len(place)))
        for scope, shift, color, label in zip(SCOPES, SHIFTS, CURVES, LABELS, strict=False):
            for standing in table.standings:
                if standing.scope == scope:
                    _interval(axes, place[standing.system] + shift, standing, color)
            axes.plot([], [], "o", color=color, markersize=5, label=label)
        if _papers(axes, place):
            axes.plot([], [], "D", color=INK, markerfacecolor="none", markersize=5, label="the paper's, on its own films")
        axes.set_yticks(range(len(place)), list(place))
        axes.set(ylim=(len(place) - 0.5, -0.5), xlabel="MAE, months (95 % limits)")
        axes.set_xlim(0, 1.12 * axes.get_xlim()[1])
        axes.tick_params(axis="y", length=0)
        axes.grid(axis="x", color="#e8e8e8", linewidth=0.6)
        axes.set_axisbelow(True)
        axes.set_title(f"{table.split} part, each system on the films that it answered", pad=22)  # above the legend
        axes.legend(loc="lower left", ncols=3, bbox_to_anchor=(-0.02, 1.0), borderaxespad=0.2, columnspacing=1.2)
        save(figure, path)


def _interval(axes: Axes, line: float, standing: Standing, color: str) -> None:
    errors = standing.errors
    if errors.mae_months is None:
        return
    if errors.mae_low_months is not None and errors.mae_high_months is not None:
        axes.plot([errors.mae_low_months, errors.mae_high_months], [line] * 2, color=color, solid_capstyle="butt")
    axes.plot(errors.mae_months, line, "o", color=color, markersize=5)
    end = errors.mae_high_months or errors.mae_months
    axes.annotate(
        f"{errors.mae_months:.2f}", (end, line), (5, 0), textcoords="offset points", va="center", color=color, fontsize=8
    )


def _papers(axes: Axes, place: dict[str, int]) -> bool:
    """Whether a paper gives an MAE of both sexes together."""
    lines = {name: [paper.figures["mae"] for paper in papers_of(name) if "mae" in paper.figures] for name in place}
    values = [(float(text), place[name]) for name, texts in lines.items() for text in texts if "\n" not in text]
    for value, line in values:
        axes.plot(value, line, "D", color=INK, markerfacecolor="none", markersize=5, zorder=3)
    return bool(values)
