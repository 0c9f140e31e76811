"""PixelMap: the laws of its algebra, and that images, points and boxes move alike."""

from __future__ import annotations

import cv2
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from boneage.geometry import PixelMap

SMALL = st.floats(-40, 40)
FACTOR = st.floats(0.3, 3)


@st.composite
def maps(draw: st.DrawFn) -> PixelMap:
    return PixelMap.about(
        (draw(SMALL), draw(SMALL)),
        degrees=draw(st.floats(-180, 180)),
        scale=(draw(FACTOR), draw(FACTOR)),
        shear=draw(st.floats(-0.5, 0.5)),
        shift=(draw(SMALL), draw(SMALL)),
    )


POINTS = np.array([(0.0, 0.0), (10.0, -3.0), (55.5, 20.25)])


@given(maps())
def test_inverse_undoes(m: PixelMap) -> None:
    assert np.allclose((m.inverse() @ m).matrix, np.eye(3), atol=1e-9)
    assert np.allclose(m.inverse().points(m.points(POINTS)), POINTS, atol=1e-7)


@given(maps(), maps(), maps())
def test_composition_is_application_in_turn_and_associative(a: PixelMap, b: PixelMap, c: PixelMap) -> None:
    assert np.allclose((a @ b).points(POINTS), a.points(b.points(POINTS)), atol=1e-6)
    assert np.allclose(((a @ b) @ c).matrix, (a @ (b @ c)).matrix, atol=1e-6)


@given(maps())
def test_fit_finds_the_map_that_moved_the_points(m: PixelMap) -> None:
    points = np.array([(0.0, 0.0), (30.0, 1.0), (2.0, 25.0), (40.0, 44.0)])
    assert np.allclose(PixelMap.fit(points, m.points(points), np.ones(4)).matrix, m.matrix, atol=1e-6)


def test_fit_ignores_a_point_of_no_weight() -> None:
    points = np.array([(0.0, 0.0), (30.0, 1.0), (2.0, 25.0), (40.0, 44.0)])
    moved = points + np.array((5, 7))
    moved[3] += 100
    assert np.allclose(PixelMap.fit(points, moved, np.array([1, 1, 1, 0.0])).matrix, PixelMap.shift(5, 7).matrix)


def test_resize_moves_edges_to_edges() -> None:
    m = PixelMap.resize((10, 20), (30, 40))
    assert np.allclose(m.points([(-0.5, -0.5), (19.5, 9.5)]), [(-0.5, -0.5), (39.5, 29.5)])


def test_mirror_is_its_own_inverse_and_is_told() -> None:
    m = PixelMap.mirror(7)
    assert np.allclose((m @ m).matrix, np.eye(3))
    assert m.mirrors
    assert not (m @ m).mirrors
    assert np.allclose(m.points([(0, 3)]), [(6, 3)])


def test_box_is_the_upright_box_around_the_moved_corners() -> None:
    quarter = PixelMap.about((0, 0), degrees=90)
    assert np.allclose(quarter.box((1, 2, 4, 3)), (-3, 1, -2, 4))


@pytest.mark.parametrize("degrees", [0.0, 30.0, 90.0, 200.0])
@pytest.mark.parametrize("scale", [0.4, 1.0, 1.7])
def test_image_and_points_move_alike(degrees: float, scale: float) -> None:
    image = np.zeros((120, 120), np.float32)
    cv2.circle(image, (70, 40), 6, 1.0, -1)
    m = PixelMap.about((60, 60), degrees=degrees, scale=(scale, scale))
    warped = m.image(image, (120, 120))
    y, x = np.mgrid[0:120, 0:120]
    center = np.array([(x * warped).sum(), (y * warped).sum()]) / warped.sum()
    assert np.allclose(center, m.points([(70, 40)])[0], atol=0.3)


def test_a_shrunk_image_does_not_alias() -> None:
    stripes = np.tile(np.array([0, 1], np.float32), (64, 32))
    shrunk = PixelMap.resize((64, 64), (16, 16)).image(stripes, (16, 16))
    assert np.ptp(shrunk[2:-2, 2:-2]) < 0.1


def test_matrix_is_an_own_read_only_copy() -> None:
    matrix = np.eye(3)
    m = PixelMap(matrix)
    matrix[0, 0] = 5
    assert m.matrix[0, 0] == 1
    with pytest.raises(ValueError, match="read-only"):
        m.matrix[0, 0] = 2


def test_a_matrix_that_is_not_affine_is_refused() -> None:
    with pytest.raises(ValueError, match="affine"):
        PixelMap(np.ones((3, 3)))
