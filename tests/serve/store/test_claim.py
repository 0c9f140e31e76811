"""No film goes to two workers at once, none waits for ever, and each is answered once."""

from __future__ import annotations

import multiprocessing
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from typing import Any

from sqlalchemy import Engine

from boneage.report.reading import Reading
from boneage.serve.states import State
from boneage.serve.store.audit import events
from boneage.serve.store.engine import open_engine
from boneage.serve.store.records import LEASE, Arrival, Film
from boneage.serve.store.worklist import Worklist
from boneage.types import Sex


def claim(worklist: Worklist) -> Film:
    film = worklist.claim()
    assert film is not None
    return film


def test_the_longest_waiting_goes_first(worklist: Worklist, arrival: Callable[..., Arrival], clock: Any) -> None:
    films = []
    for _ in range(3):
        films.append(worklist.receive(arrival()).film_id)
        clock.go(seconds=1)
    assert [claim(worklist).id for _ in films] == films
    assert worklist.claim() is None


def test_a_lease_ends(worklist: Worklist, arrival: Callable[..., Arrival], clock: Any) -> None:
    worklist.receive(arrival())
    assert claim(worklist).attempts == 1
    clock.now += LEASE
    assert worklist.claim() is None
    clock.go(seconds=1)
    assert claim(worklist).attempts == 2


def test_a_film_that_ends_workers_holds_up_no_other(worklist: Worklist, arrival: Callable[..., Arrival], clock: Any) -> None:
    bad = worklist.receive(arrival()).film_id
    clock.go(seconds=1)
    good = worklist.receive(arrival()).film_id
    assert claim(worklist).id == bad
    worklist.release_all()
    assert [claim(worklist).id, claim(worklist).id] == [good, bad]


def test_released_films_are_free(worklist: Worklist, arrival: Callable[..., Arrival]) -> None:
    worklist.receive(arrival())
    film = claim(worklist)
    worklist.release(film)
    again = claim(worklist)
    worklist.release(film)  # too late: it is another's
    assert worklist.claim() is None
    worklist.release(again)
    assert worklist.claim() is not None


def test_an_answer_is_kept_once(
    engine: Engine, worklist: Worklist, arrival: Callable[..., Arrival], reading: Callable[..., Reading]
) -> None:
    film_id = worklist.receive(arrival()).film_id
    film, first = claim(worklist), reading(100.5)
    assert worklist.answer(film, first)
    assert not worklist.answer(film, reading(50.0))
    kept = worklist.film(film_id)
    assert kept is not None
    assert (kept.state, kept.reading_uid, kept.bone_age_months) == (State.READ, first.uid, 100.5)
    assert [one.uid for one in worklist.versions(film_id)] == [first.uid]
    assert [event.action for event in events(engine, film_id=film_id)] == ["receive", "assess"]
    assert worklist.claim() is None


def test_nobody_answers_for_another_worker(
    worklist: Worklist, arrival: Callable[..., Arrival], reading: Callable[..., Reading], clock: Any
) -> None:
    film_id = worklist.receive(arrival()).film_id
    unclaimed = worklist.film(film_id)
    assert unclaimed is not None
    assert not worklist.answer(unclaimed, reading())
    slow = claim(worklist)
    clock.go(hours=1)
    quick = claim(worklist)
    assert not worklist.answer(slow, reading())
    assert worklist.answer(quick, reading())
    assert not worklist.answer(slow, reading())
    assert len(worklist.versions(film_id)) == 1


def test_an_answer_to_what_was_corrected_meanwhile_does_not_count(
    worklist: Worklist, arrival: Callable[..., Arrival], reading: Callable[..., Reading]
) -> None:
    film_id = worklist.receive(arrival(sex=Sex.MALE)).film_id
    early = claim(worklist)
    worklist.correct(film_id, sex=Sex.FEMALE, height_cm=None, actor="reader")
    assert not worklist.answer(early, reading())
    later = claim(worklist)
    assert later.sex is Sex.FEMALE
    assert not worklist.answer(early, reading())
    assert worklist.answer(later, reading())


def test_a_refusal_is_an_answer(worklist: Worklist, arrival: Callable[..., Arrival], reading: Callable[..., Reading]) -> None:
    film_id = worklist.receive(arrival()).film_id
    assert worklist.answer(claim(worklist), reading(None))
    film = worklist.film(film_id)
    assert film is not None
    assert (film.state, film.bone_age_months) == (State.REFUSED, None)


def test_threads_share_the_films(worklist: Worklist, arrival: Callable[..., Arrival]) -> None:
    films = {worklist.receive(arrival()).film_id for _ in range(12)}
    with ThreadPoolExecutor(6) as pool:
        claimed = [film.id for film in pool.map(lambda _: worklist.claim(), range(20)) if film]
    assert sorted(claimed) == sorted(films)


def _claim_all(url: str, told: Callable[[Any], None]) -> None:
    engine = open_engine(url)
    worklist, found = Worklist(engine), []
    while film := worklist.claim(timedelta(hours=1)):
        found.append(film.id)
    told(found)
    engine.dispose()


def test_processes_share_the_films(url: str, arrival: Callable[..., Arrival]) -> None:
    engine = open_engine(url)
    films = {Worklist(engine).receive(arrival()).film_id for _ in range(20)}
    engine.dispose()
    fork = multiprocessing.get_context("fork")
    told = fork.SimpleQueue()
    some = [fork.Process(target=_claim_all, args=(url, told.put)) for _ in range(4)]
    for one in some:
        one.start()
    claimed = [film_id for _ in some for film_id in told.get()]
    for one in some:
        one.join()
    assert sorted(claimed) == sorted(films)
