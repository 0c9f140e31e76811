"""What the page says in words: one sentence for each flag, and where the sex came from."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from boneage.errors import Kind
from boneage.types import Flag, Sex, SexSource

FLAG_WORDS: dict[Flag, str] = {
    Flag.POLARITY_DISAGREES: "The film's corners are bright, as on films with dark bone: look whether bone is bright below.",
    Flag.POLARITY_INVERTED: "Bone came dark on this film, so its gray values were inverted before the hand was read.",
    Flag.FOR_PROCESSING: "These are raw detector values (a DICOM image FOR PROCESSING), not the image that is made for reading.",
    Flag.COLOR_SCAN: "The film was stored in color and was turned to gray.",
    Flag.SEX_OVERRIDDEN: "The sex that was given differs from the one in the film's header, and the given one was used.",
    Flag.SPACING_UNKNOWN: "The file does not say the size of a pixel, so nothing on this film can be measured in millimeters.",
    Flag.NOT_A_HAND_VIEW: "The file's header names another part of the body than the hand.",
    Flag.MIRRORED: "This is a right hand or a mirrored film, and it was turned into a left hand for reading.",
    Flag.TURNED: "The hand lay more than 45 degrees off upright on the film and was turned for reading.",
    Flag.LOW_RESOLUTION: "The film has fewer pixels than those the networks learned from, so small bones may be lost.",
    Flag.UNUSUAL_POSE: "The hand looks unusual (bent fingers, hardware, a hidden thumb): check the points in the picture.",
    Flag.HAND_UNCERTAIN: "It is not certain that this film shows one hand: check the points in the picture.",
    Flag.WIDE_INTERVAL: "The system is less sure here than on 95 % of the films it was calibrated on.",
    Flag.BELOW_RANGE: "The answer is the youngest year this system knows: the child may be younger than its range.",
    Flag.NEAR_RANGE_END: "Under 2 and over 18 years few films were there to learn from, and answers are less reliable.",
    Flag.TOLERATED_HEADER: "A value in the file's header breaks the DICOM standard and was ignored.",
}

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
    told = {*record["flags"], *(flag for one in record.get("estimates", ()) for flag in one["flags"])}
    asking = sorted((flag for flag in WARNINGS if flag.value in told), key=flag_order)
    return tuple(FLAG_WORDS[flag] for flag in asking)


def flag_order(flag: Flag) -> tuple[bool, str]:
    """Warnings first, then by name."""
    return flag not in WARNINGS, flag.value


def kind_words(kind: Kind) -> str:
    """`no-hand` as it is said: `no hand`."""
    return kind.value.replace("-", " ")
