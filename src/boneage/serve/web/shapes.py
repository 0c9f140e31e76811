"""What REST takes and gives, as OpenAPI shows it."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from pydantic import BaseModel, ConfigDict, Field

from boneage.serve.states import UNSIGNED, Origin, State
from boneage.serve.store.records import Delivery, Event, Film, Handover, Role, User
from boneage.types import Sex

OPEN = UNSIGNED | {State.WAITING}  # nobody has signed what the film stands at


class Shape(BaseModel):
    """Unknown fields are an error."""

    model_config = ConfigDict(extra="forbid")


class FilmShape(Shape):
    """A line of the worklist."""

    id: str
    received_at: datetime
    origin: Origin
    sender: str
    state: State
    patient_name: str
    patient_id: str
    birth_date: str
    accession_number: str
    study_date: str | None
    sex: Sex | None
    height_cm: float | None
    scanner: str
    reading_uid: str | None
    bone_age_months: float | None = Field(description="of the latest version")

    @classmethod
    def of(cls, film: Film, *, blind: bool = False) -> FilmShape:
        """`blind`: without the system's answer, until somebody has signed."""
        hidden = blind and film.state in OPEN
        return cls(
            id=film.id,
            received_at=film.received_at,
            origin=film.origin,
            sender=film.sender,
            state=film.state,
            patient_name=film.identity.patient_name,
            patient_id=film.identity.patient_id,
            birth_date=film.identity.birth_date,
            accession_number=film.identity.accession_number,
            study_date=film.study_date,
            sex=film.sex,
            height_cm=film.height_cm,
            scanner=film.scanner,
            reading_uid=film.reading_uid,
            bone_age_months=None if hidden else film.bone_age_months,
        )


class PageShape(Shape):
    """A page of the worklist."""

    films: list[FilmShape]
    count: int = Field(description="of all films that were asked for")
    states: dict[State, int] = Field(description="of all films")


class ReceivedShape(Shape):
    """What became of one sent file; `error` stands where it was not taken."""

    id: str | None = None
    new: bool = False
    error: dict[str, str] | None = None


class ChoiceShape(Shape):
    """What the reader says."""

    seen: str = Field(description="uid of the version that the reader looked at")
    months: float | None = Field(default=None, ge=0, le=240, description="none: the system's answer is accepted")
    plate_months: float | None = Field(default=None, ge=0, le=240, description="age of the reference plate that was picked")
    reason: str = Field(default="", max_length=2000)


class CorrectionShape(Shape):
    """What neither header nor sender said."""

    sex: Sex | None
    height_cm: float | None = Field(default=None, ge=50, le=230)


class DeliveryShape(Shape):
    """A report on its way."""

    number: int
    destination: str
    what: str
    state: Handover
    attempts: int
    due_at: datetime
    last_error: str

    @classmethod
    def of(cls, one: Delivery) -> DeliveryShape:
        return cls(
            number=one.number,
            destination=one.errand.destination,
            what=one.errand.what,
            state=one.state,
            attempts=one.attempts,
            due_at=one.due_at,
            last_error=one.last_error,
        )


class DrawingShape(Shape):
    """Where the system looked, and the film's measures; nothing of its answer."""

    height: int = Field(description="of the film, pixels")
    width: int
    spacing_mm: tuple[float, float] | None = Field(description="row and column distance; none: unknown")
    points: list[tuple[float, float]] = Field(description="(x, y) of the hand's 21 points in the film's pixels, or none")
    chains: list[list[int]] = Field(description="which points make the fingers")
    regions: dict[str, list[tuple[float, float]]] = Field(description="by name: the corners of what the networks read")


class CaseShape(Shape):
    """All of one film."""

    film: FilmShape
    reading: dict[str, Any] | None = Field(description="the latest version, as the JSON report; without the answer in blind mode")
    versions: list[str] = Field(description="uids, the first one first")
    deliveries: list[DeliveryShape]


class EventShape(Shape):
    """A line of the audit trail."""

    number: int
    at: datetime
    actor: str
    action: str
    film_id: str | None
    reading_uid: str | None
    detail: dict[str, Any]

    @classmethod
    def of(cls, event: Event) -> EventShape:
        return cls(**{name: getattr(event, name) for name in cls.model_fields})


class UserShape(Shape):
    """A user; a password only comes in."""

    name: str = Field(min_length=1, max_length=64)
    display_name: str = Field(max_length=200)
    role: Role
    active: bool = True

    def user(self) -> User:
        return User(self.name, self.display_name, self.role, self.active)


class NewUserShape(UserShape):
    """With the password, or without one for the site's proxy."""

    password: str | None = Field(default=None, min_length=12, max_length=1024)


class UserChangeShape(Shape):
    """What of a user changes; what is absent stays."""

    display_name: str | None = Field(default=None, max_length=200)
    role: Role | None = None
    active: bool | None = Field(default=None, description="false: may not come in any more; nobody is deleted")
    password: str | None = Field(default=None, min_length=12, max_length=1024)


class SignInShape(Shape):
    """Name and password."""

    name: str = Field(max_length=64)
    password: str = Field(max_length=1024)


class SessionShape(Shape):
    """Who is signed in. `token` goes into `Authorization: Bearer`; it is told once."""

    name: str
    display_name: str
    role: Role
    csrf: str
    token: str | None = None


class HealthShape(Shape):
    """Whether all is well, without a word of any patient."""

    status: str
    version: str
    system: str
    waiting: int
    undelivered: int
