"""Stages of skeletal development by sex (Gilsanz and Ratib; Lee 2017, figure 10; Iglovikov 2018, figure 9).

The table is development_stages.csv: sex, stage, its first month and the month after its last. Its source: an excerpt of Gilsanz
and Ratib's text, and Lee 2017, figure 10; the upper ends of post-puberty are recalled and not used here: the last stage is open.
"""

from __future__ import annotations

import csv
from collections.abc import Mapping
from enum import Enum
from functools import lru_cache
from itertools import pairwise
from math import inf, isfinite
from pathlib import Path
from types import MappingProxyType

from boneage.errors import BoneAgeError, Kind
from boneage.types import Sex

TABLE = Path(__file__).parent / "development_stages.csv"


class Stage(str, Enum):
    """A stage of skeletal development, from the youngest on."""

    INFANCY = "infancy"
    TODDLERS = "toddlers"
    PRE_PUBERTY = "prepuberty"
    EARLY_AND_MID_PUBERTY = "early-and-mid-puberty"
    LATE_PUBERTY = "late-puberty"
    POST_PUBERTY = "postpuberty"


def stage_at(sex: Sex, bone_age_months: float) -> Stage:
    """The stage that a bone age lies in.

    Raises BoneAgeError for an age that is no number from 0 on.
    """
    if not (isfinite(bone_age_months) and bone_age_months >= 0):
        raise BoneAgeError(
            Kind.BAD_OPTION,
            came=f"a bone age of {bone_age_months} months",
            expected="a number of months, 0 or more",
            todo="Give the bone age in months.",
        )
    return next(stage for stage, (low, high) in bounds(sex).items() if low <= bone_age_months < high)


@lru_cache(maxsize=2)
def bounds(sex: Sex) -> Mapping[Stage, tuple[float, float]]:
    """Each stage's months: from the first up to, not including, the second. They leave no age from 0 on without a stage.

    not in the paper: boys of 192 to 204 months, whom the table leaves between two stages, count as late puberty.
    """
    with TABLE.open(newline="", encoding="utf-8") as lines:
        rows = {row["stage"]: float(row["from_months"]) for row in csv.DictReader(lines) if row["sex"] == sex.value}
    starts = [rows[stage.value.replace("-", "_")] for stage in Stage]
    return MappingProxyType(dict(zip(Stage, pairwise([*starts, inf]), strict=True)))
