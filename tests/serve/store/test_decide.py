"""Readers decide on what they saw, in the order that is allowed; every version stays, and names the one before."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from sqlalchemy import Engine

from boneage.errors import BoneAgeError
from boneage.report.reading import Reading, Status
from boneage.serve.states import State
from boneage.serve.store.audit import events
from boneage.serve.store.outbox import Outbox
from boneage.serve.store.records import Arrival, Errand, Handover
from boneage.serve.store.worklist import Stale, Worklist, may_follow
from boneage.types import Sex

STATUS = {State.SIGNED: Status.SIGNED, State.AMENDED: Status.AMENDED, State.WITHDRAWN: Status.WITHDRAWN}
ALLOWED = {
    (State.READ, State.SIGNED),
    (State.REFUSED, State.SIGNED),
    (State.SIGNED, State.AMENDED),
    (State.SIGNED, State.WITHDRAWN),
    (State.AMENDED, State.AMENDED),
    (State.AMENDED, State.WITHDRAWN),
    (State.WITHDRAWN, State.AMENDED),
}
PATHS = {  # how a film comes to stand there
    State.READ: [],
    State.REFUSED: [],
    State.SIGNED: [Status.SIGNED],
    State.AMENDED: [Status.SIGNED, Status.AMENDED],
    State.WITHDRAWN: [Status.SIGNED, Status.WITHDRAWN],
}


@pytest.fixture
def standing(
    worklist: Worklist, arrival: Callable[..., Arrival], reading: Callable[..., Reading], decided: Callable[..., Reading]
) -> Callable[..., tuple[str, Reading]]:
    """A film in some state, and its latest version."""

    def make(state: State, months: float = 100.0, **of: Any) -> tuple[str, Reading]:
        film_id = worklist.receive(arrival(**of)).film_id
        film = worklist.claim()
        assert film is not None
        latest = reading(None if state is State.REFUSED else months)
        worklist.answer(film, latest)
        for status in PATHS[state]:
            following = decided(latest, status, months)
            worklist.decide(film_id, latest.uid, following, actor="jane")
            latest = following
        return film_id, latest

    return make


@pytest.mark.parametrize("before", State)
@pytest.mark.parametrize("after", State)
def test_only_these_steps_are_allowed(before: State, after: State) -> None:
    assert may_follow(before, after) is ((before, after) in ALLOWED)


@pytest.mark.parametrize("before", PATHS)
@pytest.mark.parametrize("after", STATUS)
def test_the_store_keeps_to_them(
    worklist: Worklist, standing: Callable[..., tuple[str, Reading]], decided: Callable[..., Reading], before: State, after: State
) -> None:
    film_id, latest = standing(before)
    versions = [one.uid for one in worklist.versions(film_id)]
    following = decided(latest, STATUS[after])
    if (before, after) in ALLOWED:
        worklist.decide(film_id, latest.uid, following, actor="jane")
        versions.append(following.uid)
    else:
        with pytest.raises(Stale, match=f"{before.value}.*{after.value}"):
            worklist.decide(film_id, latest.uid, following, actor="jane")
    film = worklist.film(film_id)
    assert film is not None
    assert film.state is (after if (before, after) in ALLOWED else before)
    assert [one.uid for one in worklist.versions(film_id)] == versions


@pytest.mark.parametrize("state", [State.WAITING, State.LEFT_ALONE])
def test_nobody_signs_what_is_not_read(
    worklist: Worklist,
    arrival: Callable[..., Arrival],
    reading: Callable[..., Reading],
    decided: Callable[..., Reading],
    state: State,
) -> None:
    film_id = worklist.receive(arrival(left_alone=state is State.LEFT_ALONE)).film_id
    for seen in ("", "1.2.3"):
        with pytest.raises(Stale):
            worklist.decide(film_id, seen, decided(reading(), Status.SIGNED), actor="jane")
    with pytest.raises(Stale):
        worklist.decide("no such film", "", decided(reading(), Status.SIGNED), actor="jane")


def test_who_comes_second_is_told(
    engine: Engine, worklist: Worklist, standing: Callable[..., tuple[str, Reading]], decided: Callable[..., Reading]
) -> None:
    film_id, seen = standing(State.READ)
    first, second = decided(seen, Status.SIGNED, 90.0), decided(seen, Status.SIGNED, 130.0)
    worklist.decide(film_id, seen.uid, first, actor="jane")
    with pytest.raises(Stale, match="meanwhile"):
        worklist.decide(film_id, seen.uid, second, actor="jane")
    film = worklist.film(film_id)
    assert film is not None
    assert (film.bone_age_months, film.reading_uid) == (90.0, first.uid)
    assert [(event.actor, event.action) for event in events(engine, film_id=film_id)][-1] == ("jane", "signed")


def test_a_decision_is_one(
    worklist: Worklist, standing: Callable[..., tuple[str, Reading]], reading: Callable[..., Reading]
) -> None:
    film_id, seen = standing(State.READ)
    with pytest.raises(ValueError):
        worklist.decide(film_id, seen.uid, reading(), actor="jane")


def test_the_trail_tells_the_change(
    engine: Engine, worklist: Worklist, standing: Callable[..., tuple[str, Reading]], decided: Callable[..., Reading]
) -> None:
    film_id, seen = standing(State.SIGNED, 100.0)
    worklist.decide(film_id, seen.uid, decided(seen, Status.AMENDED, 118.0, reason="the other hand"), actor="jane")
    last = events(engine, film_id=film_id)[-1]
    assert last.detail == {"months": 118.0, "before": 100.0, "plate": None, "reason": True}


@pytest.mark.parametrize("state", [State.READ, State.REFUSED, State.WITHDRAWN])
def test_a_corrected_film_waits_again(
    engine: Engine,
    worklist: Worklist,
    standing: Callable[..., tuple[str, Reading]],
    reading: Callable[..., Reading],
    state: State,
) -> None:
    film_id, before = standing(state)
    worklist.correct(film_id, sex=Sex.FEMALE, height_cm=133.0, actor="reader")
    film = worklist.claim()
    assert film is not None
    assert (film.id, film.sex, film.height_cm, film.attempts, film.reading_uid) == (film_id, Sex.FEMALE, 133.0, 1, before.uid)
    following = reading(predecessor=film.reading_uid)
    assert worklist.answer(film, following)
    assert [one.predecessor for one in worklist.versions(film_id)][-1] == before.uid
    assert [event.action for event in events(engine, film_id=film_id)][-2:] == ["correct", "assess"]


@pytest.mark.parametrize("state", [State.SIGNED, State.AMENDED])
def test_a_signed_film_is_not_corrected(worklist: Worklist, standing: Callable[..., tuple[str, Reading]], state: State) -> None:
    film_id, _ = standing(state)
    with pytest.raises(Stale):
        worklist.correct(film_id, sex=Sex.MALE, height_cm=None, actor="reader")
    with pytest.raises(Stale):
        worklist.correct("no such film", sex=Sex.MALE, height_cm=None, actor="reader")


def test_a_height_that_no_child_has(worklist: Worklist, standing: Callable[..., tuple[str, Reading]]) -> None:
    film_id, _ = standing(State.READ)
    for height in (0.0, 17.0, 1330.0, float("nan")):
        with pytest.raises(BoneAgeError, match="height"):
            worklist.correct(film_id, sex=None, height_cm=height, actor="reader")
    assert worklist.counts()[State.READ] == 1


def test_a_correction_keeps_the_unsent_from_leaving(
    engine: Engine, worklist: Worklist, arrival: Callable[..., Arrival], reading: Callable[..., Reading]
) -> None:
    film_id, outbox = worklist.receive(arrival()).film_id, Outbox(engine, worklist.clock)
    film = worklist.claim()
    assert film is not None
    worklist.answer(film, reading(), [Errand("pacs", "sr"), Errand("pacs", "sc")])
    gone = outbox.claim()
    assert gone is not None
    outbox.done(gone)
    worklist.correct(film_id, sex=Sex.FEMALE, height_cm=None, actor="reader")
    assert outbox.claim() is None
    assert sorted(one.state.value for one in outbox.of(film_id)) == [Handover.DONE.value, Handover.REPLACED.value]


def test_a_patients_history(worklist: Worklist, standing: Callable[..., tuple[str, Reading]]) -> None:
    older, _ = standing(State.SIGNED, 80.0, study_date="2022-01-05")
    newer, _ = standing(State.AMENDED, 100.0, study_date="2024-01-05")
    standing(State.READ, 10.0, study_date="2023-01-05")  # unsigned: not told
    standing(State.WITHDRAWN, 20.0)
    standing(State.SIGNED, 30.0, patient_id="MRN-47110")
    standing(State.SIGNED, 40.0, id_issuer="ANOTHER")
    nobodys, _ = standing(State.SIGNED, 50.0, patient_id="")
    standing(State.SIGNED, 60.0, patient_id="")
    unsigned, _ = standing(State.READ, 70.0, study_date="2023-06-01")
    months = {one: [reading.bone_age_months for reading in worklist.history(one)] for one in (older, newer, nobodys, unsigned)}
    assert months == {older: [80.0, 100.0], newer: [80.0, 100.0], nobodys: [50.0], unsigned: [80.0, 70.0, 100.0]}
    assert worklist.history("no such film") == []
