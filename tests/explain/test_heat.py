"""Heat maps: nothing is painted where nothing is, several become their mean, and paint never leaves its place."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from boneage.explain.heat import HeatMap, draw_heat, mean_map, spread
from boneage.geometry import PixelMap

FILM = (120, 90)
GRAY = np.tile(np.linspace(0, 255, FILM[1]).astype(np.uint8), (FILM[0], 1))


def spot(row: int, column: int, *, value: float = -4.0, to_source: PixelMap | None = None) -> HeatMap:
    """A square of 20 pixels about that place on a grid of the film's size."""
    values = np.zeros(FILM, np.float32)
    values[row - 10 : row + 10, column - 10 : column + 10] = value
    return HeatMap("occlusion", values, to_source or PixelMap.identity(), "how far the answer moves", "months", ("a",))


def test_coarse_cells_keep_their_values_at_their_centers_and_no_value_is_beyond_them() -> None:
    cells = np.random.default_rng(0).normal(size=(5, 3))
    values = spread(cells, PixelMap.resize((5, 3), (45, 27)), (45, 27))
    np.testing.assert_allclose(values[4::9, 4::9], cells, atol=1e-5)
    assert cells.min() - 1e-6 <= values.min() <= values.max() <= cells.max() + 1e-6
    np.testing.assert_allclose(spread(np.full((2, 2), 7.0), PixelMap.shift(9, 9), (30, 30)), 7.0)


def test_the_film_shows_where_the_map_is_weak_and_paint_where_it_is_strong() -> None:
    picture = draw_heat(GRAY, PixelMap.identity(), spot(60, 45))
    painted = (picture != GRAY[..., None]).any(2)
    assert painted[52:68, 37:53].all()
    assert not painted[:45].any()
    assert not painted[75:].any()
    assert np.ptp(picture[60, 45].astype(int)) > 60  # a color, not gray
    half = spot(60, 45)
    half.values[:30, :30] = 0.09 * half.values.min()
    np.testing.assert_array_equal(draw_heat(GRAY, PixelMap.identity(), half)[:29, :29, 0], GRAY[:29, :29])


def test_the_sign_does_not_change_the_paint_and_an_empty_map_paints_nothing() -> None:
    np.testing.assert_array_equal(
        draw_heat(GRAY, PixelMap.identity(), spot(60, 45)), draw_heat(GRAY, PixelMap.identity(), spot(60, 45, value=9.0))
    )
    empty = replace(spot(60, 45), values=np.zeros(FILM, np.float32))
    np.testing.assert_array_equal(draw_heat(GRAY, PixelMap.identity(), empty), np.repeat(GRAY[..., None], 3, axis=2))


def test_a_picture_of_another_size_has_the_paint_in_the_same_place() -> None:
    small = (60, 45)
    to_picture = PixelMap.resize(FILM, small)
    picture = draw_heat(np.ascontiguousarray(GRAY[::2, ::2]), to_picture, spot(80, 30))
    painted = (picture != GRAY[::2, ::2, None]).any(2)
    y, x = np.nonzero(painted)
    assert (y.mean(), x.mean()) == (pytest.approx(39.5, abs=1), pytest.approx(14.5, abs=1))


def test_one_map_stays_as_it_is() -> None:
    one = spot(60, 45)
    assert mean_map([one], FILM) is one


def test_several_networks_maps_are_averaged_on_the_film() -> None:
    moved = spot(60, 45, value=2.0, to_source=PixelMap.shift(0, 30))
    both = mean_map([spot(60, 45), replace(moved, networks=("b",))], FILM)
    assert both.values.shape == FILM
    assert both.values[60, 45] == pytest.approx(-2.0)
    assert both.values[90, 45] == pytest.approx(1.0)
    assert both.values[20, 20] == 0
    assert both.networks == ("a", "b")


def test_the_legend_says_what_is_seen_in_its_unit() -> None:
    assert spot(60, 45).legend == (
        "Occlusion map: how far the answer moves. Brightest: 4.0 months; clear: under a tenth of that."
    )
    assert "0.25 probability" in replace(spot(60, 45, value=0.25), unit="probability").legend
