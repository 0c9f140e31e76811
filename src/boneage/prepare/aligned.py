"""Our own way: the hand's points, the template's frame, regions cut from the film's own pixels."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np

from boneage.geometry import PixelMap
from boneage.networks import OnnxNetwork
from boneage.regions import WHOLE, Region, cut
from boneage.register import register
from boneage.standardize import standardize
from boneage.standardize.size import fine_frame
from boneage.template import TEMPLATE
from boneage.types import Aligned, Flag, Hand, Prepared, Radiograph, Step


@dataclass(frozen=True)
class AlignedHand:
    """What a system chooses."""

    finder: str = "hand-finder-2026-11"
    regions: tuple[Region, ...] = (WHOLE,)  # cut from the standard frame of 299 px
    fine: tuple[Region, ...] = ()  # cut from the film's own pixels

    @property
    def networks(self) -> tuple[str, ...]:
        """Dated names of the weights."""
        return (self.finder,)


def align(film: Radiograph, way: AlignedHand, *, load: Callable[[str], OnnxNetwork]) -> Prepared:
    """Every region of the aligned hand. Raises BoneAgeError where there is no single hand."""
    hand = standardize(film, load(way.finder))  # polarity, size, the hand's points
    aligned = register(hand)  # the way into the common frame
    crops = cut(aligned, way.regions)  # whole hand, ...
    if way.fine:
        crops += cut(in_own_pixels(aligned, hand, film), way.fine)
    steps = (
        Step("read", PixelMap.identity(), film.pixels),
        Step("standardize", hand.to_source, hand.pixels),
        Step("points", hand.to_source, points=hand.points),
        Step("register", aligned.to_source @ aligned.to_frame.inverse(), points=TEMPLATE),
        *(Step(f"region {crop.name}", crop.to_source, crop.pixels) for crop in crops),
    )
    return Prepared(crops, steps, hand.flags | aligned.flags, hand)


def in_own_pixels(aligned: Aligned, hand: Hand, film: Radiograph) -> Aligned:
    """The same hand in the film's own pixels, bone bright: what the standard frame lost is there again."""
    pixels, to_film = fine_frame(film.pixels)
    if Flag.POLARITY_INVERTED in hand.flags:
        pixels = np.asarray(1 - pixels, np.float32)
    return replace(aligned, pixels=pixels, to_frame=aligned.to_frame @ hand.to_source.inverse() @ to_film, to_source=to_film)
