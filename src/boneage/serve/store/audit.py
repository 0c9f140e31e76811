"""The audit trail: who did what to which film, when. Lines are only ever added; the database itself refuses anything else."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Engine, Select, insert, select

from boneage.serve.store import schema
from boneage.serve.store.engine import reads
from boneage.serve.store.records import Event, from_text, to_text, utc_now
from boneage.serve.store.text import fitted

SYSTEM = "system"
MOST = 500  # lines a page


def note(
    connection: Connection,
    at: datetime,
    actor: str,
    action: str,
    *,
    film_id: str | None = None,
    reading_uid: str | None = None,
    detail: Mapping[str, object] | None = None,
) -> None:
    """One more line, in the transaction of what it tells of. `detail` never holds a patient's name or identifiers."""
    line = {"at": to_text(at), "actor": fitted(actor, 64), "action": action, "film_id": film_id, "reading_uid": reading_uid}
    connection.execute(insert(schema.audit).values(line | {"detail": json.dumps(detail or {})}))


def record(
    engine: Engine,
    actor: str,
    action: str,
    *,
    film_id: str | None = None,
    reading_uid: str | None = None,
    detail: Mapping[str, object] | None = None,
) -> None:
    """A line of its own: somebody looked at or fetched something, and nothing changed."""
    with engine.begin() as connection:
        note(connection, utc_now(), actor, action, film_id=film_id, reading_uid=reading_uid, detail=detail)


def events(engine: Engine, *, film_id: str | None = None, after: int = 0, most: int = MOST) -> list[Event]:
    """Lines by number, from the one after `after`; of one film or of all."""
    wanted = select(schema.audit).where(schema.audit.c.number > after).order_by(schema.audit.c.number).limit(most)
    if film_id is not None:
        wanted = wanted.where(schema.audit.c.film_id == film_id)
    return _events(engine, wanted)


def latest_events(engine: Engine, *, before: int | None = None, most: int = 100) -> list[Event]:
    """The last lines, or the last ones before a number; the newest first."""
    wanted = select(schema.audit).order_by(schema.audit.c.number.desc()).limit(most)
    return _events(engine, wanted if before is None else wanted.where(schema.audit.c.number < before))


def events_of(engine: Engine, film_id: str, action: str, actor: str) -> list[Event]:
    """The lines of one kind by one person on one film; the newest first."""
    lines = schema.audit.c
    wanted = select(schema.audit).where(lines.film_id == film_id, lines.action == action, lines.actor == fitted(actor, 64))
    return _events(engine, wanted.order_by(lines.number.desc()).limit(MOST))


def _events(engine: Engine, wanted: Select[Any]) -> list[Event]:
    with reads(engine) as connection:
        rows = connection.execute(wanted).all()
    return [
        Event(row.number, from_text(row.at), row.actor, row.action, row.film_id, row.reading_uid, json.loads(row.detail))
        for row in rows
    ]
