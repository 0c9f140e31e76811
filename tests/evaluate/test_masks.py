"""Mask figures: the allowed area, phantoms against their own truth."""

from __future__ import annotations

import pytest

from boneage.dataset import AnnotatedHand
from boneage.errors import BoneAgeError
from boneage.evaluate.masks import _allowed, corrected, phantom_films
from boneage.standardize.size import STANDARD
from boneage.template import TEMPLATE


def test_what_lies_beside_the_hand_is_not_allowed_and_the_forearm_is() -> None:
    points = (TEMPLATE * 150 + (150, 200)) / STANDARD[0]
    x0, y0, x1, y1 = (*points.min(0), *points.max(0))
    hand = AnnotatedHand(1, (299, 299), False, (x0, y0, x1, y1), points)
    allowed = _allowed(hand, points * STANDARD[0] - 0.5)
    assert allowed[100, 150]  # a finger
    assert allowed[290, 150]  # the forearm
    assert not allowed[100, 290]  # a marker beside
    assert not allowed[10, 150]  # above the fingers


def test_phantoms_are_of_both_sexes_and_of_many_ages() -> None:
    films = list(phantom_films(5))
    assert {film.sex.value for film in films} == {"female", "male"}
    assert [film.bone_age_months for film in films] == pytest.approx([12, 63, 114, 165, 216])
    assert all(0.05 < film.mask.mean() < 0.7 for film in films)


def test_without_the_corrected_masks_it_is_told(tmp_path) -> None:  # type: ignore[no-untyped-def]
    with pytest.raises(BoneAgeError, match="corrected by eye"):
        list(corrected(tmp_path, tmp_path / "none.json"))
