"""Key points: both ways give one value, and a point found on the network's grid is the same point of the film."""

from __future__ import annotations

from dataclasses import FrozenInstanceError
from types import SimpleNamespace
from typing import Any

import cv2
import numpy as np
import pytest

from boneage.errors import BoneAgeError, Kind
from boneage.geometry import PixelMap
from boneage.register.aspect import unsquash
from boneage.register.capitate import CAPITATE
from boneage.register.fit import fit_frame
from boneage.register.frame import PAPER_FRAME
from boneage.register.keypoints import KeyPoints, find_key_points, from_hand, padded, padded_map, unit_square
from boneage.template import MIDDLE_TIP, TEMPLATE, THUMB_TIP

GRID = (130, 100)
SURE = np.ones(21)
SPOTS = ((410.0, 95.0), (640.0, 420.0), (380.0, 700.0))  # tip, thumb, capitate
LEVELS = (1.0, 0.7, 0.4)  # gray values by which the network below tells the spots apart


class Finder:
    """Stands for the trained network: finds each spot by its gray value, and says where it is in -1..1."""

    card = SimpleNamespace(size=GRID)
    seen: np.ndarray

    def __call__(self, batch: np.ndarray, **extra: np.ndarray) -> tuple[np.ndarray, ...]:
        self.seen = batch
        picture = batch[0, 0]
        count, labels = cv2.connectedComponents((picture > 0.05).astype(np.uint8))
        spots = [np.where(labels == k, picture, 0) for k in range(1, count)]
        spots.sort(key=lambda spot: -spot.max())  # as LEVELS
        weights = [spot / spot.sum() for spot in spots]
        found = [((weight.sum(0) @ np.arange(GRID[1])), (weight.sum(1) @ np.arange(GRID[0]))) for weight in weights]
        return (unit_square(GRID).points(found)[None].astype(np.float32),)


def finder(answer: Any = None) -> Any:
    if answer is None:
        return Finder()
    network = SimpleNamespace(card=Finder.card)
    return type("Fixed", (), {"card": network.card, "__call__": lambda self, batch, **extra: (answer,)})()


def film(size: tuple[int, int] = (900, 800), spots: tuple[tuple[float, float], ...] = SPOTS) -> np.ndarray:
    picture = np.zeros(size, np.float32)
    for (x, y), level in zip(spots, LEVELS, strict=True):
        cv2.circle(picture, (round(x), round(y)), 40, level, -1)
    return picture


def test_key_points_are_frozen_with_a_copy_of_their_own() -> None:
    given = np.array((1.0, 2.0))
    points = KeyPoints(given, np.array((3.0, 4.0)), np.array((5.0, 6.0)))
    given[:] = 9
    assert points.tip.tolist() == [1, 2]
    with pytest.raises(FrozenInstanceError):
        points.tip = given  # type: ignore[misc]
    with pytest.raises(ValueError, match="read-only"):
        points.tip[0] = 3


@pytest.mark.parametrize("bad", [(np.nan, 1.0), (1.0, 2.0, 3.0), (np.inf, 0.0)])
def test_what_is_no_point_is_refused(bad: tuple[float, ...]) -> None:
    with pytest.raises(ValueError, match="thumb"):
        KeyPoints(np.zeros(2), np.array(bad), np.ones(2))


def test_moving_there_and_back_changes_nothing() -> None:
    points = KeyPoints(*(np.array(spot) for spot in SPOTS))
    by = PixelMap.about((400, 400), degrees=33, scale=(0.5, 0.7))
    assert np.allclose([*points.moved(by).moved(by.inverse())], SPOTS)


@pytest.mark.parametrize("mirrored", [False, True])
def test_the_hand_finder_s_points_give_the_same_value(mirrored: bool) -> None:
    """On a squashed film as on one of true proportions, and `fit_frame` takes it."""
    hand = PixelMap.about((300, 500), degrees=20, scale=(-400 if mirrored else 400, 400))
    squash = unsquash(0.75).inverse()
    true = from_hand(hand.points(TEMPLATE), SURE)
    assert np.allclose([*true], hand.points([TEMPLATE[MIDDLE_TIP], TEMPLATE[THUMB_TIP], CAPITATE]))
    squashed = from_hand((squash @ hand).points(TEMPLATE), SURE)
    assert np.allclose([*squashed.moved(unsquash(0.75))], [*true])
    to_frame = fit_frame(*true, PAPER_FRAME)
    assert to_frame.mirrors == mirrored
    assert np.allclose(to_frame.points(true.capitate), PAPER_FRAME.capitate)


@pytest.mark.parametrize("size", [(1000, 800), (700, 900), (299, 299), (2000, 500)])
def test_the_film_fills_the_grid_as_far_as_its_proportions_let_it(size: tuple[int, int]) -> None:
    to_grid = padded_map(size, GRID)
    low, high = to_grid.points([(-0.5, -0.5), (size[1] - 0.5, size[0] - 0.5)])
    assert (low > -0.51).all()
    assert (high < np.array(GRID[::-1]) - 0.49).all()
    assert np.isclose((high - low) / GRID[::-1], 1, atol=2e-3).any()
    assert np.isclose(*to_grid.scales, rtol=2e-3)
    assert np.allclose((low + high) / 2, (np.array(GRID[::-1]) - 1) / 2)  # in the middle


@pytest.mark.parametrize("aspect", [0.6, 0.757, 1.3])
def test_a_squashed_film_of_known_aspect_comes_to_the_same_grid(aspect: float) -> None:
    size = (1000, round(1000 * aspect))
    squash = PixelMap.resize(size, (299, 299))
    straight, squashed = padded_map(size, GRID), padded_map((299, 299), GRID, aspect=aspect) @ squash
    corners = [(0, 0), (size[1], size[0]), (100, 700)]
    assert np.allclose(squashed.points(corners), straight.points(corners), atol=0.05)


@pytest.mark.parametrize("aspect", [0.0, -1.0, float("nan"), float("inf")])
def test_no_film_has_such_an_aspect(aspect: float) -> None:
    with pytest.raises(ValueError, match="positive"):
        padded_map((299, 299), GRID, aspect=aspect)


def test_what_is_beside_the_film_is_zero() -> None:
    bright = np.linspace(0.6, 1, 400 * 200, dtype=np.float32).reshape(400, 200)  # no black on it
    grid = padded(bright, padded_map((400, 200), GRID), GRID)
    width = 130 * 200 / 400
    left = int((100 - width) / 2)
    assert grid.shape == GRID
    assert not grid[:, : left - 1].any()
    assert not grid[:, -left + 1 :].any()
    assert grid[-20:, left + 2 : -left - 2].min() > 0.5


def test_the_square_is_the_paper_s() -> None:
    """0..1599 and 0..2079 to -1..1, on the frame itself and, edges on edges, on the network's grid."""
    corners = np.array([(0, 0), (1599, 2079), (1599, 0)])
    square = np.array([(-1, -1), (1, 1), (1, -1)])
    assert np.allclose(unit_square(PAPER_FRAME.size).points(corners), square)
    small = PixelMap.resize(PAPER_FRAME.size, GRID)
    assert np.allclose(unit_square(GRID).points(small.points(corners)), square)


def test_found_points_come_back_in_the_film_s_pixels() -> None:
    found = find_key_points(film(), finder())
    assert np.allclose([*found], SPOTS, atol=1.0)  # a cell of the grid is 8 px
    assert fit_frame(*found, PAPER_FRAME).points(found.thumb)[0] > PAPER_FRAME.tip[0]


def test_a_squashed_film_gives_the_same_points_when_its_aspect_is_told() -> None:
    picture, squash = film(), PixelMap.resize((900, 800), (299, 299))
    network = finder()
    straight = find_key_points(picture, network)
    as_seen = network.seen
    found = find_key_points(squash.image(picture, (299, 299)), network, aspect=800 / 900)
    assert np.abs(network.seen - as_seen).mean() < 0.02
    assert np.allclose([*found.moved(squash.inverse())], [*straight], atol=1.0)


def test_numbers_that_are_none_are_refused() -> None:
    with pytest.raises(BoneAgeError) as caught:
        find_key_points(film(), finder(np.full((1, 3, 2), np.nan, np.float32)))
    assert caught.value.kind is Kind.BAD_PIXELS
