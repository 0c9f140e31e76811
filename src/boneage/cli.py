"""The command line. It calls `assess` and nothing deeper; the lab's commands load the lab only when they run."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from functools import wraps
from pathlib import Path
from typing import Annotated, Any, TypeVar

import typer
from rich.box import SIMPLE_HEAD
from rich.console import Console
from rich.markup import escape
from rich.progress import BarColumn, MofNCompleteColumn, Progress, ProgressColumn, Task, TextColumn, TimeRemainingColumn
from rich.table import Table
from rich.text import Text

from boneage import __version__
from boneage.batch.ask import Ask
from boneage.batch.run import Engine, fill
from boneage.batch.sources import names_of
from boneage.compare_command import compare
from boneage.dataset_command import dataset
from boneage.errors import BoneAgeError, Kind
from boneage.lab import COMMANDS
from boneage.measures import measure_app
from boneage.mine_commands import mine_app
from boneage.networks import Card, find_weights
from boneage.papers_command import papers
from boneage.pipeline import BOTH, SexChoice, absent_weights, assess_many, need_weights
from boneage.queue_command import queue_app
from boneage.read.folder import Found, find_files
from boneage.report.folder import MapsFolder, ReportFolder, StepsFolder, claim
from boneage.report.record import to_record, years_and_months
from boneage.report.reports_folder import ReportsFolder, parse_order
from boneage.report.words import second_look
from boneage.search_command import search_app
from boneage.serve_command import export_films, serve, users_app
from boneage.stress_command import stress
from boneage.systems import REFERENCE, SYSTEMS, find_system
from boneage.types import Sex

app = typer.Typer(
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)
to_user = Console(stderr=True)  # progress and errors; stdout is for answers
WEIGHTS_TERMS = "non-commercial research and education, not a medical device"
SHOWN = 20  # films that are listed for a second look
FAILED, MISUSED, STOPPED = 1, 2, 130  # exit codes: some film was not read; the call was wrong; stopped by the user

T = TypeVar("T")
SystemName = Annotated[str, typer.Option("--system", help="Name of the system; `boneage systems` lists them.")]
EXPLAIN_HELP = (
    "Folder for heat maps of what the answer depends on; with --out they stand on the page, too. Occlusion for every system "
    "(about 2 seconds a film on one core for the reference, more for larger networks), regression activation for ren-2018."
)
REPORT_HELP = (
    "Reports into --out, one or more of text, html, pdf, json, sr, sc, gsps, fhir, hl7, with commas between them: "
    "reports/0001/ for the first film, and so on. sr, sc and gsps (DICOM) need a film in DICOM."
)
TABLE_HELP = (
    "For an archive: a row a film, written as it comes, and nothing else. .parquet, .csv or .jsonl. A run that was stopped "
    "goes on when it is called again. Addresses of object storage (s3://...) and queries "
    "(dicomweb+https://HOST/PATH?StudyDate=...) are taken beside folders."
)
SexWord = Annotated[str | None, typer.Option("--sex", help="female, male, or both. Wins over the film's header.")]


@app.command()
def assess(
    files: Annotated[
        list[str], typer.Argument(metavar="FILE|FOLDER ...", help="Films (DICOM, PNG, JPEG, TIFF) or folders of them.")
    ],
    sex: SexWord = None,
    as_json: Annotated[bool, typer.Option("--json", help="One object a line on stdout, nothing else there.")] = False,
    out: Annotated[Path | None, typer.Option("--out", help="Folder for assessments.jsonl and a page with pictures.")] = None,
    system: SystemName = REFERENCE.name,
    explain_steps: Annotated[
        Path | None, typer.Option("--explain-steps", help="Folder for a picture of each stage, in the film's own pixels.")
    ] = None,
    explain: Annotated[Path | None, typer.Option("--explain", help=EXPLAIN_HELP)] = None,
    report: Annotated[str | None, typer.Option("--report", metavar="FORMAT[,FORMAT...]", help=REPORT_HELP)] = None,
    language: Annotated[str | None, typer.Option("--language", help="Of the reports: en, de, fr, es or zh.")] = None,
    height: Annotated[
        float | None, typer.Option("--height", metavar="CM", help="Standing height, for the adult height in the reports.")
    ] = None,
    table: Annotated[Path | None, typer.Option("--table", metavar="FILE", help=TABLE_HELP)] = None,
    workers: Annotated[int | None, typer.Option("--workers", min=1, help="Processes for --table; default: all cores.")] = None,
    engine: Annotated[
        Engine, typer.Option("--engine", help="What reads for --table: this machine, or a Ray cluster.")
    ] = Engine.LOCAL,
) -> None:
    """Read the bone age of radiographs. Exit code 0 only if every film was read and every report made."""
    with reported():
        if table is not None:
            if as_json or any(one is not None for one in (out, explain_steps, explain, report, language, height)):
                raise BoneAgeError(
                    Kind.BAD_OPTION,
                    came="--table beside --json, --out, --explain, --explain-steps or --report",
                    expected="a table alone",
                    todo="Make pictures and reports of the films that need them, in another call.",
                )
            _fill(table, files, Ask(system, parse_sex(sex)), engine=engine, workers=workers)
            return
        order = parse_order(report, language=language, height_cm=height, sex=parse_sex(sex), out=out)
        reports = ReportsFolder(out, order) if out is not None and order is not None else None
        steps = StepsFolder(explain_steps) if explain_steps is not None else None
        maps = MapsFolder(explain) if explain is not None else None
        found, asked = find_files(files), parse_sex(sex)
        _assess(found, system, asked, as_json=as_json, out=out, title="Bone age", steps=steps, maps=maps, reports=reports)


@app.command()
def demo(
    file: Annotated[str | None, typer.Argument(metavar="[FILE]", help="Your own film; without one, synthetic hands.")] = None,
    sex: SexWord = None,
    out: Annotated[Path, typer.Option("--out", help="Folder for the films, the answers and the page.")] = Path("demo-out"),
) -> None:
    """Read a film, or synthetic hands, and leave a page to look at."""
    from boneage.report.demo import TITLE, draw_films

    with reported():
        if file is not None:
            _assess(find_files([file]), REFERENCE.name, parse_sex(sex), as_json=False, out=out, title="Bone age")
        else:
            claim(out)
            films = [Found(path) for path in follow(draw_films(out / "films"), None, "drawing")]
            _assess(films, REFERENCE.name, parse_sex(sex), as_json=False, out=out, title=TITLE)


@app.command()
def systems() -> None:
    """List the systems, what each needs, and what of it is not here."""
    table = Table("system", "what it is", "takes\nsex", "weights", box=SIMPLE_HEAD, pad_edge=False)
    table.columns[0].no_wrap = table.columns[3].no_wrap = True
    for system in SYSTEMS.values():
        absent = absent_weights(system)
        weights = [f"[dim]{name}*[/]" if name in absent else name for name in system.weights]
        table.add_row(system.name, system.summary, "yes" if system.takes_sex else "no", "\n".join(weights))
        table.add_section()
    table.caption, table.caption_justify = "* not here: train and export its recipe, recipes/NAME.toml", "left"
    Console().print(table)


@app.command()
def version() -> None:
    """Print the version, the weights' dated names and their terms."""
    terms = dict.fromkeys(str(Card.read(find_weights(f"{name}.toml")).values["license"]) for name in REFERENCE.weights)
    Console().print(f"boneage {__version__}, weights {', '.join(REFERENCE.weights)}", highlight=False, soft_wrap=True)
    Console().print(f"code Apache-2.0; weights {', '.join(terms)}: {WEIGHTS_TERMS}", highlight=False, soft_wrap=True)


@app.callback(invoke_without_command=True)
def options(
    show: Annotated[bool, typer.Option("--version", help="Print the version, the weights' names and terms.")] = False,
) -> None:
    """Bone age from a hand radiograph. Research use, not a medical device."""
    if show:
        version()
        raise typer.Exit


def _assess(
    found: list[Found],
    system_name: str,
    sex: SexChoice,
    *,
    as_json: bool,
    out: Path | None,
    title: str,
    steps: StepsFolder | None = None,
    maps: MapsFolder | None = None,
    reports: ReportsFolder | None = None,
) -> None:
    """Read every film, show and keep each answer as it comes, and end with the exit code that tells."""
    system = find_system(system_name)
    need_weights(system)
    table = None if as_json else answer_table()
    folder = ReportFolder(out, title) if out is not None else None
    records = list[dict[str, Any]]()
    try:
        for (name, outcome), file in zip(follow(assess_many(found, system, sex=sex), len(found), "reading"), found, strict=False):
            record = to_record(name, outcome, system)
            heat = maps.add(record, outcome, system) if maps is not None else ()
            if reports is not None:
                record["reports"] = reports.add(file.path, outcome, system, heat)
            records.append(record)
            if folder is not None:
                folder.add(record, outcome, heat)
            if steps is not None:
                steps.add(record, outcome)
            show_answer(table, record)
    except KeyboardInterrupt:  # what was read is not lost
        tell(f"[bold red]stopped after {len(records)} of {len(found)}[/]")
    failures = [record for record in records if record["error"] is not None]
    if table is not None:
        show_answers(table, failures)
    show_second_looks(records)
    if folder is not None:
        tell(f"{len(records)} {'film' if len(records) == 1 else 'films'}: {folder.close()}")
    if failures:
        tell(f"[bold red]{len(failures)} of {len(records)} not read[/]")
    absent = tell_absent_reports(records)
    if code := exit_code(len(found), len(records), len(failures) + absent):
        raise typer.Exit(code)


def _fill(path: Path, given: list[str], ask: Ask, *, engine: Engine, workers: int | None) -> None:
    """An archive to a table, and the exit code that tells."""
    need_weights(find_system(ask.system))
    names = names_of(given)
    tally = fill(path, names, ask, engine=engine, workers=workers, follow=lambda rows, total: follow(rows, total, "reading"))
    before = f", {tally.before} before" if tally.before else ""
    tell(f"{tally.read} {'film' if tally.read == 1 else 'films'}{before}: {path}")
    if tally.left:
        tell(f"[bold red]stopped, {tally.left} of {tally.asked} left[/]: the same call goes on")
    if tally.failed:
        tell(f"[bold red]{tally.failed} of {tally.read} not read[/]: see error_message")
    if code := exit_code(tally.asked, tally.asked - tally.left, tally.failed):
        raise typer.Exit(code)


def show_answer(table: Table | None, record: dict[str, Any]) -> None:
    """A line of JSON on stdout at once, or one of the table that is shown at the end."""
    if table is not None:
        add_answer(table, record)
    else:
        sys.stdout.write(json.dumps(record) + "\n")
        sys.stdout.flush()


def show_answers(table: Table, failures: list[dict[str, Any]]) -> None:
    """The table on stdout, whole errors below it on stderr."""
    Console().print(table)
    for record in failures:
        tell(f"[bold red]not read[/] {printable(record['file'])}: {printable(record['error']['message'])}")


def tell_absent_reports(records: list[dict[str, Any]]) -> int:
    """The reports that a film could not give, a line each on stderr; how many."""
    absent = [(record["file"], line) for record in records for line in record.get("reports", []) if line["error"] is not None]
    for file, line in absent:
        tell(f"[bold red]no {line['format']} report[/] {printable(file)}: {printable(line['error']['message'])}")
    return len(absent)


def show_second_looks(records: list[dict[str, Any]]) -> None:
    """On stderr, the films that ask for a second look and why; the first so many where there are more."""
    asking = [(record["file"], reasons) for record in records if (reasons := second_look(record))]
    for file, reasons in asking[:SHOWN]:
        tell(f"[bold]second look[/] {printable(file)}: {' '.join(reasons)}")
    if len(asking) > SHOWN:
        tell(f"[bold]second look[/] at {len(asking) - SHOWN} more: see their flags")


def exit_code(asked: int, read: int, failed: int) -> int:
    """0 only if every film was read."""
    return STOPPED if read < asked else FAILED if failed else 0


def tell(text: str) -> None:
    to_user.print(text, highlight=False, soft_wrap=True)


def printable(text: str) -> str:
    """A name for a terminal: control characters shown, not sent; no markup."""
    return escape("".join(c if c.isprintable() else repr(c)[1:-1] for c in text))


def parse_sex(word: str | None) -> SexChoice:
    """The --sex option. Raises BoneAgeError for a word it does not know."""
    if word is None:
        return None
    known: dict[str, SexChoice] = {"female": Sex.FEMALE, "f": Sex.FEMALE, "male": Sex.MALE, "m": Sex.MALE, "both": BOTH}
    if word.lower() not in known:
        raise BoneAgeError(
            Kind.BAD_OPTION, came=f"--sex {word!r}", expected="female, male or both", todo="Write one of these words after --sex."
        )
    return known[word.lower()]


def answer_table() -> Table:
    """Narrow enough for 80 columns: names fold, notes wrap, figures stay whole."""
    table = Table(box=SIMPLE_HEAD, pad_edge=False, padding=(0, 1, 0, 0))
    table.add_column("file", overflow="fold", ratio=3)
    table.add_column("sex", no_wrap=True)
    table.add_column("bone age", no_wrap=True)
    table.add_column("months", no_wrap=True, justify="right")
    table.add_column("90 % within", no_wrap=True)
    table.add_column("notes", overflow="fold", ratio=2)
    return table


def add_answer(table: Table, record: dict[str, Any]) -> None:
    """One line per estimate, or the error."""
    file = printable(record["file"])
    if record["error"] is not None:
        table.add_row(file, "", "[red]not read[/]", "", "", f"[red]{record['error']['kind']}[/]")
        return
    for estimate in record["estimates"]:
        low, high = estimate["interval_months"]
        interval = f"{low:.0f} to {high:.0f}"
        notes = ", ".join(sorted({*record["flags"], *estimate["flags"]}))
        months = estimate["bone_age_months"]
        table.add_row(file, estimate["sex"], years_and_months(months), f"{months:.1f}", interval, notes)


class _Rate(ProgressColumn):
    """Films a second, of late."""

    def render(self, task: Task) -> Text:
        return Text("" if task.speed is None else f"{task.speed:.1f}/s" if task.speed >= 1 else f"{1 / task.speed:.1f} s each")


def follow(items: Iterable[T], total: int | None, what: str) -> Iterator[T]:
    """The items, with a progress bar on stderr where there are many and somebody looks."""
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), _Rate(), TimeRemainingColumn())
    with Progress(
        *columns, console=to_user, transient=True, disable=not to_user.is_terminal, redirect_stdout=False, redirect_stderr=False
    ) as bar:
        yield from bar.track(items, total=total, description=what)


def reporting(command: Callable[..., None]) -> Callable[..., None]:
    """A command whose errors are told as `reported` does."""

    @wraps(command)
    def run(*args: Any, **options: Any) -> None:
        with reported():
            command(*args, **options)

    return run


@contextmanager
def reported() -> Iterator[None]:
    """A wrong call ends with the error's text and exit code 2, never with a traceback."""
    try:
        yield
    except BoneAgeError as error:
        tell(f"[bold red]{error.kind.value}[/]: {escape(str(error))}")
        raise typer.Exit(MISUSED) from None
    except OSError as error:
        if isinstance(error, BrokenPipeError):
            raise
        tell(f"[bold red]output[/]: {escape(error.strerror or type(error).__name__)}; answers could not be written")
        raise typer.Exit(MISUSED) from None


for command in (*COMMANDS, compare, dataset, papers, stress):
    app.command(rich_help_panel="Lab")(reporting(command))


app.command(rich_help_panel="Clinic")(reporting(serve))
app.command("export-films", rich_help_panel="Clinic")(reporting(export_films))
app.add_typer(users_app(reporting), name="users", rich_help_panel="Clinic")
app.add_typer(measure_app(reporting), name="measure", rich_help_panel="Lab")
app.add_typer(mine_app(reporting), name="mine", rich_help_panel="Lab")
app.add_typer(queue_app(reporting), name="queue", rich_help_panel="Lab")
app.add_typer(search_app(reporting), name="search", rich_help_panel="Lab")


def main() -> None:
    """The entry point."""
    app()
