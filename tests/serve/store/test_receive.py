"""A film is received once, by its SOP instance UID, however many send it at once, and whatever stands in its header."""

from __future__ import annotations

import multiprocessing
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from typing import Any

import pytest
from sqlalchemy import Engine

from boneage.report.reading import Reading
from boneage.serve.states import Origin, State
from boneage.serve.store.audit import events
from boneage.serve.store.engine import open_engine
from boneage.serve.store.records import Arrival
from boneage.serve.store.worklist import Wanted, Worklist
from boneage.types import Sex

EVERY = Wanted(states=frozenset(State))


def test_what_came_is_what_is_there(worklist: Worklist, arrival: Callable[..., Arrival]) -> None:
    came = arrival(sex=Sex.MALE, height_cm=141.5, scanner="ACME X1", origin=Origin.UPLOAD, sender="reader")
    received = worklist.receive(came)
    film = worklist.film(received.film_id)
    assert film is not None
    assert received.new
    assert received.file == came.file == film.file
    assert film.identity == replace(came.identity, series_uid="")
    assert (film.study_date, film.sex, film.height_cm, film.scanner) == ("2024-05-01", Sex.MALE, 141.5, "ACME X1")
    assert (film.origin, film.sender, film.received_at) == (Origin.UPLOAD, "reader", worklist.clock())
    assert (film.state, film.reading_uid, film.attempts, film.claim) == (State.WAITING, None, 0, None)
    assert worklist.film("no such film") is None


def test_one_film_for_one_sop_uid(engine: Engine, worklist: Worklist, arrival: Callable[..., Arrival]) -> None:
    first = worklist.receive(arrival(sop_uid="1.2.9", file_sha256="a" * 64))
    again = worklist.receive(arrival(sop_uid="1.2.9", file_sha256="a" * 64, patient_name="OTHER"))
    assert (again.film_id, again.new, again.file) == (first.film_id, False, first.file)
    assert worklist.page(EVERY)[1] == 1
    assert [event.action for event in events(engine)] == ["receive"]


def test_another_file_of_the_same_uid_is_noted(engine: Engine, worklist: Worklist, arrival: Callable[..., Arrival]) -> None:
    first = worklist.receive(arrival(sop_uid="1.2.9"))
    worklist.receive(arrival(sop_uid="1.2.9", sender="OTHER"))
    assert [(event.actor, event.action, event.film_id) for event in events(engine)][1:] == [
        ("OTHER", "receive-other", first.film_id)
    ]


def test_films_without_a_uid_are_each_one(worklist: Worklist, arrival: Callable[..., Arrival]) -> None:
    assert worklist.receive(arrival(sop_uid="")).new
    assert worklist.receive(arrival(sop_uid="")).new


def test_a_film_left_alone_waits_once_it_counts(
    engine: Engine, worklist: Worklist, arrival: Callable[..., Arrival], reading: Callable[..., Reading]
) -> None:
    first = worklist.receive(arrival(sop_uid="1.2.9", left_alone=True))
    assert worklist.claim() is None
    assert worklist.page(Wanted())[0] == []
    again = worklist.receive(arrival(sop_uid="1.2.9", origin=Origin.UPLOAD, sex=Sex.FEMALE))
    assert (again.film_id, again.new) == (first.film_id, False)
    film = worklist.claim()
    assert film is not None
    assert (film.id, film.sex, film.file) == (first.film_id, Sex.FEMALE, first.file)
    worklist.answer(film, reading())
    worklist.receive(arrival(sop_uid="1.2.9", left_alone=True))
    assert worklist.counts()[State.READ] == 1  # and not back


def test_threads_that_send_the_same_films(worklist: Worklist, arrival: Callable[..., Arrival]) -> None:
    some = [arrival(sop_uid=f"1.9.{number % 5}") for number in range(40)]
    with ThreadPoolExecutor(8) as pool:
        received = list(pool.map(worklist.receive, some))
    assert sum(one.new for one in received) == 5
    assert {one.film_id for one in received} == {film.id for film in worklist.page(EVERY)[0]}
    assert {one.file for one in received} == worklist.files()


def _send(url: str, arrivals: list[Arrival], told: Callable[[Any], None]) -> None:
    engine = open_engine(url)
    told([worklist_received.new for worklist_received in map(Worklist(engine).receive, arrivals)])
    engine.dispose()


def test_processes_that_send_the_same_films(url: str, arrival: Callable[..., Arrival]) -> None:
    fork = multiprocessing.get_context("fork")
    told = fork.SimpleQueue()
    batches = [[arrival(sop_uid=f"1.9.{number}") for number in range(10)] for _ in range(4)]
    some = [fork.Process(target=_send, args=(url, batch, told.put)) for batch in batches]
    for one in some:
        one.start()
    assert sum(sum(told.get()) for _ in some) == 10
    for one in some:
        one.join()
    engine = open_engine(url)
    assert len(Worklist(engine).files()) == 10
    engine.dispose()


HOSTILE = [
    "\0",
    "a\0b",
    "\ud800",
    "x" * 5000,
    "'; DROP TABLE films; --",
    "\x1b[31m\r\n",
    "王^小東=Wang^XiaoDong",
    "💀" * 400,
    "%_\\",
]


@pytest.mark.parametrize("text", HOSTILE, ids=range(len(HOSTILE)))
def test_any_text_of_a_header_is_taken(worklist: Worklist, arrival: Callable[..., Arrival], text: str) -> None:
    fields = ("patient_name", "patient_id", "accession_number", "study_uid", "sop_uid", "id_issuer", "birth_date")
    film_id = worklist.receive(arrival(**dict.fromkeys(fields, text), study_date=text, scanner=text, sender=text)).film_id
    film = worklist.film(film_id)
    assert film is not None
    assert not worklist.receive(arrival(sop_uid=text)).new
    if text == HOSTILE[6]:
        assert film.identity.patient_name == text


def test_what_is_too_long_for_its_column_stays_two(worklist: Worklist, arrival: Callable[..., Arrival]) -> None:
    long = "1." * 40
    assert worklist.receive(arrival(sop_uid=f"{long}1", patient_id=f"{long}1")).new
    assert worklist.receive(arrival(sop_uid=f"{long}2", patient_id=f"{long}2")).new
    one, other = worklist.page(EVERY)[0]
    assert one.identity.patient_id != other.identity.patient_id
