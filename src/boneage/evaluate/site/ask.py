"""The system's answers to a site's films: one row for each film that it read, a refusal for each other."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from boneage.evaluate.site.films import Case
from boneage.pipeline import Failure, assess_many
from boneage.read.folder import Found
from boneage.systems import System
from boneage.types import Flag, Interval, Sex


@dataclass(frozen=True)
class Answer:
    """What the system says of one film."""

    case: Case
    sex: Sex | None  # that was asked for; None: the system takes none and nobody told it
    months: float
    intervals: tuple[Interval, ...]  # the printed one among them
    flags: frozenset[Flag]

    @property
    def error_months(self) -> float:
        """System minus the readers' mean."""
        return self.months - self.case.reference_months


@dataclass(frozen=True)
class Refused:
    """A film without an answer."""

    case: Case
    reason: str  # the error's kind: its text may hold a path


def ask(cases: Iterable[Case], system: System) -> Iterator[Answer | Refused]:
    """One by one. The header's sex stands; the table's is used where the header has none."""
    for case in cases:
        ((_, said),) = assess_many([Found(case.path)], system, sex=case.sex)
        if isinstance(said, Failure):
            yield Refused(case, said.error.kind.value)
            continue
        (estimate,) = said.estimates
        yield Answer(case, case.sex, estimate.bone_age_months, estimate.intervals, said.flags | estimate.flags)
