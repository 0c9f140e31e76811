"""5. Vote: every member network's distribution over months, for one sex."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from boneage.geometry import PixelMap
from boneage.networks import Batch, Network
from boneage.systems import Answer, Member, SexUse, Views
from boneage.types import YEAR_CENTERS, Crop, Image, Sex, Vote

Load = Callable[[str], Network]


def vote(members: tuple[Member, ...], crops: tuple[Crop, ...], sex: Sex | None, *, load: Load) -> tuple[Vote, ...]:
    """One vote a member that reads children of that sex, in the members' order. `sex`: None where no member needs it."""
    by_name = {crop.name: crop for crop in crops}
    serving = (member for member in members if member.sex.serves(sex))
    return tuple(_ask(member, [by_name[name] for name in member.crops], sex, load(member.network)) for member in serving)


def channels(crops: list[Crop], size: tuple[int, int]) -> Image:
    """The crops at the network's size, as channels [C, H, W]."""
    return np.stack([_sized(crop.pixels, size) for crop in crops]).astype(np.float32)


def views_of(image: Batch, views: Views) -> Batch:
    """Channels [C, H, W] as the batch [V, C, H, W] of their views."""
    stack = [image, image[..., ::-1]] if views is Views.WITH_MIRROR else [image]
    return np.stack(stack).astype(np.float32)


def sex_input(member: Member, sex: Sex | None, films: int) -> dict[str, Batch]:
    """The sex as a network that is told it wants it."""
    if member.sex is not SexUse.JOINED:
        return {}
    return {"sex": np.full((films, 1), float(sex is Sex.MALE), np.float32)}


def to_vote(network: str, answer: Answer, values: Batch) -> Vote:
    """A network's mean answer over its views, [K], as a distribution over months."""
    values = values.astype(np.float64)
    match answer:
        case Answer.MONTHS:
            return Vote.at(network, values)
        case Answer.MONTH_CLASSES:
            return Vote(network, values / values.sum())
        case Answer.YEAR_CLASSES:
            return Vote.at(network, YEAR_CENTERS, values)


def _ask(member: Member, crops: list[Crop], sex: Sex | None, network: Network) -> Vote:
    batch = views_of(channels(crops, network.size), member.views)
    return to_vote(member.network, member.answer, network(batch, **sex_input(member, sex, len(batch)))[0].mean(0))


def _sized(pixels: Image, size: tuple[int, int]) -> Image:
    own = (pixels.shape[0], pixels.shape[1])
    return pixels if own == size else PixelMap.resize(own, size).image(pixels, size)
