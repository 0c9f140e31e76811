"""Texts of a film's header made fit for messages: names in their parts, and nothing in them that steers a receiver."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from enum import Enum

_OID = re.compile(r"[0-2](\.(0|[1-9][0-9]*))+")
_STEERING = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029\ud800-\udfff]+")  # lines, control characters, halves of characters


class Script(str, Enum):
    """The groups of a DICOM name, in their order."""

    ALPHABETIC = "alphabetic"
    IDEOGRAPHIC = "ideographic"
    PHONETIC = "phonetic"


@dataclass(frozen=True)
class PersonName:
    """One group of a name (DICOM PS3.5, 6.2.1.2): its parts in that standard's order, "" where it has none."""

    script: Script
    family: str = field(default="", repr=False)
    given: str = field(default="", repr=False)
    middle: str = field(default="", repr=False)
    prefix: str = field(default="", repr=False)
    suffix: str = field(default="", repr=False)

    @property
    def text(self) -> str:
        """As it is said: East Asian names have the family's first."""
        first = self.family if self.script is not Script.ALPHABETIC else ""
        last = self.family if self.script is Script.ALPHABETIC else ""
        return " ".join(part for part in (self.prefix, first, self.given, self.middle, last, self.suffix) if part)


def person_names(text: str) -> tuple[PersonName, ...]:
    """The groups of a DICOM name that hold anything; parts beyond the fifth stay with the last."""
    found = []
    for script, group in zip(Script, text.split("=", 2), strict=False):
        parts = [plain(part) for part in group.split("^", 4)]
        if any(parts):
            found.append(PersonName(script, *parts))
    return tuple(found)


def plain(text: str) -> str:
    """The text on one line, without control characters and blanks at its ends."""
    return _STEERING.sub(" ", text).strip()


def plain_lines(text: str) -> list[str]:
    """The lines of a report, each as `plain` has it; [] where none holds anything."""
    lines = [plain(line) for line in text.split("\n")]
    return "\n".join(lines).strip().split("\n") if any(lines) else []


def is_oid(text: str) -> bool:
    """Whether it is an object identifier, such as an issuer's."""
    return len(text) <= 64 and _OID.fullmatch(text) is not None
