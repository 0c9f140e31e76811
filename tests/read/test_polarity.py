"""The corner rule of Lee 2017, and real films."""

from __future__ import annotations

import numpy as np
import pytest
from films import picture

from boneage.dataset import find_data
from boneage.read import read
from boneage.read.polarity import corner_polarity
from boneage.types import Polarity


def test_corners_tell_dark_from_bright_ground() -> None:
    film = picture().astype(np.float32)
    assert corner_polarity(film) is Polarity.BONE_BRIGHT
    assert corner_polarity(1 - film) is Polarity.BONE_DARK


def test_only_the_corners_count() -> None:
    film = np.ones((100, 80), np.float32)
    for rows in (slice(0, 10), slice(90, 100)):
        for columns in (slice(0, 10), slice(70, 80)):
            film[rows, columns] = 0
    assert corner_polarity(film) is Polarity.BONE_BRIGHT


def test_one_label_in_a_corner_does_not_decide() -> None:
    film = picture().astype(np.float32)
    film[:30, :30] = 1
    assert corner_polarity(film) is Polarity.BONE_BRIGHT


def test_real_films_read_as_stored() -> None:
    data = find_data()
    originals = sorted((data / "originals").glob("*.png"))[:4] if data is not None else []
    if not originals:
        pytest.skip("no real films found; set BONEAGE_DATA")
    for path in originals:
        radiograph = read(path)
        assert min(radiograph.size) > 1000
        assert radiograph.pixels.std() > 0.05
        assert read(path.read_bytes()).sha256 == radiograph.sha256
