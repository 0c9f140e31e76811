"""The hand's box: it moves and scales with the film, and a film without one is refused."""

from __future__ import annotations

import numpy as np
import pytest

from boneage.errors import BoneAgeError, Kind
from boneage.geometry import PixelMap
from boneage.networks import Batch
from boneage.standardize.detect import best_box, box_grid, box_in, find_box, overlap
from boneage.types import Image

SIZE = (256, 256)


def bright_box(batch: Batch, **extra: Batch) -> tuple[Batch, ...]:
    """A network that boxes what is bright, and is surer of it than of the whole film."""
    y, x = np.nonzero(batch[0, 0] > 0.5)
    boxes = np.array([[0, 0, batch.shape[3], batch.shape[2]], [x.min(), y.min(), x.max() + 1, y.max() + 1]], np.float32)
    return boxes, np.array([0.3, 0.9], np.float32)


def blind(batch: Batch, **extra: Batch) -> tuple[Batch, ...]:
    return np.zeros((0, 4), np.float32), np.zeros(0, np.float32)


def film(top: int, left: int, size: tuple[int, int] = (299, 299)) -> Image:
    image = np.zeros(size, np.float32)
    image[top : top + 120, left : left + 80] = 1
    return image


def test_the_box_of_a_shifted_film_shifts() -> None:
    here = find_box(film(40, 60), bright_box, size=SIZE)
    there = find_box(film(70, 110), bright_box, size=SIZE)
    assert np.allclose(np.array(there.box) - here.box, (50, 30, 50, 30), atol=1.5)
    assert np.allclose(here.box, (59.5, 39.5, 139.5, 159.5), atol=1.2)
    assert (here.score, here.second) == pytest.approx((0.9, 0.3))


@pytest.mark.parametrize("size", [(299, 299), (600, 450), (1200, 900), (200, 260)])
def test_the_box_is_in_the_films_own_pixels(size: tuple[int, int]) -> None:
    small = film(40, 60)
    to_film = PixelMap.resize((299, 299), size)
    whole = to_film.box((59.5, 39.5, 139.5, 159.5))
    image = np.zeros(size, np.float32)
    y, x = np.mgrid[0 : size[0], 0 : size[1]]
    image[(x > whole[0]) & (x < whole[2]) & (y > whole[1]) & (y < whole[3])] = 1
    found = find_box(image, bright_box, size=SIZE)
    assert overlap(found.box, to_film.box(find_box(small, bright_box, size=SIZE).box)) > 0.95


def test_the_grids_map_takes_its_corners_to_the_films() -> None:
    grid, to_film = box_grid(np.zeros((1000, 700), np.float32), SIZE)
    assert grid.shape == SIZE
    assert to_film.box((-0.5, -0.5, 255.5, 255.5)) == pytest.approx((-0.5, -0.5, 699.5, 999.5))


def test_a_film_without_a_sure_box_is_refused() -> None:
    with pytest.raises(BoneAgeError, match=r"score 0\.00") as caught:
        find_box(film(40, 60), blind, size=SIZE)
    assert caught.value.kind is Kind.NO_HAND
    with pytest.raises(BoneAgeError, match=r"score 0\.90"):
        find_box(film(40, 60), bright_box, size=SIZE, sure=0.95)


def test_the_best_box_is_the_surest_whatever_the_order() -> None:
    boxes, scores = np.array([[0, 0, 2, 2], [4, 4, 8, 9], [1, 1, 5, 5]], np.float32), np.array([0.2, 0.8, 0.6], np.float32)
    answers = {best_box(boxes[order], scores[order]) for order in (np.array([0, 1, 2]), np.array([1, 2, 0]), np.array([2, 0, 1]))}
    assert len(answers) == 1
    found = answers.pop()
    assert found is not None
    assert found.box == (3.5, 3.5, 7.5, 8.5)
    assert found.second == pytest.approx(0.6)


def test_overlap_by_hand() -> None:
    assert overlap((0, 0, 2, 2), (0, 0, 2, 2)) == 1
    assert overlap((0, 0, 2, 2), (1, 0, 3, 2)) == pytest.approx(1 / 3)
    assert overlap((0, 0, 2, 2), (5, 5, 6, 6)) == 0
    assert overlap((1, 1, 1, 1), (1, 1, 1, 1)) == 0


def test_an_annotated_box_of_the_whole_film_reaches_its_edges() -> None:
    assert box_in((0, 0, 1, 1), (299, 200)) == (-0.5, -0.5, 199.5, 298.5)
