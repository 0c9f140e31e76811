"""Regions: cut from the frame, blind to borders, markers, brightness and contrast."""

from __future__ import annotations

import numpy as np

from boneage.geometry import PixelMap
from boneage.phantom import Phantom
from boneage.regions import WHOLE, cut, normalize
from boneage.template import TEMPLATE, WHOLE_HAND, fit_template
from boneage.types import Aligned


def aligned(phantom: Phantom, pixels: np.ndarray) -> Aligned:
    return Aligned(pixels, fit_template(phantom.points, np.ones(21)), PixelMap.identity(), 0.0)


def test_a_crop_shows_the_hand_where_the_template_says(girl: Phantom) -> None:
    (crop,) = cut(aligned(girl, girl.pixels), (WHOLE,))
    assert crop.pixels.shape == WHOLE.size
    tips = crop.to_source.points(WHOLE.frame.grid(WHOLE.size).points(TEMPLATE))
    length = np.linalg.norm(girl.points[0] - girl.points[12])
    assert np.median(np.linalg.norm(tips - girl.points, axis=1)) < 0.06 * length


def test_a_crop_is_blind_to_brightness_and_contrast(girl: Phantom) -> None:
    (plain,) = cut(aligned(girl, girl.pixels), (WHOLE,))
    (dim,) = cut(aligned(girl, girl.pixels * np.float32(0.4) + np.float32(0.2)), (WHOLE,))
    assert np.abs(plain.pixels - dim.pixels).max() < 0.01


def test_a_marker_beside_the_hand_changes_nothing_on_it(girl: Phantom) -> None:
    (plain,) = cut(aligned(girl, girl.pixels), (WHOLE,))
    corner = WHOLE.frame.grid(WHOLE.size).inverse() @ PixelMap.identity()
    marked = girl.pixels.copy()
    x, y = fit_template(girl.points, np.ones(21)).inverse().points(corner.points([(4, 250)]))[0].astype(int)
    marked[max(y - 40, 0) : y + 10, max(x - 10, 0) : x + 10] = 1
    (other,) = cut(aligned(girl, marked), (WHOLE,))
    hand = np.s_[20:180, 40:150]
    assert np.abs(plain.pixels[hand] - other.pixels[hand]).max() < 0.02


def test_a_flat_crop_is_black() -> None:
    assert not normalize(np.full((64, 48), 0.4, np.float32), WHOLE_HAND).any()
