"""`boneage measure ...`: the lab's commands that measure the stages, one flat table each in results/."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import asdict
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Console

from boneage import dataset
from boneage.dataset import Part
from boneage.errors import BoneAgeError
from boneage.evaluate.flat import cell, write_flat
from boneage.evaluate.joint_figures import label_rows, write_labels
from boneage.evaluate.judge import JOINT_DETECTOR, Judged, judge
from boneage.evaluate.looks import log_look
from boneage.evaluate.masks import TRUTH, masker, measure_masks
from boneage.evaluate.registration import Bytes, landings, side_by_side, turned_landings
from boneage.evaluate.registration_table import (
    HELD_OUT,
    Row,
    judge_rows,
    landing_rows,
    turned_rows,
    write_failing,
    write_registration,
)
from boneage.evaluate.run import today
from boneage.geometry import PixelMap
from boneage.joint_boxes import read_boxed_films
from boneage.lab import RESULTS, DataFolder, need_data
from boneage.networks import OnnxNetwork, load_network
from boneage.standardize.size import STANDARD, standard_bytes, unit
from boneage.systems import HAND_FINDER

Command = Callable[..., None]
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


def joints(data: DataFolder = None, out: Annotated[Path, typer.Option("--out", help="Folder for the table.")] = RESULTS) -> None:
    """Measure label by label how well the joint detector, the judge of registration, finds the boxes of select films."""
    folder, detector = need_data(data), load_network(JOINT_DETECTOR)
    boxed = [film for film in read_boxed_films(folder) if dataset.part_of(film.id) is Part.SELECT]
    rows = label_rows(_frames(folder, {film.id for film in boxed}), boxed, detector)
    origin = {
        "date": today(),
        "split_hash": dataset.split_hash(dataset.read_films(folder)),
        "weights": f"{detector.card.name} {detector.card.sha256[:12]}",
    }
    write_labels(out / f"{JOINT_DETECTOR}-{Part.SELECT.value}.csv", rows, origin)
    for row in rows:
        Console().print("  ".join(row.values()), highlight=False, soft_wrap=True)


def registration(
    data: DataFolder = None,
    out: Annotated[Path, typer.Option("--out", help="Folder for the table.")] = RESULTS,
    failing: Annotated[Path | None, typer.Option(help="CSV of the films that did not land, for the eye.")] = None,
    every: Annotated[int, typer.Option(help="Only one film of so many, by id; for a trial.", min=1)] = 1,
) -> None:
    """Judge where tip and capitate of every film land in the registered frame, upright, mirrored and turned."""
    folder = need_data(data)
    finder, detector = load_network(HAND_FINDER), load_network(JOINT_DETECTOR)
    films = dataset.read_films(folder)
    ids = {film.id for film in films[::every]}
    held_out = {film.id for film in films[::every] if film.part in HELD_OUT}
    landed = list(landings(_frames(folder, ids), finder=finder, detector=detector, sizes=dataset.read_sizes(folder)))
    turned = list(turned_landings(_frames(folder, held_out), finder=finder))
    rows = [*landing_rows(landed), *turned_rows(turned), *_judge(folder, detector)]
    origin = {
        "date": today(),
        "split_hash": dataset.split_hash(films),
        "finder": f"{finder.card.name} {finder.card.sha256[:12]}",
        "judge": f"{detector.card.name} {detector.card.sha256[:12]}",
    }
    write_registration(out / "registration.csv", rows, origin)
    if failing is not None:
        write_failing(failing, [*landed, *(landing for landing, _ in turned)])
    for row in rows:
        Console().print("  ".join(row.values()), highlight=False, soft_wrap=True)


def patch_grid(data: DataFolder = None, out: Out = RESULTS) -> None:
    """Lee's figure 5: mean IoU and time over patch sizes and strides, against accepted masks of held-out films."""
    from boneage.evaluate.patch_grid import patch_grid as measure_grid
    from boneage.train.mine.held_out import accepted_masks

    folder = need_data(data)
    accepted = accepted_masks(load_network(UNET), folder)
    cells = measure_grid(folder, accepted, out)
    look(UNET, folder, films=len(list(accepted.glob("*.png"))), command="boneage measure patch-grid --data DIR")
    for one in cells:
        Console().print(one, highlight=False)


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
    for name in networks:
        look(name, folder, films=0, command=command)
    for row in rows:
        Console().print("  ".join(f"{key} {cell(value)}" for key, value in row.items()), highlight=False, soft_wrap=True)


def look(network: str, folder: Path, *, films: int, command: str) -> None:
    """A look at the test part that shows no bone age is logged too, without an MAE."""
    log_look(
        RESULTS / "test-looks.csv",
        date=today(),
        system=network,
        weights=load_network(network).card.sha256[:12],
        split_hash=dataset.split_hash(dataset.read_films(folder)),
        films=films,
        mae=None,
        command=command,
    )


COMMANDS: tuple[tuple[str, Command], ...] = (
    ("masks", masks),
    ("key-points", key_points),
    ("boxes", boxes),
    ("joints", joints),
    ("registration", registration),
    ("patch-grid", patch_grid),
    ("average-hands", average_hands),
)


def measure_app(reporting: Callable[[Command], Command]) -> typer.Typer:
    """The group of commands, each wrapped by `reporting`, which tells errors to the user."""
    app = typer.Typer(no_args_is_help=True, help="Measure the stages: masks, key points, boxes, registration.")
    for name, command in COMMANDS:
        app.command(name)(reporting(command))
    return app


def _frames(folder: Path, ids: set[int]) -> Iterator[tuple[int, Bytes]]:
    """The films in the standard frame, as the runtime meets them."""
    for film_id, image in dataset.iterate_images(folder, ids):
        yield film_id, standard_bytes(image)


def _judge(folder: Path, detector: OnnxNetwork) -> list[Row]:
    """The judge's own error on the annotated films that it was not trained on."""
    hands, boxed = dataset.read_hands(folder), read_boxed_films(folder)
    ids = {*(hand.id for hand in hands), *(film.id for film in boxed)}
    annotated = {film_id for film_id in ids if dataset.part_of(film_id) in HELD_OUT}
    to_fractions = PixelMap.resize(STANDARD, (1, 1))

    def look(item: tuple[int, Bytes]) -> tuple[int, Judged | None]:
        try:
            return item[0], judge(unit(item[1]), detector).moved(PixelMap.shift(0.5, 0.5) @ to_fractions)
        except BoneAgeError:
            return item[0], None

    seen = {film_id: found for film_id, found in side_by_side(look, _frames(folder, annotated)) if found is not None}
    return list(judge_rows(seen, hands, boxed))
