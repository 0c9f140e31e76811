"""Each system is one frozen value that names its parts; `assess` does what the value says."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum

from boneage.errors import BoneAgeError, Kind
from boneage.regions import WHOLE, Region

HAND_FINDER = "hand-finder-2026-11"


class Views(Enum):
    """How a network looks at a crop."""

    AS_IS = "as is"
    WITH_MIRROR = "as is and mirrored, averaged"


@dataclass(frozen=True)
class Member:
    """One network, the region it reads, and how."""

    network: str  # dated name of the weights
    region: Region
    views: Views = Views.AS_IS


@dataclass(frozen=True)
class System:
    """One way from a film to a bone age."""

    name: str  # dated; the same name gives the same numbers for ever
    summary: str
    finder: str  # dated name of the hand finder's weights
    members: tuple[Member, ...]
    calibration: str  # dated name of the calibration file beside the weights

    @property
    def regions(self) -> tuple[Region, ...]:
        """Each region once, in the members' order."""
        return tuple(dict.fromkeys(member.region for member in self.members))

    @property
    def weights(self) -> tuple[str, ...]:
        """Dated names of all networks."""
        return (self.finder, *(member.network for member in self.members))


REFERENCE = System(
    name="reference-2026-11",
    summary="MobileNetV2 on the aligned hand, sex joined, 240 classes, split conformal interval",
    finder=HAND_FINDER,
    members=(Member("reference-2026-11", WHOLE, Views.WITH_MIRROR),),
    calibration="reference-2026-11",
)

SYSTEMS = {system.name: system for system in (REFERENCE,)}


def find_system(name: str) -> System:
    """The system of that dated name. Raises BoneAgeError that lists the known ones."""
    if name not in SYSTEMS:
        raise BoneAgeError(
            Kind.BAD_OPTION,
            came=f"no system {name!r}",
            expected=f"one of: {', '.join(sorted(SYSTEMS))}",
            todo="Choose one with --system.",
        )
    return SYSTEMS[name]
