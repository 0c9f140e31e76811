"""Votes: who votes, what each network is given, and every kind of answer as a distribution over months."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from boneage.errors import BoneAgeError
from boneage.geometry import PixelMap
from boneage.networks import Batch
from boneage.systems import (
    HAND_FINDER,
    IGLOVIKOV,
    LEE,
    REFERENCE,
    REN,
    RESNET50,
    SYSTEMS,
    Answer,
    Member,
    SexUse,
    Views,
    find_system,
    member_of,
)
from boneage.types import MONTHS, YEAR_CENTERS, YEARS, Crop, Sex, Vote
from boneage.vote import channels, to_vote, views_of, vote

SIZE = (64, 48)


class Seen:
    """A network that says a month per view, and remembers what it was given."""

    def __init__(self, size: tuple[int, int] = SIZE) -> None:
        self.size = size
        self.batch = np.zeros(0, np.float32)
        self.extra: dict[str, Batch] = {}

    def __call__(self, batch: Batch, **extra: Batch) -> tuple[Batch, ...]:
        self.batch, self.extra = batch, extra
        answer = np.zeros((len(batch), MONTHS), np.float32)
        answer[np.arange(len(batch)), [100, 110][: len(batch)]] = 1
        return (answer,)


def crop(name: str, size: tuple[int, int] = SIZE, seed: int = 0) -> Crop:
    return Crop(name, np.random.default_rng(seed).random(size, np.float32), PixelMap.identity())


HAND = crop("hand")


@pytest.mark.parametrize(("sex", "male"), [(Sex.MALE, 1.0), (Sex.FEMALE, 0.0)])
def test_the_sex_reaches_the_network_that_takes_it(sex: Sex, male: float) -> None:
    seen = Seen()
    vote((Member("a", ("hand",), Views.WITH_MIRROR),), (HAND,), sex, load=lambda name: seen)
    assert seen.extra["sex"].tolist() == [[male], [male]]


@pytest.mark.parametrize("use", [SexUse.NONE, SexUse.FEMALE])
def test_the_sex_does_not_reach_one_that_does_not(use: SexUse) -> None:
    seen = Seen()
    vote((Member("a", ("hand",), sex=use),), (HAND,), Sex.FEMALE, load=lambda name: seen)
    assert seen.extra == {}


def test_mirrored_views_are_averaged() -> None:
    seen = Seen()
    (one,) = vote((Member("a", ("hand",), Views.WITH_MIRROR),), (HAND,), Sex.MALE, load=lambda name: seen)
    assert one.months == pytest.approx(105)
    assert one.spread_months == pytest.approx(5)
    assert np.array_equal(seen.batch[1, 0], seen.batch[0, 0][:, ::-1])


def test_members_vote_in_their_order() -> None:
    members = (Member("b", ("hand",)), Member("a", ("hand",)))
    assert [one.network for one in vote(members, (HAND,), Sex.MALE, load=lambda name: Seen())] == ["b", "a"]


def test_members_of_the_other_sex_do_not_vote_and_are_not_loaded() -> None:
    uses = {"joined": SexUse.JOINED, "none": SexUse.NONE, "girls": SexUse.FEMALE, "boys": SexUse.MALE}
    members = tuple(Member(name, ("hand",), sex=use) for name, use in uses.items())
    for sex, serving in ((Sex.FEMALE, ["joined", "none", "girls"]), (Sex.MALE, ["joined", "none", "boys"])):
        loaded: list[str] = []

        def load(name: str, loaded: list[str] = loaded) -> Seen:
            loaded.append(name)
            return Seen()

        assert [one.network for one in vote(members, (HAND,), sex, load=load)] == serving
        assert loaded == serving


def test_without_a_sex_only_those_vote_that_do_not_read_one_sex_alone() -> None:
    assert [use for use in SexUse if use.serves(None)] == [SexUse.NONE, SexUse.JOINED]


def test_two_crops_become_two_channels_in_the_member_s_order() -> None:
    seen, one, two = Seen(), crop("one", seed=1), crop("two", seed=2)
    vote((Member("a", ("two", "one")),), (one, two), Sex.MALE, load=lambda name: seen)
    assert seen.batch.shape == (1, 2, *SIZE)
    assert np.array_equal(seen.batch[0, 0], two.pixels)
    assert np.array_equal(seen.batch[0, 1], one.pixels)


def test_a_crop_of_another_size_is_resized_edge_to_edge() -> None:
    height, width = 3 * SIZE[0], 2 * SIZE[1]
    ramp = (np.arange(width, dtype=np.float32) + 0.5) / width
    seen, large = Seen(), Crop("hand", np.tile(ramp, (height, 1)), PixelMap.identity())
    vote((Member("a", ("hand",)),), (large,), Sex.MALE, load=lambda name: seen)
    assert seen.batch.shape == (1, 1, *SIZE)
    expected = (np.arange(SIZE[1]) + 0.5) / SIZE[1]
    inner = slice(3, -3)  # beyond the film's edge the interpolation meets zeros
    assert np.allclose(seen.batch[0, 0, inner, inner], np.tile(expected[inner], (SIZE[0] - 6, 1)), atol=1e-3)


def test_a_crop_of_the_network_s_size_is_given_as_it_is() -> None:
    assert np.array_equal(channels([HAND], SIZE)[0], HAND.pixels)
    assert np.array_equal(views_of(HAND.pixels[None], Views.AS_IS), HAND.pixels[None, None])


# ---- answers as distributions
@given(st.floats(-50, 300))
def test_months_become_a_distribution_whose_expectation_they_are(months: float) -> None:
    one = to_vote("a", Answer.MONTHS, np.array([months], np.float64))
    assert one.probabilities.shape == (MONTHS,)
    assert one.probabilities.sum() == pytest.approx(1)
    assert (one.probabilities >= 0).all()
    assert (one.probabilities > 0).sum() <= 2
    assert one.months == pytest.approx(np.clip(months, 0, MONTHS - 1), abs=1e-9)


@pytest.mark.parametrize(("months", "expected"), [(-30, 0), (0, 0), (0.25, 0.25), (238.5, 238.5), (239, 239), (400, 239)])
def test_months_beyond_the_classes_are_clipped(months: float, expected: float) -> None:
    assert Vote.at("a", months).months == pytest.approx(expected)


@given(st.lists(st.tuples(st.floats(0, 239), st.floats(0.01, 1)), min_size=1, max_size=8))
def test_shares_at_months_keep_their_expectation(pairs: list[tuple[float, float]]) -> None:
    months, shares = np.array(pairs).T
    one = Vote.at("a", months, shares)
    assert one.probabilities.sum() == pytest.approx(1)
    assert one.months == pytest.approx(float(months @ shares / shares.sum()), abs=1e-6)


def test_a_share_between_two_months_is_divided_by_nearness() -> None:
    one = Vote.at("a", [100.25, 7.0], [0.4, 0.6])
    assert one.probabilities[[100, 101, 7]].tolist() == pytest.approx([0.3, 0.1, 0.6])


@pytest.mark.parametrize("place", range(len(YEARS)))
def test_a_sure_year_is_the_middle_of_its_year(place: int) -> None:
    values = np.zeros(len(YEARS))
    values[place] = 1
    one = to_vote("a", Answer.YEAR_CLASSES, values)
    assert one.months == pytest.approx(min(12 * YEARS[place] + 6, 222))


def test_years_become_months_by_their_probabilities() -> None:
    values = np.random.default_rng(0).random(len(YEARS))
    one = to_vote("a", Answer.YEAR_CLASSES, values / values.sum())
    assert one.months == pytest.approx(float(np.array(YEAR_CENTERS) @ values / values.sum()))
    assert (one.probabilities > 0).sum() == len(YEARS)


def test_month_classes_are_the_distribution() -> None:
    values = np.zeros(MONTHS)
    values[[100, 110]] = 0.5
    one = to_vote("a", Answer.MONTH_CLASSES, values)
    assert one.months == pytest.approx(105)
    assert one.spread_months == pytest.approx(5)
    sure = np.zeros(MONTHS, np.float32)
    sure[87] = 1
    assert to_vote("a", Answer.MONTH_CLASSES, sure).months == pytest.approx(87)


# ---- systems
def test_a_system_names_each_network_once() -> None:
    for system in SYSTEMS.values():
        assert len(set(system.weights)) == len(system.weights)
        assert set(system.weights) == {HAND_FINDER, *system.way.networks, *(member.network for member in system.members)}
    assert find_system(REFERENCE.name) is REFERENCE


def test_both_sexes_are_read_by_every_system_and_those_of_the_study_take_none() -> None:
    assert all(system.reads(sex) for system in SYSTEMS.values() for sex in Sex)
    sexless = {system.name for system in SYSTEMS.values() if not system.takes_sex}
    assert sexless == {"resnet50-gelu", "inception-v4-gelu"}
    assert not RESNET50.takes_sex


def test_each_published_system_has_the_members_its_paper_says() -> None:
    for sex in Sex:
        assert sum(member.sex.serves(sex) for member in IGLOVIKOV.members) == 3  # its three regions
        assert sum(member.sex.serves(sex) for member in LEE.members) == 1
    assert len({member.crops for member in IGLOVIKOV.members}) == 3
    assert [member.crops for member in REN.members] == [("coarse map", "fine map")]
    assert LEE.youngest_months == 12 * YEARS[0]


def test_a_network_s_system_is_found() -> None:
    system, member = member_of("googlenet-m3-male-2026-11")
    assert system is LEE
    assert member.sex is SexUse.MALE
    with pytest.raises(BoneAgeError, match=r"systems\.py"):
        member_of("nothing-2026-11")
