"""The frame of registered hands: targets, scale, and the windows inside it."""

from __future__ import annotations

import numpy as np
import pytest

from boneage.dataset import POINT_NAMES
from boneage.register.capitate import CAPITATE
from boneage.register.fit import fit_frame
from boneage.register.frame import PAPER_FRAME
from boneage.register.windows import CARPALS, KNUCKLES, METACARPALS, METACARPALS_WHOLE, WHOLE_HAND, WINDOWS, Window
from boneage.template import MIDDLE_TIP, TEMPLATE

THUMB = POINT_NAMES.index("thumb4")


def registered(names: tuple[str, ...]) -> np.ndarray:
    to_frame = fit_frame(TEMPLATE[MIDDLE_TIP], TEMPLATE[THUMB], CAPITATE, PAPER_FRAME)
    return to_frame.points(TEMPLATE[[POINT_NAMES.index(name) for name in names]]) + 0.5


def holds(window: Window, points: np.ndarray) -> bool:
    low, high = np.array((window.left, window.top)), np.array((window.left + window.width, window.top + window.height))
    return bool(((points > low) & (points < high)).all())


def test_the_paper_frame() -> None:
    assert PAPER_FRAME.size == (2080, 1600)
    assert PAPER_FRAME.tip[1] + 0.5 == 100
    assert 2080 - (PAPER_FRAME.capitate[1] + 0.5) == 480


@pytest.mark.parametrize("factor", [0.0, -1.0, float("nan"), 1e-4])
def test_a_frame_without_pixels_is_refused(factor: float) -> None:
    with pytest.raises(ValueError, match="at least one pixel"):
        PAPER_FRAME.scaled(factor)


def test_scaling_twice_is_scaling_by_the_product() -> None:
    assert PAPER_FRAME.scaled(0.5).scaled(0.25) == PAPER_FRAME.scaled(0.125)


@pytest.mark.parametrize("window", WINDOWS, ids=lambda window: window.name)
def test_windows_lie_inside_the_frame(window: Window) -> None:
    assert window.left >= 0
    assert window.top >= 0
    assert window.left + window.width <= PAPER_FRAME.size[1]
    assert window.top + window.height <= PAPER_FRAME.size[0]


def test_the_paper_sizes() -> None:
    sizes = [window.size(PAPER_FRAME) for window in (WHOLE_HAND, CARPALS, METACARPALS)]
    assert sizes == [(2000, 1500), (750, 750), (600, 1400)]


@pytest.mark.parametrize("factor", [1.0, 0.25, 0.2])
def test_a_window_of_a_scaled_frame_shows_the_same_field(factor: float) -> None:
    frame = PAPER_FRAME.scaled(factor)
    for window in WINDOWS:
        height, width = window.size(frame)
        corners = window.grid(frame).inverse().points([(-0.5, -0.5), (width - 0.5, height - 0.5)]) + 0.5
        expected = np.array([(window.left, window.top), (window.left + window.width, window.top + window.height)])
        assert np.allclose(corners / factor, expected, atol=0.5 / factor)
        assert np.allclose(corners[0] / factor, expected[0])


def test_windows_hold_their_bones() -> None:
    fingers = ("forefinger", "middle_finger", "ring_finger", "pinky_finger")
    knuckles = registered(tuple(f"{finger}1" for finger in fingers))
    ends = registered(("thumb1", *(f"{finger}2" for finger in fingers)))
    assert np.isclose(knuckles[:, 1].mean(), KNUCKLES, atol=1)
    assert holds(METACARPALS, knuckles)
    assert not holds(METACARPALS, ends)  # the paper's window cuts the bones
    assert holds(METACARPALS_WHOLE, np.concatenate([knuckles, ends]))
    assert holds(WHOLE_HAND, registered(POINT_NAMES))
    assert holds(CARPALS, PAPER_FRAME.capitate + 0.5)
