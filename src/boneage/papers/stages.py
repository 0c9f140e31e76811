"""Stages of skeletal development by sex (Gilsanz and Ratib; Lee 2017, figure 10; Iglovikov 2018, figure 9)."""

from __future__ import annotations

from types import MappingProxyType

from boneage.dataset import Film
from boneage.evaluate.bands import Band
from boneage.types import Sex

# not in the papers: boys of 192 to 204 months, whom they leave between two stages, count as late puberty
STAGES = MappingProxyType(
    {
        Sex.FEMALE: {
            "infancy": Band(0, 10),
            "toddlers": Band(10, 24),
            "pre-puberty": Band(24, 84),
            "early and mid puberty": Band(84, 156),
            "late puberty": Band(156, 180),
            "post-puberty": Band(180, 240),
        },
        Sex.MALE: {
            "infancy": Band(0, 14),
            "toddlers": Band(14, 36),
            "pre-puberty": Band(36, 108),
            "early and mid puberty": Band(108, 168),
            "late puberty": Band(168, 204),
            "post-puberty": Band(204, 240),
        },
    }
)
MAJOR = ("pre-puberty", "early and mid puberty", "late puberty", "post-puberty")  # the four of Iglovikov 2018, figure 9


def stage_of(film: Film) -> str:
    """The stage that a film's true age lies in."""
    return next(name for name, band in STAGES[film.sex].items() if film.bone_age_months in band)
