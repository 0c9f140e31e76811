"""Adult height by Bayley and Pinneau: the share of it that a child of this skeletal age has reached.

The table is bayley_pinneau_percent_of_mature_height.csv: percent of mature height by sex, group and skeletal age. Its source:
eatyourpeas/endocrinologist, lib/referencedata/bayley_pinneau.dart, its percents checked against its own cells of heights; numbers
only were taken. What became of that check stands in the column `status`, and decides which rows are used here:

    confirmed                                        197 rows   used: the column's heading and its cells agree
    from cells                                        24 rows   used: no heading, but the cells agree with one another
    header says X; cells say Y (kept cells)            3 rows   not used: nobody knows which is right
    cells misaligned in source (X); header kept       26 rows   not used: the heading stands alone
    from cells, unreliable                             1 row    not used: it passes 100 %

So retarded boys reach from 72 to 96 months only, accelerated boys to 186, and accelerated girls lack 129 to 138 months.
"""

from __future__ import annotations

import csv
from dataclasses import dataclass
from enum import Enum
from functools import lru_cache
from math import isfinite
from pathlib import Path

from boneage.errors import BoneAgeError, Kind
from boneage.types import Sex

TABLE = Path(__file__).parent / "bayley_pinneau_percent_of_mature_height.csv"
USED = frozenset({"confirmed", "from cells"})
AWAY_MONTHS = 12.0  # of bone age from chronological age, from which on a child is accelerated or retarded
WIDEST_MONTHS = 6.0  # between two rows: over a wider gap no line is drawn
SHORTEST_CM, TALLEST_CM = 50.0, 230.0
_SEXES = {"boy": Sex.MALE, "girl": Sex.FEMALE}


class Group(str, Enum):
    """Which of the method's tables, in its authors' words."""

    AVERAGE = "average"
    ACCELERATED = "accelerated"  # bone age ahead of chronological age by 12 months and more
    RETARDED = "retarded"  # behind it by 12 months and more


class HeightGap(str, Enum):
    """Why there is no adult height."""

    OUT_OF_TABLE = "out-of-table"  # younger or older than its usable rows
    IN_A_HOLE = "in-a-hole"  # between usable rows that lie too far apart


@dataclass(frozen=True)
class AdultHeight:
    """What the table makes of one height."""

    cm: float
    percent: float  # of it reached by now
    group: Group


def group_of(bone_age_months: float, chronological_age_months: float) -> Group:
    """Which table a child belongs to. not in the sources: 12 months to the day count as away."""
    away = bone_age_months - chronological_age_months
    if abs(away) < AWAY_MONTHS:
        return Group.AVERAGE
    return Group.ACCELERATED if away > 0 else Group.RETARDED


def adult_height(
    sex: Sex, height_cm: float, *, bone_age_months: float, chronological_age_months: float
) -> AdultHeight | HeightGap:
    """Height divided by the share of mature height at this bone age.

    Raises BoneAgeError for a height that no child has, or an age that is no number.
    """
    check_height(height_cm)
    if not (isfinite(bone_age_months) and isfinite(chronological_age_months)):
        raise BoneAgeError(
            Kind.BAD_OPTION,
            came=f"ages of {bone_age_months} and {chronological_age_months} months",
            expected="numbers of months",
            todo="Give the bone age and the child's age in months.",
        )
    group = group_of(bone_age_months, chronological_age_months)
    percent = percent_of_mature_height(sex, group, bone_age_months)
    return percent if isinstance(percent, HeightGap) else AdultHeight(100 * height_cm / percent, percent, group)


def adult_height_range(
    sex: Sex, height_cm: float, *, interval_months: tuple[float, float], group: Group
) -> tuple[float, float] | None:
    """The adult heights (cm, lower first) at a bone age's interval's two ends; None where one end has no answer.

    The sources here give no error of the method, so this is the share of the bone age alone. not in the sources: both ends are
    asked of the answer's own group, even where an end lies 12 months off the child's age: that makes the range no narrower.
    """
    check_height(height_cm)
    young, old = (percent_of_mature_height(sex, group, months) for months in interval_months)
    if isinstance(young, HeightGap) or isinstance(old, HeightGap):
        return None
    return 100 * height_cm / old, 100 * height_cm / young


def percent_of_mature_height(sex: Sex, group: Group, bone_age_months: float) -> float | HeightGap:
    """Linear between the table's usable rows; nothing beyond them, and nothing across a gap wider than 6 months."""
    rows = usable_rows(sex, group)
    below = [row for row in rows if row[0] <= bone_age_months]
    above = [row for row in rows if row[0] >= bone_age_months]
    if not below or not above:
        return HeightGap.OUT_OF_TABLE
    (start, low), (end, high) = below[-1], above[0]
    if end - start > WIDEST_MONTHS:
        return HeightGap.IN_A_HOLE
    return low if end == start else low + (high - low) * (bone_age_months - start) / (end - start)


def check_height(cm: float) -> None:
    """Raises BoneAgeError for a standing height that no child has."""
    if not SHORTEST_CM <= cm <= TALLEST_CM:
        raise BoneAgeError(
            Kind.BAD_OPTION,
            came=f"a height of {cm:g} cm",
            expected=f"a height of {SHORTEST_CM:g} to {TALLEST_CM:g} cm",
            todo="Give the child's standing height in centimeters.",
        )


@lru_cache(maxsize=6)
def usable_rows(sex: Sex, group: Group) -> tuple[tuple[float, float], ...]:
    """Skeletal age (months) and percent of mature height of the rows that are used, by age."""
    with TABLE.open(newline="", encoding="utf-8") as lines:
        return tuple(
            (float(row["skeletal_age_months"]), float(row["percent_of_mature_height"]))
            for row in csv.DictReader(lines)
            if _SEXES[row["sex"]] is sex and row["group"] == group.value and row["status"] in USED
        )
