"""What a bone age means for the child: against the norm of its age, or why that cannot be said."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum

from boneage.clinical.norms import Norm, brush_mean_and_sd
from boneage.report.reading import Reading

LIMIT_SD = 2.0  # beyond it a bone age counts as delayed or advanced


class Category(str, Enum):
    """Of a bone age against the norm."""

    BELOW = "below"  # more than 2 SD under the mean
    WITHIN = "within"
    ABOVE = "above"


class Gap(str, Enum):
    """Why there is no score."""

    NOT_READ = "not-read"
    AGE_UNKNOWN = "age-unknown"  # no birth date, no age
    AGE_BEYOND_NORMS = "age-beyond-norms"  # the table does not reach it; nothing is extrapolated
    SEX_UNKNOWN = "sex-unknown"


@dataclass(frozen=True)
class Verdict:
    """The score of one bone age."""

    norm: Norm
    score: float  # standard deviations above the mean

    @property
    def category(self) -> Category:
        if abs(self.score) <= LIMIT_SD:
            return Category.WITHIN
        return Category.ABOVE if self.score > 0 else Category.BELOW


def judge(reading: Reading) -> Verdict | Gap:
    """The reading's bone age against the Brush Foundation's children of its sex and age."""
    if reading.bone_age_months is None:
        return Gap.NOT_READ
    if reading.chronological_age_months is None:
        return Gap.AGE_UNKNOWN
    if reading.sex is None:
        return Gap.SEX_UNKNOWN
    norm = brush_mean_and_sd(reading.sex, reading.chronological_age_months)
    return Gap.AGE_BEYOND_NORMS if norm is None else Verdict(norm, norm.score(reading.bone_age_months))
