"""What a worker does with a name: one film's row, whatever comes."""

from __future__ import annotations

from dataclasses import dataclass

import cv2

from boneage.batch.rows import Cell, to_row
from boneage.batch.sources import film_of
from boneage.errors import BoneAgeError, Kind
from boneage.networks import load_network
from boneage.pipeline import BOTH, Failure, SexChoice, attempt
from boneage.report.record import to_record
from boneage.systems import find_system


@dataclass(frozen=True)
class Ask:
    """Of each film of a run. Plain values: it travels to other processes and machines."""

    system: str
    sex: SexChoice

    @property
    def both(self) -> bool:
        return self.sex == BOTH

    @property
    def sex_word(self) -> str | None:
        return "both" if isinstance(self.sex, tuple) else self.sex.value if self.sex is not None else None

    def start(self) -> None:
        """Once in a process: it is one of many, so it keeps to one thread; the networks are loaded before the first film."""
        cv2.setNumThreads(1)
        for name in find_system(self.system).weights:
            load_network(name)

    def row(self, name: str) -> dict[str, Cell]:
        """A film that cannot be read has its row too."""
        system = find_system(self.system)
        outcome = attempt(lambda: film_of(name), system, sex=self.sex)
        return to_row(to_record(name, outcome, system), both=self.both)

    def lost(self, name: str) -> dict[str, Cell]:
        """The row of a film at which the process that read it ended, twice."""
        error = BoneAgeError(
            Kind.INTERNAL,
            came="a film at which the process that read it ended",
            expected="an answer or a plain refusal",
            todo="Read it alone with `boneage assess FILE`; it may need more memory than there is.",
        )
        return to_row(to_record(name, Failure(error, 0.0), find_system(self.system)), both=self.both)
