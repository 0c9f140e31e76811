"""Blind reading: what the system said of a film stays hidden from a reader until they have said something themselves.

Who has seen what stands in the audit trail, so a page that is loaded again, or a program, gets no more than the reader may see.
"""

from __future__ import annotations

from boneage.report.reading import Reading
from boneage.serve.site import Site
from boneage.serve.store.audit import events_of
from boneage.serve.store.records import Event, Film, Role, User
from boneage.serve.web.shapes import OPEN
from boneage.types import Flag

REVEAL = "reveal"
OF_THE_ANSWER = frozenset({Flag.WIDE_INTERVAL, Flag.BELOW_RANGE, Flag.NEAR_RANGE_END})  # flags that tell of it
_TELLING = frozenset({"months", "before", "plate"})  # in the audit trail


def hides(site: Site, user: User, film: Film, reading: Reading | None) -> bool:
    """Whether that version holds an answer of the system that this user may not see yet. Programs read no films."""
    if not site.settings.reads.blind or user.role is Role.DEVICE or film.state not in OPEN:
        return False
    return reading is not None and reading.estimate is not None and first_reading(site, user, film, reading) is None


def first_reading(site: Site, user: User, film: Film, reading: Reading) -> Event | None:
    """The line of the audit trail with what this reader said before they saw that version; None: they have not."""
    return next((one for one in events_of(site.engine, film.id, REVEAL, user.name) if one.reading_uid == reading.uid), None)


def without_months(event: Event) -> dict[str, object]:
    """A line's detail as it may be shown beside a film whose answer is hidden."""
    return {name: value for name, value in event.detail.items() if name not in _TELLING}
