"""What is to be sent: each report to each destination once, tried again with growing pauses while the other side is away."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import asdict
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import ColumnElement, Connection, Engine, Row, and_, exists, func, insert, or_, select, update

from boneage.report.dicom.series import REJECTION, Reference
from boneage.serve.store import schema
from boneage.serve.store.audit import SYSTEM, note
from boneage.serve.store.engine import reads
from boneage.serve.store.records import NOTE, Delivery, Errand, Handover, from_text, to_text, utc_now
from boneage.serve.store.text import fitted

deliveries, readings, sent = schema.deliveries, schema.readings, schema.sent
FIRST_PAUSE, LONGEST_PAUSE = timedelta(seconds=10), timedelta(hours=1)
MOST_ATTEMPTS = 100  # about four days
LEASE = timedelta(minutes=5)  # one try may take that long
LONGEST_ERROR = 400  # characters
ACTIONS = {Handover.DONE: "sent", Handover.GIVEN_UP: "give-up", Handover.REPLACED: "nothing-to-send"}
UNDONE = (Handover.DUE, Handover.GIVEN_UP)


class Outbox:
    """The deliveries of one database. Each method is one transaction."""

    def __init__(self, engine: Engine, clock: Callable[[], datetime] = utc_now) -> None:
        self.engine, self.clock = engine, clock

    def claim(self, destination: str | None = None) -> Delivery | None:
        """The delivery that is due longest, for one try; it is due again after the lease unless its end is told.

        Of a film's versions the earlier goes first, unless it was tried in vain: what replaces it does not wait for it.
        A rejection note goes after all else that was asked for before it.
        """
        now = self.clock()
        due = and_(deliveries.c.state == Handover.DUE.value, deliveries.c.due_at <= to_text(now), ~_earlier_untried())
        first = (
            select(deliveries)
            .where(due if destination is None else and_(due, deliveries.c.destination == destination))
            .order_by(deliveries.c.due_at, deliveries.c.number)
            .limit(1)
            .with_for_update(skip_locked=True)
        )
        with self.engine.begin() as connection:
            row = connection.execute(first).one_or_none()
            if row is None:
                return None
            tried = {"due_at": to_text(now + LEASE), "attempts": row.attempts + 1}
            connection.execute(update(deliveries).where(deliveries.c.number == row.number).values(tried))
        return _delivery(row, attempts=row.attempts + 1)

    def leaves(self, delivery: Delivery, objects: Iterable[Reference]) -> None:
        """Kept before it is sent: whether or not the answer comes back, these objects may be there from now on."""
        base = {"destination": delivery.errand.destination, "reading_uid": delivery.reading_uid}
        rows = {one.sop_uid: base | asdict(one) for one in objects}
        here = select(sent.c.sop_uid).where(sent.c.destination == delivery.errand.destination, sent.c.sop_uid.in_(rows))
        with self.engine.begin() as connection:
            for known in connection.scalars(here).all():
                del rows[known]
            if rows:
                connection.execute(insert(sent), list(rows.values()))

    def left(self, delivery: Delivery) -> list[Reference]:
        """What its destination was sent, or may have been, of the versions before its own."""
        own, earlier = readings.alias("own"), readings.alias("earlier")
        joined = sent.join(earlier, earlier.c.uid == sent.c.reading_uid).join(own, own.c.film_id == earlier.c.film_id)
        wanted = select(sent.c.sop_class, sent.c.series_uid, sent.c.sop_uid).select_from(joined).order_by(sent.c.sop_uid)
        before = and_(own.c.uid == delivery.reading_uid, earlier.c.version < own.c.version)
        some = and_(sent.c.destination == delivery.errand.destination, sent.c.sop_class != REJECTION.sop_class)
        with reads(self.engine) as connection:
            return [Reference(*row) for row in connection.execute(wanted.where(before, some))]

    def drop(self, delivery: Delivery) -> None:
        """A note that has nothing to name: of what it would take back nothing has left."""
        self._end(delivery, Handover.REPLACED, _still_due(delivery), "")

    def done(self, delivery: Delivery) -> None:
        """It arrived. What it replaces is not sent after it any more."""
        self._end(delivery, Handover.DONE, deliveries.c.number == delivery.number, "")

    def give_up(self, delivery: Delivery, why: str) -> None:
        """It can never be sent: the film cannot give that report."""
        self._end(delivery, Handover.GIVEN_UP, _still_due(delivery), why)

    def wake(self, destination: str) -> None:
        """A destination that was away is back: what waits for it is due now."""
        with self.engine.begin() as connection:
            waiting = (deliveries.c.state == Handover.DUE.value) & (deliveries.c.destination == destination)
            connection.execute(update(deliveries).where(waiting).values(due_at=to_text(self.clock())))

    def failed(self, delivery: Delivery, why: str) -> None:
        """It did not arrive: due again after a pause, twice as long each time; given up after the last try."""
        if delivery.attempts >= MOST_ATTEMPTS:
            self._end(delivery, Handover.GIVEN_UP, _still_due(delivery), why)
            return
        due = self.clock() + pause(delivery.attempts)
        with self.engine.begin() as connection:
            values = {"due_at": to_text(due), "last_error": fitted(why, LONGEST_ERROR)}
            connection.execute(update(deliveries).where(_still_due(delivery)).values(values))

    def try_again(self, number: int, actor: str) -> bool:
        """A delivery that was given up, or that pauses, is due now; False: there is none of that number to be sent."""
        with self.engine.begin() as connection:
            some = (deliveries.c.number == number) & deliveries.c.state.in_([state.value for state in UNDONE])
            values = {"state": Handover.DUE.value, "due_at": to_text(self.clock()), "attempts": 0}
            found = connection.execute(update(deliveries).where(some).values(values)).rowcount
            if found:
                note(connection, self.clock(), actor, "try-again", detail={"delivery": number})
        return bool(found)

    def of(self, film_id: str) -> list[Delivery]:
        """All of a film's readings, in the order they were asked for."""
        joined = select(deliveries).join(readings, readings.c.uid == deliveries.c.reading_uid)
        with reads(self.engine) as connection:
            rows = connection.execute(joined.where(readings.c.film_id == film_id).order_by(deliveries.c.number)).all()
        return [_delivery(row) for row in rows]

    def undone(self, most: int = 200) -> list[Delivery]:
        """What is due or was given up, for an admin to look at; the oldest first."""
        wanted = select(deliveries).where(deliveries.c.state.in_([state.value for state in UNDONE]))
        with reads(self.engine) as connection:
            rows = connection.execute(wanted.order_by(deliveries.c.number).limit(most)).all()
        return [_delivery(row) for row in rows]

    def counts(self) -> dict[Handover, int]:
        """How many are how far."""
        with reads(self.engine) as connection:
            rows = connection.execute(select(deliveries.c.state, func.count()).group_by(deliveries.c.state)).all()
        found: dict[str, int] = {state: count for state, count in rows}
        return {state: found.get(state.value, 0) for state in Handover}

    def _end(self, delivery: Delivery, state: Handover, where: ColumnElement[bool], why: str) -> None:
        with self.engine.begin() as connection:
            values = {"state": state.value, "last_error": fitted(why, LONGEST_ERROR)}
            if not connection.execute(update(deliveries).where(where).values(values)).rowcount:
                return  # replaced, or the film was forgotten
            film_id = connection.scalar(select(readings.c.film_id).where(readings.c.uid == delivery.reading_uid))
            detail = {"destination": delivery.errand.destination, "what": delivery.errand.what, "attempts": delivery.attempts}
            action = ACTIONS[state]
            if state is Handover.DONE:
                replace_undone(connection, film_id, delivery)
            note(connection, self.clock(), SYSTEM, action, film_id=film_id, reading_uid=delivery.reading_uid, detail=detail)


def replace_undone(connection: Connection, film_id: str | None, by: Delivery | None = None) -> None:
    """What has not left of a film's versions leaves no more; `by`: only what this delivery replaces where it went."""
    undone = deliveries.c.state.in_([state.value for state in UNDONE])
    where = and_(undone, deliveries.c.reading_uid.in_(select(readings.c.uid).where(readings.c.film_id == film_id)))
    if by is not None:
        other = deliveries.c.reading_uid != by.reading_uid  # a note takes back all of the earlier versions, nothing of its own
        same = other if by.errand.what == NOTE else deliveries.c.what == by.errand.what
        where = and_(where, same, deliveries.c.destination == by.errand.destination, deliveries.c.number < by.number)
    connection.execute(update(deliveries).where(where).values(state=Handover.REPLACED.value))


def pause(attempts: int) -> timedelta:
    """Before the next try."""
    return min(FIRST_PAUSE * int(2 ** min(attempts - 1, 20)), LONGEST_PAUSE)


def _earlier_untried() -> ColumnElement[bool]:
    """Whether an earlier version of the same report waits for its first try at the same place, or for the end of it."""
    own, earlier = readings.alias("own"), readings.alias("earlier")
    before = deliveries.alias("before")
    joined = before.join(earlier, earlier.c.uid == before.c.reading_uid).join(own, own.c.film_id == earlier.c.film_id)
    untried = and_(before.c.state == Handover.DUE.value, before.c.last_error == "")
    what = or_(before.c.what == deliveries.c.what, deliveries.c.what == NOTE)
    same = and_(before.c.destination == deliveries.c.destination, what)
    return (
        exists()
        .select_from(joined)
        .where(own.c.uid == deliveries.c.reading_uid, same, untried, before.c.number < deliveries.c.number)
        .correlate(deliveries)
    )


def _still_due(delivery: Delivery) -> ColumnElement[bool]:
    return and_(deliveries.c.number == delivery.number, deliveries.c.state == Handover.DUE.value)


def _delivery(row: Row[Any], *, attempts: int | None = None) -> Delivery:
    return Delivery(
        row.number,
        row.reading_uid,
        Errand(row.destination, row.what),
        Handover(row.state),
        row.attempts if attempts is None else attempts,
        from_text(row.due_at),
        row.last_error,
    )
