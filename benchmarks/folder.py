"""Films a second of `boneage assess FOLDER --table` against the number of processes, the command's start included, in one run.

    python benchmarks/folder.py --films 600 --out results/folder.csv

Six synthetic films of 2000 x 1500 as uncompressed DICOM, linked under as many names. Run it on an otherwise idle machine.
"""

from __future__ import annotations

import argparse
import csv
import os
import subprocess
import sys
import time
from datetime import date
from pathlib import Path
from tempfile import TemporaryDirectory

from boneage import REFERENCE, Sex
from boneage.phantom import draw, write_dicom

SIZE = (2000, 1500)
DIFFERENT = 6


def archive(folder: Path, films: int) -> Path:
    """A folder of that many names."""
    names = folder / "archive"
    names.mkdir()
    for number in range(DIFFERENT):
        sex = Sex.FEMALE if number % 2 else Sex.MALE
        drawn = write_dicom(draw(60 + 20 * number, sex, seed=number, size=SIZE), folder / f"{number}.dcm")
        for name in range(number, films, DIFFERENT):
            os.link(drawn, names / f"{name:06d}.dcm")
    return names


def seconds(names: Path, table: Path, workers: int) -> float:
    began = time.perf_counter()
    command = [sys.executable, "-m", "boneage", "assess", str(names), "--table", str(table), "--workers", str(workers)]
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    return time.perf_counter() - began


def main() -> None:
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("--films", type=int, default=600)
    arguments.add_argument("--workers", type=int, nargs="+", default=[1, 2])
    arguments.add_argument("--out", type=Path, default=None)
    chosen = arguments.parse_args()
    rows = [("workers", "films", "wall_seconds", "films_a_second", "times_one", "film_height", "film_width", "system", "date")]
    rates: list[float] = []
    with TemporaryDirectory() as folder:
        names = archive(Path(folder), chosen.films)
        for workers in chosen.workers:
            spent = seconds(names, Path(folder) / f"{workers}.csv", workers)
            rates.append(chosen.films / spent)
            told = (f"{spent:.2f}", f"{rates[-1]:.1f}", f"{rates[-1] / rates[0]:.2f}")
            rows.append((str(workers), str(chosen.films), *told, *map(str, SIZE), REFERENCE.name, date.today().isoformat()))
            sys.stdout.write(f"{workers} workers: {rates[-1]:.1f} films a second\n")
            sys.stdout.flush()
    if chosen.out:
        with chosen.out.open("w", newline="") as lines:
            csv.writer(lines, lineterminator="\n").writerows(rows)


if __name__ == "__main__":
    main()
