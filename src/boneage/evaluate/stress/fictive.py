"""Fictive chronological ages: the data set tells no child's age, so each film is given one that its label could have.

Not in the paper: the published stress test had the children's own ages. Here a child's score, the distance from the norm's mean
in standard deviations, is drawn from the normal distribution, and the age is the one at which the label has that score. So one
film in 20 is delayed or advanced, as among healthy children; among children who are sent to a hospital for it, more are.
"""

from __future__ import annotations

import hashlib
from enum import Enum
from functools import lru_cache
from statistics import NormalDist

from boneage.clinical.norms import Norm, brush_mean_and_sd, brush_range
from boneage.dataset import Film

BEYOND = 2.0  # standard deviations
NEAR = 1e-3  # months


class Category(str, Enum):
    """Where a bone age lies for the child's age."""

    BELOW = "below 2 SD"
    WITHIN = "within 2 SD"
    ABOVE = "above 2 SD"


@lru_cache(maxsize=2**15)
def fictive_norm(film: Film) -> Norm | None:
    """The norm at the film's fictive age, the same for ever; None where no age of the table gives the label that score."""
    digest = hashlib.sha256(f"fictive age:{film.id}".encode()).digest()
    score = NormalDist().inv_cdf((int.from_bytes(digest[:8], "big") + 0.5) / 2**64)
    young, old = brush_range(film.sex)
    if not _score(film, old) <= score <= _score(film, young):
        return None
    while old - young > NEAR:  # the older the child, the lower the score of one bone age
        middle = (young + old) / 2
        young, old = (middle, old) if _score(film, middle) > score else (young, middle)
    return brush_mean_and_sd(film.sex, young)


def _score(film: Film, age_months: float) -> float:
    norm = brush_mean_and_sd(film.sex, age_months)
    assert norm is not None  # within the table
    return norm.score(film.bone_age_months)


def categorize(bone_age_months: float, norm: Norm) -> Category:
    """Two standard deviations themselves are still within."""
    score = norm.score(bone_age_months)
    return Category.BELOW if score < -BEYOND else Category.ABOVE if score > BEYOND else Category.WITHIN
