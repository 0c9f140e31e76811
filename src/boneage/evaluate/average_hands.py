"""Average registered hands: what the frame holds, seen on many films at once. Training films only, never fewer than 20."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from boneage import dataset
from boneage.dataset import Film, Part
from boneage.evaluate.bands import BANDS, Band
from boneage.evaluate.plots import FAINT, STYLE
from boneage.extras import load
from boneage.found_hands import FoundHand, load_found
from boneage.geometry import PixelMap
from boneage.regions import normalize_inside, outline, warp
from boneage.register.aspect import estimate_aspect, unsquash
from boneage.register.capitate import CAPITATE, find_capitate
from boneage.register.fit import fit_frame
from boneage.register.frame import PAPER_FRAME, HandFrame
from boneage.register.windows import WINDOWS, Window
from boneage.standardize.size import unit
from boneage.template import MIDDLE_TIP, TEMPLATE, THUMB_TIP
from boneage.types import Image, Sex

FEWEST = 20  # films behind a picture that may be shown
MOST = 400  # films behind one: more do not make it sharper
FRAME = PAPER_FRAME.scaled(0.25)
Way = Callable[[FoundHand, HandFrame], PixelMap | None]
WINDOW_COLORS = ("#7fb7be", "#d1495b", "#edae49", "#2a6f97")


@dataclass(frozen=True, eq=False)
class Average:
    """The median of many registered hands, or none where there are too few."""

    sex: Sex
    band: Band
    films: int  # of that sex and band in the training part
    pixels: Image | None  # [H, W]


def template_in(frame: HandFrame) -> PixelMap:
    """Template units -> the frame's pixels: where a hand that is the template lies."""
    return fit_frame(TEMPLATE[MIDDLE_TIP], TEMPLATE[THUMB_TIP], CAPITATE, frame)


def by_all_points(hand: FoundHand, frame: HandFrame) -> PixelMap | None:
    """Standard frame -> registered frame by the affine fit of 21 points; None where the film is refused."""
    to_template = hand.to_frame()
    return None if to_template is None else template_in(frame) @ to_template


def by_three_points(hand: FoundHand, frame: HandFrame) -> PixelMap | None:
    """The same as Iglovikov 2018 registers: the aspect undone, then zoom, rotation, translation and mirror."""
    if hand.to_frame() is None:
        return None
    proportioned = unsquash(estimate_aspect(hand.points, hand.confidence))
    points = proportioned.points(hand.points)
    capitate = proportioned.points(find_capitate(hand.points, hand.confidence))
    return fit_frame(points[MIDDLE_TIP], points[THUMB_TIP], capitate, frame) @ proportioned


def average_hands(data: Path, way: Way, *, frame: HandFrame = FRAME) -> list[Average]:
    """One average per sex and age band."""
    films = [film for film in dataset.read_films(data) if film.part is Part.TRAIN]
    cells = [(sex, band, *_pick(films, sex, band)) for sex in Sex for band in BANDS]
    wanted = [film for _, _, picked, _ in cells for film in picked]
    images, hands = load_found(data, wanted)
    maps = {film_id: way(hand, frame) for film_id, hand in hands.items()}
    inside = outline(template_in(frame), frame.size)

    def registered(film: Film) -> Image:
        grid = maps[film.id]
        assert grid is not None  # usable, below
        return normalize_inside(warp(unit(images[film.id]), grid, frame.size), inside)

    found = []
    for sex, band, picked, count in cells:
        usable = [film for film in picked if maps.get(film.id) is not None]
        found.append(Average(sex, band, count, median(map(registered, usable)) if len(usable) >= FEWEST else None))
    return found


def _pick(films: list[Film], sex: Sex, band: Band) -> tuple[list[Film], int]:
    """At most MOST films of a cell, spread evenly over the ids; and how many there are."""
    here = [film for film in films if film.sex is sex and film.bone_age_months in band]
    return here[:: max(1, -(-len(here) // MOST))], len(here)


def median(pictures: Iterable[Image]) -> Image:
    """The median of each pixel over pictures of one size: sharper than the mean, since a stray film does not blur it."""
    stack = np.stack([np.asarray(np.round(picture * 255), np.uint8) for picture in pictures])
    return np.asarray(np.median(stack, axis=0) / 255, np.float32)


def plot_average_hands(path: Path, averages: Sequence[Average]) -> None:
    """A row per sex, a column per age band; a cell without enough films says so."""
    with load("matplotlib").rc_context(STYLE):
        figure = load("matplotlib.figure").Figure(figsize=(11, 4.6), layout="constrained")
        axes = figure.subplots(len(Sex), len(BANDS))
        for place, average in zip(axes.flat, averages, strict=True):
            place.axis("off")
            place.set_title(f"{average.sex.value} {average.band}\n{average.films:,} films", fontsize=8)
            if average.pixels is None:
                place.text(0.5, 0.5, f"under {FEWEST} films", ha="center", color=FAINT, fontsize=8, transform=place.transAxes)
            else:
                place.imshow(average.pixels, cmap="gray", vmin=0, vmax=float(np.percentile(average.pixels, 99.9)))
        figure.savefig(path, dpi=150)


def plot_windows(path: Path, average: Image, *, frame: HandFrame = FRAME, windows: Sequence[Window] = WINDOWS) -> None:
    """The regions drawn on one average registered hand."""
    with load("matplotlib").rc_context(STYLE):
        figure = load("matplotlib.figure").Figure(figsize=(4.6, 5.8), layout="constrained")
        axes = figure.subplots()
        axes.imshow(average, cmap="gray", extent=(0, frame.size[1], frame.size[0], 0))
        for window, color in zip(windows, WINDOW_COLORS, strict=True):
            height, width = window.size(frame)
            corner = (window.left * frame.scale, window.top * frame.scale)
            box = load("matplotlib.patches").Rectangle(corner, width, height, fill=False, edgecolor=color, linewidth=1.6)
            box.set_label(f"{window.name}, {window.height} x {window.width}")
            axes.add_patch(box)
        axes.axis("off")
        figure.legend(loc="outside lower center", fontsize=8)
        figure.savefig(path, dpi=150)
