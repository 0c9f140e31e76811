"""Random changes: drawn first, applied purely."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from boneage.train.augment import Change, draw
from boneage.train.recipe import Augment, read_recipe

FINDER = Path(__file__).parents[2] / "recipes" / "hand-finder-2026-11.toml"
FILM = np.random.default_rng(0).random((64, 48), np.float32)


@pytest.fixture(scope="module")
def ranges() -> Augment:
    return read_recipe(FINDER).augment


def test_no_change_changes_nothing() -> None:
    assert np.array_equal(Change().tone(FILM), FILM)
    assert np.allclose(Change().map((64, 48)).matrix, np.eye(3))


def test_the_same_seed_draws_the_same_change(ranges: Augment) -> None:
    one, two = (draw(ranges, np.random.default_rng(5)) for _ in range(2))
    assert one == two
    assert np.array_equal(one.tone(FILM), two.tone(FILM))
    assert draw(ranges, np.random.default_rng(6)) != one


def test_tones_stay_in_range_and_leave_the_film_alone(ranges: Augment) -> None:
    before = FILM.copy()
    for seed in range(50):
        toned = draw(ranges, np.random.default_rng(seed)).tone(FILM)
        assert toned.dtype == np.float32
        assert toned.min() >= 0
        assert toned.max() <= 1
    assert np.array_equal(before, FILM)


def test_polarity_and_mirror_undo_themselves() -> None:
    assert np.allclose(Change(invert=True).tone(Change(invert=True).tone(FILM)), FILM, atol=1e-6)
    mirror = Change(mirror=True).map((64, 48))
    assert np.allclose((mirror @ mirror).matrix, np.eye(3))


def test_shares_are_kept(ranges: Augment) -> None:
    changes = [draw(ranges, np.random.default_rng(seed)) for seed in range(2000)]
    assert abs(np.mean([change.mirror for change in changes]) - ranges.mirror) < 0.05
    assert abs(np.mean([change.invert for change in changes]) - ranges.invert) < 0.05
    assert abs(np.mean([change.erased is not None for change in changes]) - ranges.erase) < 0.05
