"""A picture a stage, in the radiograph's own pixels."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
import pytest

from boneage.explain.steps import draw_step, write_steps
from boneage.geometry import PixelMap
from boneage.phantom import Phantom
from boneage.pipeline import BOTH, assess
from boneage.types import Assessment, Radiograph, Step


@pytest.fixture(scope="module")
def assessment(girl: Phantom) -> Assessment:
    return assess(Radiograph(girl.pixels, "0"), sex=BOTH)


def test_every_stage_is_there_in_its_order_and_in_the_film_s_size(assessment: Assessment, tmp_path: Path) -> None:
    written = write_steps(tmp_path / "0001", assessment.radiograph, assessment.prepared.steps)
    assert [path.name for path in written] == sorted(path.name for path in (tmp_path / "0001").iterdir())
    assert [path.stem[3:] for path in written] == ["read", "standardize", "points", "register", "region-whole-hand"]
    for path in written:
        picture = cv2.imread(str(path))
        assert picture is not None
        assert picture.shape == (*assessment.radiograph.size, 3)
        assert picture.std() > 10


def test_a_mask_is_drawn_where_it_lies_on_the_film() -> None:
    """A square on a grid of half the size, outlined on the film: red on its edge, untouched in its middle and far away."""
    film = Radiograph(np.tile(np.linspace(0, 1, 400, dtype=np.float32), (600, 1)), "0")
    mask = np.zeros((300, 200), bool)
    mask[100:200, 50:150] = True
    step = Step("mask", PixelMap.resize((300, 200), (600, 400)), mask=mask)
    changed = np.abs(draw_step(film, step).astype(int) - draw_step(film, Step("plain", PixelMap.identity())).astype(int)).max(2)
    assert changed[200:400, 95:105].max(1).min() > 20
    assert changed[250:350, 150:250].max() == 0
    assert changed[:150].max() == 0


def test_what_a_stage_has_thrown_away_is_dimmed() -> None:
    film = Radiograph(np.full((100, 80), 1, np.float32) * np.linspace(0, 1, 80, dtype=np.float32), "0")
    kept = film.pixels[20:60, 20:60]
    shown = draw_step(film, Step("crop", PixelMap.shift(20, 20), np.ascontiguousarray(kept)))
    plain = draw_step(film, Step("plain", PixelMap.identity()))
    assert shown[80:, 70].max() < 0.3 * plain[80:, 70].max()
    assert np.abs(shown[35:45, 35:45].astype(int) - 255 * film.pixels[35:45, 35:45, None]).max() <= 1
