"""8. The page: every film with its answer, to be read by eyes. HTML without scripts, pictures beside it."""

from __future__ import annotations

import datetime
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from boneage import __version__
from boneage.pipeline import Failure
from boneage.report.curve import TICK_YEARS, Curve, curve_of
from boneage.report.record import years_and_months
from boneage.report.words import SEX_WORDS, SOURCE_WORDS, WARNINGS, flag_order, flag_words, kind_words
from boneage.types import Assessment, Estimate, Flag

if TYPE_CHECKING:
    from jinja2 import Environment


@dataclass(frozen=True)
class Shown:
    """A picture beside the page."""

    href: str
    name: str
    width: int
    height: int


@dataclass(frozen=True)
class Note:
    """A flag in words."""

    flag: str
    sentence: str
    warns: bool


@dataclass(frozen=True)
class Answer:
    """One sex's estimate in words."""

    sex: str
    bone_age: str
    months: str
    interval: str
    interval_words: str
    coverage: str
    further: str  # the intervals at other coverages
    curve: Curve
    notes: tuple[Note, ...]


@dataclass(frozen=True)
class Refusal:
    """Why a file gave no bone age."""

    kind: str
    came: str
    expected: str
    todo: str


@dataclass(frozen=True)
class Link:
    """A file beside the page."""

    name: str
    path: str


@dataclass(frozen=True)
class Entry:
    """One film on the page: an answer (or two), or a refusal. No pixels, no identity."""

    number: int
    file: str  # exactly as given
    system: str
    weights: tuple[str, ...]
    seconds: str
    refusal: Refusal | None = None
    answers: tuple[Answer, ...] = ()
    sex: str = ""
    sex_source: str = ""
    chronological_age: str | None = None
    drawn_as: str | None = None  # synthetic hands only
    presence: str | None = None
    sha256: str = ""
    notes: tuple[Note, ...] = ()
    film: Shown | None = None
    crops: tuple[Shown, ...] = ()
    maps: tuple[Shown, ...] = ()
    reports: tuple[Link, ...] = ()

    @property
    def warns(self) -> int:
        """How many notes ask for a second look."""
        return sum(note.warns for note in (*self.notes, *(note for answer in self.answers for note in answer.notes)))


def refused_entry(number: int, record: dict[str, Any], failure: Failure) -> Entry:
    """A file that gave no bone age."""
    error = failure.error
    refusal = Refusal(kind_words(error.kind), error.came, error.expected, error.todo)
    weights, seconds = tuple(record["weights"]), seconds_words(failure.seconds)
    return Entry(number, record["file"], record["system"], weights, seconds, refusal, reports=_links(record))


def read_entry(
    number: int,
    record: dict[str, Any],
    assessment: Assessment,
    *,
    film: Shown,
    crops: tuple[Shown, ...],
    maps: tuple[Shown, ...] = (),
    truth_months: float | None = None,
) -> Entry:
    """A film that was read."""
    age = assessment.radiograph.chronological_age_months
    return Entry(
        number=number,
        file=record["file"],
        system=assessment.system,
        weights=assessment.weights,
        seconds=seconds_words(assessment.seconds),
        answers=tuple(_answer(one, truth_months, age) for one in assessment.estimates),
        sex=" and ".join(SEX_WORDS[one.sex].lower() for one in assessment.estimates).capitalize(),
        sex_source=SOURCE_WORDS[assessment.sex_source],
        chronological_age=None if age is None else years_and_months(age),
        drawn_as=None if truth_months is None else years_and_months(truth_months),
        presence=f"{assessment.prepared.hand.presence:.2f}" if assessment.prepared.hand else None,
        sha256=assessment.radiograph.sha256,
        notes=_notes(assessment.flags),
        film=film,
        crops=crops,
        maps=maps,
        reports=_links(record),
    )


def write_page(path: Path, title: str, entries: Sequence[Entry], *, answers: str) -> Path:
    """The page of all films; `answers` is the file beside it that holds the same for machines."""
    now = datetime.datetime.now().astimezone().isoformat(" ", "minutes")
    page = _environment().get_template("page.html.j2").stream(
        title=title,
        entries=entries,
        answers_file=answers,
        read=sum(entry.refusal is None for entry in entries),
        synthetic=any(entry.drawn_as is not None for entry in entries),
        ticks=TICK_YEARS,
        made=now,
        version=__version__,
    )  # fmt: skip
    page.enable_buffering(64)
    with path.open("w", encoding="utf-8", errors="xmlcharrefreplace") as file:  # a file name need not be UTF-8
        file.writelines(page)
    return path


def seconds_words(seconds: float) -> str:
    return f"{seconds:.2f} s"


def _environment() -> Environment:
    from jinja2 import Environment, PackageLoader, StrictUndefined  # a run without a page does not wait for them

    loader = PackageLoader("boneage.report", "templates")
    return Environment(loader=loader, autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True)


def _answer(estimate: Estimate, truth_months: float | None, chronological_age_months: float | None) -> Answer:
    low, high = estimate.interval_months
    return Answer(
        sex=SEX_WORDS[estimate.sex],
        bone_age=years_and_months(estimate.bone_age_months),
        months=f"{estimate.bone_age_months:.1f}",
        interval=f"{low:.0f} to {high:.0f} months",
        interval_words=f"{years_and_months(low)} to {years_and_months(high)}",
        coverage=f"{100 * estimate.interval_coverage:g} %",
        further=", ".join(
            f"{100 * one.coverage:g} % {one.low_months:.0f} to {one.high_months:.0f} months"
            for one in estimate.intervals
            if one.coverage != estimate.interval_coverage
        ),
        curve=curve_of(estimate, truth_months=truth_months, chronological_age_months=chronological_age_months),
        notes=_notes(estimate.flags),
    )


def _links(record: Mapping[str, Any]) -> tuple[Link, ...]:
    """The reports that were made of a film, each by its format and, of both sexes' reports, the sex."""
    made = [line for line in record.get("reports", ()) if line["file"] is not None]
    several = len({line["sex"] for line in made}) > 1
    return tuple(Link(line["format"] + (f" ({line['sex']})" if several else ""), line["file"]) for line in made)


def _notes(flags: Iterable[Flag]) -> tuple[Note, ...]:
    return tuple(Note(flag.value, flag_words(flag), flag in WARNINGS) for flag in sorted(flags, key=flag_order))
