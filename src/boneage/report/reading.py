"""8. A reading: what the reports say of one film, whoever said it: the system, and the reader who signed or changed it.

All in it is plain, so a report made years later says what was read then; nothing is computed again.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from enum import Enum

import numpy as np
import numpy.typing as npt

from boneage import __version__
from boneage.errors import BoneAgeError, Kind
from boneage.types import Assessment, Estimate, Flag, Identity, Sex, SexSource, Side

Points = npt.NDArray[np.float64]  # [N, 2] (x, y) in the film's own pixels


class Status(str, Enum):
    """How far a reading has come."""

    UNVERIFIED = "unverified"  # the system's answer; nobody has signed it
    SIGNED = "signed"
    AMENDED = "amended"  # signed again, in place of an earlier one
    WITHDRAWN = "withdrawn"  # entered in error; it names what it takes back


@dataclass(frozen=True)
class Decision:
    """What a reader made of it."""

    reader: str  # as the site knows the person
    at: datetime  # with its time zone
    bone_age_months: float
    plate_months: float | None = None  # of the reference plate that was picked; None: months were given, or the answer accepted
    reason: str = ""  # of a change, an amendment, a withdrawal

    def __post_init__(self) -> None:
        if self.at.tzinfo is None:
            raise ValueError("a time with its zone is expected")
        if not 0 <= self.bone_age_months <= 240:
            raise ValueError(f"a bone age of 0 to 240 months is expected, not {self.bone_age_months:g}")


@dataclass(frozen=True)
class Refusal:
    """Why the system gave no bone age, in the words of the error."""

    kind: Kind
    came: str
    expected: str
    todo: str

    @classmethod
    def of(cls, error: BoneAgeError) -> Refusal:
        return cls(error.kind, error.came, error.expected, error.todo)


@dataclass(frozen=True, eq=False)
class Drawing:
    """Where the system looked, in the film's own pixels."""

    points: Points  # [21, 2] in the order of dataset.POINT_NAMES; [0, 2]: none were looked for
    regions: dict[str, Points]  # by name: the four corners of what the networks read


@dataclass(frozen=True)
class Film:
    """What is known of the film itself."""

    sha256: str
    size: tuple[int, int]  # height, width
    spacing_mm: tuple[float, float] | None = None
    side: Side | None = None
    study_date: str | None = None  # ISO 8601


@dataclass(frozen=True, eq=False)
class Reading:
    """One version of the reading of one film for one sex."""

    uid: str  # a DICOM UID; of the structured report too
    made_at: datetime  # with its time zone
    identity: Identity
    film: Film
    sex: Sex | None  # None: neither the header nor anybody said it
    sex_source: SexSource
    chronological_age_months: float | None
    system: str
    weights: tuple[str, ...]
    estimate: Estimate | None  # None: refused
    refusal: Refusal | None = None
    drawing: Drawing | None = None
    flags: frozenset[Flag] = frozenset()
    version: str = __version__  # of this software
    status: Status = Status.UNVERIFIED
    decision: Decision | None = None
    predecessor: str | None = None  # uid of the reading that this one replaces or takes back; a signed one's: the system's
    height_cm: float | None = field(default=None, repr=False)  # standing height on the day of the film

    def __post_init__(self) -> None:
        if (self.estimate is None) == (self.refusal is None):
            raise ValueError("an estimate or a refusal is expected")
        if (self.decision is None) != (self.status is Status.UNVERIFIED):
            raise ValueError(f"a decision is expected of a reading that was signed, and of no other: {self.status}")
        if self.predecessor is None and self.status in (Status.AMENDED, Status.WITHDRAWN):
            raise ValueError(f"a predecessor is expected of what amends or withdraws: {self.status}")

    @property
    def bone_age_months(self) -> float | None:
        """The reader's, else the system's; None: refused and not read by hand."""
        if self.decision is not None:
            return self.decision.bone_age_months
        return None if self.estimate is None else self.estimate.bone_age_months

    @property
    def changed(self) -> bool:
        """Whether the reader said other months than the system, by half a month and more."""
        if self.decision is None or self.estimate is None:
            return False
        return abs(self.decision.bone_age_months - self.estimate.bone_age_months) >= 0.5


def readings_of(
    assessment: Assessment, *, uids: tuple[str, ...], at: datetime, height_cm: float | None = None
) -> tuple[Reading, ...]:
    """One unverified reading for each estimate of an assessment; `uids`: one for each."""
    film = assessment.radiograph
    return tuple(
        Reading(
            uid=uid,
            made_at=at,
            identity=film.identity,
            film=Film(film.sha256, film.size, film.spacing_mm, film.side, film.study_date),
            sex=estimate.sex,
            sex_source=assessment.sex_source,
            chronological_age_months=film.chronological_age_months,
            system=assessment.system,
            weights=assessment.weights,
            estimate=estimate,
            drawing=drawing_of(assessment),
            flags=assessment.flags | estimate.flags,
            height_cm=height_cm,
        )
        for estimate, uid in zip(assessment.estimates, uids, strict=True)
    )


def drawing_of(assessment: Assessment) -> Drawing:
    """The hand's points and the regions' corners, in the film's own pixels."""
    hand, crops = assessment.prepared.hand, assessment.prepared.crops
    points = np.empty((0, 2)) if hand is None else hand.to_source.points(hand.points)
    return Drawing(points, {crop.name: crop.to_source.points(_corners(crop.pixels.shape)) for crop in crops})


def _corners(shape: tuple[int, ...]) -> Points:
    """The outer corners of a grid [H, W], from the top left on, clockwise."""
    bottom, right = shape[0] - 0.5, shape[1] - 0.5
    return np.array([(-0.5, -0.5), (right, -0.5), (right, bottom), (-0.5, bottom)])
