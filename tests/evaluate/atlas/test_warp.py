"""The spline goes through its points or stays affine, the flow finds a shift, a field after a flow is the two in turn."""

from __future__ import annotations

import numpy as np
import pytest

from boneage.evaluate.atlas.warp import detail, flow_to, moved_field, show, spline_field
from boneage.geometry import PixelMap
from boneage.phantom import draw
from boneage.types import Sex

SIZE = (240, 180)
RANDOM = np.random.default_rng(0)
TARGET = np.array([(20 + 35 * i, 20 + 50 * j) for i in range(5) for j in range(5)]) + RANDOM.uniform(-8, 8, (25, 2))


def at(field: np.ndarray, points: np.ndarray) -> np.ndarray:
    """The field at the pixels nearest to these points."""
    x, y = np.rint(points).astype(int).T
    return np.asarray(field[y, x])


def test_without_smoothing_it_goes_through_all_points() -> None:
    rounded = np.rint(TARGET)
    source = rounded + RANDOM.normal(0, 3, rounded.shape)
    field = spline_field(rounded, source, SIZE, smooth=0.0)
    assert np.abs(at(field, rounded) - source).max() < 1  # between the places where it is worked out it is a line


@pytest.mark.parametrize("smooth", [0.0, 8.0, 1e6])
def test_an_affine_map_is_found_whatever_the_smoothing(smooth: float) -> None:
    to_source = PixelMap.about((90, 120), degrees=20, scale=(1.1, 0.8), shift=(5, -7))
    field = spline_field(TARGET, to_source.points(TARGET), SIZE, smooth=smooth)
    y, x = np.mgrid[0 : SIZE[0], 0 : SIZE[1]]
    assert np.allclose(field, to_source.points(np.stack([x, y], -1)), atol=1e-3)


def test_much_smoothing_does_not_follow_one_wild_point() -> None:
    source = TARGET.copy()
    source[4] += 40
    loose, stiff = (spline_field(TARGET, source, SIZE, smooth=smooth) for smooth in (0.0, 1e5))
    there = at(stiff, TARGET)[4] - TARGET[4]
    assert np.linalg.norm(there) < 0.4 * np.linalg.norm(at(loose, TARGET)[4] - TARGET[4])


def test_a_shift_is_found_and_undone() -> None:
    film = draw(100, Sex.MALE, seed=3, size=SIZE).pixels
    shifted = PixelMap.shift(3, -2).image(film, SIZE)
    flow = flow_to(detail(film), detail(shifted), smooth=10, most=9)
    inner = flow[60:180, 45:135].reshape(-1, 2)
    assert np.allclose(np.median(inner, axis=0), (3, -2), atol=0.5)
    assert np.abs(flow_to(detail(film), detail(shifted), smooth=10, most=1)).max() <= 1.001


def test_a_field_after_a_flow_shows_what_both_show_in_turn() -> None:
    film = draw(100, Sex.MALE, seed=3, size=SIZE).pixels
    y, x = np.mgrid[0 : SIZE[0], 0 : SIZE[1]].astype(np.float32)
    field, flow = np.stack([x + 4, y], -1), np.full((*SIZE, 2), 2.0, np.float32)
    both = show(film, moved_field(field, flow))
    assert np.allclose(both[5:-9, 5:-9], film[7:-7, 11:-3], atol=1e-4)
