"""Where a film stands in the worklist, and which step leads where."""

from __future__ import annotations

from enum import Enum

from boneage.report.reading import Reading, Status


class State(str, Enum):
    """Of a film."""

    WAITING = "waiting"  # received, not yet assessed
    READ = "read"  # the system gave a bone age; nobody has signed
    REFUSED = "refused"  # the system gave none; it can be read by hand
    SIGNED = "signed"
    AMENDED = "amended"  # signed again
    WITHDRAWN = "withdrawn"  # what was signed was entered in error
    LEFT_ALONE = "left-alone"  # the site's mapping counts it as something else


class Origin(str, Enum):
    """How a film came."""

    UPLOAD = "upload"  # by the page or REST
    STORED = "stored"  # sent to the DICOM listener
    PULLED = "pulled"  # fetched from the archive
    DEMO = "demo"  # synthetic


UNSIGNED = frozenset({State.READ, State.REFUSED})
SIGNED = frozenset({State.SIGNED, State.AMENDED})


def state_of(reading: Reading) -> State:
    """Where a film stands with that as its latest reading."""
    match reading.status:
        case Status.UNVERIFIED:
            return State.REFUSED if reading.estimate is None else State.READ
        case Status.SIGNED:
            return State.SIGNED
        case Status.AMENDED:
            return State.AMENDED
        case Status.WITHDRAWN:
            return State.WITHDRAWN
