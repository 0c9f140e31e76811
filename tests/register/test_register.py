"""Registration: turned, mirrored and squashed hands come into one frame, or are refused."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from boneage.errors import BoneAgeError
from boneage.geometry import PixelMap
from boneage.register import register
from boneage.template import MIDDLE_TIP, TEMPLATE, WRIST
from boneage.types import Flag, Hand


def hand(points: np.ndarray) -> Hand:
    return Hand(np.zeros((299, 299), np.float32), points, np.ones(21), 1.0, PixelMap.identity())


def on_film(*, degrees: float = 0.0, mirrored: bool = False) -> np.ndarray:
    return PixelMap.about((150, 150), degrees=degrees).points(TEMPLATE * (-180 if mirrored else 180, 220) + (150, 250))


@pytest.mark.parametrize("degrees", [0, 20, 90, 180, -120])
@pytest.mark.parametrize("mirrored", [False, True])
def test_hands_come_into_the_frame(degrees: float, mirrored: bool) -> None:
    aligned = register(hand(on_film(degrees=degrees, mirrored=mirrored)))
    assert np.allclose(aligned.to_frame.points(on_film(degrees=degrees, mirrored=mirrored)), TEMPLATE, atol=1e-6)
    assert (Flag.MIRRORED in aligned.flags) == mirrored
    assert (Flag.TURNED in aligned.flags) == (abs(degrees) > 45)


def test_points_that_are_no_hand_are_refused() -> None:
    with pytest.raises(BoneAgeError, match="do not fit a hand"):
        register(hand(np.random.default_rng(0).uniform(0, 299, (21, 2))))


def test_a_hand_squeezed_to_a_line_is_refused() -> None:
    with pytest.raises(BoneAgeError, match="do not fit a hand"):
        register(hand(on_film() * (0.05, 1)))


@pytest.mark.parametrize("point", [MIDDLE_TIP, WRIST])
def test_a_bent_finger_or_a_wrist_out_of_place_is_flagged(point: int) -> None:
    points = on_film()
    assert Flag.UNUSUAL_POSE not in register(hand(points)).flags
    points[point] += (0, 25 if point == MIDDLE_TIP else -30)
    assert Flag.UNUSUAL_POSE in register(hand(points)).flags


def test_points_that_nobody_is_sure_of_are_flagged() -> None:
    assert Flag.UNUSUAL_POSE in register(replace(hand(on_film()), confidence=np.full(21, 0.7))).flags


def test_a_hand_of_few_pixels_is_flagged() -> None:
    small = PixelMap.resize((299, 299), (120, 120))
    few = replace(hand(on_film()), to_source=small)
    assert Flag.LOW_RESOLUTION in register(few).flags
    assert Flag.LOW_RESOLUTION not in register(hand(on_film())).flags
