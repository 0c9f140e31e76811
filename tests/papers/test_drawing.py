"""Pictures are small, and gray ones are stored as gray."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from PIL import Image

from boneage.papers.drawing import draw_row, new_panels, save_small


def test_a_gray_picture_is_stored_as_gray_and_a_colored_one_with_its_colors(tmp_path: Path) -> None:
    ramp = np.linspace(0, 1, 100)[None].repeat(60, 0)
    draw_row(tmp_path / "deep" / "gray.png", {"ramp": ramp, "dim": ramp / 9}, "two ramps")
    with Image.open(tmp_path / "deep" / "gray.png") as picture:
        assert picture.mode == "L"
    figure, panels = new_panels(1, 2, (2.0, 1.0))
    panels[0, 1].fill([0, 1, 1], [0, 0, 1], color="#ff0000")
    save_small(figure, tmp_path / "red.png")
    with Image.open(tmp_path / "red.png") as picture:
        assert (np.asarray(picture.convert("RGB")) == (255, 0, 0)).all(-1).any()
