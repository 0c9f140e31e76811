"""What the page says in words: one sentence for each flag, and where the sex came from."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from boneage.errors import Kind
from boneage.report.language import Language, told
from boneage.types import Flag, Sex, SexSource

# What asks for a second look; the others only say what was done.
WARNINGS = frozenset(
    {
        Flag.POLARITY_DISAGREES,
        Flag.FOR_PROCESSING,
        Flag.SEX_OVERRIDDEN,
        Flag.NOT_A_HAND_VIEW,
        Flag.LOW_RESOLUTION,
        Flag.HAND_UNCERTAIN,
        Flag.UNUSUAL_POSE,
        Flag.WIDE_INTERVAL,
        Flag.NEAR_RANGE_END,
        Flag.BELOW_RANGE,
    }
)

SEX_WORDS: dict[Sex | None, str] = {Sex.FEMALE: "Female", Sex.MALE: "Male", None: "Not asked for"}
SOURCE_WORDS: dict[SexSource, str] = {
    SexSource.HEADER: "as the film's header says",
    SexSource.OPTION: "as given by the caller",
    SexSource.BOTH: "both were asked for",
    SexSource.UNUSED: "this system takes no sex",
}


def second_look(record: Mapping[str, Any]) -> tuple[str, ...]:
    """Why a film asks for a second look, out of its record; nothing where it does not, or was not read."""
    found = {*record["flags"], *(flag for one in record.get("estimates", ()) for flag in one["flags"])}
    asking = sorted((flag for flag in WARNINGS if flag.value in found), key=flag_order)
    return tuple(map(flag_words, asking))


def flag_words(flag: Flag) -> str:
    """Its sentence, in English as the page is."""
    return told(Language.ENGLISH, flag)


def flag_order(flag: Flag) -> tuple[bool, str]:
    """Warnings first, then by name."""
    return flag not in WARNINGS, flag.value


def kind_words(kind: Kind) -> str:
    """`no-hand` as it is said: `no hand`."""
    return kind.value.replace("-", " ")
