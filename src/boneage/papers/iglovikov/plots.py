"""The plots of Iglovikov 2018's page: bars of errors by region, and the distribution of bone ages."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from boneage.dataset import Film, Part
from boneage.evaluate.bands import Band
from boneage.evaluate.plots import AGE_TICKS, COLORS, FAINT, INK, STYLE, canvas, save
from boneage.extras import load
from boneage.papers.iglovikov.networks import ENSEMBLE, REGIONS, ROWS, Column
from boneage.papers.page import PEOPLE
from boneage.papers.shelf import Mean
from boneage.papers.stages import MAJOR, STAGES
from boneage.types import Sex

if TYPE_CHECKING:
    from matplotlib.axes import Axes

# of the regions as in docs/regions.png, and of the ensemble
ROW_COLORS = {"A": "#7fb7be", "B": "#d1495b", "C": "#edae49", ENSEMBLE: "#173753"}
ROW_NAMES = {**{letter: f"{letter}: {words}" for letter, words in REGIONS.items()}, ENSEMBLE: "ensemble of the three"}
GRID: dict[str, Any] = {"color": "#e8e8e8", "linewidth": 0.6}
WIDTH = 0.2  # of a bar, where groups of bars stand 1 apart
YEAR = 12


@dataclass(frozen=True)
class Stage:
    """Errors of one sex in one stage of development."""

    name: str
    band: Band  # months
    means: Mapping[str, Mean | None]  # by region, and of the ensemble; None: not run

    @property
    def films(self) -> int | None:
        """None: nothing was run."""
        counts = [mean.films for mean in self.means.values() if mean is not None]
        return max(counts) if counts else None


def plot_columns(path: Path, means: Mapping[Column, Mapping[str, Mean | None]]) -> None:
    """Figure 8: a group of bars a column, a color a region; an open diamond: the paper's own figure."""
    columns = list(means)
    with load("matplotlib").rc_context(STYLE):
        figure, axes = canvas((9.6, 4.0))
        _bars(axes, list(means.values()))
        for place, column in enumerate(columns):
            for row, months in column.paper.items():
                axes.plot(_at(place, row), months, "D", color=INK, markerfacecolor="white", markersize=4.5, zorder=4)
        axes.plot([], [], "D", color=INK, markerfacecolor="white", markersize=4.5, label="the paper's, on its own films")
        axes.set_xticks(range(len(columns)), [str(column).replace(", ", "\n") for column in columns])
        axes.set_ylabel("MAE, months (95 % limits)")
        axes.set_ylim(bottom=0)
        _finish(axes)
        axes.legend(loc="lower left", ncols=5, bbox_to_anchor=(-0.01, 1.0), borderaxespad=0.2, columnspacing=1.2, fontsize=8)
        save(figure, path)


def plot_stages(path: Path, stages: Mapping[Sex, Sequence[Stage]]) -> None:
    """Figure 9: a panel a sex, a group of bars a stage, a color a region."""
    with load("matplotlib").rc_context(STYLE):
        figure = load("matplotlib.figure").Figure(figsize=(7.6, 6.2), layout="constrained")
        panels = figure.subplots(len(stages), 1, sharey=True)
        for axes, (sex, some) in zip(panels, stages.items(), strict=True):
            _bars(axes, [stage.means for stage in some])
            axes.set_xticks(range(len(some)), [_label(stage) for stage in some], fontsize=8)
            axes.set_ylabel(f"{PEOPLE[sex]}: MAE, months (95 % limits)")
            _finish(axes)
        panels[0].set_ylim(0, 1.05 * max(axes.dataLim.y1 for axes in panels))  # which both share
        panels[0].legend(loc="lower left", ncols=4, bbox_to_anchor=(-0.01, 1.0), borderaxespad=0.2, columnspacing=1.2, fontsize=8)
        save(figure, path)


def plot_ages(path: Path, films: Sequence[Film]) -> None:
    """Figure 2: how many films there are of each year of bone age, a panel a sex; behind them the stages of development."""
    bins = np.arange(0, 241, YEAR)
    with load("matplotlib").rc_context(STYLE):
        figure = load("matplotlib.figure").Figure(figsize=(7.6, 5.4), layout="constrained")
        panels = figure.subplots(len(Sex), 1, sharex=True, sharey=True)
        for axes, sex in zip(panels, Sex, strict=True):
            own = [film for film in films if film.sex is sex]
            trained = [film.bone_age_months for film in own if film.part is Part.TRAIN]
            axes.hist(trained, bins, color=COLORS[sex], rwidth=0.9, label=f"train part ({len(trained):,})", zorder=2)
            every = [film.bone_age_months for film in own]
            axes.hist(every, bins, histtype="step", color=INK, linewidth=0.9, label=f"all films ({len(own):,})", zorder=3)
            axes.set(ylabel="films", xlim=(0, 240), xticks=AGE_TICKS)
            axes.legend(loc="upper left", title=PEOPLE[sex], alignment="left")
            for number, (name, band) in enumerate(STAGES[sex].items()):
                axes.axvspan(band.low, band.high, color="#f3f3f3" if number % 2 else "#ffffff", zorder=0)
                if name in MAJOR:
                    words = name.replace(" and ", " and\n").replace("-puberty", "-\npuberty").replace("late ", "late\n")
                    middle = (band.low + band.high) / 2
                    axes.text(middle, 1.0, words, transform=axes.get_xaxis_transform(), ha="center", va="bottom", fontsize=7.5)
        panels[-1].set_xlabel("bone age by the radiologists, months")
        save(figure, path)


def _bars(axes: Axes, groups: Sequence[Mapping[str, Mean | None]]) -> None:
    """The groups' means with their limits, and the value inside each bar's foot."""
    for row in ROWS:
        axes.plot([], [], "s", color=ROW_COLORS[row], markersize=6.5, label=ROW_NAMES[row])
        for place, means in enumerate(groups):
            x, mean = _at(place, row), means[row]
            foot: dict[str, Any] = {"rotation": 90, "ha": "center", "va": "bottom", "fontsize": 7.5}
            if mean is None or not mean.films:
                axes.text(x, 0.15, "not run" if mean is None else "no films", color=FAINT, **foot)
                continue
            axes.bar(x, mean.mae, WIDTH * 0.92, color=ROW_COLORS[row], zorder=2)
            if np.isfinite(mean.low):
                for color, width in (("white", 2.6), (INK, 1.0)):  # seen on dark bars too
                    axes.plot([x, x], [mean.low, mean.high], color=color, linewidth=width, solid_capstyle="butt", zorder=3)
            ink = "white" if row in ("B", ENSEMBLE) else INK
            axes.text(x, 0.15, f"{mean.mae:.2f}", color=ink, zorder=3, **foot)


def _finish(axes: Axes) -> None:
    axes.tick_params(axis="x", length=0)
    axes.grid(axis="y", **GRID)
    axes.set_axisbelow(True)


def _at(place: int, row: str) -> float:
    return place + WIDTH * (ROWS.index(row) - (len(ROWS) - 1) / 2)


def _label(stage: Stage) -> str:
    films = "" if stage.films is None else f", {stage.films:,} films"
    return f"{stage.name}\n{stage.band} months{films}"
