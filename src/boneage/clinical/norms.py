"""Norms of skeletal age: what the Brush Foundation's children had at each age, mean and standard deviation.

The table is brush_foundation.csv: chronological age -> mean skeletal age (Greulich-Pyle) and SD, in months, 24 rows of
boys (3-204 months) and 23 of girls (3-192). Its source: the SDs stand in dfnr2/bone-age-app,
src/data/BrushFoundationData.js; mean and SD in two files of a student's DICOM bone-age node, a third file has the means. The SDs
are identical in the two independent projects, the means in the three files. Numbers and facts only were taken.
"""

from __future__ import annotations

import csv
from dataclasses import dataclass
from functools import lru_cache
from math import isfinite
from pathlib import Path

import numpy as np
import numpy.typing as npt

from boneage.errors import BoneAgeError, Kind
from boneage.types import Sex

BRUSH = Path(__file__).parent / "brush_foundation.csv"


@dataclass(frozen=True)
class Norm:
    """The skeletal age of healthy children of one sex and age. Months."""

    mean_months: float
    sd_months: float

    def score(self, bone_age_months: float) -> float:
        """How many standard deviations a bone age lies above the mean."""
        return (bone_age_months - self.mean_months) / self.sd_months


def brush_mean_and_sd(sex: Sex, months: float) -> Norm | None:
    """The norm at a chronological age, linear between the table's rows; None where the table does not reach.

    Raises BoneAgeError for an age that is no number.
    """
    if not isfinite(months):
        raise BoneAgeError(
            Kind.BAD_OPTION, came=f"an age of {months} months", expected="a number of months", todo="Give the child's age."
        )
    ages, means, deviations = _brush(sex)
    if not ages[0] <= months <= ages[-1]:
        return None
    return Norm(float(np.interp(months, ages, means)), float(np.interp(months, ages, deviations)))


def brush_range(sex: Sex) -> tuple[float, float]:
    """The youngest and the oldest age of the table, months."""
    ages = _brush(sex)[0]
    return float(ages[0]), float(ages[-1])


@lru_cache(maxsize=2)
def _brush(sex: Sex) -> npt.NDArray[np.float64]:
    """[3, N]: chronological age, mean skeletal age, standard deviation; by age."""
    with BRUSH.open(newline="") as lines:
        rows = [row for row in csv.DictReader(lines) if row["sex"] == sex.value]
    columns = ("chronological_age_months", "mean_skeletal_age_months", "sd_months")
    return np.array([[float(row[name]) for row in rows] for name in columns])
