"""Three key points into the frame: they land where they should from any side, turn and size."""

from __future__ import annotations

import numpy as np
import pytest

from boneage.errors import BoneAgeError, Kind
from boneage.geometry import PixelMap
from boneage.register.fit import fit_frame
from boneage.register.frame import PAPER_FRAME

TIP, THUMB, CAPITATE = np.array((410.0, 95.0)), np.array((640.0, 420.0)), np.array((380.0, 700.0))


@pytest.mark.parametrize("factor", [1.0, 0.37])
def test_tip_and_capitate_land_on_their_targets_and_the_thumb_to_the_right(factor: float) -> None:
    frame = PAPER_FRAME.scaled(factor)
    to_frame = fit_frame(TIP, THUMB, CAPITATE, frame)
    assert np.allclose(to_frame.points(TIP), frame.tip)
    assert np.allclose(to_frame.points(CAPITATE), frame.capitate)
    assert to_frame.points(THUMB)[0] > frame.tip[0]


def test_the_map_keeps_proportions() -> None:
    larger, smaller = fit_frame(TIP, THUMB, CAPITATE, PAPER_FRAME).scales
    assert np.isclose(larger, smaller)


@pytest.mark.parametrize(
    "moved",
    [
        PixelMap.mirror(800),
        PixelMap.about((400, 400), degrees=90),
        PixelMap.about((400, 400), degrees=180),
        PixelMap.about((120, 40), degrees=-37, scale=(0.3, 0.3)) @ PixelMap.mirror(640),
    ],
)
def test_a_film_mirrored_turned_or_resized_lands_the_same(moved: PixelMap) -> None:
    straight = fit_frame(TIP, THUMB, CAPITATE, PAPER_FRAME)
    other = fit_frame(moved.points(TIP), moved.points(THUMB), moved.points(CAPITATE), PAPER_FRAME)
    assert np.allclose((other @ moved).matrix, straight.matrix)
    assert other.mirrors == moved.mirrors


def test_a_scaled_frame_is_a_scaled_map() -> None:
    factor = 0.25
    scale = PixelMap.resize((2080, 1600), (520, 400))
    small = fit_frame(TIP, THUMB, CAPITATE, PAPER_FRAME.scaled(factor))
    assert np.allclose(small.matrix, (scale @ fit_frame(TIP, THUMB, CAPITATE, PAPER_FRAME)).matrix)


@pytest.mark.parametrize(
    ("tip", "thumb", "capitate"),
    [
        (TIP, THUMB, TIP),
        (TIP, (TIP + CAPITATE) / 2, CAPITATE),
        (TIP, TIP + (TIP - CAPITATE), CAPITATE),
        (TIP, np.array((np.nan, 1.0)), CAPITATE),
    ],
)
def test_degenerate_points_are_refused(tip: np.ndarray, thumb: np.ndarray, capitate: np.ndarray) -> None:
    with pytest.raises(BoneAgeError) as caught:
        fit_frame(tip, thumb, capitate, PAPER_FRAME)
    assert caught.value.kind is Kind.NO_HAND
