"""Masked and normalized: zero outside, 0..1 inside, blind to exposure and to what lies outside."""

from __future__ import annotations

import numpy as np
import pytest

from boneage.phantom import Phantom
from boneage.standardize.masked import masked_and_normalized


def test_outside_is_zero_and_inside_fills_the_range(girl: Phantom) -> None:
    mask = girl.mask.astype(bool)
    image = masked_and_normalized(girl.pixels, mask)
    assert image.dtype == np.float32
    assert not image[~mask].any()
    assert np.quantile(image[mask], (0.01, 0.995)) == pytest.approx((0, 1), abs=0.01)


def test_exposure_and_markers_do_not_matter(girl: Phantom) -> None:
    mask = girl.mask.astype(bool)
    other = np.where(mask, girl.pixels * 0.3 + 0.2, 1).astype(np.float32)
    assert np.allclose(masked_and_normalized(girl.pixels, mask), masked_and_normalized(other, mask), atol=1e-4)


def test_gray_values_keep_their_order() -> None:
    film = np.random.default_rng(0).random((40, 40), np.float32)
    mask = np.zeros((40, 40), bool)
    mask[10:30, 5:35] = True
    image = masked_and_normalized(film, mask)
    assert (np.diff(image[mask][np.argsort(film[mask])]) >= 0).all()


def test_a_flat_hand_gives_zeros_and_an_empty_mask_is_refused() -> None:
    film = np.full((9, 9), 0.4, np.float32)
    assert not masked_and_normalized(film, np.ones((9, 9), bool)).any()
    with pytest.raises(ValueError, match="empty"):
        masked_and_normalized(film, np.zeros((9, 9), bool))
