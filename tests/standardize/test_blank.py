"""The outline of what is not blanked: no bone of a phantom is cut, markers and the film around the hand go."""

from __future__ import annotations

import numpy as np
import pytest

from boneage.geometry import PixelMap
from boneage.phantom import draw
from boneage.standardize.blank import blank_outside, hand_outline
from boneage.types import Sex


@pytest.mark.parametrize("seed", range(8))
def test_no_bone_is_cut_though_the_points_are_off_by_two_percent(seed: int) -> None:
    phantom = draw(8 + 29 * seed, Sex.FEMALE if seed % 2 else Sex.MALE, seed=seed, size=(360, 270))
    length = float(np.linalg.norm(phantom.points[12] - phantom.points[0]))
    points = phantom.points + np.random.default_rng(seed).normal(0, 0.02 * length, phantom.points.shape)
    outline = hand_outline(points, phantom.size)
    assert not (phantom.bones & ~outline).any()
    assert outline.mean() < 0.85


def test_a_turned_and_mirrored_hand_has_the_turned_and_mirrored_outline() -> None:
    phantom = draw(100, Sex.MALE, seed=3, size=(360, 270))
    whole = hand_outline(phantom.points, phantom.size)
    mirrored = hand_outline(PixelMap.mirror(270).points(phantom.points), phantom.size)
    assert (mirrored == whole[:, ::-1]).mean() > 0.995
    upside = PixelMap(np.array([[-1, 0, 269], [0, -1, 359], [0, 0, 1.0]])).points(phantom.points)
    assert (hand_outline(upside, phantom.size) == whole[::-1, ::-1]).mean() > 0.995


def test_a_large_film_has_the_outline_of_the_small_one() -> None:
    phantom = draw(100, Sex.MALE, seed=3, size=(360, 270))
    small = hand_outline(phantom.points, (360, 270))
    grow = PixelMap.resize((360, 270), (1800, 1350))
    large = hand_outline(grow.points(phantom.points), (1800, 1350))
    assert (large[2::5, 2::5] == small).mean() > 0.99


def test_outside_is_one_gray_and_inside_is_untouched() -> None:
    film = np.random.default_rng(0).random((20, 10)).astype(np.float32)
    outline = np.zeros((20, 10), bool)
    outline[5:15] = True
    blanked = blank_outside(film, outline, black=0.25)
    assert np.array_equal(blanked[5:15], film[5:15])
    assert set(blanked[~outline].tolist()) == {0.25}
