"""A system over one part of the split: predictions by id, the calibration, the tables and plots."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, replace
from datetime import date
from pathlib import Path

import numpy as np

from boneage import dataset
from boneage.combine.calibrate import TAIL, fit_conformal
from boneage.combine.distribution import fit_shape, reach
from boneage.combine.ensemble import Combined, combine
from boneage.combine.estimate import Calibration, calibration_file, printed_of
from boneage.dataset import Film, Part
from boneage.errors import BoneAgeError
from boneage.evaluate.metrics import mae
from boneage.evaluate.predictions import Prediction, column
from boneage.evaluate.tables import Row, make_table
from boneage.networks import find_weights, load_network
from boneage.pipeline import perceive
from boneage.read import read
from boneage.systems import Answer, System
from boneage.types import Sex
from boneage.vote import vote

WIDE = 95.0  # percentile of the widths of the calibration films' intervals above which an answer is flagged


@dataclass(frozen=True)
class Answers:
    """What a system said about one part: the distributions, and the films it refused, with the reason's kind."""

    part: Part
    films: tuple[Film, ...]
    combined: tuple[Combined, ...]
    refused: tuple[tuple[Film, str], ...]
    split_hash: str
    years: bool = False  # the system answers year classes
    takes_sex: bool = True  # its answers, and so its intervals, depend on the sex

    @property
    def truth(self) -> np.ndarray[tuple[int], np.dtype[np.float64]]:
        return np.array([film.bone_age_months for film in self.films])

    @property
    def months(self) -> np.ndarray[tuple[int], np.dtype[np.float64]]:
        return np.array([one.months for one in self.combined])

    @property
    def sexes(self) -> tuple[Sex | None, ...]:
        """As the system was told them."""
        return tuple(film.sex if self.takes_sex else None for film in self.films)


def ask(system: System, data: Path, part: Part, *, limit: int | None = None, evenly: bool = False) -> Answers:
    """The system's distribution for every film of the part that it reads, through the stages of `assess`.

    `limit`: the first so many, by id, or so many at even steps over the ids.
    Films under the system's youngest age are asked too: `assess` does not know their age.
    """
    films = dataset.by_id(dataset.read_films(data))
    ids = sorted(film.id for film in films.values() if film.part is part and system.reads(film.sex))
    step = max(len(ids) // (limit or len(ids) or 1), 1) if evenly else 1
    wanted = set(ids[::step][:limit])
    answers: dict[int, Combined] = {}
    refused: list[tuple[Film, str]] = []
    for film_id, file in dataset.iterate_files(data, wanted):
        film = films[film_id]
        try:
            crops = perceive(read(file), system).crops
        except BoneAgeError as error:
            refused.append((film, error.kind.value))
            continue
        answers[film_id] = combine(vote(system.members, crops, film.sex if system.takes_sex else None, load=load_network))
    ids = sorted(answers)
    return Answers(
        part,
        tuple(films[film_id] for film_id in ids),
        tuple(answers[film_id] for film_id in ids),
        tuple(refused),
        dataset.split_hash(list(films.values())),
        years=all(member.answer is Answer.YEAR_CLASSES for member in system.members),
        takes_sex=system.takes_sex,
    )


def calibrate(select: Answers, calibration: Answers) -> Calibration:
    """The intervals from the calibrate part; the distributions' shape from the select part, so that the guarantee is exact."""
    shape = fit_shape(select.truth, [one.probabilities for one in select.combined])
    conformal = fit_conformal(
        calibration.truth,
        calibration.months,
        [reach(shape(one.probabilities), tail=TAIL) for one in calibration.combined],
        calibration.sexes,
        split_hash=calibration.split_hash,
    )
    fitted = Calibration(shape, conformal, wide_interval_months=0.0)
    widths = [row.high_months - row.low_months for row in predictions(calibration, fitted)]
    return replace(fitted, wide_interval_months=round(float(np.percentile(widths, WIDE)), 4))


def predictions(answers: Answers, calibration: Calibration) -> list[Prediction]:
    """One row per answered film, with its intervals."""
    rows = []
    for film, sex, one in zip(answers.films, answers.sexes, answers.combined, strict=True):
        _, intervals = calibration(one, sex)
        printed = printed_of(intervals)
        months = (film.bone_age_months, one.months, one.spread_months, printed.low_months, printed.high_months)
        year = int(one.probabilities.argmax()) // 12 if answers.years else None
        further = tuple(interval for interval in intervals if interval is not printed)
        rows.append(Prediction(film.id, film.sex, film.part, *months, year, further))
    return rows


def weights_hash(system: System, *, calibrated: bool = True) -> str:
    """Twelve hex digits over the networks' files and the calibration, if it has one: what the figures were measured with."""
    digest = hashlib.sha256()
    calibration = (calibration_file(system.calibration),) if calibrated else ()
    for name in (*(f"{weights}.onnx" for weights in system.weights), *calibration):
        digest.update(find_weights(name).read_bytes())
    return digest.hexdigest()[:12]


def table_of(rows: list[Prediction]) -> tuple[tuple[Row, ...], float]:
    """The table and the MAE over all films."""
    truth = column(rows, lambda row: row.truth_months)
    predicted = column(rows, lambda row: row.predicted_months)
    return make_table(rows), float(mae(truth, predicted))


def today() -> str:
    return date.today().isoformat()


def write_refused(path: Path, answers: Answers) -> None:
    """The refused films by id and reason: they have no prediction and count in no figure but this one."""
    lines = ["id,part,reason", *(f"{film.id},{film.part.value},{kind}" for film, kind in answers.refused)]
    path.write_text("\n".join(lines) + "\n")
