"""Average hands: the frame's targets are met, few films make no picture, a stray film does not blur."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

pytest.importorskip("torch", reason="needs the train extra: make test EXTRAS=train")

from boneage.dataset import LABELS, Part, part_of
from boneage.evaluate.average_hands import FEWEST, FRAME, average_hands, by_all_points, by_three_points, median, template_in
from boneage.found_hands import FoundHand, load_found
from boneage.geometry import PixelMap
from boneage.phantom import draw, write_png
from boneage.register.capitate import CAPITATE
from boneage.template import MIDDLE_TIP, TEMPLATE
from boneage.types import Sex


def test_the_template_s_tip_and_capitate_lie_where_the_paper_puts_them() -> None:
    to_frame = template_in(FRAME)
    assert np.allclose(to_frame.points(TEMPLATE[MIDDLE_TIP]), FRAME.tip)
    assert np.allclose(to_frame.points(CAPITATE), FRAME.capitate)


@pytest.mark.parametrize("change", [PixelMap.identity(), PixelMap.mirror(299), PixelMap.about((149, 149), degrees=100)])
def test_both_ways_bring_the_tip_to_its_place(change: PixelMap) -> None:
    points = change.points(60 + 200 * (TEMPLATE + np.array((0.4, 1.1))) / 1.3)
    hand = FoundHand(False, 1.0, points, np.ones(21))
    for way in (by_all_points, by_three_points):
        to_frame = way(hand, FRAME)
        assert to_frame is not None
        assert np.allclose(to_frame.points(points[MIDDLE_TIP]), FRAME.tip, atol=0.02 * FRAME.size[0])
        assert to_frame.mirrors == change.mirrors


def test_a_refused_film_has_no_place() -> None:
    hand = FoundHand(False, 0.1, 100 * TEMPLATE, np.ones(21))
    assert by_all_points(hand, FRAME) is None
    assert by_three_points(hand, FRAME) is None


def test_one_stray_film_in_three_does_not_move_the_median() -> None:
    gray = np.full((4, 4), 0.4, np.float32)
    assert np.allclose(median([gray, gray, 1 - gray]), 0.4, atol=1 / 255)


def test_few_films_make_no_picture(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("BONEAGE_RUNS", str(tmp_path / "runs"))
    ids = [i for i in range(1377, 1500) if part_of(i) is Part.TRAIN][: FEWEST + 2]
    write_png(draw(100, Sex.FEMALE, seed=3, size=(500, 400)), tmp_path / f"{ids[0]}.png")
    rows = []
    for k, film in enumerate(ids):
        (tmp_path / f"{film}.png").write_bytes((tmp_path / f"{ids[0]}.png").read_bytes())
        rows.append(f"{film},{100 if k < FEWEST else 30},{k == FEWEST}")
    (tmp_path / LABELS).write_text("\n".join(["id,boneage,male", *rows]) + "\n")
    averages = {(average.sex, str(average.band)): average for average in average_hands(tmp_path, by_all_points)}
    whole, few = averages[Sex.FEMALE, "72-108"], averages[Sex.MALE, "0-36"]
    assert (whole.films, few.films) == (FEWEST, 1)
    assert whole.pixels is not None
    assert whole.pixels.shape == FRAME.size
    assert few.pixels is None
    _, again = load_found(tmp_path, [])
    assert again == {}
