"""Whether speed changes an answer: films by `boneage assess --table`, by `boneage.assess`, and in the plain way (plain.py).

    python benchmarks/agreement.py --data DIR --out results/agreement.csv [--work DIR]    # 6 minutes; with --work it goes on

The films are of half size in true proportions where the data set has those, of all parts but test, each in one of several file
forms in turn. Both sexes are asked for, so no label is read. Without a data set, and for `--drawn`, phantoms. The table holds
hundredths of a month; `boneage.assess` shows what it rounds. No film's answer is kept: only counts and differences.
"""

from __future__ import annotations

import argparse
import csv
import json
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np
import numpy.typing as npt
import plain
from pydicom.uid import ExplicitVRLittleEndian, JPEG2000Lossless, JPEGLosslessSV1, JPEGLSLossless
from told import of_run, say, tell

from boneage import BoneAgeError, Sex, assess, dataset
from boneage.dataset import Part, Scan
from boneage.evaluate.flat import write_flat
from boneage.phantom import draw
from boneage.pipeline import BOTH
from boneage.report.record import DIGITS

sys.path.insert(0, str(Path(__file__).parents[1] / "tests" / "read"))
import films as files

FILMS = 1_000
PROMISED = 0.01  # months
Gray = npt.NDArray[np.uint8]


@dataclass(frozen=True)
class Answer:
    """Months for a girl and a boy, or why there are none."""

    months: tuple[float, ...] = ()
    refused: str | None = None


@dataclass(frozen=True)
class Compared:
    """One film's answers."""

    form: str
    fast: Answer
    plain: Answer
    fast_seconds: float
    plain_seconds: float


def dicom(gray: Gray, syntax: str = ExplicitVRLittleEndian, **elements: Any) -> bytes:
    """12 bits."""
    stored = np.rint(gray / 255 * 4095).astype(np.uint16)
    return files.save(files.dataset(stored, bits=12, **elements), syntax)


def windowed(gray: Gray) -> bytes:
    """White and black exchanged, rescaled, and a window that cuts off both ends."""
    window = {"RescaleSlope": "2", "RescaleIntercept": "-100", "WindowCenter": "4000", "WindowWidth": "7900"}
    return dicom(255 - gray, photometric="MONOCHROME1", **window)


FORMS: dict[str, Callable[[Gray], bytes]] = {
    "DICOM": dicom,
    "DICOM, MONOCHROME1, window": windowed,
    "DICOM, JPEG 2000": lambda gray: dicom(gray, JPEG2000Lossless),
    "DICOM, JPEG-LS": lambda gray: dicom(gray, JPEGLSLossless),
    "DICOM, JPEG lossless": lambda gray: dicom(gray, JPEGLosslessSV1),
    "PNG, 16 bits": lambda gray: files.png((gray * np.uint16(257)).astype(np.uint16)),
    "JPEG": lambda gray: files.jpeg(gray, quality=95),
}


def grays(data: Path | None, films: int) -> Iterator[Gray]:
    """Real films outside the test part, by id; else phantoms."""
    if data is None:
        for number in range(films):
            drawn = draw(60 + number * 37 % 140, Sex.FEMALE if number % 2 else Sex.MALE, seed=number, size=(800, 600))
            yield np.rint(drawn.pixels * 255).astype(np.uint8)
        return
    scan = Scan.HALF if dataset.scanned(data, Scan.HALF) else Scan.CHALLENGE
    there = dataset.scanned(data, scan)
    known = [film.id for film in dataset.read_films(data) if film.part is not Part.TEST and (there is None or film.id in there)]
    yield from (gray for _, gray in dataset.iterate_images(data, set(known[:films]), scan))


def written(data: Path | None, films: int, folder: Path) -> list[tuple[str, Path]]:
    """The forms and files, numbered: their names say nothing of the film."""
    folder.mkdir(exist_ok=True)
    forms = list(FORMS)
    named = [(forms[number % len(forms)], folder / f"{number:05d}.film") for number in range(films)]
    if not all(path.exists() for _, path in named):
        found = [(path, FORMS[form](gray)) for (form, path), gray in zip(named, grays(data, films), strict=False)]
        for path, file in found:
            path.write_bytes(file)
    return [(form, path) for form, path in named if path.exists()]


# ---- three ways


def by_table(folder: Path, table: Path) -> tuple[dict[str, Answer], float]:
    """The command's rows by the file's name, and its seconds."""
    began = time.perf_counter()
    command = [sys.executable, "-m", "boneage", "assess", str(folder), "--table", str(table), "--sex", "both"]
    done = subprocess.run(command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)
    if done.returncode not in (0, 1):  # 1: some are refused
        raise SystemExit(done.stderr)
    with table.open(newline="") as lines:
        rows = {Path(row["file"]).name: row_answer(row) for row in csv.DictReader(lines)}
    return rows, time.perf_counter() - began


def row_answer(row: dict[str, str]) -> Answer:
    if row["error_kind"]:
        return Answer(refused=row["error_kind"])
    return Answer(tuple(float(row[f"{sex.value}_bone_age_months"]) for sex in BOTH))


def answered(read: Callable[[], Any]) -> tuple[Answer, float]:
    """What assess says of it, and its seconds."""
    began = time.perf_counter()
    try:
        answer = Answer(tuple(one.bone_age_months for one in assess(read(), sex=BOTH).estimates))
    except BoneAgeError as error:
        answer = Answer(refused=error.kind.value)
    return answer, time.perf_counter() - began


def compared(form: str, film: Path) -> Compared:
    fast, fast_seconds = answered(lambda: film)
    with plain.plain_way():
        slow, slow_seconds = answered(lambda: plain.read(film.read_bytes()))
    return Compared(form, fast, slow, fast_seconds, slow_seconds)


def all_compared(named: Sequence[tuple[str, Path]], kept: Path) -> dict[str, Compared]:
    """By the file's name; what an earlier call compared is taken from `kept`."""
    done: dict[str, Compared] = {}
    if kept.is_file():
        for line in kept.read_text().splitlines(keepends=True):
            if line.endswith("\n"):
                name, values = json.loads(line)
                ways = {way: Answer(tuple(values[way]["months"]), values[way]["refused"]) for way in ("fast", "plain")}
                done[name] = Compared(**{**values, **ways})
    with kept.open("a") as lines:
        for form, film in named:
            if film.name not in done:
                done[film.name] = compared(form, film)
                lines.write(json.dumps([film.name, asdict(done[film.name])]) + "\n")
                lines.flush()
    return done


# ---- the figures


def figures(form: str, found: Sequence[tuple[Compared, Answer]]) -> dict[str, Any]:
    """Of the films of one form, or of all; with each the table's answer."""
    both = [(one, row) for one, row in found if one.fast.months and one.plain.months and row.months]
    apart = [difference(one.fast, one.plain) for one, _ in both]
    table = [difference(row, one.plain) for one, row in both]
    return {
        "form": form,
        "films": len(found),
        "answered": len(both),
        "refused_alike": sum(one.fast == one.plain == row and row.refused is not None for one, row in found),
        "refused_apart": sum(len({one.fast.refused, one.plain.refused, row.refused}) > 1 for one, row in found),
        "median_difference_months": statistics.median(apart) if apart else None,
        "largest_difference_months": max(apart, default=None),
        "largest_of_table_months": max(table, default=None),
        "table_as_assess_rounded": sum(row.months == rounded(one.fast) for one, row in both),
        "beyond_promise": sum(one > PROMISED for one in table),
        "fast_seconds_a_film": statistics.median(one.fast_seconds for one, _ in found),
        "plain_seconds_a_film": statistics.median(one.plain_seconds for one, _ in found),
    }


def difference(one: Answer, other: Answer) -> float:
    """The larger of the two sexes'."""
    return max(abs(a - b) for a, b in zip(one.months, other.months, strict=True))


def rounded(answer: Answer) -> tuple[float, ...]:
    return tuple(round(float(months), DIGITS) for months in answer.months)


def main() -> None:
    arguments = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    arguments.add_argument("--data", type=Path, default=None, help="the data set's folder; else BONEAGE_DATA")
    arguments.add_argument("--drawn", action="store_true", help="phantoms, though there is a data set")
    arguments.add_argument("--films", type=int, default=FILMS)
    arguments.add_argument("--work", type=Path, default=None, help="folder for the films and what is done; else a temporary one")
    arguments.add_argument("--out", type=Path, default=None)
    chosen = arguments.parse_args()
    data = None if chosen.drawn else dataset.find_data(chosen.data)
    with TemporaryDirectory() as folder:
        work = chosen.work or Path(folder)
        work.mkdir(parents=True, exist_ok=True)
        named = written(data, chosen.films, work / "films")
        table, seconds = by_table(work / "films", work / "table.csv")
        done = all_compared(named, work / "compared.jsonl")
    found = [(one, table[name]) for name, one in done.items()]
    forms = {form: [pair for pair in found if pair[0].form == form] for form in FORMS}
    rows = [figures("all", found), *(figures(form, pairs) for form, pairs in forms.items() if pairs)]
    for row in rows:
        tell(row)
    say(f"all within {PROMISED} months and refused alike: {not rows[0]['beyond_promise'] and not rows[0]['refused_apart']}")
    if chosen.out:
        origin = {
            "promised_months": PROMISED,
            "source": "phantoms" if data is None else "real films outside the test part",
            "table_seconds": seconds,
            **of_run(),
        }
        write_flat(chosen.out, rows, origin)


if __name__ == "__main__":
    main()
