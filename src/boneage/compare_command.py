"""`boneage compare`: every system on the same films in one table, out of what `boneage evaluate` wrote and the labels."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.console import Console
from rich.markup import escape

from boneage import dataset
from boneage.dataset import Film, Part
from boneage.errors import BoneAgeError, Kind
from boneage.evaluate.papers import PAPERS, is_of
from boneage.lab import RESULTS, DataFolder, need_data, parse_part
from boneage.systems import REFERENCE, SYSTEMS
from boneage.types import Sex

if TYPE_CHECKING:
    from boneage.evaluate.comparison_table import SystemTable

SOME_NOT_MEASURED = 1  # exit code: the table is there, but not for all systems
PARTS = (Part.TEST, Part.SELECT)
to_user = Console(stderr=True)


def compare(
    system: Annotated[
        list[str] | None, typer.Option("--system", help="Only this one beside the reference; may be repeated. Default: all.")
    ] = None,
    data: DataFolder = None,
    split: Annotated[str, typer.Option(help="test or select; what was predicted is read, so no look at test is added.")] = "test",
    out: Annotated[
        Path, typer.Option("--out", help="Folder with predictions/ of `boneage evaluate`; the table goes there too.")
    ] = RESULTS,
    time: Annotated[
        Path | None, typer.Option("--time", help="Time all systems on this film first; the times are kept for later tables.")
    ] = None,
    sex: Annotated[Sex | None, typer.Option("--sex", help="Of the film of --time, where its header does not say it.")] = None,
) -> None:
    """Compare all systems on the same films. Exit code 0 only if every one of them was measured."""
    from boneage.evaluate.comparison_files import write_comparison, write_group_errors
    from boneage.evaluate.comparison_plot import plot_comparison
    from boneage.evaluate.comparison_table import WIDTH, render
    from boneage.evaluate.run import today

    part = parse_part(split)
    if part not in PARTS:
        raise BoneAgeError(Kind.BAD_OPTION, came=f"--split {split!r}", expected="test or select", todo="Choose one of them.")
    names, films = choose(system or (), out / "predictions", part), dataset.by_id(dataset.read_films(need_data(data)))
    if time is not None:
        _time(time, names, out / "compare-time.csv", sex)
    table = gather(names, out, part, films)
    stem = "compare" if part is Part.TEST else f"compare-{part.value}"
    write_comparison(out / f"{stem}.csv", table, date=today())
    write_group_errors(out / f"{stem}-bands.csv", table, date=today())
    plot_comparison(out / f"{stem}.svg", table)
    console = Console()
    console.width = max(console.width, WIDTH)  # figures are never cut; a narrow terminal wraps them
    for rendered in render(table):
        console.print(rendered)
        console.print()
    _tell(f"{out / stem}.csv, -bands.csv and .svg")
    for name in stale(table):
        _tell(f"[bold red]made with other weights than those here[/]: {name}. Again: {table.command(name)}")
    if table.not_measured:
        raise typer.Exit(SOME_NOT_MEASURED)


def choose(asked: Sequence[str], predictions: Path, part: Part) -> tuple[str, ...]:
    """The reference, then the systems asked for, else the published ones in the papers' order and whatever else there is.

    A published system that is registered under dated names stands for those. Raises BoneAgeError for a name that is neither
    a system nor has predictions.
    """
    everything = [*PAPERS, *SYSTEMS]
    unknown = [name for name in asked if name not in everything and not (predictions / f"{name}-{part.value}.csv").is_file()]
    if unknown:
        known = ", ".join(dict.fromkeys((REFERENCE.name, *everything)))
        raise BoneAgeError(
            Kind.BAD_OPTION, came=f"no system {unknown[0]!r}", expected=f"one of: {known}", todo="Choose with --system."
        )
    names = [REFERENCE.name]
    for name in asked or everything:
        dated = [registered for registered in SYSTEMS if is_of(registered, name)] if name in PAPERS else []
        names += dated or [name]
    return tuple(dict.fromkeys(names))


def gather(names: Sequence[str], out: Path, part: Part, films: Mapping[int, Film]) -> SystemTable:
    """All that is known of the systems. Raises BoneAgeError where none was measured, or not on the same films.

    `films`: the labels by id, which the predictions do not hold.
    """
    from boneage.evaluate.answered import read_answered
    from boneage.evaluate.comparison import compare_systems, group_errors
    from boneage.evaluate.comparison_table import SystemTable
    from boneage.evaluate.parameters import size_of
    from boneage.evaluate.reading_time import read_times

    answered = [found for name in names if (found := read_answered(out / "predictions", name, part, films)) is not None]
    if not answered:
        raise BoneAgeError(
            Kind.BAD_DATA,
            came=f"no predictions of the part {part.value} in {out / 'predictions'}",
            expected=f"files of {', '.join(names)}",
            todo=f"Make them: boneage evaluate {names[0]} --data DIR --split {part.value}",
        )
    sizes = {name: size for name in names if name in SYSTEMS and (size := size_of(SYSTEMS[name])) is not None}
    return SystemTable(
        systems=tuple(names),
        reference=REFERENCE.name,
        split=part.value,
        answered=tuple(answered),
        standings=compare_systems(answered, REFERENCE.name),
        group_errors=group_errors(answered),
        sizes=sizes,
        seconds=read_times(out / "compare-time.csv"),
    )


def stale(table: SystemTable) -> list[str]:
    """Systems whose predictions were made with other weights than lie here now; where none lie here, nothing is known."""
    from boneage.evaluate.run import weights_hash

    found = []
    for one in table.answered:
        try:
            now = weights_hash(SYSTEMS[one.system]) if one.system in SYSTEMS else one.weights
        except BoneAgeError:  # some of its weights are not here
            continue
        if now != one.weights:
            found.append(one.system)
    return found


def _time(film: Path, names: Sequence[str], path: Path, sex: Sex | None) -> None:
    """Measure and keep the times; a system that cannot read the film is told and left out. The reference must read it."""
    from boneage.evaluate.reading_time import time_systems, write_times
    from boneage.evaluate.run import today

    times, failed = time_systems(film, [SYSTEMS[name] for name in names if name in SYSTEMS], sex=sex)
    if REFERENCE.name in failed:
        raise failed[REFERENCE.name]
    for name, error in failed.items():
        _tell(f"[bold red]not timed[/] {name}: {escape(str(error))}")
    write_times(path, times, {"date": today(), "command": "boneage compare --time FILE"})


def _tell(text: str) -> None:
    to_user.print(text, highlight=False, soft_wrap=True)
