"""The letterbox: aspect kept, zeros beside the film, points and pixels moved alike."""

from __future__ import annotations

import cv2
import numpy as np
import pytest

from boneage.geometry import PixelMap
from boneage.standardize.letterbox import LEE, letterbox, letterbox_map, squashed_map

SIZES = [(900, 700), (700, 900), (1521, 1013), (299, 299), (120, 77), (512, 40)]


@pytest.mark.parametrize("size", [LEE, (299, 299), (256, 192)])
@pytest.mark.parametrize("source", SIZES)
def test_the_film_fills_one_side_stands_in_the_middle_and_keeps_its_aspect(
    source: tuple[int, int], size: tuple[int, int]
) -> None:
    image, to_source = letterbox(np.ones(source, np.float32), size)
    assert image.shape == size
    assert image.dtype == np.float32
    large, small = to_source.scales
    assert large == pytest.approx(small)
    x0, y0, x1, y1 = to_source.inverse().box((-0.5, -0.5, source[1] - 0.5, source[0] - 0.5))
    assert max((x1 - x0) / size[1], (y1 - y0) / size[0]) == pytest.approx(1)
    assert (x0 + x1) / 2 == pytest.approx((size[1] - 1) / 2)
    assert (y0 + y1) / 2 == pytest.approx((size[0] - 1) / 2)


@pytest.mark.parametrize("source", SIZES)
def test_beside_the_film_all_is_zero_and_on_it_nothing_is_lost(source: tuple[int, int]) -> None:
    image, to_source = letterbox(np.ones(source, np.float32))
    places = to_source.points(np.stack(np.meshgrid(np.arange(512), np.arange(512)), axis=-1))
    x, y = places[..., 0], places[..., 1]
    beside = (x < -1) | (y < -1) | (x > source[1]) | (y > source[0])
    on = (x >= 0) & (y >= 0) & (x <= source[1] - 1) & (y <= source[0] - 1)
    assert not image[beside].any()
    assert np.allclose(image[on], 1, atol=1e-5)


@pytest.mark.parametrize("place", [(100, 300), (650, 40), (350, 850)])
def test_a_spot_lands_where_its_point_does(place: tuple[int, int]) -> None:
    film = np.zeros((900, 700), np.float32)
    cv2.circle(film, place, 12, 1.0, -1)
    image, to_source = letterbox(film)
    y, x = np.indices(image.shape)
    center = np.array([(image * x).sum(), (image * y).sum()]) / image.sum()
    assert np.allclose(to_source.points(center), place, atol=0.1)


def test_fine_lines_do_not_alias() -> None:
    film = np.zeros((2048, 2048), np.float32)
    film[:, ::4] = 1  # one line in four: gray at 512
    image, _ = letterbox(film)
    assert abs(float(image[8:-8, 8:-8].mean()) - 0.25) < 0.01
    assert float(np.ptp(image[8:-8, 8:-8])) < 0.1


def test_a_film_of_the_size_stays_as_it_is() -> None:
    film = np.random.default_rng(0).random(LEE, np.float32)
    image, to_source = letterbox(film)
    assert image is film
    assert np.array_equal(to_source.matrix, np.eye(3))


@pytest.mark.parametrize("aspect", [0.5, 0.757, 1.0, 1.6])
def test_a_squashed_film_lands_where_the_film_would(aspect: float) -> None:
    height, width = 800, round(800 * aspect)
    direct = letterbox_map((height, width))
    squash = PixelMap.resize((height, width), (299, 299))
    assert np.allclose((squashed_map((299, 299), width / height) @ squash).matrix, direct.matrix, atol=1e-6)


@pytest.mark.parametrize("aspect", [0.0, -1.0, float("nan")])
def test_an_aspect_that_is_none_is_refused(aspect: float) -> None:
    with pytest.raises(ValueError, match="aspect"):
        squashed_map((299, 299), aspect)
