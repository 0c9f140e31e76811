"""The template and the fit onto it."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from boneage.geometry import PixelMap
from boneage.template import PALM, TEMPLATE, WEIGHTS, WHOLE_HAND, fit_template, palm_residual

SURE = np.ones(21)


def test_the_unit_is_the_hand_length() -> None:
    assert np.allclose(TEMPLATE[0], (0, 0))
    assert np.allclose(TEMPLATE[12], (0, -1))
    assert TEMPLATE[4, 0] > TEMPLATE[20, 0]  # thumb to the right


def test_the_palm_counts_most() -> None:
    assert set(PALM) == {0, 1, 5, 9, 13, 17}
    assert WEIGHTS[PALM].min() > np.delete(WEIGHTS, PALM).max()


@given(degrees=st.floats(-180, 180), sx=st.floats(60, 300), sy=st.floats(60, 300), mirrored=st.booleans())
def test_any_turned_squashed_mirrored_hand_comes_home(degrees: float, sx: float, sy: float, mirrored: bool) -> None:
    onto_film = PixelMap.about((100, 100), degrees=degrees) @ PixelMap(np.diag([-sx if mirrored else sx, sy, 1.0]))
    found = fit_template(onto_film.points(TEMPLATE), SURE)
    assert np.allclose(found.points(onto_film.points(TEMPLATE)), TEMPLATE, atol=1e-6)
    assert found.mirrors == mirrored
    assert palm_residual(onto_film.points(TEMPLATE), found) < 1e-6


def test_points_that_are_no_hand_leave_a_residual() -> None:
    points = np.random.default_rng(0).uniform(0, 299, (21, 2))
    assert palm_residual(points, fit_template(points, SURE)) > 0.12


def test_an_unsure_point_pulls_less() -> None:
    moved = TEMPLATE.copy()
    moved[17] += (0.3, 0.3)
    doubt = SURE.copy()
    doubt[17] = 0.05
    sure = fit_template(moved, SURE).points(TEMPLATE) - TEMPLATE
    unsure = fit_template(moved, doubt).points(TEMPLATE) - TEMPLATE
    assert np.abs(unsure).max() < 0.5 * np.abs(sure).max()


def test_frame_edges_are_grid_edges() -> None:
    grid = WHOLE_HAND.grid((256, 192))
    corners = [(WHOLE_HAND.left, WHOLE_HAND.top), (WHOLE_HAND.right, WHOLE_HAND.bottom)]
    assert np.allclose(grid.points(corners), [(-0.5, -0.5), (191.5, 255.5)])


def test_the_whole_hand_is_in_its_frame() -> None:
    x, y = grid_points = WHOLE_HAND.grid((256, 192)).points(TEMPLATE).T
    assert grid_points.min() > 0
    assert x.max() < 191
    assert y.max() < 255
