"""Clean masks: one component, no holes."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from boneage.standardize.segment import clean, fill_holes, largest_component

masks = arrays(np.bool_, st.tuples(st.integers(2, 12), st.integers(2, 12)))


def test_the_largest_stays() -> None:
    mask = np.zeros((10, 10), bool)
    mask[1:3, 1:3], mask[5:9, 4:9] = True, True
    kept = largest_component(mask)
    assert kept.sum() == 20
    assert not kept[1, 1]


def test_a_ring_is_filled_and_a_bay_is_not() -> None:
    ring = np.ones((7, 7), bool)
    ring[2:5, 2:5] = False
    assert fill_holes(ring).all()
    bay = np.ones((7, 7), bool)
    bay[3:, 3] = False
    assert np.array_equal(fill_holes(bay), bay)


@given(masks)
def test_cleaning_is_done_once_for_all(mask: np.ndarray) -> None:
    once = clean(mask)
    assert np.array_equal(clean(once), once)
    assert once.any() == mask.any()


@given(masks)
def test_filling_only_adds_and_the_largest_only_takes(mask: np.ndarray) -> None:
    assert (fill_holes(mask) >= mask).all()
    assert (largest_component(mask) <= mask).all()
