"""What single networks answer, film by film without labels, and how each was trained: no table needs a training again."""

from __future__ import annotations

import csv
import hashlib
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, fields
from pathlib import Path

import numpy as np
import numpy.typing as npt

from boneage.dataset import Film, Part
from boneage.errors import BoneAgeError, Kind
from boneage.evaluate.film_table import read_film_table, write_film_table
from boneage.types import YEARS

Numbers = npt.NDArray[np.float64]
MONTHS = ("predicted_months",)
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
    epochs: int  # those of the weights it starts from among them
    films: int  # of the train part
    films_seen: int  # in all epochs together
    parameters: int
    select_mae: float  # months, on the films it was chosen by
    minutes: float
    weights: str  # hash
    answers: str  # hash of its file of answers, so that the two belong together
    split_hash: str
    command: str


def answers_path(results: Path, network: str) -> Path:
    return results / FOLDER / f"{network}.csv"


def answers_hash(path: Path) -> str:
    """Twelve hex digits over a file of answers."""
    return hashlib.sha256(path.read_bytes()).hexdigest()[:12]


def write_answers(path: Path, answers: NetworkAnswers) -> None:
    """One line a film, by id: months to the hundredth, probabilities to 1e-4."""
    months = [f"{value:.2f}" for value in answers.predicted]
    if answers.classes is None:
        write_film_table(path, MONTHS, zip(answers.films, ((one,) for one in months), strict=True))
        return
    shares = [[f"{value:.4f}".rstrip("0").rstrip(".") for value in row] for row in answers.classes]
    rows = ((film, (one, *row)) for film, one, row in zip(answers.films, months, shares, strict=True))
    write_film_table(path, (*MONTHS, *CLASSES), rows)


def read_answers(results: Path, network: str, films: Mapping[int, Film]) -> NetworkAnswers | None:
    """What `write_answers` wrote, of `films`; None where that network was not run.

    Raises BoneAgeError for a damaged file, and for a film that is not among them.
    """
    path = answers_path(results, network)
    if not path.is_file():
        return None
    rows = read_film_table(path, films, _parse, MONTHS, (*MONTHS, *CLASSES))
    if not rows:
        raise _bad(f"{path} without films", "one film or more")
    answered, values = tuple(film for film, _ in rows), np.array([numbers for _, numbers in rows], np.float64)
    return NetworkAnswers(network, answered, values[:, 0], values[:, 1:] if values.shape[1] > 1 else None)


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


def _parse(film: Film, row: dict[str, str]) -> tuple[Film, list[float]]:
    numbers = [float(row[name]) for name in (*MONTHS, *CLASSES) if name in row]
    if not np.isfinite(numbers).all():
        raise ValueError(f"finite numbers are expected for film {film.id}")
    return film, numbers


def _bad(came: str, expected: str) -> BoneAgeError:
    return BoneAgeError(Kind.BAD_DATA, came=came, expected=expected, todo="Bring back the committed one, or make it again.")
