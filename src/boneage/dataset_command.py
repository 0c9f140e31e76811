"""`boneage dataset`: a hospital's reports and DICOM films to a training data set. What it needs loads when it runs."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, TypeVar

import typer
from rich.box import SIMPLE_HEAD
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn
from rich.table import Table

from boneage.errors import BoneAgeError, Kind
from boneage.lab import make_folder
from boneage.read.folder import Found, find_files
from boneage.types import Sex

if TYPE_CHECKING:
    from boneage.train.build_dataset import AgeRange, Counts, Excluded, Kept

T = TypeVar("T")
SOME_BAD, STOPPED = 1, 130  # exit codes: a damaged file, or no film at all; stopped by the user
to_user = Console(stderr=True)


def dataset(
    reports: Annotated[Path, typer.Option("--reports", help="CSV with accession number and report text; sex and age if known.")],
    dicom: Annotated[Path, typer.Option("--dicom", help="Folder of DICOM films.")],
    out: Annotated[Path, typer.Option("--out", help="New folder for the data set and exclusions.csv.")],
    ages: Annotated[
        str, typer.Option("--ages", help="Chronological ages, whole years, as in Lee 2017; all: any. Unknown ones are kept.")
    ] = "5-18",
    key: Annotated[
        Path | None, typer.Option("--key", help="Write a private table of ids and accession numbers here, outside --out.")
    ] = None,
    accession_column: Annotated[str | None, typer.Option(help="Name of the column; default: detected.")] = None,
    report_column: Annotated[str | None, typer.Option(help="Name of the column; default: detected.")] = None,
    sex_column: Annotated[str | None, typer.Option(help="Name of the column; default: detected, else the header's.")] = None,
    age_column: Annotated[str | None, typer.Option(help="Name of the column; default: detected, else the header's.")] = None,
    encoding: Annotated[str | None, typer.Option(help="Of the CSV; default: UTF-8, else Windows-1252.")] = None,
) -> None:
    """Make a training data set out of reports and DICOM files. Exit code 0 only if no file was damaged and some film was kept."""
    from boneage.train.build_dataset import Counts, DatasetFolder, Scanned, build, scan
    from boneage.train.report_table import Columns, read_table

    taken, found = parse_ages(ages), find_films(dicom)
    table = read_table(reports, Columns(accession_column, report_column, sex_column, age_column), encoding=encoding)
    if table.encoding == "cp1252" and encoding is None:
        tell("the table is no UTF-8 and was read as Windows-1252; --encoding says otherwise")
    make_folder(out)
    folder, counts, films = DatasetFolder(out, key), Counts(), list[Scanned]()

    def outcomes() -> Iterator[Kept | Excluded]:
        for one in follow(scan(found), len(found), "reading headers"):
            if isinstance(one, Scanned):
                films.append(one)
            elif one is not None:
                yield one
        yield from follow(build(table.rows, films, taken), len(table.rows), "reading films")

    stopped = False
    try:
        for outcome in outcomes():
            folder.add(outcome)
            counts.add(outcome)
    except KeyboardInterrupt:  # what was written is a whole data set
        stopped = True
    show(counts, reports=len(table.rows), films=len(films))
    finish(counts, stopped=stopped)


def finish(counts: Counts, *, stopped: bool) -> None:
    """Ends with the exit code that tells."""
    if stopped:
        tell("[bold red]stopped[/]: the data set holds what was read until now")
        raise typer.Exit(STOPPED)
    if not counts.kept:
        tell("[bold red]no film was kept[/]")
    if counts.damaged:
        tell(f"[bold red]damaged files: {counts.damaged}[/]")
    if counts.damaged or not counts.kept:
        raise typer.Exit(SOME_BAD)


def find_films(folder: Path) -> list[Found]:
    """The files of the folder. Raises BoneAgeError where it is none or holds none."""
    if not folder.is_dir():
        raise BoneAgeError(Kind.BAD_OPTION, came=f"--dicom {str(folder)!r}", expected="a folder", todo="Check the path.")
    found = find_files([folder])
    if found[0].given is not None and found[0].error is not None:
        raise found[0].error
    return found


def show(counts: Counts, *, reports: int, films: int) -> None:
    """The counts as the paper tells them (Lee 2017, "Data Categorization"): retrieved, excluded by reason, labeled."""
    from boneage.train.build_dataset import Reason

    lines = Counter[tuple[str, Sex | None]]()
    for (reason, detail, sex), number in counts.excluded.items():
        lines[reason.value if detail == "" or detail.isdecimal() else f"{reason.value}: {detail}", sex] += number
    table = Table(box=SIMPLE_HEAD)
    table.add_column("excluded")
    for name in ("female", "male", "sex unknown"):
        table.add_column(name, justify="right")
    for line in sorted({line for line, _ in lines}):
        table.add_row(line, *(str(lines[line, sex]) for sex in (*Sex, None)))
    Console().print(table)
    tell(f"{reports} reports, {films} films with an accession number")
    right, refused, unreadable = map(counts.of, (Reason.RIGHT_HAND, Reason.REFUSED_FILM, Reason.UNREADABLE_REPORT))
    tell(f"aberrant cases: {right} right hands, {refused} deformed or refused films, {unreadable} uninterpretable reports")
    tell(f"outside the ages: {counts.of(Reason.AGE_RANGE)}; kept without a known age: {counts.age_unknown}")
    tell(f"labeled: {counts.kept[Sex.FEMALE]} female, {counts.kept[Sex.MALE]} male")


def parse_ages(text: str) -> AgeRange:
    """ "5-18" or "all". Raises BoneAgeError for another form."""
    from boneage.train.build_dataset import AgeRange

    if text == "all":
        return AgeRange(0, 200)
    found = re.fullmatch(r"(\d{1,3})-(\d{1,3})", text)
    if found is None or int(found[1]) > int(found[2]):
        raise BoneAgeError(
            Kind.BAD_OPTION, came=f"--ages {text!r}", expected="whole years from-to, as 5-18, or all", todo="Write it so."
        )
    return AgeRange(int(found[1]), int(found[2]))


def follow(items: Iterable[T], total: int, what: str) -> Iterator[T]:
    """The items, with a progress bar on stderr where somebody looks."""
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    with Progress(*columns, console=to_user, transient=True, disable=not to_user.is_terminal) as bar:
        yield from bar.track(items, total=total, description=what)


def tell(text: str) -> None:
    to_user.print(text, highlight=False, soft_wrap=True)
