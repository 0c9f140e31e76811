"""`boneage search ...`: trainings that try for a better reference network. What it needs loads when a command runs."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Annotated

import typer
from rich.box import SIMPLE_HEAD
from rich.console import Console
from rich.table import Table

from boneage.errors import BoneAgeError, Kind
from boneage.lab import RESULTS, DataFolder, need_data, to_log

Command = Callable[..., None]
SearchFile = Annotated[Path, typer.Argument(metavar="[SEARCH]", help="The list of trainings.")]
Results = Annotated[Path, typer.Option("--out", help="Folder for the table search.csv.")]
SEARCH = Path("recipes/search/queue.toml")
WIDTH = 130  # of the table
SOME_FAILED = 1  # exit code: the others were trained


def run(
    search: SearchFile = SEARCH,
    data: DataFolder = None,
    only: Annotated[list[str] | None, typer.Option(help="Only this training; may be repeated.")] = None,
    device: Annotated[str, typer.Option(help="cpu, cuda, cuda:1 ...")] = "cpu",
    workers: Annotated[int, typer.Option(help="Threads that prepare films.")] = 0,
    out: Results = RESULTS,
) -> None:
    """Train what is not done yet, in order, and write what each says of select. Never looks at test; goes on anywhere."""
    from boneage.train.loop import Machine
    from boneage.train.search import work_through

    failed = []
    for name, tried in work_through(search, need_data(data), out, only=only or (), machine=Machine(device, workers), tell=to_log):
        if isinstance(tried, BoneAgeError):
            failed.append(name)
            to_log(f"{name}: not trained: {tried}")
        else:
            to_log(f"{name}: select MAE {tried.mae:.2f} after {tried.minutes:.0f} minutes")
    if failed:
        raise typer.Exit(SOME_FAILED)


def status(search: SearchFile = SEARCH, out: Results = RESULTS) -> None:
    """Every training, why, its select MAE where it is done, and the minutes that are left."""
    from boneage.train.search import read_search, read_tried

    done = {one["recipe"]: one for one in read_tried(out)}
    table = Table("training", "why", "size", "epochs", "select\nMAE", "minutes", box=SIMPLE_HEAD, pad_edge=False)
    table.columns[0].no_wrap = True
    left = 0
    for row, recipe in read_search(search):
        known = done.get(recipe.name)
        left += 0 if known else row.minutes
        height, width = recipe.stages[-1].size
        mae, minutes = (known["mae"], f"{float(known['minutes']):.0f}") if known else ("", f"[dim]{row.minutes}[/]")
        table.add_row(recipe.name, row.why, f"{height} x {width}", str(recipe.epochs), mae, minutes)
    console = Console()
    console.width = max(console.width, WIDTH)
    console.print(table)
    console.print(f"about {left / 60:.1f} hours left on one CPU core", highlight=False)


def blend(
    names: Annotated[list[str] | None, typer.Argument(metavar="[NAME ...]", help="Default: all of the table.")] = None,
    data: DataFolder = None,
    out: Results = RESULTS,
) -> None:
    """Which finished trainings to join: the best one, then whichever lowers the MAE of the mean on select, until none does."""
    from boneage.train.search import best_blend, read_tried

    chosen = names or [one["recipe"] for one in read_tried(out)]
    if not chosen:
        raise BoneAgeError(
            Kind.BAD_OPTION, came=f"no finished training in {out}", expected="one or more", todo="boneage search run --data DIR"
        )
    for name, mae in best_blend(chosen, need_data(data)):
        Console().print(f"{mae:.3f}  with {name}", highlight=False)


def search_app(reporting: Callable[[Command], Command]) -> typer.Typer:
    """`boneage search`, its commands' errors told as `reporting` does."""
    app = typer.Typer(no_args_is_help=True, help="Trainings that try for a better reference network, judged on select.")
    for command in (run, status, blend):
        app.command()(reporting(command))
    return app
