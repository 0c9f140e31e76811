"""`boneage measure ...`: the lab's commands that measure the stages, one flat table each. What they need loads late."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import asdict
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Console

from boneage import dataset
from boneage.errors import BoneAgeError, Kind
from boneage.lab import EVALUATED, RESULTS, DataFolder, find_evaluated, need_data, parse_part
from boneage.networks import LAB_WEIGHTS, load_network
from boneage.pipeline import need_networks
from boneage.systems import HAND_FINDER

Command = Callable[..., None]
Out = Annotated[Path, typer.Option("--out", help="Folder for the table.")]
UNET, PATCHES, POINTS, BOX = "hand-mask-2026-11", "patch-cnn-2026-11", "key-points-2026-11", "hand-box-2026-11"


def masks(data: DataFolder = None, out: Out = RESULTS) -> None:
    """U-Net and patch CNN against masks corrected by eye, annotated points and boxes, and phantoms."""
    from boneage.evaluate.masks import TRUTH, corrected_ids, masker, measure_masks

    folder = need_data(data)
    seen = {*annotated(folder), *corrected_ids(TRUTH)}
    rows = [{"network": name, **asdict(measure_masks(masker(load_network(name)), folder, TRUTH))} for name in (UNET, PATCHES)]
    finish(rows, out / "masks.csv", folder, seen=seen, networks=(UNET, PATCHES))


def key_points(data: DataFolder = None, out: Out = RESULTS) -> None:
    """The hand finder's key points, and those of the paper's network where it was trained, on annotated held-out hands."""
    from boneage.evaluate.key_points import by_finder, by_paper, measure_key_points

    folder = need_data(data)
    finders = {HAND_FINDER: by_finder(HAND_FINDER)}
    if (LAB_WEIGHTS / f"{POINTS}.onnx").is_file():
        finders[POINTS] = by_paper(POINTS)
    rows = [{"network": name, **asdict(row)} for name, find in finders.items() for row in measure_key_points(find, folder)]
    finish(
        rows,
        out / "key-points.csv",
        folder,
        seen=annotated(folder),
        networks=tuple(finders),
    )


def boxes(data: DataFolder = None, out: Out = RESULTS) -> None:
    """The hand box on annotated hands, by part."""
    from boneage.evaluate.boxes import measure_boxes

    folder, network = need_data(data), load_network(BOX)
    rows = measure_boxes(folder, network, size=network.card.size, finder=load_network(HAND_FINDER))
    finish(
        list(map(asdict, rows)),
        out / "boxes.csv",
        folder,
        seen=annotated(folder),
        networks=(BOX,),
    )


def joints(data: DataFolder = None, out: Out = RESULTS) -> None:
    """Label by label how well the joint detector, the judge of registration, finds the boxes of select films."""
    from boneage.evaluate.registration_run import measure_joints

    for row in measure_joints(need_data(data), out):
        show(row.values())


def registration(
    data: DataFolder = None,
    out: Out = RESULTS,
    failing: Annotated[Path | None, typer.Option(help="CSV of the films that did not land, for the eye.")] = None,
    every: Annotated[int, typer.Option(help="Only one film of so many, by id; for a trial.", min=1)] = 1,
) -> None:
    """Judge where tip and capitate of every film land in the registered frame, upright, mirrored and turned."""
    from boneage.evaluate.judge import JOINT_DETECTOR
    from boneage.evaluate.registration_run import measure_registration

    folder = need_data(data)
    for row in measure_registration(folder, out, failing=failing, every=every):
        show(row.values())
    if every == 1:
        look(
            JOINT_DETECTOR,
            folder,
            seen=[film.id for film in dataset.read_films(folder)],
            measured="registration",
        )


def patch_grid(data: DataFolder = None, out: Out = RESULTS) -> None:
    """Lee's figure 5: mean IoU and time over patch sizes and strides, against accepted masks of held-out films."""
    from boneage.evaluate.flat import cell
    from boneage.evaluate.patch_grid import patch_grid as measure_grid
    from boneage.train.mine.held_out import accepted_masks

    folder = need_data(data)
    accepted = accepted_masks(load_network(UNET), folder)
    cells = measure_grid(folder, accepted, out)
    look(UNET, folder, seen=[int(path.stem) for path in accepted.glob("*.png")], measured="patch-grid")
    for one in cells:
        show([cell(value) for value in asdict(one).values()])


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


def atlas(
    data: DataFolder = None,
    out: Annotated[Path | None, typer.Option("--out", help="Folder for the pictures; default: the package's own.")] = None,
) -> None:
    """Our own reference plates: an average hand per sex and plate age, none of fewer than 20 training films."""
    from boneage.clinical.plates import ATLAS
    from boneage.evaluate.atlas.make import make_atlas

    make_atlas(need_data(data), out or ATLAS, tell=lambda line: show([line]))


def lee_table_1(out: Out = RESULTS) -> None:
    """Lee's table 1: parameters, operations and time of GoogLeNet, AlexNet, VGG-16 and MobileNetV2."""
    from boneage.evaluate.flat import cell, write_flat
    from boneage.evaluate.run import today
    from boneage.models.costs import lee_costs

    rows = lee_costs()
    write_flat(out / "lee-table-1.csv", rows, {"date": today(), "command": "boneage measure lee-table-1"})
    for row in rows:
        show([f"{key} {cell(value)}" for key, value in asdict(row).items()])


def lee_attention(
    data: DataFolder = None,
    out: Out = RESULTS,
    pictures: Annotated[Path, typer.Option("--pictures", help="Folder for the picture.")] = Path("docs/papers"),
    most: Annotated[int, typer.Option(help="Films of one sex and stage that are tried.", min=1)] = 100,
) -> None:
    """Lee's figure 10: occlusion maps of correctly read films by sex and stage, averaged, and how they part among the bones."""
    from boneage.papers.lee.attention import PICTURE, draw_attention, measure_attention

    averages = measure_attention(need_data(data), out, most=most, tell=lambda line: show([line]))
    draw_attention(pictures / PICTURE, averages)


def ren_demographics(data: DataFolder = None, out: Out = RESULTS) -> None:
    """Ren's table I: how many films, of whom and how old, in all and in the two kinds that stand in for two hospitals."""
    from boneage.papers.ren.demographics import write_demographics
    from boneage.train.domain import domains

    folder = need_data(data)
    show([str(write_demographics(out, dataset.read_films(folder), domains(folder)))])


def ren_activation(
    data: DataFolder = None,
    out: Out = RESULTS,
    pictures: Annotated[Path, typer.Option("--pictures", help="Folder for the pictures.")] = Path("docs/papers"),
) -> None:
    """Ren's figures 3 and 4: activation maps by sex and age band, averaged, and how they part among the bones."""
    from boneage.papers.ren.maps import measure_activation
    from boneage.train.domain import domain_of

    measure_activation(need_data(data), out, pictures, domain_of=domain_of, tell=lambda line: show([line]))


def refusals(
    data: DataFolder = None,
    out: Out = RESULTS,
    half: Annotated[str, typer.Option(help="choose (for thresholds, spoils select films) or test (is reported).")] = "choose",
    every: Annotated[
        int, typer.Option(help="Only one input of so many of each kind, nothing is written; for a trial.", min=1)
    ] = 1,
) -> None:
    """The share refused of 500 generated inputs that must be, and of the real films and the phantoms that must not."""
    from boneage.evaluate.refusals.kinds import Half
    from boneage.evaluate.refusals.run import measure, write
    from boneage.systems import REFERENCE

    if half not in [one.value for one in Half]:
        raise BoneAgeError(Kind.BAD_OPTION, came=f"--half {half}", expected="choose or test", todo="Choose one.")
    folder, asked = need_data(data), Half(half)
    rows = measure(folder, asked, REFERENCE, every=every)
    if every == 1:
        command = f"boneage measure refusals --half {half} --data DIR"
        write(out / "refusals.csv", rows, data=folder, system=REFERENCE, command=command)
        if asked is Half.TEST:
            seen = [film.id for film in dataset.read_films(folder) if film.part is asked.part]
            look(HAND_FINDER, folder, seen=seen, measured=f"refusals --half {half}")
    for row in rows:
        show([str(value) for value in asdict(row).values()])


def wrong_sex(
    data: DataFolder = None,
    out: Out = RESULTS,
    every: Annotated[int, typer.Option(help="Only one film of so many, by id; nothing is written; for a trial.", min=1)] = 1,
) -> None:
    """How far the reference's answers on select films move when the other sex is given, and whether it could warn."""
    from boneage.evaluate.flat import cell, write_flat
    from boneage.evaluate.run import today, weights_hash
    from boneage.evaluate.wrong_sex import ask_both, effects, warnings
    from boneage.systems import REFERENCE

    folder = need_data(data)
    pairs = ask_both(REFERENCE, folder, dataset.Part.SELECT, every=every)
    moved, warned = effects(pairs), warnings(pairs)
    origin = {
        "date": today(),
        "system": REFERENCE.name,
        "weights": weights_hash(REFERENCE),
        "split_hash": dataset.split_hash(dataset.read_films(folder)),
        "command": "boneage measure wrong-sex --data DIR",
    }
    if every == 1:
        write_flat(out / "wrong-sex.csv", moved, origin)
        write_flat(out / "wrong-sex-warning.csv", warned, origin)
    for row in [*map(asdict, moved), *map(asdict, warned)]:
        show([f"{key} {cell(value)}" for key, value in row.items()])


def scan_drift(
    system: Annotated[str, typer.Argument(metavar="SYSTEM|RECIPE", help=EVALUATED)] = "reference-2026-11",
    data: DataFolder = None,
    split: Annotated[str, typer.Option(help="select, calibrate or test; each look at test is logged.")] = "select",
    out: Out = RESULTS,
) -> None:
    """The same held-out films at 299 px and at half their size in true proportion: how far a system's answers lie apart."""
    from boneage.evaluate.flat import cell, write_flat
    from boneage.evaluate.looks import log_look
    from boneage.evaluate.run import today, weights_hash
    from boneage.evaluate.scan_drift import ask_scans, drift_of

    chosen, part, folder = find_evaluated(system), parse_part(split), need_data(data)
    need_networks(chosen)
    pairs, refused = ask_scans(chosen, folder, part)
    row = drift_of(pairs, system=chosen.name, part=part, refused=refused)
    origin = {
        "date": today(),
        "weights": weights_hash(chosen, calibrated=False),
        "split_hash": dataset.split_hash(dataset.read_films(folder)),
        "command": f"boneage measure scan-drift {system} --data DIR --split {part.value}",
    }
    write_flat(out / f"scan-drift-{chosen.name}-{part.value}.csv", [row], origin)
    if part is dataset.Part.TEST:
        log_look(
            RESULTS / "test-looks.csv",
            date=origin["date"],
            system=chosen.name,
            weights=origin["weights"],
            split_hash=origin["split_hash"],
            films=row.films,
            mae=row.mae_299,
            command=origin["command"],
        )
    show([f"{key} {cell(value)}" for key, value in asdict(row).items()])


def map_sanity(
    system: Annotated[str, typer.Argument(metavar="SYSTEM|RECIPE", help=EVALUATED)] = "reference-2026-11",
    data: DataFolder = None,
    out: Out = RESULTS,
    most: Annotated[int, typer.Option(help="Films of select, at even steps of bone age.", min=1)] = 60,
) -> None:
    """Do maps show what the answer comes from: bones and margins taken away, weights shuffled. About 4 s a film."""
    from boneage.evaluate.flat import cell, write_flat
    from boneage.evaluate.map_sanity import measure_sanity
    from boneage.evaluate.run import today, weights_hash

    chosen, folder = find_evaluated(system), need_data(data)
    need_networks(chosen)
    rows = measure_sanity(chosen, folder, dataset.Part.SELECT, most=most)
    origin = {
        "system": chosen.name,
        "date": today(),
        "weights": weights_hash(chosen),
        "split_hash": dataset.split_hash(dataset.read_films(folder)),
        "command": f"boneage measure map-sanity {system} --data DIR --most {most}",
    }
    write_flat(out / f"map-sanity-{chosen.name}.csv", rows, origin)
    for row in rows:
        show([cell(value) for value in asdict(row).values()])


def finish(rows: list[dict[str, Any]], path: Path, folder: Path, *, seen: Iterable[int], networks: tuple[str, ...]) -> None:
    """Write the table, which is named as its command, with its origin, and show it."""
    from boneage.evaluate.flat import cell, write_flat
    from boneage.evaluate.run import today

    origin = {
        "date": today(),
        "split_hash": dataset.split_hash(dataset.read_films(folder)),
        "weights": " ".join(load_network(name).card.sha256[:12] for name in networks),
        "command": f"boneage measure {path.stem} --data DIR",
    }
    write_flat(path, rows, origin)
    for name in networks:
        look(name, folder, seen=seen, measured=path.stem)
    for row in rows:
        show([f"{key} {cell(value)}" for key, value in row.items()])


def annotated(folder: Path) -> list[int]:
    return [hand.id for hand in dataset.read_hands(folder)]


def show(values: list[str]) -> None:
    """One row of a table on stdout."""
    Console().print("  ".join(values), highlight=False, soft_wrap=True)


def look(network: str, folder: Path, *, seen: Iterable[int], measured: str) -> None:
    """A look at the test part that shows no bone age is logged too, without an MAE: those of the films seen that are of it."""
    from boneage.dataset import Part
    from boneage.evaluate.looks import log_look
    from boneage.evaluate.run import today

    log_look(
        RESULTS / "test-looks.csv",
        date=today(),
        system=network,
        weights=load_network(network).card.sha256[:12],
        split_hash=dataset.split_hash(dataset.read_films(folder)),
        films=sum(dataset.part_of(film) is Part.TEST for film in set(seen)),
        mae=None,
        command=f"boneage measure {measured} --data DIR",
    )


COMMANDS: tuple[tuple[str, Command], ...] = (
    ("masks", masks),
    ("key-points", key_points),
    ("boxes", boxes),
    ("joints", joints),
    ("registration", registration),
    ("patch-grid", patch_grid),
    ("average-hands", average_hands),
    ("atlas", atlas),
    ("lee-table-1", lee_table_1),
    ("lee-attention", lee_attention),
    ("ren-demographics", ren_demographics),
    ("ren-activation", ren_activation),
    ("refusals", refusals),
    ("wrong-sex", wrong_sex),
    ("scan-drift", scan_drift),
    ("map-sanity", map_sanity),
)


def measure_app(reporting: Callable[[Command], Command]) -> typer.Typer:
    """The group of commands, each wrapped by `reporting`, which tells errors to the user."""
    app = typer.Typer(no_args_is_help=True, help="Measure the stages: masks, key points, boxes, registration.")
    for name, command in COMMANDS:
        app.command(name)(reporting(command))
    return app
