"""How the service does, by week, scanner and version: films, refusals, changed readings, reader minus system; the drift alarm.

Figures of fewer than FEWEST films are left out and the cell is marked: they would tell of single children and of chance.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from statistics import fmean, median, stdev
from typing import Any

from sqlalchemy import Engine, func, select

from boneage.report.reading import Reading
from boneage.report.reading_json import load_reading
from boneage.serve.drift import Drift, drift_of
from boneage.serve.states import SIGNED, State
from boneage.serve.store import schema
from boneage.serve.store.engine import reads
from boneage.serve.store.records import from_text, to_text

FEWEST = 5
WEEKS = 26
DRIFT_WEEKS = 104  # the drift alarm looks back so far, whatever is shown; about a fifth of a second of work for 1,000 films
NOT_TOLD = "-"  # a film whose header names no scanner
_SOME = 500  # rows that are fetched at once
_SCANNERS = 20  # cells; the films of the others stand in the whole


@dataclass(frozen=True)
class Seen:
    """What is known of one film that the system has read or refused. No identity."""

    received_at: datetime
    scanner: str
    version: str  # of system and software
    refused: str | None  # why; None: read
    width_months: float | None  # of the printed interval
    apart_months: float | None  # reader minus system; None: nobody signed, or the system refused
    changed: bool
    signed_at: datetime | None  # the latest signature's time
    hours: float | None  # from receipt to the first signature


@dataclass(frozen=True)
class Cell:
    """Some of the films. Figures are None where they would be of fewer than FEWEST films."""

    by: str  # all, week, scanner, version
    name: str
    films: int
    refused: float | None  # share of the films
    reasons: dict[str, int]  # of the refusals; empty where `refused` is None
    signed: int  # films with the system's and a reader's months
    changed: float | None  # share of those
    mean_months: float | None  # reader minus system
    sd_months: float | None
    width_months: float | None  # median of the intervals
    hours: float | None  # median from receipt to the first signature

    @property
    def few(self) -> bool:
        """Whether a figure was left out."""
        return self.films < FEWEST or self.signed < FEWEST


@dataclass(frozen=True)
class Monitor:
    """All of it."""

    since: datetime
    waiting: int  # films that nobody has read yet, of all times
    cells: tuple[Cell, ...]  # the whole first
    version: str  # of the latest reading; the drift is this version's
    drift: Drift
    drift_since: datetime | None  # signature from which on the alarm stands


def monitor(engine: Engine, now: datetime, *, weeks: int = WEEKS) -> Monitor:
    """Of the films received in the last so many weeks; the drift is over the signed films of the version that is in use."""
    since = now - timedelta(weeks=weeks)
    seen = list(look(engine, min(since, now - timedelta(weeks=DRIFT_WEEKS))))
    version = max(seen, key=lambda one: one.received_at).version if seen else ""
    signed = [one for one in seen if one.version == version and one.apart_months is not None and one.signed_at is not None]
    signed.sort(key=lambda one: one.signed_at or now)
    found = drift_of([one.apart_months or 0.0 for one in signed])
    with reads(engine) as connection:
        waits = select(func.count()).select_from(schema.films).where(schema.films.c.state == State.WAITING.value)
        waiting = int(connection.scalar(waits) or 0)
    begun = None if found.since is None else signed[found.since].signed_at
    return Monitor(since, waiting, tuple(_cells([one for one in seen if one.received_at >= since])), version, found, begun)


def look(engine: Engine, since: datetime) -> Iterator[Seen]:
    """The films received since then that the system has read or refused, by their latest reading."""
    films, readings, audit = schema.films, schema.readings, schema.audit
    first = (
        select(audit.c.film_id, func.min(audit.c.at).label("at"))
        .where(audit.c.action == State.SIGNED.value)
        .group_by(audit.c.film_id)
        .subquery()
    )
    wanted = (
        select(films.c.received_at, films.c.scanner, films.c.state, readings.c.body, first.c.at)
        .join(readings, readings.c.uid == films.c.reading_uid)
        .outerjoin(first, first.c.film_id == films.c.id)
        .where(films.c.received_at >= to_text(since))
        .order_by(films.c.received_at)
        .execution_options(yield_per=_SOME)
    )
    with reads(engine) as connection:
        for row in connection.execute(wanted):
            yield _seen(row)


def _seen(row: Any) -> Seen:
    reading: Reading = load_reading(row.body)
    estimate, decision, received = reading.estimate, reading.decision, from_text(row.received_at)
    stands = decision if State(row.state) in SIGNED else None  # what is withdrawn is no reading
    apart = None if stands is None or estimate is None else stands.bone_age_months - estimate.bone_age_months
    low, high = (0.0, 0.0) if estimate is None else estimate.interval_months
    return Seen(
        received_at=received,
        scanner=row.scanner or NOT_TOLD,
        version=f"{reading.system}, {reading.version}",
        refused=None if reading.refusal is None else reading.refusal.kind.value,
        width_months=None if estimate is None else high - low,
        apart_months=apart,
        changed=apart is not None and reading.changed,
        signed_at=None if stands is None else stands.at,
        hours=None if row.at is None else (from_text(row.at) - received) / timedelta(hours=1),
    )


def _cells(seen: Sequence[Seen]) -> Iterator[Cell]:
    yield _cell("all", "all", seen)
    yield from _parted("week", seen, lambda one: week_of(one.received_at), by_name=True)
    yield from _parted("scanner", seen, lambda one: one.scanner)
    yield from _parted("version", seen, lambda one: one.version)


def week_of(at: datetime) -> str:
    """As ISO 8601 writes it: 2026-W47."""
    year, week, _ = at.isocalendar()
    return f"{year}-W{week:02}"


def _parted(by: str, seen: Iterable[Seen], name: Callable[[Seen], str], *, by_name: bool = False) -> Iterator[Cell]:
    groups = defaultdict[str, list[Seen]](list)
    for one in seen:
        groups[name(one)].append(one)
    order = sorted(groups) if by_name else sorted(groups, key=lambda key: (-len(groups[key]), key))[:_SCANNERS]
    yield from (_cell(by, key, groups[key]) for key in order)


def _cell(by: str, name: str, seen: Sequence[Seen]) -> Cell:
    reasons = Counter(one.refused for one in seen if one.refused is not None)
    apart = [one.apart_months for one in seen if one.apart_months is not None]
    enough = len(seen) >= FEWEST
    return Cell(
        by=by,
        name=name,
        films=len(seen),
        refused=reasons.total() / len(seen) if enough else None,
        reasons=dict(reasons.most_common()) if enough else {},
        signed=len(apart),
        changed=_of(apart, lambda _: sum(one.changed for one in seen) / len(apart)),
        mean_months=_of(apart, fmean),
        sd_months=_of(apart, stdev),
        width_months=_of([one.width_months for one in seen if one.width_months is not None], median),
        hours=_of([one.hours for one in seen if one.hours is not None], median),
    )


def _of(values: Sequence[float], figure: Callable[[Sequence[float]], float]) -> float | None:
    return figure(values) if len(values) >= FEWEST else None
