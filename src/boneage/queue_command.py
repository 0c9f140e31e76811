"""`boneage queue ...`: all trainings behind the papers' tables. What it needs loads when a command runs."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Annotated

import typer
from rich.box import SIMPLE_HEAD
from rich.console import Console
from rich.table import Table

from boneage.errors import BoneAgeError
from boneage.lab import RESULTS, DataFolder, need_data, to_log

Command = Callable[..., None]
QueueFile = Annotated[Path, typer.Argument(metavar="[QUEUE]", help="The list of trainings.")]
Results = Annotated[Path, typer.Option("--out", help="Folder for the networks' answers.")]
QUEUE = Path("recipes/queue.toml")
LOOKS = RESULTS / "test-looks.csv"  # wherever the answers go
WIDTH = 110  # of the table of all trainings
SOME_FAILED = 1  # exit code: the others were trained


def run(
    queue: QueueFile = QUEUE,
    data: DataFolder = None,
    only: Annotated[list[str] | None, typer.Option(help="Only this network; may be repeated.")] = None,
    device: Annotated[str, typer.Option(help="cpu, cuda, cuda:1 ...")] = "cpu",
    workers: Annotated[int, typer.Option(help="Threads that prepare films.")] = 0,
    out: Results = RESULTS,
) -> None:
    """Train what is not done yet, in order of value, and keep each network's answers. Stops and goes on anywhere.

    Each training is one look at test. Two calls at once share the queue: give each its own CPU core
    (taskset -c 0 boneage queue run ...). Exit code 0 only if none failed.
    """
    from boneage.train.loop import Machine
    from boneage.train.queue import work_through

    machine = Machine(device, workers)
    failed = []
    for name, done in work_through(queue, need_data(data), out, looks=LOOKS, only=only or (), machine=machine, tell=to_log):
        if isinstance(done, BoneAgeError):
            failed.append(name)
            to_log(f"{name}: not trained: {done}")
        else:
            to_log(f"{name}: select MAE {done.select_mae:.2f} after {done.minutes:.0f} minutes")
    if failed:
        to_log(f"not trained: {', '.join(failed)}")
        raise typer.Exit(SOME_FAILED)


def status(queue: QueueFile = QUEUE, out: Results = RESULTS) -> None:
    """Every training, how far it is, and the minutes that are left."""
    from boneage.evaluate.network_answers import read_trainings
    from boneage.train.queue import Stand, look_over

    done = {training.network: training for training in read_trainings(out)}
    table = Table("training", "fills", "how far", "select\nMAE", "minutes", box=SIMPLE_HEAD, pad_edge=False)
    table.columns[0].no_wrap = True
    left = 0.0
    for row, recipe, stand, epochs in look_over(queue, out):
        known = done.get(recipe.name)
        left += row.minutes * (1 - epochs / recipe.epochs)
        how_far = f"{epochs} of {recipe.epochs} epochs" if stand is Stand.STARTED else stand.value
        minutes = f"{known.minutes:.0f}" if known else f"[dim]{row.minutes}[/]"
        table.add_row(recipe.name, row.fills, how_far, f"{known.select_mae:.2f}" if known else "", minutes)
    console = Console()
    console.width = max(console.width, WIDTH)
    console.print(table)
    console.print(f"about {left / 60:.1f} hours left on one CPU core", highlight=False)


def queue_app(reporting: Callable[[Command], Command]) -> typer.Typer:
    """`boneage queue`, its commands' errors told as `reporting` does."""
    app = typer.Typer(no_args_is_help=True, help="All trainings behind the papers' tables, one resumable queue.")
    for command in (run, status):
        app.command()(reporting(command))
    return app
