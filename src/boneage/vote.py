"""5. Vote: every member network's distribution over months, for one sex."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from boneage.networks import Batch, Network
from boneage.systems import Member, Views
from boneage.types import Crop, Sex, Vote

Load = Callable[[str], Network]


def vote(members: tuple[Member, ...], crops: tuple[Crop, ...], sex: Sex, *, load: Load) -> tuple[Vote, ...]:
    """One vote a member, in the members' order."""
    by_region = {crop.name: crop for crop in crops}
    return tuple(_ask(member, by_region[member.region.name], sex, load(member.network)) for member in members)


def views_of(crop: Batch, views: Views) -> Batch:
    """A crop [H, W] as the batch [V, 1, H, W] of its views."""
    stack = [crop, crop[:, ::-1]] if views is Views.WITH_MIRROR else [crop]
    return np.stack(stack)[:, None].astype(np.float32)


def _ask(member: Member, crop: Crop, sex: Sex, network: Network) -> Vote:
    batch = views_of(crop.pixels, member.views)
    male = np.full((len(batch), 1), float(sex is Sex.MALE), np.float32)
    probabilities = network(batch, sex=male)[0].astype(np.float64).mean(0)
    return Vote(member.network, probabilities / probabilities.sum())
