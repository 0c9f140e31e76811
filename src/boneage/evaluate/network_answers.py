"""What single networks answer, film by film, and how each was trained: kept so that no table needs a training again."""

from __future__ import annotations

import csv
from collections.abc import Callable
from dataclasses import asdict, dataclass, fields
from pathlib import Path

import numpy as np
import numpy.typing as npt

from boneage.dataset import Film, Part
from boneage.errors import BoneAgeError, Kind
from boneage.types import YEARS, Sex

Numbers = npt.NDArray[np.float64]
COLUMNS = ("id", "sex", "part", "truth_months", "predicted_months")
CLASSES = tuple(f"p{year}" for year in YEARS)  # of networks that answer years: the probability of each
FOLDER, TRAININGS = "networks", "networks.csv"  # under results/


@dataclass(frozen=True, eq=False)
class NetworkAnswers:
    """One network's answers for the films of one sex or both, by id."""

    network: str  # dated name, the recipe's
    films: tuple[Film, ...]
    predicted: Numbers  # months, [N]
    classes: Numbers | None = None  # [N, 14]: probabilities of the years 5..18; None: it answers months

    def __post_init__(self) -> None:
        shapes = (self.predicted.shape, None if self.classes is None else self.classes.shape)
        if shapes not in (((len(self.films),), None), ((len(self.films),), (len(self.films), len(YEARS)))):
            raise ValueError(f"an answer for each of {len(self.films)} films is expected, not {shapes}")
        if not np.isfinite(self.predicted).all():
            raise ValueError(f"finite months are expected of {self.network}")

    @property
    def truth(self) -> Numbers:
        """Months, [N]."""
        return np.array([film.bone_age_months for film in self.films])

    @property
    def errors(self) -> Numbers:
        """Predicted less true months, [N]."""
        return self.predicted - self.truth

    def where(self, wanted: Callable[[Film], bool]) -> NetworkAnswers:
        """Those for some of the films."""
        kept = np.array([wanted(film) for film in self.films], bool)
        films = tuple(film for film, keep in zip(self.films, kept, strict=True) if keep)
        return NetworkAnswers(self.network, films, self.predicted[kept], None if self.classes is None else self.classes[kept])

    def on(self, part: Part) -> NetworkAnswers:
        """Those for one part."""
        return self.where(lambda film: film.part is part)


@dataclass(frozen=True)
class Training:
    """How one network was trained: its line in results/networks.csv."""

    network: str
    date: str
    fills: str  # the papers' tables it stands in
    size: str  # input of the last epochs, height x width
    epochs: int
    films: int  # of the train part
    films_seen: int  # in all epochs together
    parameters: int
    select_mae: float  # months, on the films it was chosen by
    minutes: float
    weights: str  # hash
    split_hash: str
    command: str


def answers_path(results: Path, network: str) -> Path:
    return results / FOLDER / f"{network}.csv"


def write_answers(path: Path, answers: NetworkAnswers) -> None:
    """One line a film, by id: months to the hundredth, probabilities to 1e-4. Written beside, then moved into place."""
    path.parent.mkdir(parents=True, exist_ok=True)
    beside = path.with_suffix(".part")
    with beside.open("w", newline="") as lines:
        writer = csv.writer(lines, lineterminator="\n")
        writer.writerow((*COLUMNS, *(CLASSES if answers.classes is not None else ())))
        for row in np.argsort([film.id for film in answers.films]):
            film = answers.films[row]
            values = [answers.predicted[row]] if answers.classes is None else [answers.predicted[row], *answers.classes[row]]
            numbers = (f"{values[0]:.2f}", *(f"{value:.4f}".rstrip("0").rstrip(".") for value in values[1:]))
            writer.writerow((film.id, film.sex.value, film.part.value, f"{film.bone_age_months:g}", *numbers))
    beside.replace(path)


def read_answers(results: Path, network: str) -> NetworkAnswers | None:
    """What `write_answers` wrote; None where that network was not run. Raises BoneAgeError for a damaged file."""
    path = answers_path(results, network)
    if not path.is_file():
        return None
    with path.open(newline="") as lines:
        reader = csv.DictReader(lines)
        names = tuple(reader.fieldnames or ())
        if names not in (COLUMNS, (*COLUMNS, *CLASSES)):
            raise _bad(f"{path} with the columns {', '.join(names)}", ", ".join((*COLUMNS, *CLASSES)))
        try:
            rows = [_parse(row) for row in reader]
            films, values = tuple(film for film, _ in rows), np.array([numbers for _, numbers in rows], np.float64)
            return NetworkAnswers(network, films, values[:, 0], values[:, 1:] if len(names) > len(COLUMNS) else None)
        except (ValueError, TypeError, IndexError) as error:
            raise _bad(f"{path}: {error}", "one film a line") from error


def write_training(results: Path, training: Training) -> None:
    """One network's line in the table of all, in place of an older one; the table stays in the order of names."""
    rows = {row.network: row for row in read_trainings(results)} | {training.network: training}
    path = results / TRAININGS
    path.parent.mkdir(parents=True, exist_ok=True)
    beside = path.with_suffix(".part")
    with beside.open("w", newline="") as lines:
        writer = csv.DictWriter(lines, [field.name for field in fields(Training)], lineterminator="\n")
        writer.writeheader()
        writer.writerows(asdict(rows[name]) for name in sorted(rows))
    beside.replace(path)


def read_trainings(results: Path) -> tuple[Training, ...]:
    """All networks that were trained. Raises BoneAgeError for a damaged table."""
    path = results / TRAININGS
    if not path.is_file():
        return ()
    kinds = {"int": int, "float": float, "str": str}
    with path.open(newline="") as lines:
        try:
            return tuple(
                Training(**{field.name: kinds[str(field.type)](row[field.name]) for field in fields(Training)})
                for row in csv.DictReader(lines)
            )
        except (KeyError, ValueError, TypeError) as error:
            raise _bad(f"{path}: {error}", ", ".join(field.name for field in fields(Training))) from error


def _parse(row: dict[str, str]) -> tuple[Film, list[float]]:
    film = Film(int(row["id"]), Sex(row["sex"]), float(row["truth_months"]))
    if film.part is not Part(row["part"]):
        raise ValueError(f"film {film.id} is of the part {film.part.value}, not {row['part']}")
    return film, [float(row[name]) for name in row if name not in COLUMNS[:-1]]


def _bad(came: str, expected: str) -> BoneAgeError:
    return BoneAgeError(Kind.BAD_DATA, came=came, expected=expected, todo="Bring back the committed one, or make it again.")
