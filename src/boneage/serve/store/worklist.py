"""Films and their readings: received once, answered once, changed only by a new version, every change in the audit trail."""

from __future__ import annotations

import uuid
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import ColumnElement, Connection, Engine, Row, and_, delete, func, insert, or_, select, update
from sqlalchemy.exc import IntegrityError

from boneage.clinical.height import check_height
from boneage.errors import BoneAgeError, Kind
from boneage.report.reading import Reading
from boneage.report.reading_json import dump_reading, load_reading
from boneage.serve.states import SIGNED, UNSIGNED, State, state_of
from boneage.serve.store import schema
from boneage.serve.store.audit import SYSTEM, note
from boneage.serve.store.engine import reads
from boneage.serve.store.outbox import replace_undone
from boneage.serve.store.records import LEASE, Arrival, Errand, Film, Handover, to_text, utc_now
from boneage.serve.store.rows import columns_of, film_of
from boneage.serve.store.text import words
from boneage.types import Sex

films, readings, deliveries, forgotten = schema.films, schema.readings, schema.deliveries, schema.forgotten
LARGEST_PAGE = 500
CORRECTABLE = UNSIGNED | {State.WAITING, State.WITHDRAWN}
_SOME = 500  # rows a statement


class Stale(BoneAgeError):
    """Somebody else has changed the reading meanwhile, or its film does not stand where that change may follow."""

    def __init__(self, came: str = "a change of a reading that has changed meanwhile") -> None:
        super().__init__(Kind.BAD_OPTION, came=came, expected="the latest version", todo="Look at the film again, then decide.")


@dataclass(frozen=True)
class Received:
    """What became of an arrival."""

    film_id: str
    new: bool  # False: this film is here already
    file: str  # its name in the spool: the first one that arrived


@dataclass(frozen=True)
class Wanted:
    """What of the worklist is asked for."""

    states: frozenset[State] = frozenset(State) - {State.LEFT_ALONE}
    text: str = ""  # words that all stand in name, patient id or accession number
    newest_first: bool = True
    skip: int = 0
    most: int = 50  # up to LARGEST_PAGE


class Worklist:
    """The films of one database. Each method is one transaction; `forget` and `removed` take many films in parts."""

    def __init__(self, engine: Engine, clock: Callable[[], datetime] = utc_now) -> None:
        self.engine, self.clock = engine, clock

    def receive(self, arrival: Arrival) -> Received:
        """A film for the worklist; one with the same SOP instance UID is here already and stays as it is.

        But one that was left alone waits from now on, where this time it counts.
        """
        row = columns_of(arrival) | {"id": uuid.uuid4().hex, "received_at": to_text(self.clock()), "attempts": 0}
        try:
            with self.engine.begin() as connection:
                if found := self._again(connection, row):
                    return found
                connection.execute(insert(films).values(row))
                self._note_arrival(connection, row["id"], row, "receive")
        except IntegrityError:  # another process was quicker
            with self.engine.begin() as connection:
                if found := self._again(connection, row):
                    return found
            raise
        return Received(row["id"], new=True, file=row["file"])

    def claim(self, lease: timedelta = LEASE) -> Film | None:
        """A waiting film that no other worker has, for so long; None: nothing waits.

        The longest waiting one, but films on which a worker ended without an answer stand behind the others.
        """
        now = self.clock()
        free = or_(films.c.claimed_until.is_(None), films.c.claimed_until < to_text(now))
        first = (
            select(films)
            .where(films.c.state == State.WAITING.value, free)
            .order_by(films.c.attempts, films.c.received_at, films.c.id)
            .limit(1)
            .with_for_update(skip_locked=True)
        )
        with self.engine.begin() as connection:
            row = connection.execute(first).one_or_none()
            if row is None:
                return None
            claim, attempts = uuid.uuid4().hex, row.attempts + 1
            claimed = {"claim": claim, "claimed_until": to_text(now + lease), "attempts": attempts}
            connection.execute(update(films).where(films.c.id == row.id).values(claimed))
        return film_of(row, claim=claim, attempts=attempts)

    def release(self, film: Film) -> None:
        """Gives back a claimed film without an answer."""
        mine = and_(films.c.id == film.id, films.c.claim == film.claim)
        with self.engine.begin() as connection:
            connection.execute(update(films).where(mine).values(claim=None, claimed_until=None))

    def release_all(self) -> None:
        """Takes back every claim: for the only server of a database, when it starts."""
        with self.engine.begin() as connection:
            claimed = films.c.claim.is_not(None)
            connection.execute(update(films).where(claimed).values(claim=None, claimed_until=None))

    def answer(self, film: Film, reading: Reading, errands: Iterable[Errand] = ()) -> bool:
        """Keeps the system's reading of a film as `claim` gave it.

        False, and nothing changes, where it waits no longer, is another worker's by now, or was corrected meanwhile.
        """
        with self.engine.begin() as connection:
            row = self._locked(connection, film.id)
            if row is None or row.state != State.WAITING.value or row.claim is None or row.claim != film.claim:
                return False
            self._keep(connection, film.id, reading, errands)
            detail = {"system": reading.system, "refused": reading.refusal.kind.value if reading.refusal else None}
            note(connection, self.clock(), SYSTEM, "assess", film_id=film.id, reading_uid=reading.uid, detail=detail)
        return True

    def decide(self, film_id: str, seen_uid: str, reading: Reading, errands: Iterable[Errand] = (), *, actor: str) -> None:
        """Keeps a reader's version. Raises Stale where `seen_uid` is no longer the latest version, or it may not follow."""
        if reading.decision is None:
            raise ValueError("a reading that somebody decided on is expected")
        with self.engine.begin() as connection:
            row = self._locked(connection, film_id)
            if row is None or row.reading_uid != seen_uid:
                raise Stale
            before, after = State(row.state), state_of(reading)
            if not may_follow(before, after):
                raise Stale(f"a film that is {before.value} to be {after.value}")
            self._keep(connection, film_id, reading, errands)
            detail = {  # the reason stands in the reading: people write what they like there, and this line is for ever
                "months": reading.decision.bone_age_months,
                "before": row.bone_age_months,
                "plate": reading.decision.plate_months,
                "reason": bool(reading.decision.reason),
            }
            note(connection, self.clock(), actor, after.value, film_id=film_id, reading_uid=reading.uid, detail=detail)

    def correct(self, film_id: str, *, sex: Sex | None, height_cm: float | None, actor: str) -> None:
        """Sex and height as they are from now on (None: as the header says); the film is assessed again.

        Raises Stale for a signed film: it is withdrawn first.
        """
        if height_cm is not None:
            check_height(height_cm)
        with self.engine.begin() as connection:
            row = self._locked(connection, film_id)
            if row is None or State(row.state) not in CORRECTABLE:
                raise Stale("a correction of a film that is signed, or is not read here")
            if row.state != State.WITHDRAWN.value:  # what takes a reading back must still arrive
                replace_undone(connection, film_id)
            again = {"state": State.WAITING.value, "claim": None, "claimed_until": None, "attempts": 0}
            values = {**again, "sex": None if sex is None else sex.value, "height_cm": height_cm}
            connection.execute(update(films).where(films.c.id == film_id).values(values))
            detail = {"sex": values["sex"], "height_cm": height_cm}
            note(connection, self.clock(), actor, "correct", film_id=film_id, detail=detail)

    def film(self, film_id: str) -> Film | None:
        with reads(self.engine) as connection:
            row = connection.execute(select(films).where(films.c.id == film_id)).one_or_none()
        return None if row is None else film_of(row)

    def film_by_reading(self, uid: str) -> Film | None:
        """The film that a reading is of, whichever of its versions."""
        of = select(films).join(readings, readings.c.film_id == films.c.id).where(readings.c.uid == uid)
        with reads(self.engine) as connection:
            row = connection.execute(of).one_or_none()
        return None if row is None else film_of(row)

    def page(self, wanted: Wanted) -> tuple[list[Film], int]:
        """A page of the worklist, and how many films there are of that kind."""
        where: ColumnElement[bool] = films.c.state.in_([state.value for state in wanted.states])
        where = and_(where, *(films.c.search.contains(word, autoescape=True) for word in words(wanted.text)))
        order = films.c.received_at.desc() if wanted.newest_first else films.c.received_at
        most = min(max(wanted.most, 0), LARGEST_PAGE)
        page = select(films).where(where).order_by(order, films.c.id).offset(max(wanted.skip, 0)).limit(most)
        with reads(self.engine) as connection:
            count = connection.scalar(select(func.count()).select_from(films).where(where))
            return [film_of(row) for row in connection.execute(page)], int(count or 0)

    def counts(self) -> dict[State, int]:
        """How many films stand where."""
        with reads(self.engine) as connection:
            rows = connection.execute(select(films.c.state, func.count()).group_by(films.c.state)).all()
        found: dict[str, int] = {state: count for state, count in rows}
        return {state: found.get(state.value, 0) for state in State}

    def reading(self, uid: str) -> Reading | None:
        with reads(self.engine) as connection:
            body = connection.scalar(select(readings.c.body).where(readings.c.uid == uid))
        return None if body is None else load_reading(body)

    def versions(self, film_id: str) -> list[Reading]:
        """All readings of a film, the first one first."""
        found = select(readings.c.body).where(readings.c.film_id == film_id).order_by(readings.c.version)
        with reads(self.engine) as connection:
            return [load_reading(body) for body in connection.scalars(found)]

    def history(self, film_id: str) -> list[Reading]:
        """The latest signed readings of the same patient's films, and this film's whatever it is, by study date."""
        with reads(self.engine) as connection:
            row = connection.execute(select(films).where(films.c.id == film_id)).one_or_none()
            if row is None:
                return []
            same = and_(films.c.patient_id == row.patient_id, films.c.id_issuer == row.id_issuer, films.c.patient_id != "")
            signed = films.c.state.in_([state.value for state in SIGNED])
            one = or_(films.c.id == film_id, and_(same, signed))
            found = select(readings.c.body).select_from(films.join(readings, readings.c.uid == films.c.reading_uid)).where(one)
            bodies = connection.scalars(found.order_by(films.c.study_date, films.c.received_at, films.c.id))
            return [load_reading(body) for body in bodies]

    def forget(self, before: datetime) -> int:
        """Deletes films received before, with their readings, but not those that wait or that are being delivered; how many.

        Their files are then `forgotten()`. What happened to the films stays in the audit trail, without identity.
        """
        count = 0
        while some := self._forget(before):  # in turn with whoever wants to receive meanwhile
            count += some
        return count

    def forgotten(self) -> set[str]:
        """Files of forgotten films that may still lie in the spool."""
        with reads(self.engine) as connection:
            return set(connection.scalars(select(forgotten.c.file)))

    def removed(self, files: Iterable[str]) -> None:
        """These forgotten files are out of the spool."""
        names = sorted(files)
        for start in range(0, len(names), _SOME):
            with self.engine.begin() as connection:
                connection.execute(delete(forgotten).where(forgotten.c.file.in_(names[start : start + _SOME])))

    def files(self) -> set[str]:
        """Names in the spool that films are of."""
        with reads(self.engine) as connection:
            return set(connection.scalars(select(films.c.file)))

    def _again(self, connection: Connection, row: dict[str, Any]) -> Received | None:
        """What becomes of an arrival whose film is here already."""
        same = select(films).where(films.c.sop_uid == row["sop_uid"]).with_for_update()
        found = None if row["sop_uid"] is None else connection.execute(same).one_or_none()
        if found is None:
            return None
        if found.state == State.LEFT_ALONE.value and row["state"] == State.WAITING.value:
            told = {name: row[name] for name in ("sex", "height_cm") if row[name] is not None}
            connection.execute(update(films).where(films.c.id == found.id).values(told | {"state": row["state"]}))
            self._note_arrival(connection, found.id, row, "receive-again")
        elif found.file_sha256 != row["file_sha256"]:  # not kept: the standard forbids it, but somebody should know
            self._note_arrival(connection, found.id, row, "receive-other")
        return Received(found.id, new=False, file=found.file)

    def _note_arrival(self, connection: Connection, film_id: str, row: dict[str, Any], action: str) -> None:
        note(connection, self.clock(), row["sender"], action, film_id=film_id, detail={"origin": row["origin"]})

    def _forget(self, before: datetime) -> int:
        busy = select(readings.c.film_id).join(deliveries, deliveries.c.reading_uid == readings.c.uid)
        busy = busy.where(deliveries.c.state == Handover.DUE.value)
        old = and_(films.c.received_at < to_text(before), films.c.state != State.WAITING.value, films.c.id.not_in(busy))
        with self.engine.begin() as connection:
            some = select(films.c.id, films.c.file).where(old).limit(_SOME).with_for_update()
            files = {film_id: file for film_id, file in connection.execute(some)}
            if files:
                uids = select(readings.c.uid).where(readings.c.film_id.in_(files))
                for table in (schema.sent, deliveries):
                    connection.execute(delete(table).where(table.c.reading_uid.in_(uids)))
                connection.execute(delete(readings).where(readings.c.film_id.in_(files)))
                connection.execute(delete(films).where(films.c.id.in_(files)))
                connection.execute(insert(forgotten), [{"file": file} for file in files.values()])
            for film_id in files:
                note(connection, self.clock(), SYSTEM, "forget", film_id=film_id)
        return len(files)

    def _locked(self, connection: Connection, film_id: str) -> Row[Any] | None:
        return connection.execute(select(films).where(films.c.id == film_id).with_for_update()).one_or_none()

    def _keep(self, connection: Connection, film_id: str, reading: Reading, errands: Iterable[Errand]) -> None:
        latest = connection.scalar(select(func.max(readings.c.version)).where(readings.c.film_id == film_id))
        row = {"uid": reading.uid, "film_id": film_id, "version": int(latest or 0) + 1}
        row |= {"made_at": to_text(reading.made_at), "body": dump_reading(reading)}
        connection.execute(insert(readings).values(row))
        stands = {"state": state_of(reading).value, "reading_uid": reading.uid, "bone_age_months": reading.bone_age_months}
        connection.execute(update(films).where(films.c.id == film_id).values(stands | {"claim": None, "claimed_until": None}))
        now = to_text(self.clock())
        due = {"reading_uid": reading.uid, "state": Handover.DUE.value, "attempts": 0, "due_at": now, "last_error": ""}
        rows = [due | {"destination": errand.destination, "what": errand.what} for errand in dict.fromkeys(errands)]
        if rows:
            connection.execute(insert(deliveries), rows)


def may_follow(state: State, following: State) -> bool:
    """Signing comes first; what is signed is amended or withdrawn; what is withdrawn may be amended, so read anew."""
    match following:
        case State.SIGNED:
            return state in UNSIGNED
        case State.AMENDED:
            return state in SIGNED | {State.WITHDRAWN}
        case State.WITHDRAWN:
            return state in SIGNED
        case _:
            return False
