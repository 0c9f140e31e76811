"""What is to be sent goes once to each place, is tried again with growing pauses, and never arrives after what replaced it."""

from __future__ import annotations

import itertools
import multiprocessing
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import Engine, insert
from sqlalchemy.exc import IntegrityError

from boneage.report.reading import Reading, Status
from boneage.serve.store import schema
from boneage.serve.store.audit import events
from boneage.serve.store.engine import open_engine
from boneage.serve.store.outbox import FIRST_PAUSE, LEASE, LONGEST_PAUSE, MOST_ATTEMPTS, Outbox, pause
from boneage.serve.store.records import Arrival, Delivery, Errand, Handover
from boneage.serve.store.worklist import Worklist

SR, SC, OTHER = Errand("pacs", "sr"), Errand("pacs", "sc"), Errand("other", "sr")


@pytest.fixture
def outbox(engine: Engine, clock: Any) -> Outbox:
    return Outbox(engine, clock)


@pytest.fixture
def answered(
    worklist: Worklist, arrival: Callable[..., Arrival], reading: Callable[..., Reading]
) -> Callable[..., tuple[str, Reading]]:
    def make(*errands: Errand) -> tuple[str, Reading]:
        film_id, answer = worklist.receive(arrival()).film_id, reading()
        film = worklist.claim()
        assert film is not None
        worklist.answer(film, answer, errands)
        return film_id, answer

    return make


def claim(outbox: Outbox, destination: str | None = None) -> Delivery:
    delivery = outbox.claim(destination)
    assert delivery is not None
    return delivery


def test_each_format_to_each_place_once(engine: Engine, outbox: Outbox, answered: Callable[..., tuple[str, Reading]]) -> None:
    film_id, answer = answered(SR, SC, OTHER, SR)
    assert [one.errand for one in outbox.of(film_id)] == [SR, SC, OTHER]
    sent = []
    while delivery := outbox.claim():
        sent.append(delivery.errand)
        outbox.done(delivery)
    assert sent == [SR, SC, OTHER]
    assert outbox.counts() == dict.fromkeys(Handover, 0) | {Handover.DONE: 3}
    assert outbox.undone() == []
    told = [event for event in events(engine, film_id=film_id) if event.action == "sent"]
    assert next((one.reading_uid, one.detail["destination"], one.detail["attempts"]) for one in told) == (answer.uid, "pacs", 1)
    row = {
        "reading_uid": answer.uid,
        "destination": "pacs",
        "what": "sr",
        "state": "due",
        "attempts": 0,
        "due_at": "",
        "last_error": "",
    }
    with pytest.raises(IntegrityError), engine.begin() as connection:
        connection.execute(insert(schema.deliveries).values(row))


def test_one_place_at_a_time(outbox: Outbox, answered: Callable[..., tuple[str, Reading]]) -> None:
    answered(SR, OTHER)
    assert claim(outbox, "other").errand == OTHER
    assert outbox.claim("other") is None
    assert claim(outbox, "pacs").errand == SR


def test_pauses_grow(outbox: Outbox, answered: Callable[..., tuple[str, Reading]], clock: Any) -> None:
    pauses = [pause(attempts) for attempts in range(1, MOST_ATTEMPTS)]
    assert pauses[0] == FIRST_PAUSE
    assert all(after == min(2 * before, LONGEST_PAUSE) for before, after in itertools.pairwise(pauses))
    answered(SR)
    for attempts in range(1, 6):
        delivery = claim(outbox)
        assert delivery.attempts == attempts
        outbox.failed(delivery, "the archive is away")
        clock.now += pause(attempts) - timedelta(seconds=1)
        assert outbox.claim() is None
        clock.go(seconds=1)
    assert outbox.undone()[0].last_error == "the archive is away"


def test_a_claim_ends_unless_its_end_is_told(outbox: Outbox, answered: Callable[..., tuple[str, Reading]], clock: Any) -> None:
    answered(SR)
    claim(outbox)
    assert outbox.claim() is None
    clock.now += LEASE
    assert claim(outbox).attempts == 2


def test_given_up_and_tried_again(
    engine: Engine, outbox: Outbox, answered: Callable[..., tuple[str, Reading]], clock: Any
) -> None:
    film_id, _ = answered(SR)
    for _ in range(MOST_ATTEMPTS):
        delivery = claim(outbox)
        outbox.failed(delivery, "no\0 such\ud800 thing " + "x" * 1000)
        clock.now += LONGEST_PAUSE
    assert outbox.claim() is None
    assert outbox.counts()[Handover.GIVEN_UP] == 1
    assert len(outbox.undone()[0].last_error) <= 400
    assert outbox.try_again(delivery.number, "admin")
    assert not outbox.try_again(delivery.number + 1, "admin")
    delivery = claim(outbox)
    assert delivery.attempts == 1
    outbox.done(delivery)
    assert not outbox.try_again(delivery.number, "admin")
    assert [event.action for event in events(engine)][-3:] == ["give-up", "try-again", "sent"]
    assert events(engine, film_id=film_id)[-1].action == "sent"


def test_what_cannot_be_made_is_given_up(outbox: Outbox, answered: Callable[..., tuple[str, Reading]]) -> None:
    answered(SR)
    outbox.give_up(claim(outbox), "sc cannot be made")
    assert outbox.counts()[Handover.GIVEN_UP] == 1


def test_an_archive_that_is_back_gets_all_at_once(outbox: Outbox, answered: Callable[..., tuple[str, Reading]]) -> None:
    answered(SR, OTHER)
    for _ in range(2):
        outbox.failed(claim(outbox), "away")
    outbox.wake("pacs")
    assert claim(outbox).errand == SR
    assert outbox.claim() is None


@pytest.fixture
def two_versions(
    worklist: Worklist, answered: Callable[..., tuple[str, Reading]], decided: Callable[..., Reading]
) -> tuple[str, Reading, Reading]:
    """A film whose unverified reading is to be sent, and then was signed."""
    film_id, unverified = answered(SR)
    signed = decided(unverified, Status.SIGNED)
    worklist.decide(film_id, unverified.uid, signed, [SR], actor="jane")
    return film_id, unverified, signed


def test_versions_go_in_their_order(outbox: Outbox, two_versions: tuple[str, Reading, Reading]) -> None:
    _, unverified, signed = two_versions
    first = claim(outbox)
    assert first.reading_uid == unverified.uid
    assert outbox.claim() is None  # the second waits for the end of the first
    outbox.done(first)
    assert claim(outbox).reading_uid == signed.uid


def test_a_version_that_is_replaced_does_not_come_late(
    outbox: Outbox, two_versions: tuple[str, Reading, Reading], clock: Any
) -> None:
    film_id, _unverified, signed = two_versions
    first = claim(outbox)
    outbox.failed(first, "away")
    second = claim(outbox)
    assert second.reading_uid == signed.uid
    outbox.done(second)
    clock.now += LONGEST_PAUSE
    assert outbox.claim() is None
    assert [one.state for one in outbox.of(film_id)] == [Handover.REPLACED, Handover.DONE]
    assert not outbox.try_again(first.number, "admin")
    outbox.failed(first, "too late")
    outbox.give_up(first, "too late")
    assert outbox.of(film_id)[0].state is Handover.REPLACED


def test_threads_share_the_deliveries(outbox: Outbox, answered: Callable[..., tuple[str, Reading]]) -> None:
    for _ in range(6):
        answered(SR, SC)
    with ThreadPoolExecutor(6) as pool:
        claimed = [one.number for one in pool.map(lambda _: outbox.claim(), range(20)) if one]
    assert len(claimed) == len(set(claimed)) == 12


def _claim_all(url: str, told: Callable[[Any], None]) -> None:
    engine = open_engine(url)
    outbox, found = Outbox(engine), []
    while delivery := outbox.claim():
        found.append(delivery.number)
    told(found)
    engine.dispose()


def test_processes_share_the_deliveries(url: str, engine: Engine, answered: Callable[..., tuple[str, Reading]]) -> None:
    for _ in range(6):
        answered(SR, SC)
    fork = multiprocessing.get_context("fork")
    told = fork.SimpleQueue()
    some = [fork.Process(target=_claim_all, args=(url, told.put)) for _ in range(4)]
    for one in some:
        one.start()
    claimed = [number for _ in some for number in told.get()]
    for one in some:
        one.join()
    assert len(claimed) == len(set(claimed)) == 12
