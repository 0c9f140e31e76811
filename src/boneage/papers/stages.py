"""Stages of skeletal development by sex (Gilsanz and Ratib; Lee 2017, figure 10; Iglovikov 2018, figure 9)."""

from __future__ import annotations

from types import MappingProxyType

from boneage.clinical.stages import Stage, bounds
from boneage.dataset import Film
from boneage.evaluate.bands import Band
from boneage.types import MONTHS, Sex

# as the papers' figures name them
NAMES = MappingProxyType(
    {
        Stage.INFANCY: "infancy",
        Stage.TODDLERS: "toddlers",
        Stage.PRE_PUBERTY: "pre-puberty",
        Stage.EARLY_AND_MID_PUBERTY: "early and mid puberty",
        Stage.LATE_PUBERTY: "late puberty",
        Stage.POST_PUBERTY: "post-puberty",
    }
)
STAGES = MappingProxyType(
    {sex: {NAMES[stage]: Band(low, min(high, MONTHS)) for stage, (low, high) in bounds(sex).items()} for sex in Sex}
)
MAJOR = ("pre-puberty", "early and mid puberty", "late puberty", "post-puberty")  # the four of Iglovikov 2018, figure 9


def stage_of(film: Film) -> str:
    """The stage that a film's true age lies in."""
    return next(name for name, band in STAGES[film.sex].items() if film.bone_age_months in band)
