"""Lee's figure 5: mean IoU of the patch masks over patch sizes and strides, and the time of each.

On 280 films: 10 of each year class 5 to 18 and sex, with accepted masks. From the test part; where a class has too few masks
there, filled from the select part, then from the calibrate part. No film of the training part.
"""

from __future__ import annotations

import csv
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from time import perf_counter

import cv2
import numpy as np
import numpy.typing as npt

from boneage import dataset
from boneage.dataset import Film, Part
from boneage.evaluate.plots import STYLE, save
from boneage.evaluate.run import today
from boneage.extras import load
from boneage.networks import Network, load_network
from boneage.register.aspect import estimate_aspect
from boneage.standardize import find_hand
from boneage.standardize.letterbox import LEE
from boneage.standardize.patches import STRIDES, PatchMask, class_scores, hand_of, label_map, patch_input
from boneage.standardize.segment import Mask, iou
from boneage.standardize.size import standard_bytes, unit
from boneage.systems import HAND_FINDER
from boneage.types import Image, Sex

PATCHES = (16, 24, 32, 40, 48, 56, 64)
YEARS = range(5, 19)  # the last holds all that are older
PER_CLASS = 10  # films of a year and sex
PARTS = (Part.TEST, Part.SELECT, Part.CALIBRATE)
TIMED = 10  # films
COLORS = {2: "#173753", 4: "#2a6f97", 8: "#d1495b", 16: "#edae49"}


@dataclass(frozen=True, eq=False)
class Case:
    """A letterboxed film and its accepted mask."""

    film: Image  # [512, 512]
    mask: Mask


@dataclass(frozen=True)
class Cell:
    """One point of the figure."""

    patch: int
    stride: int
    films: int
    mean_iou: float
    median_iou: float
    seconds: float  # median of one film: scores, label map and clean mask, on one thread


def name_of(patch: int) -> str:
    """The weights of one column: all trained alike."""
    return f"patch-cnn-{patch}-2026-11"


def patch_grid(data: Path, masks: Path, results: Path) -> tuple[Cell, ...]:
    """Measures the grid with the installed weights; writes `patch-grid.csv` and `patch-grid.svg`."""
    films = dataset.read_films(data)
    chosen = choose_films(films, {int(path.stem) for path in masks.glob("*.png") if path.stem.isdigit()})
    cases = read_cases(data, masks, chosen)
    cells = tuple(cell for patch in PATCHES for cell in measure(cases, load_network(name_of(patch)), patch))
    write_grid(results / "patch-grid.csv", cells, chosen, split_hash=dataset.split_hash(films))
    plot_grid(results / "patch-grid.svg", cells)
    return cells


def choose_films(films: Iterable[Film], with_mask: Collection[int]) -> list[Film]:
    """Up to PER_CLASS of each year and sex; parts in their order, then by id."""
    classes: dict[tuple[int, Sex], list[Film]] = {(year, sex): [] for sex in Sex for year in YEARS}
    there = [film for film in films if film.id in with_mask and film.part in PARTS and film.bone_age_months >= 12 * YEARS[0]]
    for film in sorted(there, key=lambda film: (PARTS.index(film.part), film.id)):
        own = classes[min(int(film.bone_age_months // 12), YEARS[-1]), film.sex]
        if len(own) < PER_CLASS:
            own.append(film)
    return [film for own in classes.values() for film in own]


def read_cases(data: Path, masks: Path, films: Sequence[Film]) -> list[Case]:
    """The films as the patch network sees them. The aspect: of the known size, else told from the hand."""
    sizes, finder, cases = dataset.read_sizes(data), load_network(HAND_FINDER), []
    for film_id, image in dataset.iterate_images(data, {film.id for film in films}):
        hand = find_hand(unit(standard_bytes(image)), finder)
        height, width = sizes.get(film_id, (0, 0))
        aspect = width / height if height else estimate_aspect(hand.points, hand.confidence)
        film, to_frame = patch_input(hand.pixels, aspect)
        mask = unit(np.asarray(cv2.imread(str(masks / f"{film_id}.png"), cv2.IMREAD_GRAYSCALE), np.uint8))
        cases.append(Case(film, np.asarray(to_frame.inverse().image(mask, LEE) > 0.5)))
    return cases


def measure(cases: Sequence[Case], network: Network, patch: int) -> list[Cell]:
    """All strides of one patch size. Strides 4, 8 and 16 are windows of stride 2, so one set of scores serves all."""
    finest = PatchMask(patch=patch, stride=STRIDES[0])
    values: dict[int, list[float]] = {stride: [] for stride in STRIDES}
    for case in cases:
        scores = class_scores(case.film, network, finest)
        for stride in STRIDES:
            every = stride // STRIDES[0]
            found = hand_of(label_map(scores[:, ::every, ::every], PatchMask(patch=patch, stride=stride)))
            values[stride].append(iou(found, case.mask))
    cells = []
    for stride, own in values.items():
        options = PatchMask(patch=patch, stride=stride)
        seconds = [_seconds(case.film, network, options) for case in cases[:TIMED]]
        cells.append(Cell(patch, stride, len(own), float(np.mean(own)), float(np.median(own)), float(np.median(seconds))))
    return cells


def write_grid(path: Path, cells: Sequence[Cell], films: Sequence[Film], *, split_hash: str) -> None:
    """One line per cell, with where it comes from."""
    path.parent.mkdir(parents=True, exist_ok=True)
    parts = [sum(film.part is part for film in films) for part in PARTS]
    with path.open("w", newline="") as lines:
        writer = csv.writer(lines, lineterminator="\n")
        names = [f"{part.value}_films" for part in PARTS]
        writer.writerow(
            ("patch_px", "stride_px", "films", "mean_iou", "median_iou", "seconds", *names, "date", "weights", "split_hash")
        )
        for cell in cells:
            figures = (f"{cell.mean_iou:.4f}", f"{cell.median_iou:.4f}", f"{cell.seconds:.4f}")
            writer.writerow((cell.patch, cell.stride, cell.films, *figures, *parts, today(), name_of(cell.patch), split_hash))


def plot_grid(path: Path, cells: Sequence[Cell]) -> None:
    """Mean IoU and time over the patch size, one curve per stride."""
    with load("matplotlib").rc_context(STYLE):
        figure = load("matplotlib.figure").Figure(figsize=(6.2, 5.2), layout="constrained")
        quality, time = figure.subplots(2, 1, sharex=True)
        for stride in STRIDES:
            own = sorted((cell for cell in cells if cell.stride == stride), key=lambda cell: cell.patch)
            patches: npt.NDArray[np.int64] = np.array([cell.patch for cell in own])
            look = {"color": COLORS[stride], "marker": "o", "markersize": 4, "label": f"stride {stride}"}
            quality.plot(patches, [cell.mean_iou for cell in own], **look)
            time.plot(patches, [cell.seconds for cell in own], **look)
        for axes in (quality, time):
            axes.grid(axis="y", color="#e8e8e8", linewidth=0.6)
        quality.set(ylabel="mean IoU")
        quality.set_title(f"{max((cell.films for cell in cells), default=0)} films")
        quality.legend(ncols=len(STRIDES), loc="lower right")
        time.set(ylabel="seconds a film, one thread", yscale="log", xlabel="patch size, px", xticks=PATCHES)
        save(figure, path)


def _seconds(film: Image, network: Network, options: PatchMask) -> float:
    """From the letterboxed film to its clean mask."""
    began = perf_counter()
    hand_of(label_map(class_scores(film, network, options), options))
    return perf_counter() - began
