"""How much of what must be refused is refused, and how few real radiographs and phantoms are: one table, half by half."""

from __future__ import annotations

import csv
import io
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
from PIL import Image as Pillow

from boneage import dataset
from boneage.errors import BoneAgeError, Kind
from boneage.evaluate.flat import write_flat
from boneage.evaluate.metrics import binomial_limits
from boneage.evaluate.refusals.films import Films, HandFilm
from boneage.evaluate.refusals.kinds import Half, Input, inputs
from boneage.evaluate.run import today, weights_hash
from boneage.found_hands import FoundHand
from boneage.phantom import draw
from boneage.pipeline import BOTH, SexChoice, assess
from boneage.standardize.size import standard_bytes, unit
from boneage.systems import System
from boneage.types import Sex

PHANTOMS = 60
SIZES = ((400, 300), (600, 450), (800, 640), (1200, 900))  # height, width
FILMS, PHANTOM_HANDS, ALL = "real radiographs", "phantom hands", "all that must be refused"
SPOILED = 300  # films of a part, at even steps over the ids, from which those that are spoiled are drawn
Told = tuple[str, str | None]  # what was shown, and why it was refused; None: it was answered


@dataclass(frozen=True)
class Row:
    """One kind of input. Shares 0..1 with Clopper and Pearson's 95 % limits."""

    half: str
    kind: str
    must_be_refused: bool
    inputs: int
    refused: int
    share: float
    low: float
    high: float
    reasons: str  # and how often, the commonest first


def measure(data: Path, half: Half, system: System, *, every: int = 1) -> list[Row]:
    """The rows of one half: each kind, all of them, the part's real films, the phantoms. `every`: for a trial."""
    shown = [(one.kind, reason(png(one), system, sex=BOTH)) for one in inputs(half, spoiled_films(data, half), every=every)]
    kinds = [row(half, kind, list(told), must=True) for kind, told in _by_kind(shown)]
    total = row(half, ALL, [why for _, why in shown], must=True)
    hands = row(half, PHANTOM_HANDS, [reason(file, system, sex=sex) for file, sex in phantoms(half, every=every)], must=False)
    films = row(half, FILMS, [reason(file, system, sex=sex) for file, sex in real_films(data, half, every=every)], must=False)
    return [*kinds, total, hands, films]


def write(path: Path, rows: list[Row], *, data: Path, system: System, command: str) -> None:
    """The table, in which these rows take the place of their half's."""
    origin = {
        "date": today(),
        "system": system.name,
        "weights": weights_hash(system),
        "split_hash": dataset.split_hash(dataset.read_films(data)),
        "command": command,
    }
    halves = {one.half for one in rows}
    kept = [line for line in _lines(path) if line["half"] not in halves]
    fresh: list[dict[str, Any]] = [{**asdict(one), **origin} for one in rows]
    both: list[dict[str, Any]] = sorted([*kept, *fresh], key=lambda line: str(line["half"]))
    write_flat(path, both, {})


def reason(file: bytes, system: System, *, sex: SexChoice) -> str | None:
    """Why a file is refused: the error's kind, and of what is no hand also what came; None where it is answered."""
    try:
        assess(file, system, sex=sex)
    except BoneAgeError as error:
        return f"{error.kind.value}: {error.came.partition(' (')[0]}" if error.kind is Kind.NO_HAND else error.kind.value
    return None


def row(half: Half, kind: str, told: list[str | None], *, must: bool) -> Row:
    """One row out of what was told of each input."""
    why = Counter(one for one in told if one is not None)
    refused = sum(why.values())
    reasons = "; ".join(f"{name} {count}" for name, count in why.most_common())
    return Row(half.value, kind, must, len(told), refused, refused / len(told), *binomial_limits(refused, len(told)), reasons)


# ---- what is shown
def spoiled_films(data: Path, half: Half, *, most: int = SPOILED) -> Films:
    """Films of the half's part with the points that the hand finder sees on the film before it is spoiled."""
    ids = sorted(film.id for film in dataset.read_films(data) if film.part is half.part)
    wanted = set(ids[:: max(len(ids) // most, 1)][:most])
    frames = {film_id: standard_bytes(image) for film_id, image in dataset.iterate_images(data, wanted)}
    found: dict[int, HandFilm] = {}

    def draw_film(rng: np.random.Generator) -> HandFilm:
        film_id = sorted(frames)[int(rng.integers(len(frames)))]
        if film_id not in found:
            hand = FoundHand.on(frames[film_id])
            found[film_id] = HandFilm(unit(hand.bright(frames[film_id])), hand.points)
        return found[film_id]

    return draw_film


def phantoms(half: Half, *, every: int = 1) -> Iterator[tuple[bytes, Sex]]:
    """Synthetic hands of all ages, both sexes and several sizes, as files."""
    for k in range(0, PHANTOMS, every):
        sex, seed = Sex.FEMALE if k % 2 else Sex.MALE, 20_000 + PHANTOMS * (half is Half.TEST) + k
        phantom = draw(8 + 220 * k / (PHANTOMS - 1), sex, seed=seed, size=SIZES[k // 2 % len(SIZES)])
        yield png_bytes(np.asarray(np.rint(phantom.pixels * 255), np.uint8)), sex


def real_films(data: Path, half: Half, *, every: int = 1) -> Iterator[tuple[bytes, Sex]]:
    """Every film of the half's part, as its file."""
    films = dataset.by_id(dataset.read_films(data))
    ids = sorted(film.id for film in films.values() if film.part is half.part)[::every]
    for film_id, file in dataset.iterate_files(data, set(ids)):
        yield file, films[film_id].sex


def png(one: Input) -> bytes:
    """An input as a file."""
    return png_bytes(one.bytes)


def png_bytes(stored: npt.NDArray[np.uint8]) -> bytes:
    with io.BytesIO() as file:
        Pillow.fromarray(stored).save(file, "PNG", compress_level=1)
        return file.getvalue()


def _by_kind(shown: Iterable[Told]) -> Iterator[tuple[str, list[str | None]]]:
    told: dict[str, list[str | None]] = {}
    for kind, why in shown:
        told.setdefault(kind, []).append(why)
    yield from told.items()


def _lines(path: Path) -> list[dict[str, str]]:
    if not path.is_file():
        return []
    with path.open(newline="") as lines:
        return list(csv.DictReader(lines))
