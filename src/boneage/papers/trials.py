"""Findings put to the test: several paired contests at once, corrected together, and the verdict on all of them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import isfinite

from boneage.evaluate.compare import holm
from boneage.evaluate.metrics import Array
from boneage.evaluate.network_answers import NetworkAnswers
from boneage.extras import load
from boneage.papers.page import Verdict
from boneage.papers.shelf import FEWEST_FILMS, Contest, contest, readable

ALPHA = 0.05  # of the corrected p


@dataclass(frozen=True, eq=False)
class Trial:
    """What a finding says: the first row's error is smaller than the second's."""

    claim: str  # in few words: "A before C"
    first: NetworkAnswers | None  # None: not run
    second: NetworkAnswers | None
    fair: bool = True  # trained with equal budgets; else there is no contest


@dataclass(frozen=True)
class Tried:
    """What became of it."""

    claim: str
    contest: Contest | None  # None: a row was not run, or the budgets differ
    p: float = 1.0  # Holm-corrected over all that were tried together
    fair: bool = True

    @property
    def holds(self) -> bool:
        return self.contest is not None and self.contest.first < self.contest.second and self.p < ALPHA

    def __str__(self) -> str:
        """Without the films and the test, which `told` adds."""
        if self.contest is None:
            return f"{self.claim}: {'not run' if self.fair else 'trained for unequal budgets'}"
        smaller, told_apart = self.contest.first < self.contest.second, self.p < ALPHA
        answer = ("yes" if smaller else "the other way round") if told_apart else "not told apart"
        figures = f"{self.contest.first:.2f} against {self.contest.second:.2f} months, p {readable(self.p)}"
        return f"{self.claim}: {answer} ({figures})"


def try_all(trials: Sequence[Trial]) -> tuple[Tried, ...]:
    """Each trial, in order; the p-values of those that could be held are corrected together (Holm)."""
    held = [contest(one.first, one.second) if one.first and one.second and one.fair else None for one in trials]
    corrected = iter(holm([one.p for one in held if one is not None]))
    return tuple(
        Tried(trial.claim, one, next(corrected) if one is not None else 1.0, trial.fair or not (trial.first and trial.second))
        for trial, one in zip(trials, held, strict=True)
    )


def verdict(tried: Sequence[Tried]) -> Verdict:
    """Confirmed where every trial holds; open where one could not be held."""
    if any(one.contest is None for one in tried):
        return Verdict.OPEN
    return Verdict.CONFIRMED if all(one.holds for one in tried) else Verdict.NOT_CONFIRMED


def welch(first: Array, second: Array) -> float:
    """Two-sided p that two groups of films have the same mean; too few films, or all alike, say nothing: 1."""
    if min(len(first), len(second)) < FEWEST_FILMS:
        return 1.0
    p = float(load("scipy.stats").ttest_ind(first, second, equal_var=False).pvalue)
    return p if isfinite(p) else 1.0


def told(tried: Sequence[Tried]) -> str:
    """All of them, then the test that was made and on how many films; "not run" where none was."""
    films = sorted({one.contest.films for one in tried if one.contest is not None})
    said = "; ".join(map(str, tried))
    if not films:
        return said if any(not one.fair for one in tried) else "not run"
    held = sum(one.contest is not None for one in tried)
    counts = " to ".join(f"{count:,}" for count in films[:: max(len(films) - 1, 1)])
    corrected = f", Holm-corrected over {held}" if held > 1 else ""
    return f"{said}. Paired t-tests on the absolute errors of {counts} films{corrected}"
