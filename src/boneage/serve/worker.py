"""The worker: takes the film that waits longest and keeps its reading. Killed at any moment, it loses and doubles nothing."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime

from pydicom.uid import generate_uid

from boneage.errors import BoneAgeError, Kind
from boneage.pipeline import assess
from boneage.read import read
from boneage.report.reading import Film as FilmFacts
from boneage.report.reading import Reading, Refusal, readings_of
from boneage.serve.intake import age_months
from boneage.serve.settings import MAP, Destination, Send
from boneage.serve.spool import Spool
from boneage.serve.store.records import Errand, Film, utc_now
from boneage.serve.store.worklist import Worklist
from boneage.systems import System
from boneage.types import Assessment, Identity, Radiograph, Sex, SexSource

MOST_ATTEMPTS = 3  # a film on which so many workers ended is refused
Ask = Callable[[Radiograph, System, Sex | None], Assessment]


def ask(radiograph: Radiograph, system: System, sex: Sex | None) -> Assessment:
    """The system's own answer."""
    return assess(radiograph, system, sex=sex)


@dataclass(frozen=True)
class Worker:
    """What it needs of a site."""

    worklist: Worklist
    spool: Spool
    system: System
    destinations: tuple[Destination, ...]
    send: Send
    clock: Callable[[], datetime] = utc_now
    ask: Ask = ask

    def step(self) -> bool:
        """One film from waiting to read or refused; False: nothing waits.

        What is no plain refusal is raised, and the film is free for the next try at once.
        """
        film = self.worklist.claim()
        if film is None:
            return False
        try:
            reading = self.read(film)
            errands = errands_of(self.destinations) if self.send is Send.ON_READ and reading.estimate is not None else ()
            self.worklist.answer(film, reading, errands)
        except Exception:
            self.worklist.release(film)
            raise
        return True

    def read(self, film: Film) -> Reading:
        """The system's reading of a film; a film that cannot be read gives its refusal."""
        radiograph: Radiograph | None = None
        try:
            if film.attempts > MOST_ATTEMPTS:
                raise _gave_up()
            radiograph = known(read(self.spool.read(film.file)), film)
            told = None if film.sex is radiograph.sex else film.sex  # the header's own sex is no option
            assessment = self.ask(radiograph, self.system, told)
        except BoneAgeError as error:
            return self._refused(film, radiograph, error)
        (reading,) = readings_of(assessment, uids=(new_uid(),), at=self.clock(), height_cm=film.height_cm)
        return replace(reading, predecessor=film.reading_uid)

    def _refused(self, film: Film, radiograph: Radiograph | None, error: BoneAgeError) -> Reading:
        age = age_months(film.identity.birth_date, film.study_date) if radiograph is None else radiograph.chronological_age_months
        facts = FilmFacts("", (0, 0), study_date=film.study_date)
        source = SexSource.OPTION if film.sex else SexSource.UNUSED
        if radiograph is not None:
            facts = FilmFacts(radiograph.sha256, radiograph.size, radiograph.spacing_mm, radiograph.side, radiograph.study_date)
            source = SexSource.HEADER if film.sex and film.sex is radiograph.sex else source
        return Reading(
            uid=new_uid(),
            made_at=self.clock(),
            identity=film.identity if radiograph is None else radiograph.identity,
            film=facts,
            sex=film.sex,
            sex_source=source,
            chronological_age_months=age,
            system=self.system.name,
            weights=self.system.weights,
            estimate=None,
            refusal=Refusal.of(error),
            flags=frozenset() if radiograph is None else radiograph.flags,
            predecessor=film.reading_uid,
            height_cm=film.height_cm,
        )


def known(radiograph: Radiograph, film: Film) -> Radiograph:
    """A film with what the worklist knows of it where its own file says nothing, as PNG and JPEG do."""
    if radiograph.identity != Identity():
        return radiograph
    study_date, age = radiograph.study_date or film.study_date, radiograph.chronological_age_months
    if age is None:
        age = age_months(film.identity.birth_date, study_date)
    return replace(radiograph, identity=film.identity, study_date=study_date, chronological_age_months=age)


def errands_of(destinations: tuple[Destination, ...], *, answered: bool = True) -> tuple[Errand, ...]:
    """Every format that each destination takes; no heat maps of a film that the system has not answered."""
    return tuple(Errand(one.name, what) for one in destinations for what in one.formats if answered or what != MAP)


def new_uid() -> str:
    """For a reading: random, under the root that needs no registration."""
    return str(generate_uid(prefix=None))


def _gave_up() -> BoneAgeError:
    return BoneAgeError(
        Kind.INTERNAL,
        came=f"a film on which the assessment ended without an answer {MOST_ATTEMPTS} times",
        expected="an answer or a plain refusal",
        todo="Read it by hand, and report the film's kind to those who run this service.",
    )
