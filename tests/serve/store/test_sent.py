"""What left for which destination: a rejection note names all of the versions before, goes last, and ends what it takes back."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Engine, func, insert, select

from boneage.report.dicom.series import MARKS, OVERLAY, REJECTION, REPORT, Reference
from boneage.report.reading import Reading, Status
from boneage.serve.store import schema
from boneage.serve.store.audit import events
from boneage.serve.store.engine import migrate, open_engine
from boneage.serve.store.outbox import Outbox
from boneage.serve.store.records import NOTE, Arrival, Delivery, Errand, Handover
from boneage.serve.store.worklist import Worklist

SR, SC = Errand("pacs", "sr"), Errand("pacs", "sc")


@pytest.fixture
def outbox(engine: Engine, clock: Any) -> Outbox:
    return Outbox(engine, clock)


@pytest.fixture
def chain(worklist: Worklist, arrival: Callable[..., Arrival], reading: Callable[..., Reading], decided: Any) -> Any:
    """A film that was read, signed, amended and withdrawn, each sent to two archives; its id and versions."""

    def make() -> tuple[str, list[Reading]]:
        film_id = worklist.receive(arrival()).film_id
        claimed, first = worklist.claim(), reading()
        assert claimed is not None
        worklist.answer(claimed, first, (SR, SC))
        versions = [first]
        for status, notes in ((Status.SIGNED, ()), (Status.AMENDED, (NOTE,)), (Status.WITHDRAWN, (NOTE,))):
            made = decided(versions[-1], status, reason="wrong")
            errands = [Errand(to, what) for to in ("pacs", "other") for what in ("sr", "sc", *notes)]
            worklist.decide(film_id, versions[-1].uid, made, errands, actor="jane")
            versions.append(made)
        return film_id, versions

    return make


def series_of(what: str) -> Any:
    return {"sr": REPORT, "sc": OVERLAY, NOTE: REJECTION}[what]


def send(outbox: Outbox, delivery: Delivery) -> Reference:
    one = Reference.of(series_of(delivery.errand.what), delivery.reading_uid)
    outbox.leaves(delivery, [one])
    return one


def test_a_note_goes_last_and_names_all_versions_before(outbox: Outbox, chain: Any) -> None:
    _, versions = chain()
    gone: list[Reference] = []
    named: dict[str, list[Reference]] = {}
    while delivery := outbox.claim("pacs"):
        if delivery.errand.what == NOTE:
            named[delivery.reading_uid] = outbox.left(delivery)
        gone.append(send(outbox, delivery))
        outbox.done(delivery)
    every = {one.uid: {Reference.of(series, one.uid) for series in (REPORT, OVERLAY)} for one in versions}
    first, signed, amended, withdrawn = versions
    assert set(named[amended.uid]) == every[first.uid] | every[signed.uid]
    assert set(named[withdrawn.uid]) == every[first.uid] | every[signed.uid] | every[amended.uid]
    for uid, told in named.items():
        note = gone.index(Reference.of(REJECTION, uid))
        assert all(gone.index(one) < note for one in {*told, *every[uid]})


def test_only_what_may_have_left_for_that_destination_is_named(outbox: Outbox, chain: Any) -> None:
    _, versions = chain()
    first = outbox.claim("pacs")
    assert first is not None
    kept = send(outbox, first)
    outbox.leaves(first, [kept])  # tried again: kept once
    asked = [one for one in outbox.undone() if one.errand.what == NOTE and one.reading_uid == versions[-1].uid]
    notes = {one.errand.destination: one for one in asked}
    assert outbox.left(notes["pacs"]) == [kept]
    assert outbox.left(notes["other"]) == []
    own = Delivery(0, versions[-1].uid, SR, Handover.DUE, 1, first.due_at, "")
    outbox.leaves(own, [Reference.of(REPORT, versions[-1].uid)])
    assert outbox.left(notes["pacs"]) == [kept]  # never its own version's


def test_after_a_note_nothing_that_it_takes_back_is_sent(outbox: Outbox, chain: Any, clock: Any) -> None:
    film_id, versions = chain()
    while delivery := outbox.claim("pacs"):
        last = delivery.reading_uid == versions[-1].uid
        if last and delivery.errand.what in ("sr", NOTE):
            outbox.done(delivery)
        else:
            outbox.failed(delivery, "an archive that refused it")
    clock.go(hours=2)
    due = [one for one in outbox.of(film_id) if one.state is Handover.DUE and one.errand.destination == "pacs"]
    assert {(one.reading_uid, one.errand.what) for one in due} == {(versions[-1].uid, "sc")}  # its own capture still goes


def test_a_note_with_nothing_to_name_ends_and_is_told_as_such(engine: Engine, outbox: Outbox, chain: Any) -> None:
    film_id, _ = chain()
    note = next(one for one in outbox.of(film_id) if one.errand.what == NOTE)
    outbox.drop(note)
    assert next(one for one in outbox.of(film_id) if one.number == note.number).state is Handover.REPLACED
    assert events(engine)[-1].action == "nothing-to-send"


def test_a_correction_stops_no_withdrawal_on_its_way(worklist: Worklist, outbox: Outbox, chain: Any) -> None:
    film_id, versions = chain()
    worklist.correct(film_id, sex=None, height_cm=120.0, actor="jane")
    due = {one.errand.what for one in outbox.of(film_id) if one.reading_uid == versions[-1].uid and one.state is Handover.DUE}
    assert due == {"sr", "sc", NOTE}


def test_it_is_forgotten_with_its_film(engine: Engine, worklist: Worklist, outbox: Outbox, chain: Any, clock: Any) -> None:
    chain()
    for destination in ("pacs", "other"):
        while delivery := outbox.claim(destination):
            send(outbox, delivery)
            outbox.done(delivery)
    clock.go(days=400)
    assert worklist.forget(clock()) == 1
    with engine.connect() as connection:
        assert connection.scalar(select(func.count()).select_from(schema.sent)) == 0


@pytest.mark.parametrize("kind", ["sqlite", "postgresql"])
def test_what_was_sent_before_the_table_came_is_named_too(
    kind: str, request: pytest.FixtureRequest, tmp_path: Path, worklist: Worklist, chain: Any
) -> None:
    """A database of the first version with deliveries in it."""
    from boneage.serve.store.engine import _engine, _understood

    empty_url = f"sqlite:///{tmp_path}/old.sqlite" if kind == "sqlite" else request.getfixturevalue("postgres").new()
    film_id, versions = chain()
    old = _engine(_understood(empty_url))
    migrate(old, "0001")
    with worklist.engine.connect() as source, old.begin() as connection:
        for table in (schema.films, schema.readings, schema.deliveries):
            connection.execute(insert(table), [dict(row._mapping) for row in source.execute(select(table))])
        tried = schema.deliveries.c.number.in_([1, 2])
        connection.execute(schema.deliveries.update().where(tried).values(attempts=3))
    old.dispose()
    engine = open_engine(empty_url)
    note = next(one for one in Outbox(engine).of(film_id) if one.errand == Errand("pacs", NOTE))
    assert set(Outbox(engine).left(note)) == {Reference.of(one, versions[0].uid) for one in (REPORT, OVERLAY)}
    assert MARKS.sop_class not in {one.sop_class for one in Outbox(engine).left(note)}
    engine.dispose()
