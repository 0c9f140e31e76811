"""What the store takes and gives: films, deliveries, users. Identity stands in Identity alone and never in a repr."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from enum import Enum

from boneage.serve.states import Origin, State
from boneage.types import Identity, Sex

LEASE = timedelta(minutes=5)  # a film that a worker has had for longer goes to another


def utc_now() -> datetime:
    return datetime.now(UTC)


def to_text(at: datetime) -> str:
    """UTC, of one length, so that text sorts as time does."""
    return at.astimezone(UTC).isoformat(timespec="microseconds")


def from_text(text: str) -> datetime:
    return datetime.fromisoformat(text)


@dataclass(frozen=True)
class Arrival:
    """A film whose file lies safely in the spool."""

    file: str  # its name there
    file_sha256: str
    origin: Origin
    sender: str  # AE title or user
    identity: Identity
    study_date: str | None = None
    sex: Sex | None = None
    height_cm: float | None = None
    scanner: str = ""
    left_alone: bool = False  # the site's mapping counts it as something else


@dataclass(frozen=True)
class Film:
    """A line of the worklist."""

    id: str
    received_at: datetime
    origin: Origin
    sender: str
    file: str
    identity: Identity
    study_date: str | None
    sex: Sex | None
    height_cm: float | None
    scanner: str
    state: State
    reading_uid: str | None
    bone_age_months: float | None
    attempts: int  # how often a worker began
    claim: str | None = None  # of the worker that it was given to


class Handover(str, Enum):
    """How far a delivery is."""

    DUE = "due"
    DONE = "done"
    GIVEN_UP = "given-up"  # after the last try; an admin may ask for another
    REPLACED = "replaced"  # a later version of the reading came before it could leave


NOTE = "rejection"  # an errand that is no report format: a note takes back what the destination was sent of earlier versions


@dataclass(frozen=True)
class Errand:
    """What is to be sent where."""

    destination: str  # name in the settings
    what: str  # a report format, or NOTE


@dataclass(frozen=True)
class Delivery:
    """One errand of one reading."""

    number: int
    reading_uid: str
    errand: Errand
    state: Handover
    attempts: int
    due_at: datetime
    last_error: str


class Role(str, Enum):
    """What a user may do."""

    READER = "reader"  # read, sign, amend
    ADMIN = "admin"  # and users, deliveries, audit trail
    DEVICE = "device"  # REST alone: upload and fetch


@dataclass(frozen=True)
class User:
    """Who may come in."""

    name: str
    display_name: str
    role: Role
    active: bool = True


@dataclass(frozen=True)
class Event:
    """One line of the audit trail."""

    number: int
    at: datetime
    actor: str
    action: str
    film_id: str | None
    reading_uid: str | None
    detail: dict[str, object]
