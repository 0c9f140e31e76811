"""Reference plates: the ages that Greulich and Pyle's atlas shows, and how probable each is for one film.

The table is gp_plate_ages.csv: 31 ages of boys (0-228 months) and 27 of girls (0-216). Its source: the names of the plates in
dfnr2/bone-age-app, src/data/images.js; ages only were taken. The atlas's pictures are under copyright and are not here: a picture
is a site's own, or an average of many hands in `atlas/`, both by the name `<sex>-<months>.png`.
"""

from __future__ import annotations

import csv
from dataclasses import dataclass
from functools import lru_cache
from itertools import pairwise
from math import inf
from pathlib import Path

import numpy as np
import numpy.typing as npt

from boneage.types import Sex

TABLE = Path(__file__).parent / "gp_plate_ages.csv"
ATLAS = Path(__file__).parent / "atlas"
LEAST, MOST = 3, 5  # plates that a reader is shown
NEGLIGIBLE = 0.01  # not in the paper: beyond LEAST, a plate less probable than this is not shown


@dataclass(frozen=True)
class Plate:
    """One plate for one film."""

    sex: Sex
    months: float
    probability: float | None = None  # that the bone age is nearer to it than to every other plate; None: nothing was read


@lru_cache(maxsize=2)
def plate_ages(sex: Sex) -> tuple[float, ...]:
    """Months, the youngest first."""
    with TABLE.open(newline="", encoding="utf-8") as lines:
        return tuple(sorted(float(row["months"]) for row in csv.DictReader(lines) if row["sex"] == sex.value))


def probabilities_of_plates(sex: Sex, probabilities: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    """A distribution [240] over months as one over the sex's plates [N]; the sum stays.

    Lee 2017 shows a probability beside each reference image; its classes are years, ours are months, so not in the paper: a plate
    has what lies between the midpoints to its neighbors, and a month's share lies evenly around it, half a month to each side.
    """
    ages = plate_ages(sex)
    middles = [(low + high) / 2 for low, high in pairwise(ages)]
    ends = np.arange(len(probabilities) + 1) - 0.5
    below = np.interp([-inf, *middles, inf], ends, np.concatenate([[0.0], np.cumsum(probabilities)]))
    return np.diff(below)


def nearest_plates(
    sex: Sex, months: float, probabilities: npt.NDArray[np.float64] | None = None, *, least: int = LEAST, most: int = MOST
) -> tuple[Plate, ...]:
    """The plates nearest to a bone age, the youngest first: `least`, and up to `most` as long as they are probable at all."""
    ages = plate_ages(sex)
    shares = None if probabilities is None else probabilities_of_plates(sex, probabilities)
    order = sorted(range(len(ages)), key=lambda number: (abs(ages[number] - months), number))[:most]
    kept = order[:least] + [number for number in order[least:] if shares is None or shares[number] >= NEGLIGIBLE]
    return tuple(Plate(sex, ages[number], None if shares is None else float(shares[number])) for number in sorted(kept))


def plate_picture(sex: Sex, months: float, own: Path | None = None) -> Path | None:
    """Its PNG file in a site's own folder, else in the atlas; None: there is none."""
    if months not in plate_ages(sex):
        return None
    name = f"{sex.value}-{months:g}.png"
    return next((path for folder in (own, ATLAS) if folder is not None and (path := folder / name).is_file()), None)
