"""How well several readers agree with each other, and the system with them, on the films that they share.

A reader stands against the mean of the others, as the system stands against the mean of all: so the two errors may be compared.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import combinations
from math import nan

import numpy as np

from boneage.evaluate.metrics import Array, bias, bootstrap, mae
from boneage.evaluate.site.ask import Answer
from boneage.evaluate.tables import FEWEST_FILMS

MEAN, OTHERS, SYSTEM = "mean of all readers", "mean of the other readers", "system"


@dataclass(frozen=True)
class Agreement:
    """One against another, over the films that both read."""

    one: str
    other: str
    films: int
    mean_absolute_difference_months: float
    mean_absolute_difference_low: float  # 95 % bootstrap limits; nan: too few films
    mean_absolute_difference_high: float
    difference_months: float  # one minus other
    agreement_low_months: float  # Bland and Altman's limits: the mean difference -+ 1.96 SD
    agreement_high_months: float


def reader_names(answers: Sequence[Answer]) -> dict[str, str]:
    """Readers as they are called in what is written: by the order in which the table names them first. Names stay out."""
    lines = sorted((line for one in answers for line in one.case.lines), key=lambda line: line.row)
    seen = dict.fromkeys(line.reader for line in lines)
    return {reader: f"reader {number}" for number, reader in enumerate(seen, start=1)}


def agreements(answers: Sequence[Answer]) -> tuple[Agreement, ...]:
    """Each pair of readers, each reader and the system against a mean, the system against each; nothing of a single reader."""
    names = reader_names(answers)
    if len(names) < 2:
        return ()
    shared = [one for one in answers if len(one.case.lines) > 1]
    return tuple(found for found in _all(answers, shared, names) if found.films > 0)


def _all(answers: Sequence[Answer], shared: Sequence[Answer], names: dict[str, str]) -> Iterator[Agreement]:
    yield _compare(SYSTEM, MEAN, [(one.months, one.case.reference_months) for one in shared])
    for reader, name in names.items():
        pairs = [(own, np.mean(rest)) for one in shared for own, rest in _parted(one, reader) if rest]
        yield _compare(name, OTHERS, [(own, float(mean)) for own, mean in pairs])
    for reader, name in names.items():
        yield _compare(SYSTEM, name, [(one.months, own) for one in answers for own, _ in _parted(one, reader)])
    for (first, name), (second, other) in combinations(names.items(), 2):
        found = [(_of(one, first), _of(one, second)) for one in shared]
        yield _compare(name, other, [(a, b) for a, b in found if a is not None and b is not None])


def _of(answer: Answer, reader: str) -> float | None:
    return next((line.months for line in answer.case.lines if line.reader == reader), None)


def _parted(answer: Answer, reader: str) -> Iterator[tuple[float, list[float]]]:
    """The reader's months and those of the others; nothing where the reader did not read this film."""
    own = _of(answer, reader)
    if own is not None:
        yield own, [line.months or 0.0 for line in answer.case.lines if line.reader != reader]


def _compare(one: str, other: str, pairs: Sequence[tuple[float, float]]) -> Agreement:
    if not pairs:
        return Agreement(one, other, 0, nan, nan, nan, nan, nan, nan)
    mine, its = (np.array(column, np.float64) for column in zip(*pairs, strict=True))
    ((low, high),) = bootstrap((mae,), its, mine) if len(pairs) >= FEWEST_FILMS else ((nan, nan),)
    center, spread = bias(its, mine), _spread(mine - its)
    reach = 1.96 * spread
    return Agreement(one, other, len(pairs), mae(its, mine), low, high, center, center - reach, center + reach)


def _spread(values: Array) -> float:
    return float(np.std(values, ddof=1)) if len(values) >= FEWEST_FILMS else nan
