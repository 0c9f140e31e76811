"""The lab's commands that measure the stages: masks, key points, boxes, average hands. One flat table each, in results/."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Console

from boneage import dataset
from boneage.evaluate.flat import cell, write_flat
from boneage.evaluate.masks import TRUTH, masker, measure_masks
from boneage.evaluate.run import today
from boneage.lab import RESULTS, DataFolder, need_data
from boneage.networks import load_network
from boneage.systems import HAND_FINDER

Out = Annotated[Path, typer.Option("--out", help="Folder for the table.")]
UNET, PATCHES, POINTS, BOX = "hand-mask-2026-11", "patch-cnn-2026-11", "key-points-2026-11", "hand-box-2026-11"


def masks(data: DataFolder = None, out: Out = RESULTS) -> None:
    """U-Net and patch CNN against masks corrected by eye, annotated points and boxes, and phantoms."""
    folder = need_data(data)
    rows = [{"network": name, **asdict(measure_masks(masker(load_network(name)), folder, TRUTH))} for name in (UNET, PATCHES)]
    finish(rows, out / "masks.csv", folder, command="boneage measure masks --data DIR", networks=(UNET, PATCHES))


def key_points(data: DataFolder = None, out: Out = RESULTS) -> None:
    """The hand finder's key points and those of the paper's network, on annotated hands that were held out."""
    from boneage.evaluate.key_points import by_finder, by_paper, measure_key_points

    folder = need_data(data)
    rows = [
        {"network": name, **asdict(row)}
        for name, finder in ((HAND_FINDER, by_finder(HAND_FINDER)), (POINTS, by_paper(POINTS)))
        for row in measure_key_points(finder, folder)
    ]
    finish(rows, out / "key-points.csv", folder, command="boneage measure key-points --data DIR", networks=(HAND_FINDER, POINTS))


def boxes(data: DataFolder = None, out: Out = RESULTS) -> None:
    """The hand box on annotated hands, by part."""
    from boneage.evaluate.boxes import measure_boxes

    folder, network = need_data(data), load_network(BOX)
    rows = measure_boxes(folder, network, size=network.card.size, finder=load_network(HAND_FINDER))
    finish(list(map(asdict, rows)), out / "boxes.csv", folder, command="boneage measure boxes --data DIR", networks=(BOX,))


def average_hands(
    data: DataFolder = None, out: Annotated[Path, typer.Option("--out", help="Folder for pictures.")] = Path("docs")
) -> None:
    """Average registered hands per sex and age band, and the regions on one of them."""
    from boneage.evaluate.average_hands import average_hands as average
    from boneage.evaluate.average_hands import by_all_points, by_three_points, plot_average_hands, plot_windows

    folder = need_data(data)
    out.mkdir(parents=True, exist_ok=True)
    by_all, by_three = average(folder, by_all_points), average(folder, by_three_points)
    plot_average_hands(out / "average-hands.png", by_all)
    plot_average_hands(out / "average-hands-three-points.png", by_three)
    widest = max((one for one in by_all if one.pixels is not None), key=lambda one: one.films)
    assert widest.pixels is not None
    plot_windows(out / "regions.png", widest.pixels)


def finish(rows: list[dict[str, Any]], path: Path, folder: Path, *, command: str, networks: tuple[str, ...]) -> None:
    """Write the table with its origin, and show it."""
    origin = {
        "date": today(),
        "split_hash": dataset.split_hash(dataset.read_films(folder)),
        "weights": " ".join(load_network(name).card.sha256[:12] for name in networks),
        "command": command,
    }
    write_flat(path, rows, origin)
    for row in rows:
        Console().print("  ".join(f"{key} {cell(value)}" for key, value in row.items()), highlight=False, soft_wrap=True)
