"""Time and memory of one film, warm and cold, beside the time of decoding alone, in one run.

    python benchmarks/one_film.py FILM --sex male --out results/one-film.csv

Medians of 30; the cold command five times. Run it on an otherwise idle machine.
"""

from __future__ import annotations

import argparse
import csv
import resource
import statistics
import subprocess
import sys
import time
from collections.abc import Callable
from datetime import date
from pathlib import Path

from boneage import REFERENCE, Sex, assess
from boneage.networks import load_network
from boneage.prepare.aligned import AlignedHand
from boneage.read import read
from boneage.regions import cut
from boneage.register import register
from boneage.standardize import standardize
from boneage.vote import vote

WARM, COLD = 30, 5


def median_seconds(action: Callable[[], object], times: int) -> float:
    action()
    spent = []
    for _ in range(times):
        began = time.perf_counter()
        action()
        spent.append(time.perf_counter() - began)
    return statistics.median(spent)


def cold(film: Path, sex: Sex) -> None:
    command = [sys.executable, "-m", "boneage", "assess", str(film), "--sex", sex.value, "--json"]
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL)


def main() -> None:
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("film", type=Path)
    arguments.add_argument("--sex", type=Sex, required=True)
    arguments.add_argument("--out", type=Path, default=None)
    chosen = arguments.parse_args()
    film, sex = chosen.film, chosen.sex
    radiograph = read(film)
    way = REFERENCE.way
    assert isinstance(way, AlignedHand)
    finder = load_network(way.finder)
    hand = standardize(radiograph, finder)
    crops = cut(register(hand), way.regions)
    rows = {
        "read (decode)": median_seconds(lambda: read(film), WARM),
        "standardize": median_seconds(lambda: standardize(radiograph, finder), WARM),
        "register and cut": median_seconds(lambda: cut(register(hand), way.regions), WARM),
        "vote": median_seconds(lambda: vote(REFERENCE.members, crops, sex, load=load_network), WARM),
        "assess, warm": median_seconds(lambda: assess(film, sex=sex), WARM),
        "assess, cold command": median_seconds(lambda: cold(film, sex), COLD),
    }
    memory = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / 1024
    table = [("step", "median_seconds", "times_decoding")]
    table += [(step, f"{spent:.4f}", f"{spent / rows['read (decode)']:.2f}") for step, spent in rows.items()]
    for line in table:
        sys.stdout.write("{:24}{:>16}{:>16}\n".format(*line))
    sys.stdout.write(f"peak memory of the command {memory:.0f} MiB, film {radiograph.size[0]} x {radiograph.size[1]}\n")
    if chosen.out:
        with chosen.out.open("w", newline="") as lines:
            writer = csv.writer(lines, lineterminator="\n")
            writer.writerow((*table[0], "film_height", "film_width", "peak_memory_mib", "system", "date"))
            origin = (*radiograph.size, f"{memory:.0f}", REFERENCE.name, date.today().isoformat())
            writer.writerows((*line, *origin) for line in table[1:])


if __name__ == "__main__":
    main()
