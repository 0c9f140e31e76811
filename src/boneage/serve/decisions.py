"""What a reader decides: sign, amend, withdraw. Each makes a new version of the reading and what is to be sent of it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime

from boneage.errors import BoneAgeError, Kind
from boneage.report.reading import Decision, Reading, Status
from boneage.serve.settings import Destination
from boneage.serve.states import SIGNED
from boneage.serve.store.outbox import Outbox
from boneage.serve.store.records import NOTE, Errand, Film, User, utc_now
from boneage.serve.store.worklist import Stale, Worklist
from boneage.serve.worker import errands_of, new_uid

LONGEST_REASON = 2000  # characters


@dataclass(frozen=True)
class Choice:
    """What the reader says."""

    seen_uid: str  # of the version that the reader looked at
    months: float | None = None  # None: the system's
    plate_months: float | None = None  # of the reference plate that was picked
    reason: str = ""  # must be given for what changes a signed reading


@dataclass(frozen=True)
class Desk:
    """Where readings are decided on."""

    worklist: Worklist
    outbox: Outbox
    destinations: tuple[Destination, ...]
    clock: Callable[[], datetime] = utc_now

    def sign(self, film: Film, choice: Choice, user: User) -> Reading:
        """The first signature; also on a film that the system refused, read by hand. Raises BoneAgeError.

        It names the unverified reading where that has left, or may just be leaving, for an archive.
        """
        seen = self._seen(film, choice)
        sent = any(one.reading_uid == seen.uid and one.attempts for one in self.outbox.of(film.id))
        return self._keep(film, choice, user, seen, Status.SIGNED, predecessor=seen.uid if sent else None)

    def amend(self, film: Film, choice: Choice, user: User) -> Reading:
        """Signed again, in place of the earlier one. Raises BoneAgeError."""
        seen = self._seen(film, choice)
        _need_reason(choice, "an amendment")
        return self._keep(film, choice, user, seen, Status.AMENDED, predecessor=seen.uid)

    def withdraw(self, film: Film, choice: Choice, user: User) -> Reading:
        """What was signed was entered in error. Raises BoneAgeError."""
        seen = self._seen(film, choice)
        _need_reason(choice, "a withdrawal")
        if film.state not in SIGNED or seen.decision is None:
            raise Stale
        back = replace(choice, months=seen.decision.bone_age_months, plate_months=seen.decision.plate_months)
        return self._keep(film, back, user, seen, Status.WITHDRAWN, predecessor=seen.uid)

    def _seen(self, film: Film, choice: Choice) -> Reading:
        reading = self.worklist.reading(choice.seen_uid)
        if reading is None or film.reading_uid != choice.seen_uid:
            raise Stale
        return reading

    def _keep(self, film: Film, choice: Choice, user: User, seen: Reading, status: Status, *, predecessor: str | None) -> Reading:
        system = None if seen.estimate is None else seen.estimate.bone_age_months
        months = system if choice.months is None else choice.months
        if months is None:
            raise _wrong("a signature without months on a film that the system did not read", "the months that you read")
        for one in (months, choice.plate_months):
            if one is not None and not 0 <= one <= 240:
                raise _wrong(f"a bone age of {one:g} months", "0 to 240 months")
        if len(choice.reason) > LONGEST_REASON:
            raise _wrong(f"a reason of {len(choice.reason):,} characters", f"at most {LONGEST_REASON:,}")
        now = self.clock()
        decision = Decision(user.display_name or user.name, now, float(months), choice.plate_months, choice.reason.strip())
        reading = replace(seen, uid=new_uid(), made_at=now, status=status, decision=decision, predecessor=predecessor)
        errands = errands_of(self.destinations, answered=seen.estimate is not None)
        self.worklist.decide(film.id, choice.seen_uid, reading, (*errands, *self._notes(status)), actor=user.name)
        return reading

    def _notes(self, status: Status) -> list[Errand]:
        """Where what an earlier version said is to be taken back by a note of its own."""
        wrong = status in (Status.AMENDED, Status.WITHDRAWN)
        return [Errand(one.name, NOTE) for one in self.destinations if wrong and one.rejection_notes]


def _need_reason(choice: Choice, what: str) -> None:
    if not choice.reason.strip():
        raise _wrong(f"{what} without a reason", "a sentence that says why")


def _wrong(came: str, expected: str) -> BoneAgeError:
    return BoneAgeError(Kind.BAD_OPTION, came=came, expected=expected, todo="Give it, then sign again.")
