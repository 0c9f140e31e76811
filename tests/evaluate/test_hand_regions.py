"""The regions part the hand, and each bone lies in its own."""

from __future__ import annotations

import numpy as np
import pytest

from boneage.evaluate.average_hands import template_in
from boneage.evaluate.hand_regions import FRAME, area_shares, bones, hand_mask, region_masks


def test_the_regions_part_the_hand() -> None:
    masks = list(region_masks(FRAME).values())
    assert np.array_equal(np.sum(masks, axis=0), hand_mask())
    assert sum(area_shares().values()) == pytest.approx(1)
    assert min(area_shares().values()) > 0.03


def test_each_bone_lies_in_its_region() -> None:
    grid = template_in(FRAME)
    for region, outlines in bones().items():
        for one in outlines:
            x, y = np.rint(grid.points(one.mean(0)[None])[0]).astype(int)
            if y < FRAME.size[0] and hand_mask()[y, x]:
                assert region_masks(FRAME)[region][y, x]
