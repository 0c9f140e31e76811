"""Every film has a group, and every group its hundred films."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from boneage.combine.groups import BAND_EDGES, FEWEST, Group, find_groups, pool
from boneage.types import Sex

FILMS = st.lists(st.tuples(st.sampled_from([*Sex]), st.floats(0, 239)), min_size=1, max_size=120)


def spread_over(counts: list[int]) -> list[float]:
    """So many films in the middle of each band."""
    return [BAND_EDGES[band] + 18.0 for band, count in enumerate(counts) for _ in range(count)]


@pytest.mark.parametrize(
    ("counts", "starts"),
    [
        ([100, 100, 100, 100, 100, 100, 100], [0, 36, 72, 108, 144, 180, 216]),
        ([40, 60, 100, 0, 0, 0, 0], [0, 72]),
        ([40, 59, 100, 0, 0, 0, 0], [0]),  # 99, then 199 with none left
        ([0, 0, 150, 99, 0, 0, 1], [0, 108]),  # the last is the rest, and has its hundred
        ([0, 0, 150, 98, 0, 0, 1], [0]),  # the rest is too few and joins
        ([6, 30, 73, 118, 63, 14, 0], [0, 108]),  # the girls of the calibrate part as the reference reads them
        ([6, 30, 37, 81, 164, 30, 0], [0, 144]),  # and the boys
    ],
)
def test_bands_are_put_together_from_the_youngest_on(counts: list[int], starts: list[int]) -> None:
    months = spread_over(counts) * 2
    sexes: list[Sex | None] = [sex for sex in Sex for _ in range(len(months) // 2)]
    found = pool(sexes, months)
    for sex in Sex:
        assert [group.from_months for group in found if group.sex is sex] == starts


def test_sexes_are_put_together_where_one_has_too_few_or_none_is_told() -> None:
    months = spread_over([0, 0, 120, 0, 120, 0, 0])
    few = [Sex.FEMALE] * 99 + [Sex.MALE] * 141
    told: tuple[Sequence[Sex | None], ...] = ([Sex.MALE] * 240, few, [None] * 240)
    for sexes in told:
        assert pool(sexes, months) == (Group(None, 0.0), Group(None, 108.0))


@given(films=FILMS, fewest=st.integers(1, 40))
def test_every_film_has_one_group_of_enough(films: list[tuple[Sex, float]], fewest: int) -> None:
    sexes, months = [sex for sex, _ in films], [month for _, month in films]
    groups = pool(sexes, months, fewest=fewest)
    found = [find_groups(groups, sex, month) for sex, month in films]
    assert {len(one) for one in found} == {1}
    assert all(group.sex in (None, sex) for (group,), sex in zip(found, sexes, strict=True))
    sizes = {group: sum(one == (group,) for one in found) for group in groups}
    assert min(sizes.values()) >= min(fewest, len(films))


@given(films=FILMS, seed=st.integers(0, 9))
def test_the_order_of_films_does_not_matter(films: list[tuple[Sex, float]], seed: int) -> None:
    order = np.random.default_rng(seed).permutation(len(films))
    mixed = [films[k] for k in order]
    assert pool(*zip(*films, strict=True), fewest=20) == pool(*zip(*mixed, strict=True), fewest=20)


def test_an_unknown_sex_belongs_to_both_and_an_age_below_0_to_the_youngest() -> None:
    groups = (Group(Sex.FEMALE, 0.0), Group(Sex.FEMALE, 108.0), Group(Sex.MALE, 0.0), Group(Sex.MALE, 144.0))
    assert find_groups(groups, None, 120.0) == (groups[1], groups[2])
    assert find_groups(groups, Sex.MALE, 144.0) == (groups[3],)
    assert find_groups(groups, Sex.FEMALE, -2.0) == (groups[0],)


def test_a_hundred_films_allow_all_coverages() -> None:
    assert FEWEST >= 19  # 95 % needs 19
