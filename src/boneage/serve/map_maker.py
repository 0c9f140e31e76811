"""The workers' other task: heat maps, while no film waits. Killed at any moment, they are made again, and kept once."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from itertools import chain

from boneage.explain.maps import explain
from boneage.explain.occlusion import QUICK
from boneage.pipeline import assess
from boneage.report.reading import Reading
from boneage.serve.kept_maps import Maps, small
from boneage.serve.pictures import Pictures
from boneage.serve.states import State
from boneage.serve.store.records import Film
from boneage.serve.store.worklist import Wanted, Worklist
from boneage.systems import System
from boneage.types import Radiograph, Sex

RECENT = 50  # films that are looked at; an older one's maps are made when somebody asks
LOOK_SECONDS = 2.0  # that often, where the last look found nothing
REST_SECONDS = 1.0  # after a failure
READ = frozenset(State) - {State.WAITING, State.REFUSED, State.LEFT_ALONE}

Before = Callable[[], object]  # what is more urgent: called again and again while a map is made
Draw = Callable[[Radiograph, System, Sex | None, Before], Maps]


def draw(radiograph: Radiograph, system: System, sex: Sex | None, before: Before) -> Maps:
    """The system's own maps. Raises BoneAgeError as `assess` does."""
    return explain(assess(radiograph, system, sex=sex), system, options=QUICK, before=before)


@dataclass
class MapMaker:
    """Of one worker process."""

    worklist: Worklist
    pictures: Pictures
    draw: Draw = draw
    clock: Callable[[], float] = time.monotonic
    _settled: set[str] = field(default_factory=set)  # readings that need none any more
    _look_at: float = 0.0
    _rest_until: float = 0.0

    def step(self, before: Before = lambda: None) -> bool:
        """One film's maps: the film that was asked for last, else the newest that lacks them. False: none are to be made.

        Whatever fails is raised; after that nothing is tried for a moment.
        """
        if self.clock() < self._rest_until:
            return False
        try:
            return any(self._make(film, reading, before) for film, reading in chain(self._asked(), self._recent()))
        except Exception:
            self._rest_until = self.clock() + REST_SECONDS
            raise

    def _make(self, film: Film, reading: Reading, before: Before) -> bool:
        kept = self.pictures.maps
        with kept.trying(film, reading) as mine:
            if mine and kept.of(film, reading) is None:  # no other worker was quicker
                found = self.draw(self.pictures.film(film), self.pictures.system, reading.sex, before)
                kept.keep(film, reading, tuple(map(small, found)))
        return mine

    def _asked(self) -> Iterator[tuple[Film, Reading]]:
        """Requests that are answered, or that nobody can answer, are taken back."""
        for film_id in self.pictures.maps.asked():
            film = self.worklist.film(film_id)
            if film is not None and film.state is State.WAITING:
                continue  # it is read again
            reading = None if film is None or film.reading_uid is None else self.worklist.reading(film.reading_uid)
            if film is None or reading is None or self.pictures.maps.of(film, reading) is not None:
                self.pictures.maps.answered(film_id)
            else:
                yield film, reading

    def _recent(self) -> Iterator[tuple[Film, Reading]]:
        if self.clock() < self._look_at:
            return
        films, _ = self.worklist.page(Wanted(READ, most=RECENT))
        for film in films:
            if film.reading_uid is None or film.reading_uid in self._settled:
                continue
            reading = self.worklist.reading(film.reading_uid)
            if reading is not None and self.pictures.maps.of(film, reading) is None:
                yield film, reading
            else:
                self._settled.add(film.reading_uid)
        self._settled &= {film.reading_uid for film in films if film.reading_uid}
        self._look_at = self.clock() + LOOK_SECONDS
