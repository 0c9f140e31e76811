"""Which films make a plate: training films whose label lies nearest to its age, with the hand's points on each."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

from boneage import dataset
from boneage.clinical.plates import plate_ages
from boneage.dataset import Film, Part, Scan
from boneage.found_hands import Bytes, load_found
from boneage.geometry import PixelMap
from boneage.standardize.size import unit
from boneage.types import Image, Sex

FEWEST = 20  # films behind a picture that may be shown
MOST = 40  # films behind one: more do not make it sharper
NEAR_MONTHS = 6.0  # of the plate's age; where plates lie far apart, films between them are of neither


@dataclass(frozen=True)
class Plate:
    """One plate, and the films that are averaged for it."""

    sex: Sex
    months: float
    films: tuple[Film, ...]  # at most MOST

    @property
    def name(self) -> str:
        return f"{self.sex.value}-{self.months:g}"


@dataclass(frozen=True, eq=False)
class Placed:
    """One film with the hand's points in its own pixels."""

    pixels: Image  # [H, W], bone bright
    points: npt.NDArray[np.float64]  # [21, 2]
    confidence: npt.NDArray[np.float64]  # [21]
    to_template: PixelMap  # pixels -> template units


def plates(films: Sequence[Film], half_size: set[int] | None) -> tuple[Plate, ...]:
    """Every plate of both sexes; `half_size`: films that are there at half size, which come first: they show more."""
    fine = half_size or set()
    trained = [film for film in films if film.part is Part.TRAIN]
    return tuple(Plate(sex, age, _pick(trained, sex, age, fine)) for sex in Sex for age in plate_ages(sex))


def _pick(films: Sequence[Film], sex: Sex, age: float, fine: set[int]) -> tuple[Film, ...]:
    ages = np.array(plate_ages(sex))
    near = [
        film
        for film in films
        if film.sex is sex
        and ages[np.abs(ages - film.bone_age_months).argmin()] == age
        and abs(film.bone_age_months - age) <= NEAR_MONTHS
    ]
    near.sort(key=lambda film: (film.id not in fine, abs(film.bone_age_months - age), film.id))
    return tuple(near[:MOST])


def place(data: Path, films: Sequence[Film]) -> Iterator[Placed]:
    """Those films on which the runtime finds a hand; at half size where they are there so."""
    images, hands = load_found(data, list(films))
    half = dataset.scanned(data, Scan.HALF) or set()
    fine = dict(dataset.iterate_half_size(data, {film.id for film in films} & half))
    for film in films:
        to_template = hands[film.id].to_frame()
        if to_template is None:
            continue
        hand, own = hands[film.id], images[film.id]
        pixels: Bytes = hand.bright(fine[film.id]) if film.id in fine else own
        grow = PixelMap.resize((own.shape[0], own.shape[1]), (pixels.shape[0], pixels.shape[1]))
        yield Placed(unit(pixels), grow.points(hand.points), hand.confidence, to_template @ grow.inverse())
