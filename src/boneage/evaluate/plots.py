"""The pictures of an evaluation: scatter, Bland-Altman, interval coverage, risk-coverage, learning curve.

They are drawn on matplotlib's Agg canvas without pyplot: no window, no global state. The file's suffix names the format.
"""

from __future__ import annotations

import csv
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from boneage.errors import BoneAgeError, Kind
from boneage.evaluate.bands import BANDS
from boneage.evaluate.doubt import risk_curve
from boneage.evaluate.metrics import Array, binomial_limits, mae
from boneage.evaluate.predictions import Prediction, column
from boneage.evaluate.promises import interval_at
from boneage.extras import load
from boneage.types import Sex

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

COLORS = {Sex.FEMALE: "#d1495b", Sex.MALE: "#2a6f97"}  # apart in lightness too, for the color-blind
LEVELS = ("#7fb7be", "#2a6f97", "#173753")  # coverages, the higher the darker
CURVES = ("#2a6f97", "#d1495b", "#edae49", "#173753")
INK, FAINT = "#222222", "#9a9a9a"
STYLE = {
    "font.size": 9,
    "axes.titlesize": 10,
    "axes.titlelocation": "left",
    "axes.edgecolor": INK,
    "axes.linewidth": 0.8,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "legend.frameon": False,
    "legend.handletextpad": 0.4,
    "lines.linewidth": 1.5,
    "savefig.dpi": 200,
    "svg.hashsalt": "boneage",  # the same figure gives the same file
}
AGE_TICKS = range(0, 241, 24)


def plot_scatter(path: Path, rows: Sequence[Prediction], *, title: str = "") -> None:
    """Predicted against true bone age, with the identity and the lines 24 months to both sides."""
    truth, predicted = _truth(rows), _predicted(rows)
    with load("matplotlib").rc_context(STYLE):
        figure, axes = canvas((4.6, 4.6))
        ends = np.array([0.0, 240.0])
        axes.plot(ends, ends, color=INK, linewidth=0.9, zorder=3)
        for shift in (-24, 24):
            axes.plot(ends, ends + shift, color=FAINT, linewidth=0.9, linestyle=(0, (4, 3)), zorder=1)
        beside: dict[str, Any] = {"color": FAINT, "rotation": 45, "rotation_mode": "anchor", "fontsize": 8}
        axes.text(174, 201, "+24 months", va="bottom", **beside)
        axes.text(204, 174, "\N{MINUS SIGN}24 months", va="top", **beside)
        _points(axes, truth, predicted, rows)
        axes.set(xlim=(0, 240), ylim=(0, 240), aspect="equal", xticks=AGE_TICKS, yticks=AGE_TICKS)
        axes.set(xlabel="bone age by the radiologists, months", ylabel="predicted bone age, months")
        axes.set_title(title or f"{len(rows):,} films, MAE {mae(truth, predicted):.2f} months")
        axes.legend(loc="lower right", markerscale=1.8)
        save(figure, path)


def plot_bland_altman(path: Path, rows: Sequence[Prediction], *, title: str = "") -> None:
    """Difference against mean of the two ages, with the bias and the 95 % limits of agreement (bias -+ 1.96 SD)."""
    truth, predicted = _truth(rows), _predicted(rows)
    with load("matplotlib").rc_context(STYLE):
        figure, axes = canvas((6.2, 3.8))
        _points(axes, (truth + predicted) / 2, predicted - truth, rows)
        limits_of_agreement(axes, predicted - truth)
        axes.set(xlabel="mean of predicted and true bone age, months", ylabel="predicted minus true, months")
        axes.set_title(title or f"{len(rows):,} films")
        axes.legend(loc="lower right", ncols=2, markerscale=1.8, bbox_to_anchor=(1.0, 1.0), borderaxespad=0.2)
        save(figure, path)


def plot_coverage(path: Path, rows: Sequence[Prediction], *, printed: float = 0.9, title: str = "") -> None:
    """Reliability of the intervals: for each coverage the share that holds the truth, over all and by band of predicted age.

    The dashed line is what was promised, the bar what 95 % of binomial chance allows (Clopper-Pearson). `printed`: the
    coverage of the rows' low and high months.
    """
    truth, predicted = _truth(rows), _predicted(rows)
    masks = [np.full(len(rows), True)] + [np.array([max(age, 0.0) in band for age in predicted]) for band in BANDS]
    names = ["all", *(str(band) for band in BANDS)]
    levels = sorted({printed, *(one.coverage for one in rows[0].further)})
    with load("matplotlib").rc_context(STYLE):
        figure, axes = canvas((6.2, 3.6))
        for number, level in enumerate(levels):
            color = LEVELS[number % len(LEVELS)]
            ends = [interval_at(row, level) for row in rows]
            held = np.array([low <= age <= high for age, (low, high) in zip(truth, ends, strict=True)])
            shift = 0.16 * (number - (len(levels) - 1) / 2)
            axes.axhline(level, color=color, linewidth=0.9, linestyle=(0, (4, 3)), zorder=1)
            _coverage_bars(axes, [held[mask] for mask in masks], shift=shift, color=color, label=f"{100 * level:g} % intervals")
        axes.axvline(0.5, color=FAINT, linewidth=0.6)
        labels = [f"{name}\nn = {int(mask.sum()):,}" for name, mask in zip(names, masks, strict=True)]
        axes.set_xticks(range(len(names)), labels, fontsize=8)
        axes.tick_params(axis="x", length=0)
        axes.set(xlim=(-0.5, len(names) - 0.5), ylim=(axes.get_ylim()[0], 1.005))
        axes.set(xlabel="predicted bone age, months", ylabel="share that holds the truth")
        axes.yaxis.set_major_formatter(load("matplotlib.ticker").PercentFormatter(1.0, decimals=0, symbol=" %"))
        axes.set_title(title, pad=20)  # above the legend
        axes.legend(loc="lower right", ncols=len(levels), bbox_to_anchor=(1.0, 1.0), borderaxespad=0.2)
        save(figure, path)


def plot_risk(path: Path, rows: Sequence[Prediction], *, title: str = "") -> None:
    """Risk-coverage curve: MAE of the surest share of the films, beside the best order there is and none.

    The surest few are left out: the mean of a handful of films says nothing.
    """
    with load("matplotlib").rc_context(STYLE):
        figure, axes = canvas((4.6, 3.6))
        few = len(rows) // 20
        shares, errors = (values[few:] for values in risk_curve(rows))
        _, best = risk_curve(rows, by_error=True)
        axes.axhline(errors[-1], color=FAINT, linewidth=0.9, linestyle=(0, (4, 3)), label="in no order")
        axes.plot(100 * shares, errors, color=CURVES[0], label="narrowest intervals first", zorder=3)
        axes.plot(100 * shares, best[few:], color=FAINT, linewidth=0.9, label="smallest errors first")
        axes.set(xlim=(0, 100), ylim=(0, 1.1 * float(errors.max())))
        axes.set(xlabel="films that are answered, %", ylabel="their MAE, months")
        axes.set_title(title)
        axes.legend(loc="lower right")
        save(figure, path)


def plot_learning_curve(
    path: Path, log: Path, *, columns: Mapping[str, Sequence[str]], x: str = "epoch", title: str = ""
) -> None:
    """The columns of a training log over `x`: one panel per key (its axis label), one curve per column of that key.

    The lowest point of each curve is marked with its value. Empty cells are left out.
    """
    table = _read_log(log, [x, *(name for names in columns.values() for name in names)])
    with load("matplotlib").rc_context(STYLE):
        figure = load("matplotlib.figure").Figure(figsize=(6.2, 0.5 + 2.3 * len(columns)), layout="constrained")
        panels = figure.subplots(len(columns), 1, sharex=True, squeeze=False)[:, 0]
        for axes, (label, names) in zip(panels, columns.items(), strict=True):
            for number, name in enumerate(names):
                _curve(axes, table[x], table[name], name=name, color=CURVES[number % len(CURVES)])
            axes.set_ylabel(label)
            axes.margins(y=0.12)
            axes.grid(axis="y", color="#e8e8e8", linewidth=0.6)
            axes.legend(loc="upper right")
        panels[0].set_title(title)
        panels[-1].set_xlabel(x)
        panels[-1].xaxis.set_major_locator(load("matplotlib.ticker").MaxNLocator(integer=True))
        save(figure, path)


def _truth(rows: Sequence[Prediction]) -> Array:
    return column(rows, lambda row: row.truth_months)


def _predicted(rows: Sequence[Prediction]) -> Array:
    return column(rows, lambda row: row.predicted_months)


def canvas(inches: tuple[float, float]) -> tuple[Figure, Axes]:
    figure: Figure = load("matplotlib.figure").Figure(figsize=inches, layout="constrained")
    return figure, figure.add_subplot()


def save(figure: Figure, path: Path) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    undated = {".pdf": {"CreationDate": None}, ".svg": {"Date": None}}.get(path.suffix.lower(), {})
    figure.savefig(path, metadata=undated)


def _points(axes: Axes, x: Array, y: Array, rows: Sequence[Prediction]) -> None:
    """One point per film, drawn in a mixed order so that neither sex hides the other."""
    order = np.random.default_rng(0).permutation(len(rows))
    colors = [COLORS[rows[i].sex] for i in order]
    axes.scatter(x[order], y[order], c=colors, s=9, alpha=0.55, linewidths=0, zorder=2)
    for sex, color in COLORS.items():
        count = sum(row.sex is sex for row in rows)
        axes.scatter([], [], c=color, s=9, linewidths=0, label=f"{sex.value} ({count:,})")


def limits_of_agreement(axes: Axes, apart: Array) -> None:
    """Bland and Altman's lines of differences in months, and axes that hold them all."""
    center, spread = float(apart.mean()), float(np.std(apart, ddof=min(1, len(apart) - 1)))
    axes.axhline(0, color=FAINT, linewidth=0.8, zorder=1)
    for factor, name in ((0, "bias"), (1.96, "+1.96 SD"), (-1.96, "-1.96 SD")):
        value = center + factor * spread
        text = f"{name}\n{value:+.1f}".replace("-", "\N{MINUS SIGN}")
        axes.axhline(value, color=INK, linewidth=1.1, linestyle=(0, (4, 3)) if factor else "-", zorder=3)
        axes.annotate(text, (1.01, value), xycoords=("axes fraction", "data"), va="center", fontsize=8)
    reach = 1.08 * max(float(np.abs(apart).max()), 2.2 * spread, 6.0)
    axes.set(xlim=(0, 240), ylim=(-reach, reach), xticks=AGE_TICKS)


def _coverage_bars(axes: Axes, groups: Sequence[Array], *, shift: float, color: str, label: str) -> None:
    for place, held in enumerate(groups):
        if len(held) == 0:
            continue
        share = float(held.mean())
        low, high = binomial_limits(int(held.sum()), len(held))
        name = label if place == 0 else None
        axes.plot([place + shift] * 2, [low, high], color=color, linewidth=1.3, solid_capstyle="butt")
        axes.plot(place + shift, share, "o", color=color, markersize=4.5, label=name, linestyle="none")


def _curve(axes: Axes, x: Array, y: Array, *, name: str, color: str) -> None:
    there = np.isfinite(x) & np.isfinite(y)
    x, y = x[there], y[there]
    axes.plot(x, y, color=color, label=name)
    if len(y):
        best = int(np.argmin(y))
        axes.plot(x[best], y[best], "o", color=color, markersize=4.5)
        mark = axes.annotate(f"{y[best]:.3g}", (x[best], y[best]), (0, -11), textcoords="offset points", ha="center")
        mark.set(color=color, fontsize=8)


def _read_log(log: Path, names: Sequence[str]) -> dict[str, Array]:
    if not log.is_file():
        raise _bad_log(f"no file {log}", names)
    with log.open(newline="") as lines:
        reader = csv.DictReader(lines)
        absent = [name for name in names if name not in (reader.fieldnames or ())]
        if absent:
            raise _bad_log(f"{log} without the columns {', '.join(absent)}", names)
        rows = list(reader)
    try:
        return {name: np.array([float(row[name] or "nan") for row in rows]) for name in names}
    except ValueError as error:
        raise _bad_log(f"{log}: {error}", names) from error


def _bad_log(came: str, names: Sequence[str]) -> BoneAgeError:
    expected = "a training log with the columns " + ", ".join(names)
    return BoneAgeError(Kind.BAD_DATA, came=came, expected=expected, todo="Name the columns that the log has.")
