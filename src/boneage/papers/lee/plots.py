"""The plots of Lee 2017's page: films by year, and the shares of M1 to M4."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from types import MappingProxyType
from typing import Any

import numpy as np

from boneage.dataset import Film
from boneage.evaluate.plots import COLORS, FAINT, INK, STYLE, canvas, save
from boneage.extras import load
from boneage.papers.lee.networks import MODELS, YEAR, of_the_paper, untrained
from boneage.papers.page import PEOPLE
from boneage.types import YEARS, Sex

SHARES = ("correct", "within 1 year", "within 2 years")
SHADES = ("#173753", "#2a6f97", "#7fb7be")
WIDTH = 0.27
FOOT: Mapping[str, Any] = MappingProxyType({"rotation": 90, "ha": "center", "va": "bottom", "fontsize": 7.5})


def plot_years(path: Path, films: Sequence[Film]) -> dict[Sex, int]:
    """Figure 2: films of each class, girls beside boys; returns how many are shown."""
    used = {sex: [film for film in films if film.sex is sex and of_the_paper(film)] for sex in Sex}
    with load("matplotlib").rc_context(STYLE):
        figure, axes = canvas((7.6, 3.4))
        for number, (sex, own) in enumerate(used.items()):
            classes = [min(int(film.bone_age_months // YEAR), YEARS[-1]) for film in own]
            counts = [classes.count(year) for year in YEARS]
            places = np.array(YEARS) + 0.4 * (number - 0.5)
            axes.bar(places, counts, 0.38, color=COLORS[sex], label=f"{PEOPLE[sex]} ({len(own):,} films)")
        axes.set(xlabel="bone age by the radiologists, years (floored; 18: 18 and over)", ylabel="films", xticks=YEARS)
        axes.legend(loc="upper left")
        save(figure, path)
    return {sex: len(own) for sex, own in used.items()}


def plot_models(path: Path, shares: Mapping[str, tuple[float, float, float]]) -> None:
    """Figure 9: a panel a sex, a group of bars a model. `shares`: by network, 0..1; an absent one was not run."""
    with load("matplotlib").rc_context(STYLE):
        figure = load("matplotlib.figure").Figure(figsize=(7.6, 5.6), layout="constrained")
        panels = figure.subplots(len(Sex), 1, sharex=True, sharey=True)
        for axes, sex in zip(panels, Sex, strict=True):
            for place, model in enumerate(MODELS):
                found = shares.get(model.network(sex))
                if found is None:
                    axes.text(place, 2, untrained(model.network(sex)), color=FAINT, **FOOT)
                    continue
                for column, share in enumerate(found):
                    x = place + WIDTH * (column - 1)
                    axes.bar(x, 100 * share, WIDTH * 0.92, color=SHADES[column], zorder=2)
                    ink = INK if column == len(SHADES) - 1 else "white"
                    axes.text(x, 2, f"{100 * share:.1f}", color=ink, zorder=3, **FOOT)
            axes.set(ylabel="% of the films", ylim=(0, 100))
            axes.set_title(PEOPLE[sex])
            axes.tick_params(axis="x", length=0)
        for name, color in zip(SHARES, SHADES, strict=True):
            panels[0].fill([], [], color=color, label=name)
        panels[0].legend(loc="lower right", ncols=3, bbox_to_anchor=(1.0, 1.0), borderaxespad=0.2, fontsize=8)
        panels[-1].set_xticks(range(len(MODELS)), [model.name.replace("with ", "with\n") for model in MODELS])
        save(figure, path)
