"""First masks: the drawn hand is found, and a bad outline is told from a good one."""

from __future__ import annotations

from typing import Any

import cv2
import numpy as np
import pytest

from boneage.standardize.segment import iou
from boneage.standardize.shape import shape_of
from boneage.train.mine.classical import _without_border, first_masks
from boneage.train.mine.decide import is_easy
from boneage.train.mine.outline import edge_along
from boneage.train.mine.score import score
from boneage.train.mine.settings import Easy


def test_a_drawn_hand_is_found_and_easy(draw: Any) -> None:
    hand = draw(140)
    mask = next(first_masks(hand.film, hand.known))
    assert iou(mask, hand.mask) > 0.95
    figures = score(hand.film, mask, hand.known, probability=None, before=None)
    assert is_easy(figures, Easy())
    assert mask[-1].any(), "the forearm reaches the film's edge"


def test_the_same_film_gives_the_same_mask(draw: Any) -> None:
    hand = draw(120)
    assert np.array_equal(next(first_masks(hand.film, hand.known)), next(first_masks(hand.film, hand.known)))


def test_an_outline_across_flat_ground_is_not_an_edge(draw: Any) -> None:
    hand, webbed = draw(140), draw(140, webbed=True)
    good, bad = edge_along(hand.film, hand.mask), edge_along(hand.film, webbed.mask)
    assert good.share > 0.98
    assert good.longest_gap <= 6
    assert bad.longest_gap > 10
    assert bad.share < good.share


def test_a_dark_hand_on_a_bright_film_has_no_edge(draw: Any) -> None:
    hand = draw(140)
    assert edge_along(255 - hand.film, hand.mask).share < 0.05


@pytest.mark.parametrize("mask", [np.zeros((299, 299), bool), np.ones((299, 299), bool)])
def test_empty_and_full_masks_have_no_edge(draw: Any, mask: Any) -> None:
    assert edge_along(draw(140).film, mask).share == 0


def test_distances_do_not_change_when_the_film_is_squashed(draw: Any) -> None:
    points = draw(140).points
    squash = np.array([1.0, 0.7])
    plain = shape_of(points, np.ones(21), (299, 299))
    flat = shape_of(points * squash, np.ones(21), (299, 299))
    for name in ("fingers", "across", "below"):
        a, b = getattr(plain, name)[100:200:10, 150], getattr(flat, name)[70:140:7, 150]
        assert np.allclose(a, b, atol=1e-3), name


def test_a_bright_border_is_not_forearm(draw: Any) -> None:
    mask = draw(140).mask
    bordered = mask.copy()
    bordered[-4:] = True
    assert (_without_border(bordered) ^ mask).sum() < 60
    assert np.array_equal(_without_border(mask), mask)


def test_tips_off_the_film_give_no_error(draw: Any) -> None:
    hand = draw(140)
    moved = cv2.warpAffine(hand.film, np.float32([[1, 0, 0], [0, 1, -60]]), (299, 299))
    known = type(hand.known)(False, False, 0.99, hand.points - [0, 60], np.ones(21))
    assert all(mask.shape == (299, 299) for mask in first_masks(moved, known))
    away = type(hand.known)(False, False, 0.99, hand.points + 2000, np.ones(21))
    assert list(first_masks(hand.film, away)) == []
