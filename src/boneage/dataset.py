"""The challenge's layout on disk, its annotations, and the one fixed split of it.

The split is bound to the film's id alone, so it holds for ever and for everything that is trained or
fitted here: networks, thresholds, averages. The salt was chosen once among 60, for balance of sex and age between the parts.
"""

from __future__ import annotations

import csv
import hashlib
import os
import tarfile
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from enum import Enum
from pathlib import Path

import cv2
import numpy as np
import numpy.typing as npt

from boneage.errors import BoneAgeError, Kind
from boneage.types import Sex

LABELS = "boneage-training-dataset.csv"
SALT = "boneage-split-39"
TEST, CALIBRATE, SELECT = 0.0795, 0.0560, 0.0560  # shares: about 1,000, 700 and 700 of 12,611 films
FINGERS = ("thumb", "forefinger", "middle_finger", "ring_finger", "pinky_finger")
POINT_NAMES = ("wrist", *(f"{finger}{joint}" for finger in FINGERS for joint in (1, 2, 3, 4)))


class Part(str, Enum):
    """What a film may be used for."""

    TRAIN = "train"
    SELECT = "select"  # early stopping, choices
    CALIBRATE = "calibrate"  # intervals, thresholds
    TEST = "test"  # each look is logged


class Scan(str, Enum):
    """At which size a film is read."""

    CHALLENGE = "299"  # 299 x 299, squashed, of all films; the challenge's own files where a folder has those
    HALF = "half-size"  # half the original size in true proportions, of some films


_SHARDS = {Scan.CHALLENGE: "images-299-*.tar", Scan.HALF: "images-half-*.tar"}


@dataclass(frozen=True)
class Film:
    """One labeled radiograph of the data set."""

    id: int
    sex: Sex
    bone_age_months: float

    @property
    def part(self) -> Part:
        return part_of(self.id)


def part_of(film_id: int, *, salt: str = SALT) -> Part:
    """The part of the split that a film belongs to: a law of its id."""
    digest = hashlib.sha256(f"{salt}:{film_id}".encode()).digest()
    u = int.from_bytes(digest[:8], "big") / 2**64
    if u < TEST:
        return Part.TEST
    if u < TEST + CALIBRATE:
        return Part.CALIBRATE
    if u < TEST + CALIBRATE + SELECT:
        return Part.SELECT
    return Part.TRAIN


def split_hash(films: list[Film]) -> str:
    """Twelve hex digits that name the split of these films; they stand in every result table."""
    text = "\n".join(f"{film.id} {film.part.value}" for film in sorted(films, key=lambda film: film.id))
    return hashlib.sha256(text.encode()).hexdigest()[:12]


def find_data(data: Path | None = None) -> Path | None:
    """The data set's folder: the one given, else BONEAGE_DATA, else `../shared/rsna` if it is there."""
    if data is not None:
        return data
    if "BONEAGE_DATA" in os.environ:
        return Path(os.environ["BONEAGE_DATA"])
    beside = Path("../shared/rsna")
    return beside if (beside / LABELS).is_file() else None


def read_films(data: Path) -> list[Film]:
    """All labeled films, by id. Raises BoneAgeError where the table is absent or a row is bad."""
    table = data / LABELS
    if not table.is_file():
        raise BoneAgeError(
            Kind.BAD_DATA,
            came=f"no {LABELS} in {data}",
            expected="a folder in the layout of the RSNA 2017 challenge",
            todo="Give the folder with --data DIR or BONEAGE_DATA.",
        )
    films = []
    with table.open(newline="") as lines:
        for number, row in enumerate(csv.DictReader(lines), start=2):
            try:
                sex = {"true": Sex.MALE, "false": Sex.FEMALE}[row["male"].strip().lower()]
                films.append(Film(int(row["id"]), sex, float(row["boneage"])))
            except (KeyError, ValueError, AttributeError) as error:
                raise BoneAgeError(
                    Kind.BAD_DATA,
                    came=f"{table}, line {number}: {error!r}",
                    expected="id,boneage,male with male True or False",
                    todo="Correct or remove the line.",
                ) from error
    return sorted(films, key=lambda film: film.id)


def by_id(films: Iterable[Film]) -> dict[int, Film]:
    """The labels as tables of results are joined with them: those hold no truth and no sex themselves."""
    return {film.id: film for film in films}


def labeled(films: Mapping[int, Film], film_id: int) -> Film:
    """The film of that id. Raises BoneAgeError where the labels have none."""
    if film_id not in films:
        raise BoneAgeError(
            Kind.BAD_DATA,
            came=f"film {film_id}, which is not in the labels",
            expected=f"a film of {LABELS}",
            todo="Give the data set that the results are of with --data DIR or BONEAGE_DATA.",
        )
    return films[film_id]


def evenly(films: Sequence[Film], most: int) -> Sequence[Film]:
    """At most so many, at even steps."""
    return films[:: max(1, -(-len(films) // most))]


def iterate_files(data: Path, ids: set[int], scan: Scan = Scan.CHALLENGE) -> Iterator[tuple[int, bytes]]:
    """(id, the file's bytes) of the wanted films, from shards (`images-299-*.tar`, `images-half-*.tar`) or loose files.

    Loose files are `<id>.png|jpg|webp` in the folder itself or in `boneage-training-dataset/`; none are of half size.
    Raises BoneAgeError at the end where films are absent.
    """
    left = set(ids)
    for shard in sorted(data.glob(_SHARDS[scan])):
        for film_id, file in _shard_files(shard, left):
            left.discard(film_id)
            yield film_id, file
    for folder in (data, data / "boneage-training-dataset") if scan is Scan.CHALLENGE else ():
        if left and folder.is_dir():
            for path in sorted(folder.iterdir()):
                film_id = _film_id(path.name)
                if film_id in left:
                    left.discard(film_id)
                    yield film_id, path.read_bytes()
    if left:
        raise BoneAgeError(
            Kind.BAD_DATA,
            came=f"no image for {len(left)} films, among them {sorted(left)[:3]}",
            expected=f"{_SHARDS[scan]} or <id>.png in {data}" if scan is Scan.CHALLENGE else f"{_SHARDS[scan]} in {data}",
            todo="Complete the folder or shorten the table.",
        )


def scanned(data: Path, scan: Scan) -> set[int] | None:
    """Ids of the films that are there at that size; None: all are."""
    if scan is Scan.CHALLENGE:
        return None
    names = (name for shard in sorted(data.glob(_SHARDS[scan])) for name in _shard_names(shard))
    return {_film_id(name) for name in names} - {-1}


def _shard_files(shard: Path, wanted: set[int]) -> Iterator[tuple[int, bytes]]:
    with _opened(shard) as tar:
        for member in tar:
            film_id = _film_id(member.name)
            if film_id in wanted and (file := tar.extractfile(member)) is not None:
                yield film_id, file.read()


def _shard_names(shard: Path) -> list[str]:
    with _opened(shard) as tar:
        return tar.getnames()


@contextmanager
def _opened(shard: Path) -> Iterator[tarfile.TarFile]:
    try:
        with tarfile.open(shard) as tar:
            yield tar
    except tarfile.TarError as error:
        raise BoneAgeError(
            Kind.BAD_DATA, came=f"{shard.name}: {error}", expected="a whole tar file", todo="Fetch the shard again."
        ) from error


def iterate_images(data: Path, ids: set[int], scan: Scan = Scan.CHALLENGE) -> Iterator[tuple[int, npt.NDArray[np.uint8]]]:
    """(id, gray uint8 [H, W]) of the wanted films."""
    for film_id, file in iterate_files(data, ids, scan):
        yield film_id, _decode(file, str(film_id))


def iterate_half_size(data: Path, ids: set[int]) -> Iterator[tuple[int, npt.NDArray[np.uint8]]]:
    """(id, gray uint8 [H, W]) of the wanted films of `images-half-*.tar`: half the original size, true proportions.

    Raises BoneAgeError at the end where films are absent.
    """
    for film_id, file in iterate_files(data, ids, Scan.HALF):
        yield film_id, _decode(file, str(film_id))


def _film_id(name: str) -> int:
    path = Path(name)
    return int(path.stem) if path.stem.isdigit() and path.suffix.lower() in {".jpg", ".png", ".webp"} else -1


def _decode(data: bytes, name: str) -> npt.NDArray[np.uint8]:
    image = cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_GRAYSCALE)
    if image is None:
        raise BoneAgeError(
            Kind.BAD_DATA, came=f"{name} cannot be decoded", expected="a PNG, JPEG or WebP file", todo="Fetch the file again."
        )
    return np.asarray(image, np.uint8)


@dataclass(frozen=True, eq=False)
class AnnotatedHand:
    """One row of `hands.csv`. All coordinates are fractions of the frame's width and height."""

    id: int
    size: tuple[int, int]  # height, width of the original film, px
    right: bool
    box: tuple[float, float, float, float]  # x0, y0, x1, y1
    points: npt.NDArray[np.float64]  # [21, 2] in the order of POINT_NAMES


def read_hands(data: Path) -> list[AnnotatedHand]:
    """The annotated hands of `annotations/hands.csv`."""
    table = data / "annotations" / "hands.csv"
    if not table.is_file():
        raise BoneAgeError(
            Kind.BAD_DATA,
            came=f"no {table}",
            expected="the annotated hands",
            todo="Training the hand finder needs them; give --data DIR.",
        )
    hands = []
    with table.open(newline="") as lines:
        for number, row in enumerate(csv.DictReader(lines), start=2):
            try:
                points = np.array([(float(row[f"{name}_x"]), float(row[f"{name}_y"])) for name in POINT_NAMES])
                x0, y0, x1, y1 = (float(row[key]) for key in ("x0", "y0", "x1", "y1"))
                size = (int(row["height"]), int(row["width"]))
                hands.append(AnnotatedHand(int(row["id"]), size, row["side"] == "right", (x0, y0, x1, y1), points))
            except (KeyError, ValueError, TypeError) as error:
                raise BoneAgeError(
                    Kind.BAD_DATA,
                    came=f"{table}, line {number}: {error!r}",
                    expected="a box and 21 points",
                    todo="Correct or remove the line.",
                ) from error
    return hands


def read_sizes(data: Path) -> dict[int, tuple[int, int]]:
    """The true sizes (height, width) of the originals that are known, by id; none where the table is absent."""
    table = data / "annotations" / "original_sizes.csv"
    if not table.is_file():
        return {}
    with table.open(newline="") as lines:
        return {int(row["id"]): (int(row["height"]), int(row["width"])) for row in csv.DictReader(lines)}
