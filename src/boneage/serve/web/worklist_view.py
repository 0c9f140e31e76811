"""The worklist as the page shows it: a film a line, a filter a state."""

from __future__ import annotations

from dataclasses import dataclass
from math import ceil

from boneage.clinical.norms import brush_mean_and_sd
from boneage.report.content import harmless, shown_name
from boneage.report.language import Language, age_short, number, told
from boneage.report.verdict import LIMIT_SD
from boneage.serve.intake import age_months
from boneage.serve.site import Site
from boneage.serve.states import State
from boneage.serve.store.records import Film
from boneage.serve.store.worklist import Wanted
from boneage.serve.web.shapes import OPEN

PAGE = 50  # films


@dataclass(frozen=True)
class Line:
    """A film. What is not known is ""."""

    film: Film
    name: str
    patient_id: str
    sex: str
    age: str
    bone_age: str
    score: str
    away: bool  # more than 2 SD from the mean
    hidden: bool  # there is an answer, and this site reads blind
    why: str  # of a refused film


@dataclass(frozen=True)
class Asked:
    """What of the worklist a page asks for."""

    state: State | None = None
    text: str = ""
    page: int = 1
    oldest_first: bool = False

    def wanted(self) -> Wanted:
        wanted = Wanted(text=self.text, newest_first=not self.oldest_first, skip=(self.page - 1) * PAGE, most=PAGE)
        return wanted if self.state is None else Wanted(frozenset({self.state}), *list(vars(wanted).values())[1:])


@dataclass(frozen=True)
class Lines:
    """A page of the worklist."""

    asked: Asked
    lines: tuple[Line, ...]
    count: int
    states: dict[State, int]
    pages: int

    @property
    def everything(self) -> int:
        """Films, but those left alone."""
        return sum(count for state, count in self.states.items() if state is not State.LEFT_ALONE)


def lines_of(site: Site, asked: Asked, language: Language) -> Lines:
    """Asked of the database."""
    films, count = site.worklist.page(asked.wanted())
    lines = tuple(_line(site, film, language) for film in films)
    return Lines(asked, lines, count, site.worklist.counts(), max(ceil(count / PAGE), 1))


def next_film(site: Site, after: str) -> str | None:
    """The film to be read after that one, the newest first, and from the start again; None: nothing is left to be read."""
    films, _ = site.worklist.page(Wanted(frozenset({State.READ, State.REFUSED}), most=500))
    current = site.worklist.film(after)
    others = [film for film in films if film.id != after]
    if not others:
        return None
    older = [film for film in others if current is not None and film.received_at < current.received_at]
    return (older or others)[0].id


def _line(site: Site, film: Film, language: Language) -> Line:
    own = age_months(film.identity.birth_date, film.study_date)
    hidden = site.settings.reads.blind and film.state in OPEN
    months = None if hidden or film.state is State.WAITING else film.bone_age_months
    score = _score(film, own, months)
    return Line(
        film=film,
        name=shown_name(film.identity.patient_name),
        patient_id=harmless(film.identity.patient_id),
        sex="" if film.sex is None else told(language, film.sex),
        age="" if own is None else age_short(language, own),
        bone_age="" if months is None else age_short(language, months),
        score="" if score is None else number(language, score, digits=1, sign=True),
        away=score is not None and abs(score) > LIMIT_SD,
        hidden=hidden and film.state is State.READ,
        why=_why(site, film, language),
    )


def _score(film: Film, own: float | None, months: float | None) -> float | None:
    if own is None or months is None or film.sex is None or film.state is State.WITHDRAWN:
        return None
    norm = brush_mean_and_sd(film.sex, own)
    return None if norm is None else norm.score(months)


def _why(site: Site, film: Film, language: Language) -> str:
    if film.state is not State.REFUSED or film.reading_uid is None:
        return ""
    reading = site.worklist.reading(film.reading_uid)
    return "" if reading is None or reading.refusal is None else told(language, reading.refusal.kind)
