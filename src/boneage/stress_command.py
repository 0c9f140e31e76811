"""`boneage stress`: a system's answers to films that were changed as should not matter."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from boneage import dataset
from boneage.dataset import Film, Part
from boneage.errors import BoneAgeError, Kind
from boneage.found_hands import runs_folder
from boneage.lab import RESULTS, DataFolder, make_folder, need_data, parse_part, to_log
from boneage.pipeline import need_weights
from boneage.systems import System, find_system

PARTS = (Part.SELECT, Part.TEST)
WIDTH = 144  # of the table
ONLY = "A transform or a family of them; may be repeated. The table is then printed, not written."


def stress(
    system: Annotated[str, typer.Argument(metavar="SYSTEM")],
    data: DataFolder = None,
    split: Annotated[str, typer.Option(help="select or test; each look at test is logged.")] = "select",
    films: Annotated[int | None, typer.Option(help="So many films at even steps of the ids. Default: all.", min=1)] = None,
    only: Annotated[list[str] | None, typer.Option(help=ONLY)] = None,
    out: Annotated[Path, typer.Option("--out", help="Folder for the table.")] = RESULTS,
    again: Annotated[bool, typer.Option("--again", help="Ask all films anew: the code on the way has changed.")] = False,
) -> None:
    """Turn, mirror, darken, crop, store ... each film and tell how far the answers drift. Goes on where it was stopped.

    Answers are kept in BONEAGE_RUNS by the weights' checksum, film by film.
    """
    from boneage.claim import alone
    from boneage.evaluate.run import today, weights_hash
    from boneage.evaluate.stress.answers import KeptAnswers
    from boneage.evaluate.stress.ask import ask_films, pick
    from boneage.evaluate.stress.figures import clean_mae, clean_refused, figures
    from boneage.evaluate.stress.grid import choose
    from boneage.evaluate.stress.table import render_stress, summary, write_stress

    part, chosen, folder, transforms = _parse(split), find_system(system), need_data(data), choose(only or ())
    need_weights(chosen)
    make_folder(out)
    everything = dataset.read_films(folder)
    asked = pick(everything, chosen, part, films)
    if not asked:
        raise BoneAgeError(Kind.BAD_DATA, came=f"no films of {part.value}", expected="one or more", todo="Give another --data.")
    weights = weights_hash(chosen)
    place = runs_folder() / "stress" / f"{chosen.name}-{weights}-{part.value}"
    with alone(place, to_log):
        path = place / "answers.csv"
        if again:
            path.unlink(missing_ok=True)
        if path.is_file():
            to_log(f"goes on with the answers in {path}")
        answers = ask_films(chosen, folder, asked, transforms, KeptAnswers(path), tell=to_log)
    rows = figures(answers, dataset.by_id(asked), transforms)
    origin = {
        "date": today(),
        "system": chosen.name,
        "weights": weights,
        "split": part.value,
        "split_hash": dataset.split_hash(everything),
    }
    if part is Part.TEST:
        _log(origin, chosen, asked, clean_mae(answers, dataset.by_id(asked)))
    console = Console()
    console.width = max(console.width, WIDTH)
    console.print(render_stress(rows, title=f"stress test of {chosen.name} on {len(asked)} films of {part.value}"))
    for line in summary(rows):
        console.print(line, highlight=False)
    console.print(f"{clean_refused(answers)} of {len(asked)} films refused as they are", highlight=False)
    if not only:
        table = out / f"stress-{chosen.name}-{part.value}.csv"
        write_stress(table, rows, origin)
        to_log(str(table))


def _parse(split: str) -> Part:
    part = parse_part(split)
    if part not in PARTS:
        raise BoneAgeError(Kind.BAD_OPTION, came=f"--split {split!r}", expected="select or test", todo="Choose one of them.")
    return part


def _log(origin: dict[str, str], system: System, films: list[Film], mae: float | None) -> None:
    """One line in the record of looks at the test part, wherever the table goes."""
    from boneage.evaluate.looks import log_look

    log_look(
        RESULTS / "test-looks.csv",
        date=origin["date"],
        system=system.name,
        weights=origin["weights"],
        split_hash=origin["split_hash"],
        films=len(films),
        mae=mae,
        command=f"boneage stress {system.name} --data DIR --split test",
    )
