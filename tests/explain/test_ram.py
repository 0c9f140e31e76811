"""Regression activation maps: out of the network's second output, where its card names one."""

from __future__ import annotations

from typing import cast

import numpy as np
import pytest

from boneage.explain.ram import FIRST, STEP, activate
from boneage.geometry import PixelMap
from boneage.networks import Batch, Card, OnnxNetwork
from boneage.systems import Answer, Member
from boneage.types import Crop, Sex

SIZE = (160, 128)
MEMBER = Member("a", ("coarse", "fine"), answer=Answer.MONTHS)
CROPS = [Crop(name, np.full((320, 256), 0.5, np.float32), PixelMap.shift(7, 5)) for name in ("coarse", "fine")]
CELLS = np.array([[1, 2], [3, 40], [5, -6]], np.float32)


class Fake:
    """A network whose map is that, for boys; zero for girls."""

    size = SIZE

    def __init__(self, *outputs: str) -> None:
        self.card = Card("a", "", SIZE, {"output": {"names": list(outputs)}})

    def __call__(self, batch: Batch, **extra: Batch) -> tuple[Batch, ...]:
        assert batch.shape == (1, 2, *SIZE)
        return np.zeros((1, 1), np.float32), CELLS[None] * extra["sex"][:, :, None]


def network(*outputs: str) -> OnnxNetwork:
    return cast(OnnxNetwork, Fake(*outputs))


def test_a_network_without_a_map_gives_none() -> None:
    assert activate(MEMBER, CROPS, Sex.MALE, network("months")) is None


def test_each_cell_lies_where_it_looks() -> None:
    found = activate(MEMBER, CROPS, Sex.MALE, network("months", "activation"))
    assert found is not None
    for (row, column), value in np.ndenumerate(CELLS):
        assert found.values[round(FIRST + STEP * row), round(FIRST + STEP * column)] == pytest.approx(value, abs=1e-4)
    assert found.values[0, 0] == pytest.approx(CELLS[0, 0], abs=1e-4)  # the outer cells go on
    np.testing.assert_allclose(found.to_source.points((0, 0)), (7.5, 5.5))  # a pixel of the network is two of the crop
    assert (found.name, found.unit, found.strongest) == ("activation", "months", pytest.approx(40, abs=1e-4))


def test_it_is_the_map_of_that_sex() -> None:
    found = activate(MEMBER, CROPS, Sex.FEMALE, network("months", "activation"))
    assert found is not None
    assert found.strongest == 0
