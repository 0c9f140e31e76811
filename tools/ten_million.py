"""The plan for ten million films: a page of the manual, worked out from results/*.csv and assumptions that it names.

    python tools/ten_million.py                       # the page, to stdout
    python tools/ten_million.py --core-hour 0.02      # with your own prices and machines; --help lists them

`make docs` makes it anew, so it follows the tables. What no table holds yet is said, with the command that measures it.
"""

from __future__ import annotations

import argparse
import csv
import re
import sys
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, fields, replace
from math import ceil
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[1]
RESULTS = ROOT / "results"
PLAIN = "DICOM uncompressed"
SPANS = {"a day": 24.0, "a weekend": 60.0, "a week": 168.0}  # hours
NOT_YET = "not measured yet: `python benchmarks/{}`"
BATCH = ROOT / "src" / "boneage" / "batch"

Row = Mapping[str, str]


def told(default: Any, meaning: str) -> Any:
    return field(default=default, metadata={"meaning": meaning})


@dataclass(frozen=True)
class Assumed:
    """What no benchmark of ours can say. Prices are round figures of the order of large clouds' list prices, no offer."""

    date: str = told("2026-11-22", "when these were written down")
    films: int = told(10_000_000, "films of the archive")
    shard: int = told(100_000, "films of one run, which has its own table")
    cores_a_machine: int = told(16, "processors of a machine, each like one of those that were measured")
    core_hour: float = told(0.045, "US dollars for one processor's hour, memory with it")
    link_gbit: float = told(10.0, "Gbit/s that reach one machine")
    terabyte_month: float = told(23.0, "US dollars to keep 1 TB in object storage for a month")
    million_gets: float = told(0.4, "US dollars for a million reading requests")
    million_lists: float = told(5.0, "US dollars for a million listing requests")
    terabyte_out: float = told(90.0, "US dollars to bring 1 TB out of a cloud; within one region nothing")
    gets_a_film: int = told(2, "requests to fetch one film: its length, its bytes")
    get_seconds: float = told(0.05, "of one reading request; who reads waits for it")
    names_a_list: int = told(1_000, "names in an answer to a listing request")
    list_seconds: float = told(0.1, "of one listing request; they follow one another")
    smaller_jpeg_2000: float = told(2.5, "times smaller than uncompressed: JPEG 2000, lossless")
    smaller_jpeg_ls: float = told(2.5, "times smaller: JPEG-LS")
    smaller_jpeg_lossless: float = told(2.0, "times smaller: JPEG lossless")
    pacs_films_a_second: float = told(2.0, "what a clinical archive gives by DICOMweb beside its work")
    machine_hours_lost: float = told(5_000.0, "hours after which one of the machines fails")
    taken_back_an_hour: float = told(0.05, "share of cheaper machines that a cloud takes back in an hour")


@dataclass(frozen=True)
class Form:
    """What a film of one file format costs."""

    name: str
    core_seconds: float  # of one processor, from the bytes to the row
    megabytes: float  # 10^6


@dataclass(frozen=True)
class Load:
    """All films of one form in so many hours."""

    form: Form
    hours: float
    films: int
    assumed: Assumed

    @property
    def core_hours(self) -> float:
        return self.films * self.form.core_seconds / 3600

    @property
    def cores(self) -> int:
        return ceil(self.core_hours / self.hours)

    @property
    def machines(self) -> int:
        """By their processors or by what their links carry, whichever needs more."""
        return max(ceil(self.cores / self.assumed.cores_a_machine), ceil(self.gbit_a_second / self.assumed.link_gbit))

    @property
    def films_a_second(self) -> float:
        return self.films / self.hours / 3600

    @property
    def gbit_a_second(self) -> float:
        return self.films_a_second * self.form.megabytes * 8 / 1000

    @property
    def terabytes(self) -> float:
        return self.films * self.form.megabytes / 1e6

    @property
    def dollars(self) -> float:
        """Of the processors alone."""
        return self.core_hours * self.assumed.core_hour


# ---- what was measured


def table(results: Path, name: str) -> list[Row]:
    """The rows of a table; none where it is not there."""
    path = results / name
    if not path.is_file():
        return []
    with path.open(newline="") as lines:
        return list(csv.DictReader(lines))


def film_seconds(results: Path) -> tuple[float, Row, str]:
    """Processor seconds of an uncompressed film at full load, the row that says so, and its table.

    With all processors at work: they slow each other, which the time of one film alone does not show.
    """
    for name, rate in (("scaling-workers.csv", "steady_a_second"), ("folder.csv", "films_a_second")):
        if rows := table(results, name):
            row = max(rows, key=lambda row: int(row["workers"]))
            return int(row["workers"]) / float(row[rate]), row, name
    raise FileNotFoundError(f"no table in {results.name}/ says how fast a folder is read: python benchmarks/folder.py")


def forms(results: Path, assumed: Assumed) -> list[Form]:
    """Uncompressed as measured in a folder; the others by what their decoding takes more, film by film."""
    seconds, row, _ = film_seconds(results)
    megabytes = int(row["film_height"]) * int(row["film_width"]) * 2 / 1e6
    alone = {row["step"]: float(row["cpu_seconds"]) for row in table(results, "one-film.csv")}
    found = [Form(PLAIN, seconds, megabytes)]
    for name, smaller in (
        ("DICOM JPEG 2000", assumed.smaller_jpeg_2000),
        ("DICOM JPEG-LS", assumed.smaller_jpeg_ls),
        ("DICOM JPEG lossless", assumed.smaller_jpeg_lossless),
    ):
        own, plain = (alone.get(f"{one}: assess, warm") for one in (name, PLAIN))
        if own is not None and plain is not None:
            found.append(Form(name, seconds + own - plain, megabytes / smaller))
    return found


def slope(rows: Sequence[Row], column: str) -> float | None:
    """How much a column grows a film between the smallest and the largest run of 1,000 films and more; never below 0."""
    large = sorted((row for row in rows if int(row["films"]) >= 1_000), key=lambda row: int(row["films"]))
    if len(large) < 2:
        return None
    first, last = large[0], large[-1]
    return max(float(last[column]) - float(first[column]), 0) / (int(last["films"]) - int(first["films"]))


def constant(file: Path, name: str) -> int:
    """A number of the program, without loading what its module needs."""
    found = re.search(rf"^{name} = (\d+)", file.read_text(encoding="utf-8"), re.MULTILINE)
    if found is None:
        raise LookupError(f"{file.name} has no {name}")
    return int(found[1])


# ---- the page


def page(results: Path = RESULTS, assumed: Assumed | None = None) -> str:
    assumed = assumed or Assumed()
    weekend = [Load(form, SPANS["a weekend"], assumed.films, assumed) for form in forms(results, assumed)]
    return f"""# Ten million films

*A plan on paper: nobody has run it. `make docs` works it out from the tables in `results/` and from [assumptions](#assumed) of
{assumed.date}; `python tools/ten_million.py --core-hour 0.02` and the like put yours in their place.*

{summary(results, weekend[0])}

## How to run it
{way(results, weekend[0])}

## Machines, hours, cost
Uncompressed films, machines of {assumed.cores_a_machine} processors with {figure(assumed.link_gbit)} Gbit/s:

{spans(weekend[0].form, assumed)}

By file format, in {weekend[0].hours:.0f} hours (`results/one-film.csv` tells what decoding takes):

{by_form(weekend)}

## Storage and requests
{storage(results, weekend, assumed)}

## Where it would break
{breaks(results, weekend[0], assumed)}

## What goes wrong on the way
{failures(results, weekend[0], assumed)}

## Assumed
{lines(("name", "value", "what it is"), ((f"`{name}`", count(value), meaning) for name, value, meaning in assumptions(assumed)))}
"""


def summary(results: Path, load: Load) -> str:
    """What was measured, and what follows for all films."""
    (_, row, name), assumed = film_seconds(results), load.assumed
    size = f"{row['film_height']} x {row['film_width']}, {figure(load.form.megabytes)} MB each"
    month, out = dollars(load.terabytes * assumed.terabyte_month), dollars(load.terabytes * assumed.terabyte_out)
    return "\n".join(
        (
            f"Measured: {figure(1 / load.form.core_seconds)} films a second on each processor at full load (`results/{name}`,",
            f"{row['date']}; uncompressed films of {size}). So {count(load.films)} films take {figure(load.core_hours)}",
            f"processor hours, {dollars(load.dollars)}. They are {figure(load.terabytes)} TB: {month} for each month in object",
            f"storage, {out} to bring out of a cloud. The machines go to the archive, not the films to the machines.",
        )
    )


def readers(form: Form, assumed: Assumed) -> int:
    """Processes that keep a machine's processors busy while others wait for their films."""
    return ceil(assumed.cores_a_machine * (1 + assumed.gets_a_film * assumed.get_seconds / form.core_seconds))


def way(results: Path, load: Load) -> str:
    """Shards, and how many processes a machine needs where they wait for their films."""
    assumed, processes = load.assumed, readers(load.form, load.assumed)
    waits, works = (f"{figure(1000 * one)} ms" for one in (assumed.gets_a_film * assumed.get_seconds, load.form.core_seconds))
    memory = [float(row["peak_memory_mib"]) for row in table(results, "one-film.csv")][:1]
    gib = f", which take {figure(processes * memory[0] / 1024)} GiB" if memory else ""
    query = '"dicomweb+https://HOST/PATH?StudyDate=20250101-20250107"'
    shards = f"{count(ceil(load.films / assumed.shard))} shards of {count(assumed.shard)} films"
    return f"""Not as one run. Cut the archive into {shards},
by folder or by days of study, and give each machine the next shard that has no whole table:

    boneage assess s3://archive/hands/017/ --table tables/017.parquet --workers {processes}
    boneage assess {query} --table tables/2025-01.parquet --workers {processes}

A process that waits for its film from afar does not compute: {waits} of waiting beside {works} of work want {processes} processes
on {assumed.cores_a_machine} processors{gib}. Where the films lie on the machine's own disk, leave `--workers` away.
A call that is repeated goes on, without a hole or a double row, so whatever hands out shards may give one out again. A folder of
tables is read as one data set. A Ray cluster (`--engine ray`) is for one shard that must be ready soon."""


def spans(form: Form, assumed: Assumed) -> str:
    loads = {span: Load(form, hours, assumed.films, assumed) for span, hours in SPANS.items()}
    rows = (
        (f"{span} ({one.hours:.0f} h)", count(one.cores), count(one.machines), figure(one.films_a_second),
         figure(one.gbit_a_second), figure(one.films_a_second * assumed.gets_a_film), dollars(one.dollars))
        for span, one in loads.items()
    )  # fmt: skip
    return lines(("in", "processors", "machines", "films a second", "Gbit/s", "requests a second", "processors cost"), rows)


def by_form(loads: Sequence[Load]) -> str:
    rows = (
        (one.form.name, figure(one.form.core_seconds), figure(one.core_hours), count(one.cores), dollars(one.dollars),
         figure(one.form.megabytes), figure(one.gbit_a_second))
        for one in loads
    )  # fmt: skip
    heads = ("format", "processor seconds a film", "processor hours", "processors", "they cost", "MB a film", "Gbit/s")
    return lines(heads, rows)


def storage(results: Path, loads: Sequence[Load], assumed: Assumed) -> str:
    gets, lists = assumed.films * assumed.gets_a_film, ceil(assumed.films / assumed.names_a_list)
    rows = []
    for one in loads:
        month, out = dollars(one.terabytes * assumed.terabyte_month), dollars(one.terabytes * assumed.terabyte_out)
        rows.append((f"films, {one.form.name}", f"{figure(one.terabytes)} TB", f"{month} a month; {out} to bring out"))
    rows += [
        ("reading requests", count(gets), dollars(gets / 1e6 * assumed.million_gets)),
        ("listing requests", count(lists), dollars(lists / 1e6 * assumed.million_lists)),
        ("answers, as CSV", answers(results, assumed), "next to nothing"),
    ]
    return lines(("what", "how much", "cost"), rows)


def answers(results: Path, assumed: Assumed) -> str:
    runs = table(results, "scaling-films.csv")
    if not runs:
        return NOT_YET.format("scaling.py --part films")
    last = max(runs, key=lambda row: int(row["films"]))
    return f"{figure(float(last['table_bytes']) / int(last['films']) * assumed.films / 1e9)} GB"


def breaks(results: Path, load: Load, assumed: Assumed) -> str:
    runs, whole = table(results, "scaling-films.csv"), assumed.films
    wait, memory = slope(runs, "first_row_seconds"), slope(runs, "main_mib")
    not_yet = NOT_YET.format("scaling.py --part films")
    fed = assumed.link_gbit * 1000 / 8 / load.form.megabytes * load.form.core_seconds
    films_a_task, rows_a_part = constant(BATCH / "cluster.py", "FILMS"), constant(BATCH / "parts.py", "ROWS")
    per_query = constant(BATCH.parent / "serve" / "dicom" / "dicomweb.py", "PAGE")
    days = whole / assumed.pacs_films_a_second / 86400
    listing = ceil(whole / assumed.names_a_list) * assumed.list_seconds
    rows = [
        (
            "the link of a machine",
            f"{figure(assumed.link_gbit)} Gbit/s feed {figure(fed)} processors with uncompressed films",
            "more machines of fewer processors, or films compressed without loss",
        ),
        (
            "listing names in a folder: one process looks into each file, before the first film is read",
            not_yet if wait is None else f"{figure(wait * whole / 60)} minutes",
            "shards",
        ),
        ("listing names in object storage, one request after the other", f"{figure(listing / 60)} minutes", "shards"),
        (
            "memory of the process that writes: all names, and those that are done",
            not_yet if memory is None else f"{figure(memory * whole / 1024)} GiB more than at the start",
            "shards",
        ),
        (
            f"Ray's scheduler: a task for {films_a_task} films, all known to the head from the start",
            f"{count(ceil(whole / films_a_task))} tasks; {count(ceil(assumed.shard / films_a_task))} in a shard",
            "shards; no head that all depend on",
        ),
        (
            f"parts of the table: one for {count(rows_a_part)} rows; a call that goes on reads the names of all",
            f"{count(ceil(whole / rows_a_part))} parts; {count(ceil(assumed.shard / rows_a_part))} in a shard",
            "shards",
        ),
        (
            "a clinical archive's DICOMweb",
            f"{figure(days)} days at {figure(assumed.pacs_films_a_second)} films a second; "
            f"{count(ceil(whole / per_query))} queries, each slower than the one before where the archive counts off an offset",
            "a copy in object storage first; else a query for each day of study",
        ),
        (
            "object storage's limit of requests",
            f"{figure(load.films_a_second * assumed.gets_a_film)} a second in {load.hours:.0f} hours",
            "none is near: stores take thousands a second for each prefix",
        ),
    ]
    return lines(("what", f"at {count(whole)} films", "what to do"), rows)


def failures(results: Path, load: Load, assumed: Assumed) -> str:
    machine_hours = load.core_hours / assumed.cores_a_machine
    ahead = constant(BATCH / "local.py", "AHEAD") * readers(load.form, assumed)
    rows = [
        ("films refused, each with its row", refusals(results, assumed), "read `error_kind`; have them looked at"),
        (
            "machines that fail",
            f"{figure(machine_hours / assumed.machine_hours_lost)} expected in {figure(machine_hours)} machine hours",
            "the shard is given out again",
        ),
        (
            "cheaper machines, taken back",
            f"{figure(machine_hours * assumed.taken_back_an_hour)} expected",
            f"the same; with the table on storage that stays, at most {count(ahead)} films are read twice",
        ),
        ("a film that ends its process", "its row says so", "the process is replaced, the film is read once more alone"),
        ("films that are no hands", "refused as far as was measured", "let the query or the folders hold hands only"),
    ]
    return lines(("what", "how many", "then"), rows)


def refusals(results: Path, assumed: Assumed) -> str:
    """Of the films held out; another archive's films may be refused more often."""
    for row in table(results, "refusals.csv"):
        if row["half"] == "test" and row["kind"] == "real radiographs":
            share, low, high = (float(row[name]) * assumed.films for name in ("share", "low", "high"))
            inputs = f"{row['refused']} of {row['inputs']} films held out"
            return f"{count(round(share))} ({count(round(low))} to {count(round(high))}), after {inputs}"
    return "not measured yet: `boneage measure refusals --data DIR`"


def assumptions(assumed: Assumed) -> Iterable[tuple[str, Any, str]]:
    return ((one.name, getattr(assumed, one.name), one.metadata["meaning"]) for one in fields(assumed))


# ---- how figures are written


def figure(value: float) -> str:
    """Two digits that count, no more than a plan can bear."""
    rounded = float(f"{value:.2g}")
    return f"{rounded:,.0f}" if rounded >= 10 else f"{rounded:g}"


def count(value: Any) -> str:
    return f"{value:,}" if isinstance(value, int) else f"{value:,g}" if isinstance(value, float) else str(value)


def dollars(value: float) -> str:
    return f"${figure(value)}"


def lines(heads: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """A Markdown table."""
    return "\n".join(f"| {' | '.join(cells)} |" for cells in (heads, ["---"] * len(heads), *rows))


def main() -> None:
    arguments = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    for name, value, meaning in assumptions(Assumed()):
        arguments.add_argument(f"--{name.replace('_', '-')}", type=type(value), default=value, help=f"{meaning} ({value})")
    arguments.add_argument("--results", type=Path, default=RESULTS, help="folder of the tables")
    chosen = vars(arguments.parse_args())
    results: Path = chosen.pop("results")
    sys.stdout.write(page(results, replace(Assumed(), **chosen)))


if __name__ == "__main__":
    main()
