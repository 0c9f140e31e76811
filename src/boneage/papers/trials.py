"""Findings put to the test: several paired contests at once, corrected together, and the verdict on all of them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from boneage.evaluate.compare import holm
from boneage.evaluate.network_answers import NetworkAnswers
from boneage.papers.page import Verdict
from boneage.papers.shelf import Contest, contest, readable

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
        if self.contest is None:
            return f"{self.claim}: {'not run' if self.fair else 'trained for unequal budgets'}"
        smaller, told_apart = self.contest.first < self.contest.second, self.p < ALPHA
        answer = ("yes" if smaller else "the other way round") if told_apart else "not told apart"
        figures = f"{self.contest.first:.2f} against {self.contest.second:.2f} months on {self.contest.films:,} films"
        return f"{self.claim}: {answer} ({figures}, p {readable(self.p)})"


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


def told(tried: Sequence[Tried]) -> str:
    """All of them in one sentence, with the test that was made."""
    held = sum(one.contest is not None for one in tried)
    test = f" ({corrected(held)})" if held else ""
    return "; ".join(map(str, tried)) + test


def corrected(tests: int) -> str:
    """The test's name: "paired t-tests on the absolute errors, Holm-corrected over 3"."""
    many = f"paired t-tests on the absolute errors, Holm-corrected over {tests}"
    return many if tests > 1 else "paired t-test on the absolute errors"
