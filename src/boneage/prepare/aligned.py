"""Our own way: the hand's points, the template's frame, regions cut from the film's own pixels."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from boneage.geometry import PixelMap
from boneage.networks import OnnxNetwork
from boneage.regions import WHOLE, Region, cut
from boneage.register import register
from boneage.standardize import standardize
from boneage.template import TEMPLATE
from boneage.types import Prepared, Radiograph, Step


@dataclass(frozen=True)
class AlignedHand:
    """What a system chooses."""

    finder: str = "hand-finder-2026-11"
    regions: tuple[Region, ...] = (WHOLE,)

    @property
    def networks(self) -> tuple[str, ...]:
        """Dated names of the weights."""
        return (self.finder,)


def align(film: Radiograph, way: AlignedHand, *, load: Callable[[str], OnnxNetwork]) -> Prepared:
    """Every region of the aligned hand. Raises BoneAgeError where there is no single hand."""
    hand = standardize(film, load(way.finder))  # polarity, size, the hand's points
    aligned = register(hand)  # the way into the common frame
    crops = cut(aligned, way.regions)  # whole hand, ...
    steps = (
        Step("read", PixelMap.identity(), film.pixels),
        Step("standardize", hand.to_source, hand.pixels),
        Step("points", hand.to_source, points=hand.points),
        Step("register", aligned.to_source @ aligned.to_frame.inverse(), points=TEMPLATE),
        *(Step(f"region {crop.name}", crop.to_source, crop.pixels) for crop in crops),
    )
    return Prepared(crops, steps, hand.flags | aligned.flags, hand)
