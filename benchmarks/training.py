"""Images per second of a training: by device, by number of processes, compiled or not, in one run as ratios.

    python benchmarks/training.py --processes 1 2 --out results/training-speed.csv
    python benchmarks/training.py --device cpu cuda --compile --processes 1 4

Phantoms go the whole way of `boneage train`: prepared, changed at random, through the network and back. A figure is the median
over the epochs after the first of what the run's log calls images_per_second; beside them stands what one process prepares of
films without a network. The first row is what the others are compared with. All processes of a row share the machine's cores; to
see what a second core brings, set OMP_NUM_THREADS=1. Run it on an otherwise idle machine.
"""

from __future__ import annotations

import argparse
import csv
import os
import statistics
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from tempfile import TemporaryDirectory

import torch

from boneage.dataset import LABELS, Part, part_of
from boneage.evaluate.flat import write_flat
from boneage.evaluate.run import today
from boneage.phantom import draw, write_png
from boneage.train.loop import Machine
from boneage.train.recipe import Recipe, read_recipe
from boneage.train.run import run, run_folder, task_of
from boneage.types import Sex

FILM = (1300, 1000)  # px of a phantom
SELECT = 3  # films; an epoch is scored, too, but that is not timed
REFERENCE = Path(__file__).parents[1] / "recipes" / "reference-512-2026-11.toml"


@dataclass(frozen=True)
class Row:
    """One way to train, measured."""

    device: str
    processes: int
    compiled: bool
    bf16: bool
    threads: int  # of torch, in each process
    batch: int
    images_per_second: float
    times_first: float | None = None


def draw_films(folder: Path, count: int) -> None:
    """A data set of phantoms in the challenge's layout."""
    ids, rows = [*ids_of(Part.TRAIN, count), *ids_of(Part.SELECT, SELECT)], list[str]()
    for number, film_id in enumerate(ids):
        months, sex = 60.0 + number * 120 / len(ids), Sex.MALE if number % 2 else Sex.FEMALE
        write_png(draw(months, sex, seed=number, size=FILM), folder / f"{film_id}.png")
        rows.append(f"{film_id},{months:g},{sex is Sex.MALE}")
    (folder / LABELS).write_text("id,boneage,male\n" + "\n".join(rows) + "\n")


def ids_of(part: Part, count: int) -> list[int]:
    return list(islice((film_id for film_id in range(1377, 10**6) if part_of(film_id) is part), count))


def measured(recipe: Recipe, data: Path, machine: Machine) -> float:
    """Images per second, median of the epochs after the first."""
    name = f"{recipe.name}-{machine.device.replace(':', '-')}-{machine.processes}-{machine.compiled}".lower()
    timed = recipe.model_copy(update={"name": name})
    run(timed, data, machine=machine, tell=lambda line: None)
    log = csv.DictReader((run_folder(timed) / "log.csv").read_text().splitlines())
    return statistics.median([float(row["images_per_second"]) for row in log][1:])


def prepared(recipe: Recipe, data: Path) -> float:
    """Films per second of one thread that makes batches for no network."""
    task, films, began = task_of(recipe, data), 0, time.monotonic()
    for batch in task.batches(0, 0):
        films += len(batch["image"])
    return films / (time.monotonic() - began)


def machines(chosen: argparse.Namespace) -> Iterator[Machine]:
    """In the order of the rows."""
    for device in chosen.device:
        for compiled in (False, True) if chosen.compile else (False,):
            for processes in chosen.processes:
                if device != "cuda" or processes <= torch.cuda.device_count():
                    yield Machine(device, chosen.workers, chosen.bf16, compiled, processes)


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("recipe", type=Path, nargs="?", default=REFERENCE)
    parser.add_argument("--device", nargs="+", default=["cpu"])
    parser.add_argument("--processes", type=int, nargs="+", default=[1, 2])
    parser.add_argument("--compile", action="store_true", help="Each way compiled, too.")
    parser.add_argument("--bf16", action=argparse.BooleanOptionalAction, default=True)
    parser.add_argument("--workers", type=int, default=0)
    parser.add_argument("--films", type=int, default=72)  # a phantom may be refused
    parser.add_argument("--epochs", type=int, default=4)
    parser.add_argument("--batch", type=int, default=None, help="Default: the recipe's.")
    parser.add_argument("--size", type=int, nargs=2, default=None, help="Height and width; default: the recipe's last.")
    parser.add_argument("--out", type=Path, default=None)
    return parser.parse_args()


def short(recipe: Recipe, chosen: argparse.Namespace) -> Recipe:
    """The recipe for so many epochs at one size, from random weights."""
    size = tuple(chosen.size or recipe.stages[-1].size)
    stage = recipe.stages[-1].model_copy(update={"epochs": chosen.epochs, "size": size})
    optimizer = recipe.optimizer.model_copy(update={"batch": chosen.batch or recipe.optimizer.batch})
    return recipe.model_copy(update={"start": "random", "stages": (stage,), "optimizer": optimizer})


def main() -> None:
    chosen = arguments()
    recipe, rows = short(read_recipe(chosen.recipe), chosen), list[Row]()
    with TemporaryDirectory() as folder:
        os.environ["BONEAGE_RUNS"] = str(Path(folder) / "runs")
        data = Path(folder) / "films"
        data.mkdir()
        draw_films(data, chosen.films)
        alone = prepared(recipe, data)
        sys.stdout.write(f"{alone:.1f} films a second prepared by one thread\n")
        for machine in machines(chosen):
            speed = measured(recipe, data, machine)
            threads = max(1, torch.get_num_threads() // machine.processes)
            row = Row(
                machine.device, machine.processes, machine.compiled, machine.bf16, threads, recipe.optimizer.batch, speed,
                speed / rows[0].images_per_second if rows else 1.0,
            )  # fmt: skip
            rows.append(row)
            told = f"{row.processes} processes x {row.threads} threads{', compiled' if row.compiled else ''}"
            sys.stdout.write(f"{row.device:8}{told:40}{speed:10.2f} images/s{row.times_first:8.2f} x\n")
            sys.stdout.flush()
    if chosen.out:
        height, width = recipe.stages[0].size
        origin = {"recipe": recipe.name, "height": height, "width": width, "films_prepared_per_second": round(alone, 2)}
        write_flat(chosen.out, rows, origin | {"cores": os.cpu_count(), "torch": torch.__version__, "date": today()})


if __name__ == "__main__":
    main()
