"""What is forgotten is gone from database and spool, whatever ends in between; who did what stays."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Engine, select

from boneage.report.reading import Reading
from boneage.serve.intake import Intake
from boneage.serve.mapping import DEFAULT
from boneage.serve.retention import clear, forget
from boneage.serve.spool import Spool
from boneage.serve.states import State
from boneage.serve.store import schema
from boneage.serve.store.audit import events
from boneage.serve.store.outbox import Outbox
from boneage.serve.store.records import Arrival, Errand
from boneage.serve.store.worklist import Wanted, Worklist

EVERY = Wanted(states=frozenset(State))


@pytest.fixture
def spool(tmp_path: Path) -> Spool:
    return Spool(tmp_path / "spool")


@pytest.fixture
def read_film(
    worklist: Worklist, spool: Spool, arrival: Callable[..., Arrival], reading: Callable[..., Reading]
) -> Callable[..., str]:
    def make(*errands: Errand) -> str:
        film_id = worklist.receive(arrival(file=spool.put(b"a film").name)).film_id
        film = worklist.claim()
        assert film is not None
        worklist.answer(film, reading(), errands)
        return film_id

    return make


def test_old_films_go_with_all_that_is_of_them(
    engine: Engine, worklist: Worklist, spool: Spool, read_film: Callable[..., str], clock: Any
) -> None:
    old = [read_film(), read_film(Errand("pacs", "sr"))]
    outbox = Outbox(engine, clock)
    delivery = outbox.claim()
    assert delivery is not None
    outbox.done(delivery)
    clock.go(days=10)
    new = read_film()
    assert forget(worklist, spool, clock() - timedelta(days=5)) == 2
    assert [film.id for film in worklist.page(EVERY)[0]] == [new]
    with engine.connect() as connection:
        assert len(connection.execute(select(schema.readings)).all()) == 1
        assert connection.execute(select(schema.deliveries)).all() == []
    assert worklist.forgotten() == set()
    assert spool.orphans(set()) == sorted(worklist.files())
    for film_id in old:
        assert events(engine, film_id=film_id)[-1].action == "forget"
        assert len(events(engine, film_id=film_id)) >= 3
        assert worklist.film(film_id) is None
        assert worklist.versions(film_id) == []


def test_what_waits_or_is_on_its_way_stays(
    engine: Engine, worklist: Worklist, spool: Spool, read_film: Callable[..., str], arrival: Callable[..., Arrival], clock: Any
) -> None:
    sending = read_film(Errand("pacs", "sr"))
    waiting = worklist.receive(arrival(file=spool.put(b"another").name)).film_id
    left = worklist.receive(arrival(file=spool.put(b"some other").name, left_alone=True)).film_id
    clock.go(days=10)
    assert forget(worklist, spool, clock()) == 1
    assert {film.id for film in worklist.page(EVERY)[0]} == {sending, waiting}
    assert worklist.film(left) is None
    assert len(spool.orphans(set())) == 2


def test_a_forgotten_film_does_not_come_back(worklist: Worklist, spool: Spool, read_film: Callable[..., str], clock: Any) -> None:
    read_film()
    clock.go(days=10)
    worklist.forget(clock())  # killed before the file was removed
    assert len(worklist.forgotten()) == 1
    assert Intake(spool, worklist, DEFAULT).adopt() == 0
    assert worklist.page(EVERY)[1] == 0
    assert worklist.forgotten() == set()
    assert list(spool.folder.iterdir()) == []


def test_to_clear_again_does_no_harm(worklist: Worklist, spool: Spool, read_film: Callable[..., str], clock: Any) -> None:
    read_film()
    clock.go(days=10)
    worklist.forget(clock())
    spool.remove(*worklist.forgotten())  # killed before the database was told
    clear(worklist, spool)
    clear(worklist, spool)
    assert worklist.forgotten() == set()


def test_many_at_once(worklist: Worklist, spool: Spool, arrival: Callable[..., Arrival], clock: Any) -> None:
    with worklist.engine.begin() as connection:
        rows = [
            {"id": f"{n:032x}", "received_at": "2020", "origin": "demo", "sender": "", "file": f"{n:032x}", "file_sha256": "",
             "study_uid": "", "accession_number": "", "patient_id": "", "id_issuer": "", "patient_name": "", "birth_date": "",
             "study_date": "", "scanner": "", "state": "left-alone", "attempts": 0, "search": ""}
            for n in range(10**6, 10**6 + 1201)
        ]  # fmt: skip
        connection.execute(schema.films.insert(), rows)
    assert forget(worklist, spool, clock()) == 1201
    assert worklist.files() == set()
