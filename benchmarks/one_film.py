"""CPU and wall time of one film, warm and cold, each stage and file format beside decoding and resizing alone, in one run.

    python benchmarks/one_film.py [FILM] --sex male --out results/one-film.csv

Without FILM a phantom of 2,000 x 1,500 pixels is drawn. Medians of 30; the cold command five times. The formats hold the film's
pixels, 12 bits where they can. Run it in the source tree, on an otherwise idle machine; engine and threads as BONEAGE_ENGINE and
BONEAGE_THREADS say.
"""

from __future__ import annotations

import argparse
import csv
import resource
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from datetime import date, datetime
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
from processes import peak_mib
from pydicom.uid import ExplicitVRLittleEndian, JPEG2000Lossless, JPEGLosslessSV1, JPEGLSLossless

from boneage import REFERENCE, Sex, assess
from boneage.engines import engine_asked, threads_asked
from boneage.explain.maps import explain
from boneage.networks import load_network
from boneage.phantom import draw, write_dicom
from boneage.prepare.aligned import AlignedHand
from boneage.read import read
from boneage.regions import cut
from boneage.register import register
from boneage.report.formats import Beside, Format, make_all
from boneage.report.reading import readings_of
from boneage.standardize import standardize
from boneage.standardize.size import standard_frame
from boneage.types import Radiograph
from boneage.vote import vote

sys.path.insert(0, str(Path(__file__).parents[1] / "tests" / "read"))
from films import dataset, jpeg, png, save

WARM, COLD = 30, 5
ALONE = "decoding and resizing alone"
SYNTAXES = {
    "DICOM uncompressed": ExplicitVRLittleEndian,
    "DICOM JPEG 2000": JPEG2000Lossless,
    "DICOM JPEG-LS": JPEGLSLossless,
    "DICOM JPEG lossless": JPEGLosslessSV1,  # GDCM, in a process of its own
}
REPORTS = (Format.TEXT, Format.HTML, Format.JSON)
Spent = tuple[float, float]  # CPU of this process and its children, and wall, seconds


def median_seconds(action: Callable[[], object], times: int) -> float:
    """Of the wall clock."""
    return median_spent(action, times)[1]


def median_spent(action: Callable[[], object], times: int) -> Spent:
    """Once untimed, then the medians of so many."""
    action()
    spent = []
    for _ in range(times):
        cpu, wall = _cpu(), time.perf_counter()
        action()
        spent.append((_cpu() - cpu, time.perf_counter() - wall))
    return statistics.median(cpu for cpu, _ in spent), statistics.median(wall for _, wall in spent)


def _cpu() -> float:
    own, children = resource.getrusage(resource.RUSAGE_SELF), resource.getrusage(resource.RUSAGE_CHILDREN)
    return own.ru_utime + own.ru_stime + children.ru_utime + children.ru_stime


def command_of(film: Path, sex: Sex) -> list[str]:
    return [sys.executable, "-m", "boneage", "assess", str(film), "--sex", sex.value, "--json"]


def cold(film: Path, sex: Sex) -> None:
    subprocess.run(command_of(film, sex), check=True, stdout=subprocess.DEVNULL)


def stages(film: Path, sex: Sex) -> dict[str, Callable[[], object]]:
    """Every stage of the reference by name, ready to run on what the stages before it made of the film."""
    radiograph = read(film)
    way = REFERENCE.way
    assert isinstance(way, AlignedHand)
    finder = load_network(way.finder)
    hand = standardize(radiograph, finder)
    crops = cut(register(hand), way.regions)
    answer = assess(film, sex=sex)
    maps = explain(answer, REFERENCE)

    def report() -> None:
        (reading,) = readings_of(answer, uids=("2.25.1",), at=datetime.now().astimezone(), height_cm=None)
        make_all(REPORTS, reading, Beside(film=answer.radiograph, maps=maps))

    def all_of_it() -> None:
        found = assess(film, sex=sex)
        (reading,) = readings_of(found, uids=("2.25.1",), at=datetime.now().astimezone(), height_cm=None)
        make_all(REPORTS, reading, Beside(film=found.radiograph, maps=explain(found, REFERENCE)))

    return {
        "read": lambda: read(film),
        "resize": lambda: standard_frame(radiograph.pixels),
        "standardize": lambda: standardize(radiograph, finder),
        "register and cut": lambda: cut(register(hand), way.regions),
        "vote": lambda: vote(REFERENCE.members, crops, sex, load=load_network),
        "map": lambda: explain(answer, REFERENCE),
        "report": report,
        "assess, warm": lambda: assess(film, sex=sex),
        "assess with map and report, warm": all_of_it,
    }


def formats(radiograph: Radiograph) -> Iterator[tuple[str, bytes]]:
    """The film as files of each format."""
    stored = np.rint(radiograph.pixels * 4095).astype(np.uint16)
    for name, syntax in SYNTAXES.items():
        yield name, save(dataset(stored, bits=12), syntax)
    yield "PNG, 16 bits", png(stored)
    eight = np.rint(radiograph.pixels * 255).astype(np.uint8)
    yield "PNG, 8 bits", png(eight)
    yield "JPEG", jpeg(eight, quality=95)


def decode_and_resize(source: Path | bytes) -> None:
    standard_frame(read(source).pixels)


def rows_of(film: Path, sex: Sex, times: int) -> Iterator[tuple[str, Spent, Spent]]:
    """Each step's time, and that of decoding and resizing alone of the same file."""
    alone = median_spent(lambda: decode_and_resize(film), times)
    yield ALONE, alone, alone
    for step, action in stages(film, sex).items():
        yield step, median_spent(action, times), alone
    for name, file in formats(read(film)):
        beside = median_spent(lambda file=file: decode_and_resize(file), times)  # type: ignore[misc]
        yield f"{name}: {ALONE}", beside, beside
        yield f"{name}: assess, warm", median_spent(lambda file=file: assess(file, sex=sex), times), beside  # type: ignore[misc]
    yield "assess, cold command", median_spent(lambda: cold(film, sex), min(COLD, times)), alone


def main() -> None:
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("film", type=Path, nargs="?")
    arguments.add_argument("--sex", type=Sex, default=Sex.MALE)
    arguments.add_argument("--times", type=int, default=WARM)
    arguments.add_argument("--out", type=Path, default=None)
    chosen = arguments.parse_args()
    with TemporaryDirectory() as folder:
        phantom = Path(folder) / "phantom.dcm"
        film = chosen.film or write_dicom(draw(120, Sex.MALE, seed=1, size=(2000, 1500)), phantom)
        size = read(film).size
        table = [("step", "cpu_seconds", "wall_seconds", "times_decoding_and_resizing")]
        sys.stdout.write("{:48}{:>14}{:>14}{:>30}\n".format(*table[0]))
        for step, (cpu, wall), (_, alone) in rows_of(film, chosen.sex, chosen.times):
            table.append((step, f"{cpu:.4f}", f"{wall:.4f}", f"{wall / alone:.2f}"))
            sys.stdout.write("{:48}{:>14}{:>14}{:>30}\n".format(*table[-1]))
            sys.stdout.flush()
        memory = peak_mib(command_of(film, chosen.sex))
    sys.stdout.write(f"peak memory of the command {memory:.0f} MiB, film {size[0]} x {size[1]}\n")
    if chosen.out:
        origin = {
            "film_height": size[0],
            "film_width": size[1],
            "peak_memory_mib": f"{memory:.0f}",
            "engine": engine_asked().value,
            "threads": threads_asked(),
            "system": REFERENCE.name,
            "date": date.today().isoformat(),
        }
        with chosen.out.open("w", newline="") as lines:
            writer = csv.writer(lines, lineterminator="\n")
            writer.writerow((*table[0], *origin))
            writer.writerows((*line, *origin.values()) for line in table[1:])


if __name__ == "__main__":
    main()
