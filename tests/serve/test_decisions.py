"""What readers decide: each signature makes a version with who, when and why, and what is to be sent of it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from sqlalchemy import Engine

from boneage.errors import BoneAgeError
from boneage.report.reading import Reading, Status
from boneage.serve.decisions import LONGEST_REASON, Choice, Desk
from boneage.serve.settings import Stow
from boneage.serve.states import State
from boneage.serve.store.outbox import Outbox
from boneage.serve.store.records import NOTE, Arrival, Errand, Film, Role, User
from boneage.serve.store.worklist import Stale, Worklist

SR = Errand("pacs", "sr")
PACS = Stow(kind="stow", name="pacs", url="https://pacs.example", formats=("sr", "sc"))
JANE = User("jane", "Dr. Jane Doe", Role.READER)
Answered = Callable[..., tuple[Film, Reading]]


@pytest.fixture
def desk(worklist: Worklist) -> Desk:
    return Desk(worklist, Outbox(worklist.engine, worklist.clock), (PACS,), worklist.clock)


@pytest.fixture
def answered(worklist: Worklist, arrival: Callable[..., Arrival], reading: Callable[..., Reading]) -> Answered:
    def make(months: float | None = 100.0, errands: tuple[Errand, ...] = ()) -> tuple[Film, Reading]:
        film_id, answer = worklist.receive(arrival()).film_id, reading(months)
        claimed = worklist.claim()
        assert claimed is not None
        worklist.answer(claimed, answer, errands)
        return now(worklist, film_id), answer

    return make


def now(worklist: Worklist, film_id: str) -> Film:
    film = worklist.film(film_id)
    assert film is not None
    return film


def test_accepted_changed_and_read_by_hand(worklist: Worklist, desk: Desk, answered: Answered) -> None:
    for system, choice, months in [(100.0, None, 100.0), (100.0, 112.5, 112.5), (None, 90.0, 90.0)]:
        film, seen = answered(system)
        signed = desk.sign(film, Choice(seen.uid, choice, plate_months=choice), JANE)
        kept = now(worklist, film.id)
        assert (kept.state, kept.bone_age_months, kept.reading_uid) == (State.SIGNED, months, signed.uid)
        assert signed.decision is not None
        said = signed.decision
        assert (said.reader, said.at, said.plate_months) == ("Dr. Jane Doe", worklist.clock(), choice)
        assert (signed.estimate is None) is (seen.estimate is None)
        assert [one.uid for one in worklist.versions(film.id)] == [seen.uid, signed.uid]


def test_a_chain_of_versions(engine: Engine, worklist: Worklist, desk: Desk, answered: Answered) -> None:
    film, seen = answered()
    signed = desk.sign(film, Choice(seen.uid), JANE)
    amended = desk.amend(now(worklist, film.id), Choice(signed.uid, 120.0, reason=" the other hand "), JANE)
    withdrawn = desk.withdraw(now(worklist, film.id), Choice(amended.uid, reason="another child's film"), JANE)
    again = desk.amend(now(worklist, film.id), Choice(withdrawn.uid, 80.0, reason="read anew"), JANE)
    chain = [signed, amended, withdrawn, again]
    assert [one.predecessor for one in chain] == [None, signed.uid, amended.uid, withdrawn.uid]
    assert [one.status for one in chain] == [Status.SIGNED, Status.AMENDED, Status.WITHDRAWN, Status.AMENDED]
    assert [one.bone_age_months for one in chain] == [100.0, 120.0, 120.0, 80.0]
    assert amended.decision is not None
    assert amended.decision.reason == "the other hand"
    sent = [(one.reading_uid, one.errand) for one in Outbox(engine).of(film.id)]
    assert sent == [(one.uid, Errand("pacs", what)) for one in chain for what in ("sr", "sc")]


def test_a_note_follows_what_changes_a_signature_where_the_site_asks_for_it(
    worklist: Worklist, engine: Engine, answered: Answered
) -> None:
    asking = PACS.model_copy(update={"name": "asking", "rejection_notes": True, "formats": ("sr",)})
    desk = Desk(worklist, Outbox(engine, worklist.clock), (asking, PACS), worklist.clock)
    film, seen = answered()
    signed = desk.sign(film, Choice(seen.uid), JANE)
    amended = desk.amend(now(worklist, film.id), Choice(signed.uid, 120.0, reason="the other hand"), JANE)
    withdrawn = desk.withdraw(now(worklist, film.id), Choice(amended.uid, reason="another child's film"), JANE)
    asked = [(one.reading_uid, one.errand.what) for one in desk.outbox.of(film.id) if one.errand.destination == "asking"]
    assert asked == [(signed.uid, "sr"), *((one.uid, what) for one in (amended, withdrawn) for what in ("sr", NOTE))]
    assert NOTE not in {one.errand.what for one in desk.outbox.of(film.id) if one.errand.destination == "pacs"}


@pytest.mark.parametrize(("errands", "tried", "named"), [((), False, False), ((SR,), False, False), ((SR,), True, True)])
def test_a_signature_names_what_may_have_left_on_reading(
    desk: Desk, answered: Answered, errands: tuple[Errand, ...], tried: bool, named: bool
) -> None:
    film, seen = answered(errands=errands)
    if tried:
        assert desk.outbox.claim() is not None
    signed = desk.sign(film, Choice(seen.uid, 95.0), JANE)
    assert signed.predecessor == (seen.uid if named else None)


def test_who_looked_at_an_earlier_version_is_told(worklist: Worklist, desk: Desk, answered: Answered) -> None:
    film, seen = answered()
    signed = desk.sign(film, Choice(seen.uid), JANE)
    late: list[Any] = [
        lambda: desk.sign(film, Choice(seen.uid), JANE),
        lambda: desk.sign(now(worklist, film.id), Choice(seen.uid), JANE),
        lambda: desk.sign(now(worklist, film.id), Choice(signed.uid), JANE),
        lambda: desk.amend(now(worklist, film.id), Choice("1.2.3", reason="x"), JANE),
        lambda: desk.withdraw(film, Choice(seen.uid, reason="x"), JANE),
    ]
    for one in late:
        with pytest.raises(Stale):
            one()
    assert len(worklist.versions(film.id)) == 2


def test_what_cannot_be_signed(worklist: Worklist, desk: Desk, answered: Answered) -> None:
    film, seen = answered(None)
    long = "x" * (LONGEST_REASON + 1)
    nan = float("nan")
    wrong = [Choice(seen.uid), Choice(seen.uid, -1.0), Choice(seen.uid, 241.0), Choice(seen.uid, nan), Choice(seen.uid, 9.0, nan)]
    for choice in [*wrong, Choice(seen.uid, 90.0, reason=long)]:
        with pytest.raises(BoneAgeError):
            desk.sign(film, choice, JANE)
    signed = desk.sign(film, Choice(seen.uid, 90.0), JANE)
    for reason in ("", " \t"):
        with pytest.raises(BoneAgeError, match="reason"):
            desk.amend(now(worklist, film.id), Choice(signed.uid, 91.0, reason=reason), JANE)
        with pytest.raises(BoneAgeError, match="reason"):
            desk.withdraw(now(worklist, film.id), Choice(signed.uid, reason=reason), JANE)
    assert len(worklist.versions(film.id)) == 2
