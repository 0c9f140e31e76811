"""Who stands behind an export, taken away: new random ids for films and children, and days that only their order is true of."""

from __future__ import annotations

import secrets
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import date, timedelta

from boneage.types import Identity

_IDS = 10**8, 9 * 10**8  # nine digits: never the number of a film of the challenge
_FARTHEST_DAYS = 3650
Draw = Callable[[int], int]  # below a number, at random


@dataclass
class Strangers:
    """Gives a film, a child and a child's days their new ones; a child keeps its own over the whole export."""

    draw: Draw = secrets.randbelow
    _used: set[int] = field(default_factory=set, repr=False)
    _children: dict[str, tuple[int, int]] = field(default_factory=dict, repr=False)

    def film(self) -> int:
        """An id that no other film or child has."""
        while (number := _IDS[0] + self.draw(_IDS[1])) in self._used:
            pass
        self._used.add(number)
        return number

    def child(self, who: Identity, film_id: str) -> int:
        """The same for all films of one patient; a film without a patient's number is of a child of its own."""
        return self._of(who, film_id)[0]

    def day(self, who: Identity, film_id: str, day: str | None) -> str | None:
        """ISO 8601, moved back by 1 to 3,650 days: by as many for all films of one patient, so that their distances stay."""
        if day is None:
            return None
        return (date.fromisoformat(day) - timedelta(days=self._of(who, film_id)[1])).isoformat()

    def _of(self, who: Identity, film_id: str) -> tuple[int, int]:
        key = f"patient\0{who.id_issuer}\0{who.patient_id}" if who.patient_id else f"film\0{film_id}"
        if key not in self._children:
            self._children[key] = self.film(), 1 + self.draw(_FARTHEST_DAYS)
        return self._children[key]
