"""`boneage mine ...`: positive mining on the command line. What it needs loads when a command runs."""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.box import SIMPLE_HEAD
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from boneage.dataset import find_data
from boneage.errors import BoneAgeError, Kind
from boneage.extras import load
from boneage.lab import DataFolder, need_data

if TYPE_CHECKING:
    from boneage.train.mine.folder import Summary
    from boneage.train.mine.segmenter import Segmenter

Command = Callable[..., None]
Folder = Annotated[Path, typer.Argument(metavar="FOLDER", help="The mining folder; it holds pictures of single films.")]
RecipeFile = Annotated[Path, typer.Option("--recipe", help="The U-Net's recipe.")]
Device = Annotated[str, typer.Option(help="cpu, cuda, cuda:1 ...")]
Workers = Annotated[int, typer.Option(help="Threads that prepare films.")]
ROUND_RECIPE, LAST_RECIPE = Path("recipes/hand-mask-round-2026-11.toml"), Path("recipes/hand-mask-2026-11.toml")
SOME_BAD = 1  # exit code: the good entries were taken in, some were not
to_user = Console(stderr=True)


def start(
    folder: Folder,
    data: DataFolder = None,
    more: Annotated[int | None, typer.Option("--films", help="Films tried beside the annotated hands; 0: those alone.")] = None,
) -> None:
    """First masks by classical means on easy hands: round 0."""
    from boneage.train.mine.settings import Settings
    from boneage.train.mine.start import start as begin

    settings = Settings()
    if more is not None:
        settings = replace(settings, easy=replace(settings.easy, films=more))
    _print_rounds([begin(folder, need_data(data), settings=settings, tell=tell)])


def take_in(
    folder: Folder,
    files: Annotated[list[Path], typer.Argument(metavar="FILE...", help="COCO, Supervisely or VIA JSON, ID.png, or folders.")],
    data: DataFolder = None,
    size: Annotated[str | None, typer.Option(help="WIDTHxHEIGHT of the images, where a VIA file does not say it.")] = None,
) -> None:
    """Take in masks from files. Exit code 0 only if every entry was good."""
    from boneage.train.mine.folder import MineFolder
    from boneage.train.mine.take_in import take_in as take

    done = take(MineFolder(folder), files, data=find_data(data), size=parse_size(size), tell=tell)
    for fault in done.faults:
        tell(f"not taken in: {fault.where}: {fault.reason}")
    tell(f"{len(done.films)} masks taken in, {len(done.faults)} entries not")
    if done.faults:
        raise typer.Exit(SOME_BAD)


def run(
    folder: Folder,
    data: DataFolder = None,
    rounds: Annotated[int | None, typer.Option(help="At most; default as mine.toml says, 6.")] = None,
    unattended: Annotated[bool, typer.Option("--unattended", help="The rule decides, nobody reviews.")] = False,
    recipe: RecipeFile = ROUND_RECIPE,
    device: Device = "cpu",
    workers: Workers = 2,
) -> None:
    """Rounds of train, predict, score, decide; goes on where it stopped."""
    from boneage.train.mine.folder import MineFolder
    from boneage.train.mine.points import Films
    from boneage.train.mine.rounds import mine

    here = MineFolder(folder)
    films = Films(need_data(data), here.points_file)
    most = here.settings.rounds if rounds is None else rounds
    outcome = mine(here, films, _segmenter(folder, recipe, device, workers), rounds=most, unattended=unattended, tell=tell)
    _print_rounds(list(outcome.summaries))
    tell(outcome.why)
    if outcome.to_review:
        tell(f"Review them: boneage mine review {folder}; then the same command goes on.")


def review(
    folder: Folder,
    data: DataFolder = None,
    port: Annotated[int, typer.Option(min=0, max=65535, help="On this machine alone; 0: any that is free.")] = 8477,
    again: Annotated[bool, typer.Option("--again", help="Also the masks that the rule decided.")] = False,
    of_round: Annotated[int | None, typer.Option("--round", min=0, help="Default: the round that waits for it.")] = None,
) -> None:
    """The review page in the browser: keep, discard, later. Ctrl+C ends it; nothing is lost."""
    load("fastapi")
    load("uvicorn")
    from boneage.train.mine.folder import MineFolder
    from boneage.train.mine.points import Films
    from boneage.train.mine.review import Review, serving

    here = MineFolder(folder)
    chosen = here.in_hand() if of_round is None else here.round(of_round)
    if not chosen.scores_file.is_file():
        raise BoneAgeError(
            Kind.BAD_OPTION,
            came=f"round {chosen.number} of {folder}, which has no masks",
            expected="a round with masks to look at",
            todo=f"See: boneage mine status {folder}",
        )
    films = Films(need_data(data), here.points_file)
    page = Review(here, films, chosen, again=again)
    with serving(page, port) as address:
        tell(f"round {chosen.number}, {len(page.queue)} masks to decide: {address}  (Ctrl+C ends)")
        try:
            threading.Event().wait()
        except KeyboardInterrupt:
            tell(f"{len(page.state()['left'])} masks are left to decide")  # type: ignore[arg-type]


def worst(folder: Folder, data: DataFolder = None) -> None:
    """List the worst hands of the last round in worst.csv and on sheets."""
    from boneage.train.mine.folder import MineFolder
    from boneage.train.mine.points import Films
    from boneage.train.mine.worst import find_worst, write_worst_sheet

    here = MineFolder(folder)
    found = find_worst(here)
    table = Table("rank", "film", "badness", "reason", box=SIMPLE_HEAD)
    for line in found:
        table.add_row(str(line.rank), str(line.film), f"{line.badness:.2f}", line.reason)
    Console().print(table)
    write_worst_sheet(here, Films(need_data(data), here.points_file), found)
    tell(f"{here.worst_file}; sheets in {here.sheets}. Correct them, then: boneage mine import {folder} FILE...")


def finish(
    folder: Folder, data: DataFolder = None, recipe: RecipeFile = LAST_RECIPE, device: Device = "cpu", workers: Workers = 2
) -> None:
    """The last training, with all accepted and corrected masks."""
    from boneage.train.mine.folder import MineFolder
    from boneage.train.mine.points import Films
    from boneage.train.mine.worst import finish as end

    here = MineFolder(folder)
    films = Films(need_data(data), here.points_file)
    done = end(here, films, _segmenter(folder, recipe, device, workers, finish=True), tell)
    tell(f"trained on {done['masks']} masks, {done['corrected']} of them corrected; they are in {here.accepted_copy}")


def status(folder: Folder) -> None:
    """Where the folder stands."""
    from boneage.train.mine.folder import MineFolder
    from boneage.train.mine.rounds import undecided

    here = MineFolder(folder)
    summaries = [summary for round_ in here.rounds() if (summary := round_.summary()) is not None]
    _print_rounds(summaries)
    following = here.round(len(summaries))
    if following.path.is_dir():
        trained = "trained, " if following.trained_file.is_file() else ""
        counts = f"{len(following.scores())} films with a mask, {len(undecided(following))} of them not decided"
        tell(f"round {following.number} in hand: {trained}{counts}")
    finished = "finished" if (folder / "finished.toml").is_file() else "not finished"
    tell(f"{len(here.corrected_masks())} corrected masks; {finished}")


COMMANDS: tuple[tuple[str, Command], ...] = (
    ("start", start),
    ("import", take_in),
    ("run", run),
    ("review", review),
    ("worst", worst),
    ("finish", finish),
    ("status", status),
)


def mine_app(reporting: Callable[[Command], Command]) -> typer.Typer:
    """The group of commands, each wrapped by `reporting`, which tells errors to the user."""
    app = typer.Typer(no_args_is_help=True, help="Positive mining: hand masks for all training films out of a few.")
    for name, command in COMMANDS:
        app.command(name)(reporting(command))
    return app


def parse_size(text: str | None) -> tuple[int, int] | None:
    """WIDTHxHEIGHT as (height, width). Raises BoneAgeError for another form."""
    if text is None:
        return None
    width, _, height = text.lower().partition("x")
    if not (width.isdecimal() and height.isdecimal() and int(width) and int(height)):
        raise BoneAgeError(
            Kind.BAD_OPTION, came=f"--size {text!r}", expected="WIDTHxHEIGHT, as in 1024x1280", todo="Write it so."
        )
    return int(height), int(width)


def tell(text: str) -> None:
    to_user.print(escape(text), highlight=False, soft_wrap=True)


def _segmenter(folder: Path, recipe: Path, device: str, workers: int, *, finish: bool = False) -> Segmenter:
    load("torch")
    from boneage.train.loop import Machine
    from boneage.train.mine.unet import UNetSegmenter
    from boneage.train.recipe import read_recipe

    return UNetSegmenter(read_recipe(recipe), folder / "runs", machine=Machine(device, workers), finish=finish)


def _print_rounds(summaries: list[Summary]) -> None:
    """The rounds as a table: predicted, kept, gain."""
    table = Table(box=SIMPLE_HEAD)
    for name in ("round", "predicted", "kept", "new", "discarded", "later", "gain, %"):
        table.add_column(name, justify="right")
    for s in summaries:
        counts = (s.round, s.predicted, s.kept, s.newly_kept, s.discarded, s.later)
        table.add_row(*map(str, counts), f"{s.gain_percent:.2f}" if s.round else "")
    Console().print(table)
