"""Several votes become one distribution."""

from __future__ import annotations

from itertools import permutations

import numpy as np
import pytest

from boneage.combine.ensemble import combine
from boneage.errors import BoneAgeError
from boneage.types import Vote


def one_hot(months: int, name: str = "net") -> Vote:
    probabilities = np.zeros(240)
    probabilities[months] = 1.0
    return Vote(name, probabilities)


def random_vote(seed: int) -> Vote:
    probabilities = np.random.default_rng(seed).gamma(0.3, 1.0, 240)
    return Vote(f"net{seed}", probabilities / probabilities.sum())


def test_two_one_hots_by_hand() -> None:
    both = combine([one_hot(100), one_hot(110)])
    assert both.months == pytest.approx(105)
    assert both.spread_months == pytest.approx(5)
    assert both.disagreement_months == pytest.approx(5)
    assert both.probabilities[100] == both.probabilities[110] == 0.5


def test_a_single_vote_is_itself() -> None:
    vote = random_vote(1)
    alone = combine([vote])
    assert np.array_equal(alone.probabilities, vote.probabilities)
    assert (alone.months, alone.spread_months, alone.disagreement_months) == (vote.months, vote.spread_months, 0.0)


def test_months_are_the_mean_and_variances_add() -> None:
    votes = [random_vote(seed) for seed in range(4)]
    both = combine(votes)
    assert both.probabilities.sum() == pytest.approx(1)
    assert both.months == pytest.approx(np.mean([vote.months for vote in votes]))
    within = np.mean([vote.spread_months**2 for vote in votes])
    assert both.spread_months**2 == pytest.approx(within + both.disagreement_months**2)


def test_the_order_of_votes_does_not_matter_to_the_bit() -> None:
    votes = [random_vote(seed) for seed in range(4)]
    first = combine(votes)
    for order in permutations(votes):
        other = combine(order)
        assert np.array_equal(other.probabilities, first.probabilities)
        assert (other.network, other.disagreement_months) == (first.network, first.disagreement_months)


@pytest.mark.parametrize(
    "bad",
    [
        Vote("short", np.full(100, 0.01)),
        Vote("not a distribution", np.full(240, 0.01)),
        Vote("not finite", np.full(240, np.nan)),
        Vote("negative", np.concatenate([[-1.0, 2.0], np.zeros(238)])),
    ],
)
def test_a_vote_that_is_no_distribution_is_refused(bad: Vote) -> None:
    with pytest.raises(BoneAgeError, match=bad.network):
        combine([one_hot(100), bad])


def test_no_votes_are_refused() -> None:
    with pytest.raises(BoneAgeError, match="no vote"):
        combine([])
