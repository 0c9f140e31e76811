"""The classes of a drawn film: each thing gets its class, and what no rule is sure of gets none."""

from __future__ import annotations

import cv2
import numpy as np
import pytest

from boneage.standardize.patches import PatchClass
from boneage.train.patch_labels import UNLABELED, label_film

NONE = np.zeros((0, 4))


@pytest.fixture(scope="module")
def drawn() -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """A film 388 wide in its letterbox: a dark frame, a rim, a gray field, a hand of tissue with one bone, a letter."""
    film = np.zeros((512, 512), np.float32)
    film[:, 62:450] = 0.02
    film[60:460, 110:410] = 0.6  # the rim
    film[66:454, 116:404] = 0.15
    mask = np.zeros((512, 512), bool)
    mask[200:440, 200:320] = True
    film[mask] = 0.4
    film[210:430, 250:275] = 0.8
    cv2.line(film, (155, 115), (155, 150), 0.95, 5)  # a letter L
    cv2.line(film, (155, 150), (175, 150), 0.95, 5)
    on_film = np.zeros((512, 512), bool)
    on_film[:, 62:450] = True
    return film, mask, on_film


def test_each_thing_gets_its_class(drawn: tuple[np.ndarray, ...]) -> None:
    labels = label_film(*drawn, NONE)
    assert labels[300, 262] == PatchClass.BONE
    assert labels[300, 215] == PatchClass.TISSUE
    assert labels[150, 350] == PatchClass.BACKGROUND
    assert labels[30, 250] == PatchClass.COLLIMATION
    assert labels[300, 112] == PatchClass.COLLIMATION  # the rim
    assert labels[140, 156] == PatchClass.MARKER
    assert labels[100, 10] == UNLABELED


def test_the_mask_is_bone_and_tissue_and_nothing_else_is(drawn: tuple[np.ndarray, ...]) -> None:
    film, mask, on_film = drawn
    assert np.array_equal(label_film(film, mask, on_film, NONE) <= PatchClass.TISSUE, mask)


def test_the_middle_of_a_joint_box_is_bone_inside_the_mask_only(drawn: tuple[np.ndarray, ...]) -> None:
    film, mask, on_film = drawn
    labels = label_film(film, mask, on_film, np.array([(280.0, 300, 360, 380)]))
    assert labels[340, 318] == PatchClass.BONE
    assert labels[340, 326] == PatchClass.BACKGROUND  # in the ellipse, beyond the hand
    assert labels[302, 282] == PatchClass.TISSUE  # in the box's corner


def test_a_field_that_is_not_told_from_its_outside_claims_nothing_there(drawn: tuple[np.ndarray, ...]) -> None:
    film, mask, on_film = drawn
    open_film = np.where(on_film & ~mask & (film < 0.9), np.float32(0.15), film)
    open_film[200:300, 420:450] = 0.7  # a notch: what joins the hand's surroundings is not convex any more
    open_film[:150, 62:300] = 0.7
    labels = label_film(open_film, mask, on_film, NONE)
    assert (labels[on_film] != PatchClass.COLLIMATION).all()
    assert (labels[50, 100:250] == UNLABELED).all()
