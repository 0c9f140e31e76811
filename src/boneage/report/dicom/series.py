"""What goes out for one reading: a series for each kind of object, and UIDs that follow from the reading's own.

A series holds the objects of one reading: the standard allows one device and one software version a series, and so the
series of an earlier reading's report follows from that reading's uid alone. Nothing else has to be kept to name it.
"""

from __future__ import annotations

from dataclasses import dataclass
from uuid import UUID, uuid5

_SPACE = UUID("a28c5bfe-9e21-424d-8b2a-c259628ef55a")  # of the names that this file derives from; it never changes


@dataclass(frozen=True)
class Series:
    """One kind of object."""

    name: str  # part of the derived UIDs: never renamed
    number: int  # high, to stand after a study's own series
    description: str
    sop_class: str

    def uid(self, reading_uid: str) -> str:
        """The series' UID."""
        return derive(reading_uid, self.name, "series")

    def instance_uid(self, reading_uid: str, which: str = "") -> str:
        """An object's UID; the report's is the reading's own."""
        return reading_uid if self is REPORT else derive(reading_uid, self.name, "instance", which)


@dataclass(frozen=True)
class Reference:
    """What names one object of a film's study."""

    sop_class: str
    series_uid: str
    sop_uid: str

    @classmethod
    def of(cls, series: Series, reading_uid: str, which: str = "") -> Reference:
        """The object that a reading gives in that series."""
        return cls(series.sop_class, series.uid(reading_uid), series.instance_uid(reading_uid, which))


REPORT = Series("report", 9701, "Bone age report", "1.2.840.10008.5.1.4.1.1.88.33")  # Comprehensive SR
OVERLAY = Series("overlay", 9702, "Bone age: where the system looked", "1.2.840.10008.5.1.4.1.1.7")  # Secondary Capture
MAPS = Series("maps", 9703, "Bone age: what the answer depends on", "1.2.840.10008.5.1.4.1.1.7")
MARKS = Series("marks", 9704, "Bone age: points and regions", "1.2.840.10008.5.1.4.1.1.11.1")  # Grayscale presentation state
REJECTION = Series(
    "rejection", 9705, "Bone age: earlier results taken back", "1.2.840.10008.5.1.4.1.1.88.59"
)  # Key Object Selection


def derive(*words: str) -> str:
    """A UID under 2.25 (PS3.5 B.2), of a UUID of version 5: the same for the same words, on every machine."""
    return f"2.25.{uuid5(_SPACE, '/'.join(words)).int}"
