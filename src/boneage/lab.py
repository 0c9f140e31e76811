"""The lab's commands: train, export, calibrate, evaluate, prepare. Their libraries (the `train` extra) load when they run."""

from __future__ import annotations

import os
import shutil
import tomllib
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Annotated

import typer
from rich.console import Console
from rich.progress import track

from boneage import dataset
from boneage.combine.estimate import COVERAGE, Calibration, calibration_file, load_calibration
from boneage.dataset import Part
from boneage.errors import BoneAgeError, Kind
from boneage.extras import load
from boneage.networks import LAB_WEIGHTS, WEIGHTS
from boneage.pipeline import need_networks, need_weights
from boneage.systems import REFERENCE, SYSTEMS, WAYS, System, find_system, find_way

if TYPE_CHECKING:
    from boneage.evaluate.run import Answers

DataFolder = Annotated[
    Path | None, typer.Option("--data", help="The challenge's data set; default BONEAGE_DATA or ../shared/rsna.")
]
Recipes = Annotated[Path, typer.Argument(metavar="RECIPE", help="recipes/NAME.toml")]
RESULTS = Path("results")
RECIPE = "recipes/{}.toml"
EVALUATED = (
    "A system's name, or recipes/NAME.toml: the recipe's network alone. Where no system has that name there is no calibration "
    "file, so its intervals are fitted first, as `boneage calibrate` does: it reads the films of select and calibrate, too."
)
SITE = (
    "A site's own readings, CSV: `file` or `accession_number`; `bone_age_months`, or `years` and `months`; where the header has "
    "none `sex`; where several read a film `reader`, a row each. No identity goes into what is written: films are told by row "
    "and file name."
)
CURVES = {
    "bone-age": {"loss": ["train_loss"], "MAE, months": ["train_mae", "select_mae", "select_regression_mae"]},
    "published": {"loss": ["train_loss"], "MAE, months": ["train_mae", "select_mae"]},
    "hand-finder": {"loss": ["train_loss"], "error, % of hand length": ["select_median", "select_p95"]},
    "patches": {"loss": ["train_loss"], "share wrong": ["train_error", "held_out_error"]},
    "joints": {"loss": ["train_loss"], "error, % of hand length": ["select_distalphalanx_p95", "select_wrist_p95"]},
    "key-points": {
        "loss": ["train_loss"],
        "error, % of hand length": ["select_tip_median", "select_thumb_median", "select_capitate_median"],
    },
    "hand-box": {"loss": ["train_loss"], "IoU": ["select_iou", "select_over_90"]},
    "hand-mask": {"loss": ["train_loss"], "IoU": ["train_jaccard", "held_out_iou"]},
}
to_user = Console(stderr=True)


def train(
    recipes: Annotated[list[Path], typer.Argument(metavar="RECIPE ...", help="recipes/NAME.toml; several are trained in turn.")],
    data: DataFolder = None,
    device: Annotated[str, typer.Option(help="cpu, cuda, cuda:1 ...")] = "cpu",
    workers: Annotated[int, typer.Option(help="Threads of each process that prepare films.")] = 2,
    bf16: Annotated[bool, typer.Option(help="Train in bfloat16 where the device can.")] = True,
    processes: Annotated[
        int, typer.Option(min=1, help="Processes that share each batch: on CPU cores, or with --device cuda on a GPU each.")
    ] = 1,
    compiled: Annotated[
        bool, typer.Option("--compile", help="Compile the network: minutes at the start, faster steps after, meant for a GPU.")
    ] = False,
) -> None:
    """Train recipes one after another, or go on where an earlier call was stopped; a finished one is passed over.

    Runs live in BONEAGE_RUNS, by default in the user's cache folder.
    """
    load("torch")
    from boneage.train.loop import Machine
    from boneage.train.recipe import read_recipe
    from boneage.train.run import run, run_folder

    machine = Machine(device, workers, bf16, compiled, processes)
    queue = [read_recipe(recipe) for recipe in recipes]  # a wrong one is told before the first is trained
    for settings in queue:
        to_user.print(f"run folder: {run_folder(settings)}", highlight=False, soft_wrap=True)
        run(settings, need_data(data), machine=machine, tell=to_log)


def to_log(line: str) -> None:
    """One line of a run, whole."""
    to_user.print(line, highlight=False, soft_wrap=True)


def export(
    recipe: Recipes,
    data: DataFolder = None,
    run: Annotated[Path | None, typer.Option("--run", help="The run's folder, where it is not the recipe's own.")] = None,
    eight_bit: Annotated[bool, typer.Option("--eight-bit", help="Weights in 8 bits a channel; the card tells the loss.")] = False,
) -> None:
    """Write a trained run as ONNX into the package, measured for its card, and its learning curve to results/.

    All are made beside their places and moved there at the end: what fails leaves the files that were there.
    """
    load("torch")
    import tomli_w

    from boneage.evaluate.plots import plot_learning_curve
    from boneage.evaluate.run import today
    from boneage.train.export import Storage
    from boneage.train.export import export as write
    from boneage.train.forms import weights_folder
    from boneage.train.measure import measure
    from boneage.train.recipe import read_recipe
    from boneage.train.run import run_folder

    settings, folder = read_recipe(recipe), need_data(data)
    trained = run or run_folder(settings)
    checkpoint = trained / "last.pt"
    storage = Storage.BYTES if eight_bit else Storage.HALF
    card = {"date": today(), "split_hash": dataset.split_hash(dataset.read_films(folder))}
    places = weights_folder(settings), RESULTS
    for place in places:
        place.mkdir(exist_ok=True)
    made, drawn = (TemporaryDirectory(dir=place, prefix=".export-") for place in places)
    with made, drawn:
        path = write(settings, Path(made.name), card=card, checkpoint=checkpoint, storage=storage).with_suffix(".toml")
        values = tomllib.loads(path.read_text()) | {"figures": measure(settings, checkpoint, folder, exported=path.parent)}
        path.write_text(tomli_w.dumps(values))
        curve = Path(drawn.name) / f"{settings.name}-learning.csv"
        shutil.copyfile(trained / "log.csv", curve)
        plot_learning_curve(curve.with_suffix(".svg"), curve, columns=CURVES[settings.task.kind], title=settings.name)
        for file in (*path.parent.iterdir(), *curve.parent.iterdir()):
            os.replace(file, file.parents[1] / file.name)  # both folders lie in the files' places
    installed = places[0] / path.name
    to_user.print(f"{installed}\n{installed.read_text()}", highlight=False, soft_wrap=True, markup=False)


def calibrate(system: Annotated[str, typer.Argument(metavar="SYSTEM")], data: DataFolder = None) -> None:
    """Fit a system's intervals on the calibrate part, its distribution's width on select; write both beside the weights."""
    load("tomli_w")
    import tomli_w

    from boneage.evaluate.run import ask
    from boneage.evaluate.run import calibrate as fit

    chosen, data = find_system(system), need_data(data)
    need_networks(chosen)
    fitted = fit(ask(chosen, data, Part.SELECT), ask(chosen, data, Part.CALIBRATE))
    folder = WEIGHTS if chosen is REFERENCE else LAB_WEIGHTS
    path = folder / calibration_file(chosen.calibration)
    path.write_text(tomli_w.dumps(fitted.to_dict()))
    to_user.print(f"{path}\n{path.read_text()}", highlight=False, soft_wrap=True, markup=False)


def evaluate(
    system: Annotated[str, typer.Argument(metavar="SYSTEM|RECIPE", help=EVALUATED)] = REFERENCE.name,
    data: DataFolder = None,
    split: Annotated[str, typer.Option(help="train, select, calibrate or test; each look at test is logged.")] = "select",
    out: Annotated[
        Path | None, typer.Option("--out", help="Folder for tables, predictions and plots; default: results, or site-validation.")
    ] = None,
    site: Annotated[Path | None, typer.Option("--site", metavar="CSV", help=SITE)] = None,
    films: Annotated[Path | None, typer.Option("--films", help="Folder of the site's films; default: the table's own.")] = None,
) -> None:
    """Measure a system, or a recipe's network alone, on one part of the split: table, predictions by id, plots.

    With --site on a site's own films instead, against its own readings: exit code 0 only if every row came to an answer.
    """
    if site is not None:
        validate_site(find_system(system), site, films or site.parent, out or Path("site-validation"))
        return
    if films is not None:
        raise BoneAgeError(Kind.BAD_OPTION, came="--films without --site", expected="--site readings.csv", todo="Give both.")
    out = out or RESULTS
    from boneage.evaluate import plots, run
    from boneage.evaluate.doubt import doubt_of, tell_doubt, write_doubt
    from boneage.evaluate.looks import log_look
    from boneage.evaluate.predictions import write_predictions
    from boneage.evaluate.promises import promises_of, tell_promises, write_promises
    from boneage.evaluate.site.shipped import shipped_file
    from boneage.evaluate.tables import render_table, write_table

    chosen, part, folder = find_evaluated(system), parse_part(split), need_data(data)
    make_folder(out / "predictions")
    answers, calibration = ask(chosen, folder, part)
    rows = run.predictions(answers, calibration)
    table, mae = run.table_of(rows)
    own = chosen.name in SYSTEMS
    name, weights = f"{chosen.name}-{part.value}", run.weights_hash(chosen, calibrated=own)
    if part is Part.TEST:
        log_look(
            RESULTS / "test-looks.csv",
            date=run.today(),
            system=chosen.name,
            weights=weights,
            split_hash=answers.split_hash,
            films=len(rows),
            mae=mae,
            command=f"boneage evaluate {chosen.name if own else RECIPE.format(chosen.name)} --data DIR --split test",
        )
    write_predictions(
        out / "predictions" / f"{name}.csv",
        rows,
        system=chosen.name,
        weights=weights,
        split_hash=answers.split_hash,
        interval_coverage=COVERAGE,
    )
    run.write_refused(out / "predictions" / f"{name}-refused.csv", answers)
    write_table(
        out / f"{name}.csv",
        table,
        date=run.today(),
        system=chosen.name,
        weights=weights,
        split=part.value,
        split_hash=answers.split_hash,
    )
    if part is Part.TEST and own and out == RESULTS:  # what a site's own films are compared with goes with the weights
        shutil.copyfile(out / f"{name}.csv", (WEIGHTS if chosen is REFERENCE else LAB_WEIGHTS) / shipped_file(chosen.name))
    origin = {"date": run.today(), "system": chosen.name, "weights": weights, "split_hash": answers.split_hash}
    promises, doubt = promises_of(rows, printed=COVERAGE), doubt_of(rows)
    write_promises(out / f"{name}-intervals.csv", promises, origin)
    write_doubt(out / f"{name}-doubt.csv", doubt, origin)
    plots.plot_scatter(out / f"{name}-scatter.svg", rows, title=name)
    plots.plot_bland_altman(out / f"{name}-bland-altman.svg", rows, title=name)
    plots.plot_coverage(out / f"{name}-coverage.svg", rows, printed=COVERAGE, title=name)
    plots.plot_risk(out / f"{name}-risk.svg", rows, title=name)
    Console().print(render_table(table, title=name, interval_coverage=COVERAGE))
    Console().print(f"{tell_promises(promises)}\n{tell_doubt(doubt)}", highlight=False)
    Console().print(f"{len(answers.refused)} of {len(rows) + len(answers.refused)} films refused", highlight=False)


def validate_site(system: System, readings: Path, films: Path, out: Path) -> None:
    """Exit code 1 where a film was not answered or a row not used."""
    from boneage.evaluate.site.run import validate

    found = validate(system, readings, films, out, follow=lambda films, count: track(films, "reading", count, console=to_user))
    Console().print("\n\n".join(found.said), highlight=False, markup=False)
    to_user.print(f"written to {out}", highlight=False, soft_wrap=True)
    if not found.whole:
        raise typer.Exit(1)


def find_evaluated(name: str) -> System:
    """The system of that name, or a recipe's network alone. Raises BoneAgeError for a name that is neither."""
    if not name.endswith(".toml"):
        return find_system(name)
    load("torch")
    from boneage.train.alone import system_of
    from boneage.train.recipe import read_recipe

    return system_of(read_recipe(Path(name)))


def ask(system: System, data: Path, part: Part) -> tuple[Answers, Calibration]:
    """What it says of the part's films, and its calibration: of a system from beside the weights, of a network alone fitted."""
    from boneage.evaluate import run

    if system.name in SYSTEMS:
        need_weights(system)
        return run.ask(system, data, part), load_calibration(system.calibration)
    need_networks(system)
    said = {one: run.ask(system, data, one) for one in (Part.SELECT, Part.CALIBRATE)}
    fitted = run.calibrate(said[Part.SELECT], said[Part.CALIBRATE])
    return said.get(part) or run.ask(system, data, part), fitted


def prepare(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="A film: DICOM, PNG, JPEG ...")],
    way: Annotated[str, typer.Option("--as", help=f"Whose way: {', '.join(WAYS)}.")],
    out: Annotated[Path, typer.Option("--out", help="Folder for a picture of each step, and of what the networks get to see.")],
) -> None:
    """Prepare a film as a published system does, step by step. Needs the source tree's weights-lab/."""
    from boneage.networks import load_network
    from boneage.prepare import prepare as run
    from boneage.read import read
    from boneage.report.folder import write_prepared

    film = read(file)
    for picture in write_prepared(out, film, run(film, find_way(way), load=load_network)):
        Console().print(str(picture), highlight=False, soft_wrap=True)


def make_folder(path: Path) -> None:
    """Before the long work, not after it. Raises BoneAgeError where it cannot be made."""
    try:
        path.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise BoneAgeError(
            Kind.BAD_OPTION,
            came=f"the folder {str(path)!r} ({error.strerror})",
            expected="a folder that can be made",
            todo="Give another --out.",
        ) from error


def parse_part(word: str) -> Part:
    try:
        return Part(word)
    except ValueError:
        known = ", ".join(part.value for part in Part)
        raise BoneAgeError(Kind.BAD_OPTION, came=f"--split {word!r}", expected=f"one of: {known}", todo="Choose one.") from None


def need_data(data: Path | None) -> Path:
    """The data folder. Raises BoneAgeError where none is known."""
    folder = dataset.find_data(data)
    if folder is None:
        raise BoneAgeError(
            Kind.BAD_DATA,
            came="no data folder",
            expected=f"a folder with {dataset.LABELS} and the images",
            todo="Give it with --data DIR or BONEAGE_DATA.",
        )
    return folder


COMMANDS = (train, export, calibrate, evaluate, prepare)
