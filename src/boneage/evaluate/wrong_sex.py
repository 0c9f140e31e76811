"""What a wrong entry of the sex does to the answer, and whether the two sexes' distributions could warn of it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

from boneage import dataset
from boneage.combine.ensemble import Combined, combine
from boneage.dataset import Film, Part
from boneage.errors import BoneAgeError
from boneage.evaluate.bands import BANDS
from boneage.evaluate.metrics import binomial_limits
from boneage.networks import load_network
from boneage.pipeline import perceive
from boneage.read import read
from boneage.systems import System
from boneage.types import Sex
from boneage.vote import vote

PREVALENCE = 0.01  # of wrong entries, assumed
NEAR = 18  # months about the mode

Array = npt.NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Pair:
    """One film with the answer of its own sex and that of the other."""

    film: Film
    own: Combined
    other: Combined


@dataclass(frozen=True)
class Effect:
    """How far the answer moves when the other sex is given. Months; the band is that of the answer with the film's own sex."""

    sex: str
    band: str
    films: int
    mean_change: float  # signed: above 0 where the wrong entry makes the hand older
    mean_absolute: float
    median_absolute: float
    p90_absolute: float


@dataclass(frozen=True)
class SexWarning:
    """A score that might warn: the other sex's distribution is better than the given one's by more than a threshold."""

    score: str
    films: int
    auroc: float  # of wrong against right entries
    caught: float  # share of wrong entries beyond the smallest threshold without a false alarm on these films
    precision: float  # the best over all thresholds with a false alarm or more, at the assumed prevalence
    precision_low: float  # at no false alarm: what these films can show, with the upper 95 % limit of the false alarms


def ask_both(system: System, data: Path, part: Part, *, every: int = 1) -> list[Pair]:
    """Both sexes' distributions of every film of the part that is not refused; `every`: only one of so many, by id."""
    films = dataset.by_id(dataset.read_films(data))
    ids = sorted(film.id for film in films.values() if film.part is part)[::every]
    pairs = []
    for film_id, file in dataset.iterate_files(data, set(ids)):
        try:
            crops = perceive(read(file), system).crops
        except BoneAgeError:
            continue
        by_sex = {sex: combine(vote(system.members, crops, sex, load=load_network)) for sex in Sex}
        own = films[film_id].sex
        pairs.append(Pair(films[film_id], by_sex[own], by_sex[Sex.MALE if own is Sex.FEMALE else Sex.FEMALE]))
    return sorted(pairs, key=lambda pair: pair.film.id)


def effects(pairs: list[Pair]) -> list[Effect]:
    """All films, then each sex, in all and by band."""
    rows = [_effect("both", "all", pairs)]
    for sex in Sex:
        of_sex = [pair for pair in pairs if pair.film.sex is sex]
        rows.append(_effect(sex.value, "all", of_sex))
        for band in BANDS:
            within = [pair for pair in of_sex if pair.own.months in band]
            rows += [_effect(sex.value, str(band), within)] if within else []
    return [row for row in rows if row.films]


def warnings(pairs: list[Pair]) -> list[SexWarning]:
    """How well each score tells a wrong entry from a right one."""
    scores: dict[str, Callable[[Combined], float]] = {"spread": lambda one: -one.spread_months, "mass near the mode": near_mode}
    return [_warning(name, np.array([round(good(p.other) - good(p.own), 9) for p in pairs])) for name, good in scores.items()]


def near_mode(one: Combined) -> float:
    """The probability within 18 months of the most probable one."""
    mode = int(one.probabilities.argmax())
    return float(one.probabilities[max(mode - NEAR, 0) : mode + NEAR + 1].sum())


def _effect(sex: str, band: str, pairs: list[Pair]) -> Effect:
    change = np.array([pair.other.months - pair.own.months for pair in pairs] or [np.nan])
    size = np.abs(change)
    values = (change.mean(), size.mean(), np.median(size), np.percentile(size, 90))
    return Effect(sex, band, len(pairs), *(float(value) for value in values))


def _warning(name: str, right: Array) -> SexWarning:
    """`right`: scores of right entries; with the wrong sex given the two distributions change places, so the score its sign."""
    wrong = -right
    auroc = float((wrong[:, None] > right).mean() + 0.5 * (wrong[:, None] == right).mean())
    caught = float((wrong > right.max()).mean())
    alarms, hits = (np.array([(scores >= at).mean() for at in np.sort(right)]) for scores in (right, wrong))
    unlucky = binomial_limits(0, len(right))[1]
    return SexWarning(name, len(right), auroc, caught, float(_precision(hits, alarms).max()), float(_precision(caught, unlucky)))


def _precision(hits: Array | float, alarms: Array | float) -> Array:
    return np.asarray(PREVALENCE * hits / (PREVALENCE * hits + (1 - PREVALENCE) * alarms))
