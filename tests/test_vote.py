"""Votes: the sex reaches the network, mirrored views are averaged."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from boneage.geometry import PixelMap
from boneage.networks import Batch
from boneage.regions import WHOLE
from boneage.systems import REFERENCE, Member, Views, find_system
from boneage.types import Crop, Sex
from boneage.vote import vote


class Seen:
    """A network that says a month per view, and remembers what it was given."""

    def __init__(self) -> None:
        self.batch = np.zeros(0, np.float32)
        self.sex = np.zeros(0, np.float32)

    def __call__(self, batch: Batch, **extra: Batch) -> tuple[Batch, ...]:
        self.batch, self.sex = batch, extra["sex"]
        answer = np.zeros((len(batch), 240), np.float32)
        answer[np.arange(len(batch)), [100, 110][: len(batch)]] = 1
        return (answer,)


CROP = Crop(WHOLE.name, np.random.default_rng(0).random(WHOLE.size, np.float32), PixelMap.identity())


@pytest.mark.parametrize(("sex", "male"), [(Sex.MALE, 1.0), (Sex.FEMALE, 0.0)])
def test_the_sex_reaches_the_network(sex: Sex, male: float) -> None:
    seen = Seen()
    vote((Member("a", WHOLE),), (CROP,), sex, load=lambda name: seen)
    assert seen.sex.tolist() == [[male]]


def test_mirrored_views_are_averaged() -> None:
    seen = Seen()
    (one,) = vote((Member("a", WHOLE, Views.WITH_MIRROR),), (CROP,), Sex.MALE, load=lambda name: seen)
    assert one.months == pytest.approx(105)
    assert one.spread_months == pytest.approx(5)
    assert np.array_equal(seen.batch[1, 0], seen.batch[0, 0][:, ::-1])


def test_members_vote_in_their_order() -> None:
    members = (Member("b", WHOLE), Member("a", WHOLE))
    assert [one.network for one in vote(members, (CROP,), Sex.MALE, load=lambda name: Seen())] == ["b", "a"]


def test_a_system_names_each_region_once() -> None:
    twice = replace(REFERENCE, members=REFERENCE.members * 2)
    assert twice.regions == REFERENCE.regions
    assert find_system(REFERENCE.name) is REFERENCE
