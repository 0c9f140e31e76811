"""Ren 2018's way (section II.B): histogram matched, the hand boxed and cropped (coarse map), Hessian filtered (fine map)."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

from boneage.geometry import PixelMap
from boneage.networks import OnnxNetwork
from boneage.standardize.attention import AttentionOptions, attention
from boneage.types import Crop, Prepared, Radiograph, Step


@dataclass(frozen=True)
class AttendedHand:
    """What a recipe chooses. Polarity is what `read` made of it: the paper says nothing of it."""

    options: AttentionOptions = field(default_factory=AttentionOptions)

    @property
    def networks(self) -> tuple[str, ...]:
        """Dated names of the weights."""
        return (self.options.box.network,)


def attend(film: Radiograph, way: AttendedHand, *, load: Callable[[str], OnnxNetwork]) -> Prepared:
    """The coarse and the fine attention map. Raises BoneAgeError where no hand is found."""
    network = load(way.options.box.network)
    maps = attention(film.pixels, network, size=network.card.size, options=way.options)
    steps = (
        Step("read", PixelMap.identity(), film.pixels),
        Step("histogram matched", PixelMap.identity(), maps.matched),
        Step("box", PixelMap.identity(), box=maps.found.box),
        Step("coarse map", maps.to_source, maps.coarse),
        Step("fine map", maps.to_source, maps.fine),
    )
    crops = (Crop("coarse map", maps.coarse, maps.to_source), Crop("fine map", maps.fine, maps.to_source))
    return Prepared(crops, steps, film.flags)
