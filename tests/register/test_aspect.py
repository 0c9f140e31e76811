"""Squash and unsquash, and the capitate, which no squash moves."""

from __future__ import annotations

import numpy as np
import pytest

from boneage.errors import BoneAgeError, Kind
from boneage.geometry import PixelMap
from boneage.register.aspect import KEPT, estimate_aspect, unsquash
from boneage.register.capitate import CAPITATE, find_capitate
from boneage.template import TEMPLATE

SURE = np.ones(21)


def squashed(aspect: float, *, degrees: float = 0.0, mirrored: bool = False) -> np.ndarray:
    """The template's hand on a film of true proportions, then squashed to a square of 299."""
    hand = TEMPLATE * (-180 if mirrored else 180, 180) + (150 * aspect, 220)
    true = PixelMap.about((150 * aspect, 150), degrees=degrees).points(hand)
    return unsquash(aspect).inverse().points(true)


@pytest.mark.parametrize("aspect", [0.5, 0.76, 1.0, 1.4])
def test_unsquash_keeps_height_and_edges(aspect: float) -> None:
    there = unsquash(aspect)
    assert np.allclose((there.inverse() @ there).matrix, np.eye(3))
    low, high = there.points([(-0.5, -0.5), (298.5, 298.5)])
    assert np.allclose(low, (-0.5, -0.5))
    assert np.allclose(high, (299 * aspect - 0.5, 298.5))


@pytest.mark.parametrize("aspect", [0.0, -1.0, float("inf"), float("nan")])
def test_no_film_has_such_an_aspect(aspect: float) -> None:
    with pytest.raises(ValueError, match="positive"):
        unsquash(aspect)


@pytest.mark.parametrize("degrees", [0, 90, 180])
@pytest.mark.parametrize("mirrored", [False, True])
def test_a_squash_more_is_an_aspect_less(degrees: float, mirrored: bool) -> None:
    wide, narrow = (estimate_aspect(squashed(a, degrees=degrees, mirrored=mirrored), SURE) for a in (0.9, 0.6))
    assert np.isclose(np.log(wide / narrow), KEPT * np.log(0.9 / 0.6))


@pytest.mark.parametrize("aspect", [0.65, 0.76, 0.9])
@pytest.mark.parametrize("degrees", [0, 30])
def test_the_template_hand_tells_its_film(aspect: float, degrees: float) -> None:
    assert estimate_aspect(squashed(aspect, degrees=degrees), SURE) == pytest.approx(aspect, rel=0.04)


@pytest.mark.parametrize("aspect", [0.65, 0.9, 1.2])
@pytest.mark.parametrize("quarter", [PixelMap.about((149, 149), degrees=90), PixelMap.about((149, 149), degrees=-90)])
def test_a_film_turned_by_a_quarter_has_the_inverse_aspect(aspect: float, quarter: PixelMap) -> None:
    upright = squashed(aspect, degrees=10)
    assert estimate_aspect(quarter.points(upright), SURE) * estimate_aspect(upright, SURE) == pytest.approx(1)


def test_points_on_a_line_are_refused() -> None:
    with pytest.raises(BoneAgeError) as caught:
        estimate_aspect(TEMPLATE * (0.0, 100.0), SURE)
    assert caught.value.kind is Kind.NO_HAND


def test_the_capitate_goes_with_the_hand() -> None:
    film = PixelMap.about((150, 150), degrees=25, scale=(-140, 210))
    assert np.allclose(find_capitate(film.points(TEMPLATE), SURE), film.points(CAPITATE))


def test_the_capitate_lies_between_wrist_and_middle_knuckle() -> None:
    assert TEMPLATE[9, 1] < CAPITATE[1] < TEMPLATE[0, 1]
    assert TEMPLATE[17, 0] < CAPITATE[0] < TEMPLATE[5, 0]
