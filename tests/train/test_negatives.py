"""Pictures that are not one hand."""

from __future__ import annotations

import numpy as np
import pytest

from boneage.train.negatives import MAKERS, negative

FILM = np.linspace(0, 1, 299 * 299, dtype=np.float32).reshape(299, 299)


@pytest.mark.parametrize("maker", MAKERS, ids=lambda maker: maker.__name__)
def test_every_kind_is_a_picture(maker: object) -> None:
    for seed in range(5):
        picture = maker(np.random.default_rng(seed), (96, 96), lambda: FILM)  # type: ignore[operator]
        assert picture.shape == (96, 96)
        assert picture.dtype == np.float32
        assert picture.min() >= 0
        assert picture.max() <= 1


def test_the_same_seed_gives_the_same_picture() -> None:
    one, two = (negative(np.random.default_rng(3), (96, 96), lambda: FILM) for _ in range(2))
    assert np.array_equal(one, two)
