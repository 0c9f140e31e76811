"""The audit trail: lines are added, and nothing else can be done to them; it says who, what and when, and never of whom."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

import pytest
from sqlalchemy import Engine, select
from sqlalchemy.exc import DBAPIError

from boneage.report.reading import Reading, Status
from boneage.serve.accounts import Accounts
from boneage.serve.store import schema
from boneage.serve.store.audit import events, note
from boneage.serve.store.outbox import Outbox
from boneage.serve.store.records import Arrival, Errand, Role, User
from boneage.serve.store.worklist import Worklist
from boneage.types import Sex

CHANGES = [
    "UPDATE audit SET actor = 'somebody else'",
    "UPDATE audit SET detail = '{}' WHERE number = 1",
    "DELETE FROM audit",
    "DELETE FROM audit WHERE number = 1",
]


@pytest.mark.parametrize("change", CHANGES)
def test_lines_stay(engine: Engine, worklist: Worklist, arrival: Callable[..., Arrival], change: str) -> None:
    worklist.receive(arrival())
    before = events(engine)
    with pytest.raises(DBAPIError, match="append-only"), engine.begin() as connection:
        connection.exec_driver_sql(change)
    assert events(engine) == before != []


def test_lines_are_not_replaced(engine: Engine, worklist: Worklist, arrival: Callable[..., Arrival]) -> None:
    worklist.receive(arrival())
    before = events(engine)
    values = "(number, at, actor, action, detail) VALUES (1, 'now', 'a', 'b', '{}')"
    if engine.dialect.name == "sqlite":
        ways = [f"INSERT OR REPLACE INTO audit {values}", f"REPLACE INTO audit {values}"]
    else:
        ways = ["TRUNCATE audit", f"INSERT INTO audit {values} ON CONFLICT (number) DO UPDATE SET actor = 'a'"]
    for way in ways:
        with engine.connect() as connection:
            if engine.dialect.name == "sqlite":
                connection.exec_driver_sql("PRAGMA recursive_triggers=OFF")  # as another program would come
            with pytest.raises(DBAPIError, match="append-only"):
                connection.exec_driver_sql(way)
            connection.rollback()
    assert events(engine) == before


def test_a_reading_is_never_changed(
    engine: Engine, worklist: Worklist, arrival: Callable[..., Arrival], reading: Callable[..., Reading]
) -> None:
    worklist.receive(arrival())
    film = worklist.claim()
    assert film is not None
    assert worklist.answer(film, reading())
    with pytest.raises(DBAPIError, match="never changed"), engine.begin() as connection:
        connection.exec_driver_sql("UPDATE readings SET body = '{}'")


def test_a_line_goes_with_what_it_tells_of(engine: Engine, clock: Callable[[], object]) -> None:
    with engine.connect() as connection:
        note(connection, clock(), "a", "b")  # type: ignore[arg-type]
        connection.rollback()
    assert events(engine) == []


def test_pages_follow_each_other(engine: Engine, worklist: Worklist, arrival: Callable[..., Arrival]) -> None:
    films = [worklist.receive(arrival()).film_id for _ in range(5)]
    first = events(engine, most=3)
    rest = events(engine, after=first[-1].number, most=3)
    assert [event.film_id for event in first + rest] == films
    assert [event.film_id for event in events(engine, film_id=films[2])] == [films[2]]


def test_a_whole_life_leaves_no_identity(
    engine: Engine,
    clock: Callable[[], object],
    worklist: Worklist,
    arrival: Callable[..., Arrival],
    reading: Callable[..., Reading],
    decided: Callable[..., Reading],
) -> None:
    who = {"patient_name": "ZWIEBEL^ANNA", "patient_id": "PID-9137", "accession_number": "ACN-6612", "birth_date": "2013-02-17"}
    uids = {"sop_uid": "1.2.99.7", "study_uid": "1.2.98.7", "series_uid": "1.2.97.7", "id_issuer": "ISSUER-5"}
    taken = arrival(**who, **uids)
    outbox, accounts = Outbox(engine, worklist.clock), Accounts(engine, clock=worklist.clock)
    accounts.add(User("reader", "Dr. Reader", Role.READER), "long enough to be one", actor="admin")
    assert accounts.sign_in("reader", "long enough to be one")
    assert not accounts.sign_in("ZWIEBEL^ANNA", "a mistyped form")
    film_id = worklist.receive(taken).film_id
    worklist.receive(arrival(**who, **uids))
    film = worklist.claim()
    assert film is not None
    worklist.answer(film, reading(None, identity=taken.identity))
    worklist.correct(film_id, sex=Sex.FEMALE, height_cm=120.0, actor="reader")
    film = worklist.claim()
    assert film is not None
    answer = reading(identity=taken.identity)
    worklist.answer(film, answer, [Errand("pacs", "sr")])
    for status in (Status.SIGNED, Status.AMENDED, Status.WITHDRAWN):
        following = decided(answer, status, reason="Anna Zwiebel (PID-9137) was mixed up")
        worklist.decide(film_id, answer.uid, following, [Errand("pacs", "sr")], actor="jane")
        answer = following
    while delivery := outbox.claim():
        outbox.failed(delivery, "ZWIEBEL^ANNA was not taken")
        outbox.try_again(delivery.number, "admin")
        outbox.done(delivery)
    assert worklist.forget(worklist.clock() + timedelta(days=1)) == 1
    with engine.connect() as connection:
        lines = [str(tuple(row)) for row in connection.execute(select(schema.audit))]
    actions = [event.action for event in events(engine)]
    assert {"receive", "receive-other", "assess", "correct", "signed", "amended", "withdrawn", "sent", "forget"} <= set(actions)
    secrets = [*who.values(), *uids.values(), "Zwiebel", "Anna", "mixed up", "long enough"]
    assert [(secret, line) for line in lines for secret in secrets if secret.casefold() in line.casefold()] == []
