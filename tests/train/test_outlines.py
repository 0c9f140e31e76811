"""Outlines: a mask's box means what the annotated one means, and turns with the hand."""

from __future__ import annotations

import numpy as np
import pytest

from boneage.dataset import AnnotatedHand
from boneage.geometry import PixelMap
from boneage.standardize.detect import overlap
from boneage.template import TEMPLATE
from boneage.train.outlines import FOREARM, MARGIN, hand_outline, mask_outline, upright_box

HAND = PixelMap(np.array([[140.0, 0, 150], [0, 150, 200], [0, 0, 1.0]]))  # template units -> standard frame
BOX = (0.28, 0.12, 0.76, 0.78)


def hand(box: tuple[float, float, float, float] = BOX) -> AnnotatedHand:
    return AnnotatedHand(1377, (2000, 1500), False, box, (HAND.points(TEMPLATE) + 0.5) / 299)


def mask_of(rows: slice, columns: slice) -> np.ndarray:
    mask = np.zeros((299, 299), np.uint8)
    mask[rows, columns] = 255
    return mask


def test_the_annotated_outline_has_the_annotated_box() -> None:
    assert np.allclose(upright_box(hand_outline(hand())), np.array(BOX) * 299 - 0.5)


@pytest.mark.parametrize("degrees", [90, 180, -90])
def test_a_right_angle_turns_the_box_exactly(degrees: float) -> None:
    turn = PixelMap.about((149, 149), degrees=degrees)
    outline = hand_outline(hand())
    assert np.allclose(upright_box(turn.points(outline)), turn.box(upright_box(outline)))


def test_a_turned_hands_box_is_less_than_the_turned_boxs_box() -> None:
    turn = PixelMap.about((149, 149), degrees=30)
    outline = hand_outline(hand())
    x0, y0, x1, y1 = upright_box(turn.points(outline))
    a, b, c, d = turn.box(upright_box(outline))
    assert (x1 - x0) * (y1 - y0) < 0.85 * (c - a) * (d - b)


def test_the_forearm_beyond_the_stub_does_not_count() -> None:
    to_template = HAND.inverse()
    wrist_row, end = 200, 200 + FOREARM * 150
    boxes = [upright_box(mask_outline(mask_of(slice(60, bottom), slice(100, 220)), to_template)) for bottom in (240, 270, 299)]
    assert boxes[0] == boxes[1] == boxes[2]
    assert wrist_row < end - 1 < boxes[0][3] < end + 1 + MARGIN * 200
    short = upright_box(mask_outline(mask_of(slice(60, 215), slice(100, 220)), to_template))
    assert short[3] == pytest.approx(214.5 + MARGIN * 155)


def test_the_forearm_is_told_by_the_hand_not_by_the_film() -> None:
    """The same film upside down: the stub is above now."""
    turn = PixelMap.about((149, 149), degrees=180)
    mask = mask_of(slice(60, 290), slice(100, 220))
    upright = upright_box(mask_outline(mask, HAND.inverse()))
    turned = upright_box(mask_outline(mask[::-1, ::-1], HAND.inverse() @ turn))
    assert overlap(turned, turn.box(upright)) > 0.98


def test_a_mask_without_hand_is_an_error() -> None:
    with pytest.raises(ValueError, match="one pixel of the hand"):
        mask_outline(mask_of(slice(290, 299), slice(100, 120)), HAND.inverse())


def test_a_box_is_cut_at_the_film() -> None:
    points = np.array([(-20.0, 10.0), (50.0, 400.0)])
    assert upright_box(points, (100, 120)) == (-0.5, 10.0, 50.0, 99.5)
    assert upright_box(points) == (-20.0, 10.0, 50.0, 400.0)
