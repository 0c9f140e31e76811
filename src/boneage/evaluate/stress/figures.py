"""The stress test's figures: one row a transform, each film against its own clean answer."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import comb

import numpy as np

from boneage.dataset import Film
from boneage.evaluate.stress.answers import Answer
from boneage.evaluate.stress.fictive import categorize, fictive_norm
from boneage.evaluate.stress.grid import CLEAN
from boneage.evaluate.stress.targets import target_months
from boneage.evaluate.stress.transform import Transform
from boneage.types import Flag

FAR = 24.0  # months
# These tell what was found and put right, not that the answer is in doubt: they excuse no drift.
PUT_RIGHT = frozenset(
    flag.value
    for flag in (Flag.MIRRORED, Flag.TURNED, Flag.POLARITY_INVERTED, Flag.COLOR_SCAN, Flag.SPACING_UNKNOWN, Flag.SEX_OVERRIDDEN)
)


@dataclass(frozen=True)
class Row:
    """One transform. Months; shares of the films that have a clean answer, unless it says otherwise."""

    family: str
    transform: str
    films: int  # with a clean answer
    answered: int  # of these, also in this form; the figures of drift are theirs
    mae_clean: float | None
    mae_change: float | None  # in this form less clean
    mean_drift: float | None  # answer less clean answer
    mean_absolute_drift: float | None
    over_6: float | None  # share of drifts of the answered films
    over_12: float | None
    over_24: float | None
    refused: float | None
    silent_over_24: float | None  # drifts over 24 months without a flag of doubt that the clean answer had not, of all films
    categories: int  # answered films with a fictive age
    category_changes: float | None  # share of these whose category is not the clean answer's
    category_wrong_clean: float | None  # share of these whose category is not the label's
    category_wrong: float | None  # the same in this form
    category_wrong_p: float | None  # exact McNemar test of the two, two-sided
    target_months: float | None  # of the mean drift, either way
    within_target: bool | None


def figures(answers: Sequence[Answer], films: Mapping[int, Film], transforms: Sequence[Transform]) -> list[Row]:
    """A row for each transform, in order."""
    by_form: dict[str, dict[int, Answer]] = {}
    for one in answers:
        by_form.setdefault(one.transform, {})[one.film] = one
    clean = {film: one for film, one in by_form.get(CLEAN, {}).items() if one.months is not None}
    rows = []
    for transform in transforms:
        forms = by_form.get(transform.name, {})
        rows.append(_row(transform, [(films[film], clean[film], forms[film]) for film in sorted(clean) if film in forms]))
    return rows


def clean_refused(answers: Sequence[Answer]) -> int:
    """Films that are refused as they are: they have no drift."""
    return sum(one.transform == CLEAN and one.months is None for one in answers)


def clean_mae(answers: Sequence[Answer], films: Mapping[int, Film]) -> float | None:
    """Of the films as they came, months."""
    clean = [(one.film, one.months) for one in answers if one.transform == CLEAN and one.months is not None]
    return _mean(np.array([abs(months - films[film].bone_age_months) for film, months in clean]))


def drift(clean: Answer, other: Answer) -> float | None:
    """Months from the clean answer; None: not both are answered."""
    return None if clean.months is None or other.months is None else other.months - clean.months


def is_silent(clean: Answer, other: Answer) -> bool:
    """Whether an answer drifts far and nothing says so."""
    far = drift(clean, other)
    return far is not None and abs(far) > FAR and not other.flags - clean.flags - PUT_RIGHT


def mcnemar(only_first: int, only_second: int) -> float:
    """Exact two-sided p that wrong answers of the one kind alone and of the other alone are equally likely."""
    both = only_first + only_second
    tail = sum(comb(both, k) for k in range(min(only_first, only_second) + 1)) / 2**both
    return float(min(1.0, 2 * tail))


def _row(transform: Transform, films: list[tuple[Film, Answer, Answer]]) -> Row:
    pairs = [(film, clean.months, other.months) for film, clean, other in films if clean.months is not None]
    numbers = np.array([(f.bone_age_months, a, b) for f, a, b in pairs if b is not None], np.float64).reshape(-1, 3)
    truth, clean, other = numbers.T
    drifts, error = other - clean, np.abs(clean - truth)
    target, signed = target_months(transform), _mean(drifts)
    categories = _categories([(film, before, after) for film, before, after in pairs if after is not None])
    return Row(
        family=transform.family.value,
        transform=transform.name,
        films=len(films),
        answered=len(numbers),
        mae_clean=_mean(error),
        mae_change=_mean(np.abs(other - truth) - error),
        mean_drift=signed,
        mean_absolute_drift=_mean(np.abs(drifts)),
        over_6=_mean(np.abs(drifts) > 6),
        over_12=_mean(np.abs(drifts) > 12),
        over_24=_mean(np.abs(drifts) > FAR),
        refused=_mean(np.array([one.months is None for _, _, one in films])),
        silent_over_24=_mean(np.array([is_silent(before, after) for _, before, after in films])),
        target_months=target,
        within_target=None if target is None or signed is None else abs(signed) <= target,
        categories=categories.films,
        category_changes=categories.changes,
        category_wrong_clean=categories.wrong_clean,
        category_wrong=categories.wrong,
        category_wrong_p=categories.p,
    )


@dataclass(frozen=True)
class _Categories:
    """As in `Row`."""

    films: int
    changes: float | None
    wrong_clean: float | None
    wrong: float | None
    p: float | None


def _categories(films: list[tuple[Film, float, float]]) -> _Categories:
    """Of films with their clean and their other answer, months."""
    found = []
    for film, clean, other in films:
        if (norm := fictive_norm(film)) is not None:
            found.append([categorize(months, norm) for months in (film.bone_age_months, clean, other)])
    changed = np.array([before is not after for _, before, after in found])
    wrong = np.array([(before is not label, after is not label) for label, before, after in found], bool).reshape(-1, 2)
    first, second = wrong.T
    p = mcnemar(int((first & ~second).sum()), int((second & ~first).sum())) if found else None
    return _Categories(len(found), _mean(changed), _mean(first), _mean(second), p)


def _mean(values: np.ndarray[tuple[int, ...], np.dtype[np.float64 | np.bool_]]) -> float | None:
    return float(values.mean(dtype=np.float64)) if len(values) else None
