"""Time of `boneage assess FOLDER --table` against the number of films, the films' size and the number of processes, with plots.

    python benchmarks/scaling.py --part films --work DIR [--minutes 9]    # about 40 minutes in all; goes on
    python benchmarks/scaling.py --part size --work DIR                   # about 5 minutes
    python benchmarks/scaling.py --part workers --work DIR                # about 4 minutes

films: runs of 10 to 100,000 names that are hard links to 500 small synthetic films, and cost a film and memory in five windows
of the longest. A run may be in pieces: the start of each piece counts in the run's seconds, and in no window.
size: 0.5 to 20 megapixels, one process, beside decoding and resizing alone. workers: films of 2000 x 1500.
All are uncompressed DICOM in the page cache. Tables and plots go to --out (results/scaling-*). On an otherwise idle machine.
"""

from __future__ import annotations

import argparse
import os
import shutil
import statistics
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, replace
from itertools import pairwise
from math import isfinite, sqrt
from multiprocessing import get_context
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import cv2
import numpy as np
from one_film import decode_and_resize, median_seconds
from told import of_run, say, tell
from watched import Sample, first_row_seconds, link, memory_at, read_log, refused, steady, watch, whole_seconds

from boneage import Sex
from boneage.evaluate.flat import write_flat
from boneage.evaluate.plots import CURVES, FAINT, STYLE, save
from boneage.extras import load
from boneage.phantom import draw, write_dicom

COUNTS = (10, 100, 1_000, 10_000, 100_000)
WINDOWS, FROM, WITHIN = 5, 1_000, 0.10  # of the longest run; where the first begins; how far from the median one may be
DIFFERENT = 500  # small films
SMALL = (480, 360)
MEGAPIXELS = (0.5, 1.0, 2.0, 3.0, 5.0, 8.0, 12.0, 20.0)
EACH = 60  # films of a size
LARGE, LARGE_DIFFERENT, LARGE_NAMES = (2000, 1500), 6, 600
UNTIL = 0.95  # share of the films until which a short run is timed: between two looks, not at its end
PROMISED = 1.8  # times the throughput of one process, with two
ALONE = 10  # times that decoding and resizing alone are timed

Row = dict[str, Any]


@dataclass(frozen=True)
class Place:
    """Where a call works and leaves its tables."""

    work: Path
    out: Path
    until: float | None  # of time.monotonic()


# ---- number of films


def films_part(place: Place, chosen: argparse.Namespace) -> None:
    """One run a number of films. Raises SystemExit where the time is up: what was read is kept."""
    work = place.work / f"{chosen.small[0]}x{chosen.small[1]}-{chosen.different}-{chosen.workers}"
    work.mkdir(exist_ok=True)
    small = drawn(work / "small", chosen.different, tuple(chosen.small))
    rows, samples = list[Row](), list[Sample]()
    for number in chosen.counts:
        names = link(small, work / f"names-{number}", number)
        log, table = work / f"films-{number}.csv", work / f"table-{number}.csv"
        samples = read_log(log)
        if not samples or samples[-1].rows < number:
            samples = watch(names, table, workers=chosen.workers, every=pause(number), log=log, until=place.until)
        if samples[-1].rows < number:
            raise SystemExit(f"{samples[-1].rows} of {number} films are read: the same call goes on")
        rows.append(run_row(number, samples, table))
        tell(rows[-1])
    origin = {"workers": chosen.workers, "different_films": len(small), **of_films(tuple(chosen.small))}
    write_flat(place.out / "scaling-films.csv", rows, origin)
    cut = windows(samples, min(FROM, number // 10), number)
    for row in cut:
        tell(row)
    write_flat(place.out / "scaling-windows.csv", cut, origin)
    plot_films(place.out / "scaling-films.svg", rows, cut, samples)
    worst = max(abs(row["of_median"] - 1) for row in cut)
    say(f"cost a film within {WITHIN:.0%} of the median in all windows: {worst <= WITHIN} (farthest {worst:.1%})")


def run_row(number: int, samples: Sequence[Sample], table: Path) -> Row:
    seconds, a_film = whole_seconds(samples), steady(samples, 0, number)
    return {
        "films": number,
        "seconds": seconds,
        "first_row_seconds": first_row_seconds(samples),
        "ms_a_film": 1000 * a_film if isfinite(a_film) else None,  # from the first row on
        "films_a_second": number / seconds,  # the start included
        "main_mib": round(max(one.main_mib for one in samples)),
        "worker_mib": round(max(one.worker_peak_mib for one in samples)),
        "table_bytes": table.stat().st_size,
        "refused": refused(table),
        "sessions": samples[-1].session + 1,
    }


def windows(samples: Sequence[Sample], low: int, high: int) -> list[Row]:
    """Equal shares of the rows from `low` to `high`."""
    edges = [round(edge) for edge in np.linspace(low, high, WINDOWS + 1)]
    costs = [steady(samples, *ends) for ends in pairwise(edges)]
    middle = statistics.median(costs)
    rows = []
    for (begin, end), cost in zip(pairwise(edges), costs, strict=True):
        main, worker = memory_at(samples, end)
        row = {"from_films": begin, "to_films": end, "ms_a_film": 1000 * cost, "films_a_second": 1 / cost}
        rows.append({**row, "of_median": cost / middle, "main_mib": main, "worker_mib": worker})
    return rows


def pause(films: int) -> float:
    """Seconds between two looks: some hundreds in a run, and at most one a second."""
    return min(max(films / 10_000, 0.02), 1.0)


# ---- size of films


def size_part(place: Place, chosen: argparse.Namespace) -> None:
    """In turns, so that what slows the machine slows all sizes."""
    one = draw(100, Sex.FEMALE, seed=3, size=LARGE)
    films = {}
    for megapixels in chosen.megapixels:
        size = size_of(megapixels)
        pixels = cv2.resize(one.pixels, size[::-1], interpolation=cv2.INTER_AREA if size < LARGE else cv2.INTER_LINEAR)
        spacing = one.spacing_mm * LARGE[0] / size[0]
        path = place.work / f"{size[0]}x{size[1]}.dcm"
        films[size] = write_dicom(replace(one, pixels=np.clip(pixels, 0, 1), spacing_mm=spacing), path)
    spent: dict[tuple[int, int], list[Row]] = {size: [] for size in films}
    for turn in range(chosen.turns):
        for size, film in films.items():
            with fresh(place.work / f"size-{turn}") as folder:
                names = link([film], folder / "names", chosen.each)
                samples = watch(names, folder / "table.csv", workers=1, every=0.05, log=folder / "log.csv")
                alone = median_seconds(lambda film=film: decode_and_resize(film), ALONE)  # type: ignore[misc]
                peak = max(sample.worker_peak_mib for sample in samples)
                row = {"ms_a_film": 1000 * steady(samples, 0, UNTIL * chosen.each), "decoding_and_resizing_ms": 1000 * alone}
                spent[size].append({**row, "worker_peak_mib": peak, "refused": refused(folder / "table.csv")})
    rows = [size_row(size, turns) for size, turns in spent.items()]
    for row in rows:
        tell(row)
    write_flat(place.out / "scaling-size.csv", rows, {"films": chosen.each, "turns": chosen.turns, "workers": 1, **of_run()})
    plot_size(place.out / "scaling-size.svg", rows)


def size_row(size: tuple[int, int], turns: Sequence[Row]) -> Row:
    """Medians of the turns."""
    middle = {name: float(statistics.median(turn[name] for turn in turns)) for name in turns[0]}
    return {
        "megapixels": size[0] * size[1] / 1e6,
        "film_height": size[0],
        "film_width": size[1],
        **middle,
        "times_decoding_and_resizing": middle["ms_a_film"] / middle["decoding_and_resizing_ms"],
    }


def size_of(megapixels: float) -> tuple[int, int]:
    """Height, width: 4 to 3."""
    height = round(sqrt(megapixels * 1e6 * 4 / 3))
    return height, round(height * 3 / 4)


# ---- processes


def workers_part(place: Place, chosen: argparse.Namespace) -> None:
    """In turns as well. Whole: the start of the command included; steady: from the first row to the last."""
    large = drawn(place.work / "large", LARGE_DIFFERENT, tuple(chosen.large))
    names = link(large, place.work / f"large-{chosen.names}", chosen.names)
    spent: dict[int, list[tuple[float, float]]] = {workers: [] for workers in chosen.counts_of_workers}
    for turn in range(chosen.turns):
        for workers, times in spent.items():
            with fresh(place.work / f"workers-{turn}") as folder:
                samples = watch(names, folder / "table.csv", workers=workers, every=0.25, log=folder / "log.csv")
                times.append((whole_seconds(samples), steady(samples, 0, UNTIL * chosen.names)))
    rows = workers_rows(spent, chosen.names)
    for row in rows:
        tell(row)
    write_flat(place.out / "scaling-workers.csv", rows, {"turns": chosen.turns, **of_films(tuple(chosen.large))})
    plot_workers(place.out / "scaling-workers.svg", rows)
    for row in rows:
        if row["workers"] == 2:
            say(f"two, {PROMISED} promised: {row['times_one']:.2f} times one; {row['steady_times_one']:.2f} from the first row")


def workers_rows(spent: dict[int, list[tuple[float, float]]], films: int) -> list[Row]:
    """Medians of the turns; times the fewest workers' rate, which is one's."""
    rows: list[Row] = []
    for workers, times in spent.items():
        whole, a_film = (statistics.median(values) for values in zip(*times, strict=True))
        rates = {"films_a_second": films / whole, "steady_a_second": 1 / a_film}
        row = {"workers": workers, "films": films, "seconds": whole, **rates}
        first = rows[0] if rows else row
        row["times_one"] = row["films_a_second"] / first["films_a_second"]
        row["steady_times_one"] = row["steady_a_second"] / first["steady_a_second"]
        rows.append(row)
    return rows


# ---- films and tables


def drawn(folder: Path, films: int, size: tuple[int, int]) -> list[Path]:
    """So many different hands, drawn once and kept. Their sex stands in the header."""
    folder.mkdir(exist_ok=True)
    paths = [folder / f"{size[0]}x{size[1]}-{number:03d}.dcm" for number in range(films)]
    absent = [(number, path, size) for number, path in enumerate(paths) if not path.exists()]
    if absent:
        with ProcessPoolExecutor(mp_context=get_context("spawn")) as pool:
            list(pool.map(_draw, absent, chunksize=4))
    return paths


def _draw(asked: tuple[int, Path, tuple[int, int]]) -> None:
    number, path, size = asked
    sex = Sex.FEMALE if number % 2 else Sex.MALE
    beside = path.with_suffix(".part")
    write_dicom(draw(48 + number * 37 % 160, sex, seed=number, size=size), beside)
    beside.replace(path)


@contextmanager
def fresh(folder: Path) -> Iterator[Path]:
    """A folder for one run, gone afterwards."""
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir()
    try:
        yield folder
    finally:
        shutil.rmtree(folder)


def of_films(size: tuple[int, int]) -> Row:
    return {"film_height": size[0], "film_width": size[1], **of_run()}


# ---- plots


def plot_films(path: Path, rows: Sequence[Row], cut: Sequence[Row], samples: Sequence[Sample]) -> None:
    """Seconds against films; cost a film in the windows with the promised band; memory along the way."""
    with load("matplotlib").rc_context(STYLE):
        figure = load("matplotlib.figure").Figure(figsize=(6.2, 7.4), layout="constrained")
        whole, cost, memory = figure.subplots(3, 1)
        counts = [row["films"] for row in rows]
        whole.plot(counts, [row["seconds"] for row in rows], "o-", color=CURVES[0], markersize=4)
        whole.set(xscale="log", yscale="log", xlabel="films", ylabel="seconds, start included")
        middle = statistics.median(row["ms_a_film"] for row in cut)
        cost.axhspan(middle * (1 - WITHIN), middle * (1 + WITHIN), color="#e8e8e8", label=f"median ± {WITHIN:.0%}")
        for row in cut:
            cost.plot([row["from_films"], row["to_films"]], [row["ms_a_film"]] * 2, color=CURVES[0], linewidth=3)
        cost.set(ylim=(0, 1.4 * max(row["ms_a_film"] for row in cut)), xlabel="films read", ylabel="ms a film")
        cost.legend(loc="lower right")
        seen = [one for one in samples if one.worker_mib > 0]
        memory.plot([one.rows for one in seen], [one.main_mib for one in seen], color=CURVES[0], label="the process that writes")
        memory.plot([one.rows for one in seen], [one.worker_mib for one in seen], color=CURVES[1], label="the largest that reads")
        memory.set(ylim=(0, None), xlabel="films read", ylabel="memory, MiB")
        memory.legend(loc="lower right")
        save(figure, path)


def plot_size(path: Path, rows: Sequence[Row]) -> None:
    with load("matplotlib").rc_context(STYLE):
        figure = load("matplotlib.figure").Figure(figsize=(6.2, 5.2), layout="constrained")
        times, memory = figure.subplots(2, 1, sharex=True)
        sizes = [row["megapixels"] for row in rows]
        times.plot(sizes, [row["ms_a_film"] for row in rows], "o-", color=CURVES[0], markersize=4, label="a film")
        alone = [row["decoding_and_resizing_ms"] for row in rows]
        times.plot(sizes, alone, "o-", color=FAINT, markersize=4, label="decoding and resizing alone")
        times.set(ylim=(0, None), ylabel="ms, one process")
        times.legend(loc="upper left")
        memory.plot(sizes, [row["worker_peak_mib"] for row in rows], "o-", color=CURVES[1], markersize=4)
        memory.set(ylim=(0, None), xlim=(0, None), xlabel="megapixels", ylabel="peak memory of the reader, MiB")
        save(figure, path)


def plot_workers(path: Path, rows: Sequence[Row]) -> None:
    with load("matplotlib").rc_context(STYLE):
        figure = load("matplotlib.figure").Figure(figsize=(4.6, 3.6), layout="constrained")
        axes = figure.add_subplot()
        workers = [row["workers"] for row in rows]
        first = rows[0]["steady_a_second"] / workers[0]
        axes.plot(workers, [first * count for count in workers], color=FAINT, linestyle=(0, (4, 3)), label="in proportion")
        axes.plot(
            workers, [row["steady_a_second"] for row in rows], "o-", color=CURVES[0], markersize=4, label="from the first row"
        )
        axes.plot(workers, [row["films_a_second"] for row in rows], "o-", color=CURVES[1], markersize=4, label="start included")
        axes.set(xticks=workers, ylim=(0, None), xlabel="processes", ylabel="films a second")
        axes.legend(loc="lower right")
        save(figure, path)


PARTS: dict[str, Callable[[Place, argparse.Namespace], None]] = {
    "films": films_part,
    "size": size_part,
    "workers": workers_part,
}


def main() -> None:
    arguments = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    arguments.add_argument("--part", choices=list(PARTS), required=True)
    arguments.add_argument("--work", type=Path, help="folder for films, names and unfinished runs; else a temporary one")
    arguments.add_argument("--out", type=Path, default=Path("results"))
    arguments.add_argument("--minutes", type=float, help="films: stop after so long; the same call goes on")
    arguments.add_argument("--counts", type=int, nargs="+", default=COUNTS, help="films: names of each run")
    arguments.add_argument("--different", type=int, default=DIFFERENT, help="films: drawn hands behind the names")
    arguments.add_argument("--small", type=int, nargs=2, default=SMALL, metavar=("HEIGHT", "WIDTH"), help="films: their size")
    arguments.add_argument("--workers", type=int, default=os.cpu_count() or 1, help="films: processes")
    arguments.add_argument("--megapixels", type=float, nargs="+", default=MEGAPIXELS, help="size: of the films")
    arguments.add_argument("--each", type=int, default=EACH, help="size: films of each")
    arguments.add_argument("--turns", type=int, default=3, help="size, workers: medians of so many")
    arguments.add_argument("--counts-of-workers", type=int, nargs="+", default=list(range(1, (os.cpu_count() or 1) + 1)))
    arguments.add_argument("--large", type=int, nargs=2, default=LARGE, metavar=("HEIGHT", "WIDTH"), help="workers: films' size")
    arguments.add_argument("--names", type=int, default=LARGE_NAMES, help="workers: films")
    chosen = arguments.parse_args()
    until = None if chosen.minutes is None else time.monotonic() + 60 * chosen.minutes
    with TemporaryDirectory() as folder:
        work = chosen.work or Path(folder)
        work.mkdir(parents=True, exist_ok=True)
        PARTS[chosen.part](Place(work, chosen.out, until), chosen)


if __name__ == "__main__":
    main()
