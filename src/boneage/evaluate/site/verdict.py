"""Whether a site's error is compatible with the card's: the difference with its 95 % limits, and a sentence in plain words.

The card's error is taken for films of the same sexes and bands as the site's, so that another mix of ages is no difference.
Not in the papers: all of it. Direct standardization; the limits join the site's (bootstrap) with the card's own (its table).
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from enum import Enum
from math import ceil, hypot

import numpy as np

from boneage.evaluate.metrics import bootstrap, mae, mean
from boneage.evaluate.site.ask import Answer
from boneage.evaluate.site.shipped import TWO_SIDED, Shipped
from boneage.evaluate.tables import Figure

MARGIN_MONTHS = 1.5  # a statement knows the difference to within so much; far under what readers differ among themselves
FEWEST = 30  # films; below, bootstrap limits are too narrow to be believed


class Judgment(str, Enum):
    """What can be said."""

    COMPATIBLE = "compatible"  # no difference is seen, and one of more than the limits' width is ruled out
    LARGER = "larger"
    SMALLER = "smaller"
    TOO_FEW = "too-few"  # no difference is seen, but a large one could hide
    NO_CARD = "no-card"  # the system has no table to compare with


@dataclass(frozen=True)
class Verdict:
    """The statement and what it rests on."""

    judgment: Judgment
    films: int
    needed: int  # films for a statement: limits of MARGIN_MONTHS to both sides
    mae: Figure
    expected_months: float | None = None  # the card's error for films like these
    difference: Figure | None = None  # the site's minus that


def judge(answers: Sequence[Answer], card: Shipped | None, *, seed: int = 0) -> Verdict:
    """Raises BoneAgeError where no film was answered."""
    errors = np.array([abs(one.error_months) for one in answers])
    ((low, high),) = bootstrap((mae,), np.zeros(len(errors)), errors, seed=seed)
    own, films = Figure(float(errors.mean()), low, high), len(errors)
    known = float(np.std(errors, ddof=1)) if films >= FEWEST else None
    spread = known if known is not None else card.spread_months if card is not None else None
    if card is None:
        return Verdict(Judgment.NO_CARD, films, FEWEST if spread is None else films_needed(spread), own)
    keys = [card.key(one.sex, one.case.reference_months) for one in answers]
    expected = np.array([card.cells[key].mae_months for key in keys])
    parts = [card.cells[key].standard_error_months * count / films for key, count in Counter(keys).items()]
    ((low, high),) = bootstrap((mean,), errors - expected, seed=seed)
    center, cards = float((errors - expected).mean()), TWO_SIDED * hypot(*parts)
    difference = Figure(center, center - hypot(center - low, cards), center + hypot(high - center, cards))
    needed = films_needed(card.spread_months if spread is None else spread)
    return Verdict(_judgment(films, difference), films, needed, own, float(expected.mean()), difference)


def films_needed(spread_months: float) -> int:
    """So many that the limits of the mean of absolute errors with this standard deviation lie MARGIN_MONTHS to both sides."""
    return max(FEWEST, ceil((TWO_SIDED * spread_months / MARGIN_MONTHS) ** 2))


def _judgment(films: int, difference: Figure) -> Judgment:
    if films >= FEWEST and difference.low > 0:
        return Judgment.LARGER
    if films >= FEWEST and difference.high < 0:
        return Judgment.SMALLER
    near = max(difference.high - difference.value, difference.value - difference.low) <= MARGIN_MONTHS
    return Judgment.COMPATIBLE if films >= FEWEST and near else Judgment.TOO_FEW
