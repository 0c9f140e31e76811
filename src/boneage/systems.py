"""Each system is one frozen value that names its parts; `assess` does what the value says."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum

from boneage.errors import BoneAgeError, Kind
from boneage.prepare import Way
from boneage.prepare.attended import AttendedHand
from boneage.prepare.enhanced import EnhancedHand
from boneage.prepare.registered import FinderPoints, RegisteredHand
from boneage.regions import WHOLE, Region
from boneage.standardize.attention import AttentionOptions
from boneage.standardize.detect import HandBox
from boneage.standardize.patches import PatchMask

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

# How the published systems prepare a film. Their age networks are not here yet; `boneage prepare` shows what those will see.
WAYS: dict[str, Way] = {
    "iglovikov-2018": RegisteredHand(finder=HAND_FINDER, mask="hand-mask-2026-11", points=FinderPoints()),
    "lee-2017": EnhancedHand(finder=HAND_FINDER, mask="patch-cnn-2026-11", patches=PatchMask(patch=32, stride=4)),
    "ren-2018": AttendedHand(AttentionOptions(box=HandBox("hand-box-2026-11"))),
}

SYSTEMS = {system.name: system for system in (REFERENCE,)}


def find_way(name: str) -> Way:
    """The way of that name. Raises BoneAgeError that lists the known ones."""
    if name not in WAYS:
        raise BoneAgeError(
            Kind.BAD_OPTION, came=f"no way {name!r}", expected=f"one of: {', '.join(WAYS)}", todo="Choose one with --as."
        )
    return WAYS[name]


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
