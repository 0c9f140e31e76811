"""Clean masks: one component, no holes."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from boneage.standardize.segment import clean, fill_holes, fill_outlines, iou, largest_component

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


def test_iou_against_hand_worked_numbers() -> None:
    a, b = np.zeros((2, 4), bool), np.zeros((2, 4), bool)
    a[:, :2], b[:, 1:3] = True, True
    assert iou(a, b) == pytest.approx(2 / 6)
    assert iou(a, a) == 1
    assert iou(a & ~a, b & ~b) == 1
    assert iou(a, ~a) == 0


def test_an_outline_covers_its_pixels_and_no_others() -> None:
    """A ring from corner 10 to corner 20 holds ten columns; two rings are a union; a hole is none."""
    ring = np.array([(10, 4), (20, 4), (20, 9), (10, 9)], np.float64)
    mask = fill_outlines([ring, ring + np.array((5.0, 0.0))], (16, 32), (16, 32), holes=[ring / 10 + np.array((14.0, 5.0))])
    expected = np.zeros((16, 32), bool)
    expected[4:9, 10:25] = True
    assert (mask != expected).sum() <= 2  # the hole, a pixel and a half
    assert not (mask & ~expected).any()


def test_an_outline_is_scaled_with_its_image() -> None:
    ring = np.array([(10, 4), (20, 4), (20, 12), (10, 12)], np.float64)
    mask = fill_outlines([ring], (16, 32), (8, 8))
    expected = np.zeros((8, 8), bool)
    expected[2:6, 2:5] = True  # columns 2.5 to 5: half of column 2
    assert np.array_equal(mask, expected)
