"""Key point figures on annotated hands: the annotation itself has no error, a shift has its own."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np
import pytest

from boneage.dataset import LABELS, AnnotatedHand
from boneage.errors import BoneAgeError, Kind
from boneage.evaluate.key_points import measure_key_points
from boneage.geometry import PixelMap
from boneage.register.keypoints import KeyPoints, from_hand
from boneage.standardize.size import STANDARD
from boneage.template import TEMPLATE
from boneage.types import Image

SIZE = (2000, 1000)  # height, width: squashed to half its width's proportion
POINTS = (TEMPLATE * 700 + (500, 1500)) / np.array(SIZE[::-1])


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / LABELS).write_text("id,boneage,male\n1377,100,True\n1378,100,True\n")
    for film in (1377, 1378):
        cv2.imwrite(str(tmp_path / f"{film}.png"), np.full(STANDARD, 90, np.uint8))
    return tmp_path


def hands() -> list[AnnotatedHand]:
    one = AnnotatedHand(1377, SIZE, False, (0, 0, 1, 1), POINTS)
    return [one, replace(one, id=1378)]


def annotation(frame: Image, aspect: float) -> KeyPoints:
    assert aspect == pytest.approx(0.5)
    return from_hand(POINTS * np.array(STANDARD[::-1]) - 0.5, np.ones(21))


def test_the_annotation_has_no_error(folder: Path) -> None:
    for row in measure_key_points(annotation, folder, hands=hands()):
        assert (row.hands, row.refused) == (2, 0)
        assert row.largest_percent == pytest.approx(0, abs=1e-9)


def test_a_sideways_shift_counts_in_true_proportions(folder: Path) -> None:
    """7 original pixels are 1 % of a hand of 700; on the squashed frame they are 7 * 299 / 1000."""
    aside = PixelMap.shift(7 * STANDARD[1] / SIZE[1], 0)
    for row in measure_key_points(lambda frame, aspect: annotation(frame, aspect).moved(aside), folder, hands=hands()):
        assert row.median_percent == pytest.approx(1.0, rel=1e-6)


def test_a_refused_film_is_counted_apart(folder: Path) -> None:
    answers = iter([True, False])

    def find(frame: Image, aspect: float) -> KeyPoints:
        if next(answers):
            raise BoneAgeError(Kind.NO_HAND, came="", expected="", todo="")
        return annotation(frame, aspect)

    rows = measure_key_points(find, folder, hands=hands())
    assert {(row.hands, row.refused) for row in rows} == {(2, 1)}
