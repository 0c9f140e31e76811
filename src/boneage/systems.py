"""Each system is one frozen value that names its parts; `assess` does what the value says."""

from __future__ import annotations

from dataclasses import dataclass, replace
from enum import Enum

from boneage.errors import BoneAgeError, Kind
from boneage.prepare import Way
from boneage.prepare.aligned import AlignedHand
from boneage.prepare.attended import AttendedHand
from boneage.prepare.enhanced import EnhancedHand
from boneage.prepare.registered import FinderPoints, RegisteredHand
from boneage.prepare.squashed import SquashedFilm
from boneage.regions import WHOLE, Region
from boneage.register.frame import PAPER_FRAME
from boneage.register.windows import CARPALS, METACARPALS, WHOLE_HAND
from boneage.standardize.attention import AttentionOptions
from boneage.standardize.detect import HandBox
from boneage.standardize.patches import PatchMask
from boneage.types import Sex

HAND_FINDER = "hand-finder-2026-11"


class Views(Enum):
    """How a network looks at a crop."""

    AS_IS = "as is"
    WITH_MIRROR = "as is and mirrored, averaged"


class Answer(Enum):
    """What a network answers."""

    MONTHS = "a number of months"
    MONTH_CLASSES = "probabilities of the months 0..239"
    YEAR_CLASSES = "probabilities of the years 5..18"


class SexUse(Enum):
    """How a network knows the sex."""

    NONE = "not at all"
    JOINED = "as an input"
    FEMALE = "it reads girls alone"
    MALE = "it reads boys alone"

    def serves(self, sex: Sex | None) -> bool:
        """Whether a network of this kind has a vote on a child of that sex."""
        return self not in (SexUse.FEMALE, SexUse.MALE) or (sex is not None and self is SexUse[sex.name])


@dataclass(frozen=True)
class Member:
    """One network, the crops it reads as its channels, and how."""

    network: str  # dated name of the weights
    crops: tuple[str, ...]
    views: Views = Views.AS_IS
    answer: Answer = Answer.MONTH_CLASSES
    sex: SexUse = SexUse.JOINED


@dataclass(frozen=True)
class System:
    """One way from a film to a bone age."""

    name: str  # the same name gives the same numbers for ever
    summary: str
    way: Way
    members: tuple[Member, ...]
    calibration: str  # name of the calibration file beside the weights
    youngest_months: float = 0.0  # it was trained on children from this age on

    @property
    def weights(self) -> tuple[str, ...]:
        """Dated names of all networks; the hand finder is one of any system, since it says whether there is one hand."""
        return tuple(dict.fromkeys((HAND_FINDER, *self.way.networks, *(member.network for member in self.members))))

    def reads(self, sex: Sex) -> bool:
        """Whether any of the networks has a vote on a child of that sex."""
        return any(member.sex.serves(sex) for member in self.members)

    @property
    def takes_sex(self) -> bool:
        """Whether the answer depends on the sex."""
        return any(member.sex is not SexUse.NONE for member in self.members)


REFERENCE = System(
    name="reference-2026-11",
    summary="MobileNetV2 on the aligned hand, sex joined, 240 classes, split conformal interval",
    way=AlignedHand(finder=HAND_FINDER, regions=(WHOLE,)),
    members=(Member("reference-2026-11", (WHOLE.name,), Views.WITH_MIRROR),),
    calibration="reference-2026-11",
)
_REGISTERED = RegisteredHand(finder=HAND_FINDER, mask="hand-mask-2026-11", points=FinderPoints())
IGLOVIKOV = System(
    name="iglovikov-2018",
    summary="U-Net mask, registration, VGG-style networks on three regions, one set for each sex, 240 classes, averaged",
    way=_REGISTERED,
    members=tuple(
        Member(f"vgg-{letter}-{sex.value}-2026-11", (window.name,), sex=SexUse[sex.name])
        for sex in Sex
        for letter, window in (("a", WHOLE_HAND), ("b", CARPALS), ("c", METACARPALS))
    ),
    calibration="iglovikov-2018",
)
LEE = System(
    name="lee-2017",
    summary="patch-CNN mask, enhanced contrast, GoogLeNet from scratch (M3), 14 classes from 5 to 18 years, one for each sex",
    way=EnhancedHand(finder=HAND_FINDER, mask="patch-cnn-2026-11", patches=PatchMask(patch=32, stride=4)),
    members=tuple(
        Member(f"googlenet-m3-{sex.value}-2026-11", ("hand",), answer=Answer.YEAR_CLASSES, sex=SexUse[sex.name]) for sex in Sex
    ),
    calibration="lee-2017",
    youngest_months=60.0,
)
REN = System(
    name="ren-2018",
    summary="Faster R-CNN box, Hessian filter, Inception-V3 on both maps, sex joined, dynamic attention loss (S5)",
    way=AttendedHand(AttentionOptions(box=HandBox("hand-box-2026-11"))),
    members=(Member("inception-v3-s5-longer-2026-11", ("coarse map", "fine map"), answer=Answer.MONTHS),),
    calibration="ren-2018",
)
RESNET50 = System(
    name="resnet50-gelu",
    summary="ResNet-50 with GELU on the whole film, takes no sex",
    way=SquashedFilm(),
    members=(Member("resnet50-gelu-2026-11", ("film",), answer=Answer.MONTHS, sex=SexUse.NONE),),
    calibration="resnet50-gelu",
)
INCEPTION_V4 = System(
    name="inception-v4-gelu",
    summary="Inception-V4 with GELU on the whole film, takes no sex",
    way=SquashedFilm(),
    members=(Member("inception-v4-gelu-2026-11", ("film",), answer=Answer.MONTHS, sex=SexUse.NONE),),
    calibration="inception-v4-gelu",
)


@dataclass(frozen=True)
class Look:
    """What one reference network reads: regions of the aligned hand at its own size, a channel each."""

    network: str  # dated name of the weights
    regions: tuple[Region, ...]
    fine: bool = False  # cut from the film's own pixels, not from the standard frame


def aligned_system(name: str, summary: str, looks: tuple[Look, ...]) -> System:
    """Reference networks of any sizes and regions on one aligned hand, each with its mirror image; their distributions' mean."""
    frame = dict.fromkeys(region for look in looks if not look.fine for region in look.regions)
    fine = dict.fromkeys(region for look in looks if look.fine for region in look.regions)
    members = (Member(look.network, tuple(region.name for region in look.regions), Views.WITH_MIRROR) for look in looks)
    way = AlignedHand(finder=HAND_FINDER, regions=tuple(frame), fine=tuple(fine))
    return System(name, summary, way, tuple(members), calibration=name)


# Ways to prepare a film by the name that a recipe and `boneage prepare` give.
WAYS: dict[str, Way] = {
    "reference": REFERENCE.way,
    "iglovikov-2018": IGLOVIKOV.way,
    "iglovikov-2018-fine": replace(_REGISTERED, frame=PAPER_FRAME.scaled(0.5)),  # for films of twice the size and more
    "iglovikov-2018-paper": replace(_REGISTERED, frame=PAPER_FRAME),  # 2080 x 1600, for the challenge's own files
    "lee-2017": LEE.way,
    "ren-2018": REN.way,
    "squashed": SquashedFilm(),
}
SYSTEMS = {system.name: system for system in (REFERENCE, IGLOVIKOV, LEE, REN, RESNET50, INCEPTION_V4)}


def network_alone(network: str) -> System:
    """The system of that dated network, with it as the only member. Raises BoneAgeError where no system has it."""
    system, member = member_of(network)
    return replace(system, members=(member,))


def member_of(network: str) -> tuple[System, Member]:
    """The system and its member of that dated network. Raises BoneAgeError where no system has it."""
    for system in SYSTEMS.values():
        for member in system.members:
            if member.network == network:
                return system, member
    raise BoneAgeError(
        Kind.BAD_RECIPE, came=f"network {network!r}", expected="a network of a system", todo="Name it in systems.py."
    )


def find_way(name: str) -> Way:
    """The way of that name, or the system's of that name. Raises BoneAgeError that lists the known ones."""
    if name in SYSTEMS:
        return SYSTEMS[name].way
    if name not in WAYS:
        raise BoneAgeError(Kind.BAD_OPTION, came=f"no way {name!r}", expected=f"one of: {', '.join(WAYS)}", todo="Choose one.")
    return WAYS[name]


def find_system(name: str) -> System:
    """The system of that name. Raises BoneAgeError that lists the known ones."""
    if name not in SYSTEMS:
        raise BoneAgeError(
            Kind.BAD_OPTION,
            came=f"no system {name!r}",
            expected=f"one of: {', '.join(SYSTEMS)}",
            todo="Choose one of these.",
        )
    return SYSTEMS[name]
