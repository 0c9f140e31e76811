"""The plain way says what the fast way says, its parts are what they stand for, and a difference would be seen."""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

BENCHMARKS = Path(__file__).parents[2] / "benchmarks"
if not BENCHMARKS.is_dir():
    pytest.skip("benchmarks/ is not here: run in the source tree", allow_module_level=True)
sys.path.insert(0, str(BENCHMARKS))

import agreement  # noqa: E402
import plain  # noqa: E402
from agreement import Answer, Compared  # noqa: E402

from boneage import pipeline  # noqa: E402
from boneage.geometry import PixelMap  # noqa: E402
from boneage.phantom import Phantom  # noqa: E402
from boneage.read import read  # noqa: E402
from boneage.standardize.size import standard_frame  # noqa: E402


@pytest.mark.parametrize("form", list(agreement.FORMS))
def test_the_plain_reading_gives_the_same_grays(form: str, girl: Phantom) -> None:
    file = agreement.FORMS[form](np.rint(girl.pixels * 255).astype(np.uint8))
    assert np.abs(plain.read(file).pixels - read(file).pixels).max() < 1e-6


def test_a_dim_film_is_stretched_alike(girl: Phantom) -> None:
    file = agreement.dicom(np.rint(girl.pixels * 40).astype(np.uint8))
    assert np.abs(plain.read(file).pixels - read(file).pixels).max() < 1e-6


def test_the_plain_resize_and_warp_are_those_of_the_fast_way(girl: Phantom) -> None:
    fast, to_film = standard_frame(girl.pixels)
    slow, also = plain.standard_frame(girl.pixels)
    assert np.abs(fast - slow).max() < 1e-6
    assert np.array_equal(to_film.matrix, also.matrix)
    for scale in (0.4, 1.1):  # with the blur, and without
        turn = PixelMap.about((300, 400), degrees=20, scale=(scale, scale), shift=(5.3, 2.7))
        fast, slow = (way(turn, girl.pixels, (200, 150), fill=0.2) for way in (PixelMap.image, plain.moved))
        assert np.abs(fast - slow).max() < 1e-4


def test_the_triangle_filter_keeps_what_is_even() -> None:
    assert plain.triangle(1000, 299).sum(1) == pytest.approx(1)
    assert np.array_equal(plain.triangle(7, 7), np.eye(7))


def test_the_plain_way_is_really_taken_and_then_left(girl: Phantom) -> None:
    called = list[str]()

    def noting(name: str, original: Callable[..., object]) -> Callable[..., object]:
        def noted(*arguments: object, **named: object) -> object:
            called.append(name)
            return original(*arguments, **named)

        return noted

    before = (pipeline.load_network, PixelMap.image)
    with pytest.MonkeyPatch.context() as patch:
        for name in ("plain_network", "standard_frame", "moved"):
            patch.setattr(plain, name, noting(name, getattr(plain, name)))
        with plain.plain_way():
            agreement.answered(lambda: plain.read(agreement.dicom(np.rint(girl.pixels * 255).astype(np.uint8))))
    assert set(called) == {"plain_network", "standard_frame", "moved"}
    assert (pipeline.load_network, PixelMap.image) == before


def test_fast_and_plain_agree_on_a_film(girl: Phantom, tmp_path: Path) -> None:
    film = tmp_path / "a.film"
    film.write_bytes(agreement.windowed(np.rint(girl.pixels * 255).astype(np.uint8)))
    one = agreement.compared("DICOM", film)
    assert agreement.difference(one.fast, one.plain) < agreement.PROMISED
    assert len(one.fast.months) == 2


def test_a_film_that_is_no_hand_is_refused_alike(tmp_path: Path) -> None:
    film = tmp_path / "a.film"
    film.write_bytes(agreement.dicom(np.random.default_rng(1).integers(0, 256, (300, 200), np.uint8)))
    one = agreement.compared("DICOM", film)
    assert one.fast.refused == one.plain.refused == "no-hand"


def test_differences_and_refusals_are_counted() -> None:
    def film(fast: float, slow: float) -> Compared:
        return Compared("a", Answer((fast, 100.0)), Answer((slow, 100.0)), 0.1, 0.2)

    refused = Answer(refused="no-hand")
    found = [
        (film(50.004, 50.0041), Answer((50.0, 100.0))),
        (film(60.0, 60.02), Answer((60.0, 100.0))),
        (film(70.001, 70.002), Answer((70.01, 100.0))),  # a table that does not say what assess says
        (Compared("a", refused, refused, 0.1, 0.2), refused),
        (Compared("a", refused, Answer((1.0, 1.0)), 0.1, 0.2), refused),
    ]
    row = agreement.figures("all", found)
    assert (row["films"], row["answered"], row["refused_alike"], row["refused_apart"]) == (5, 3, 1, 1)
    assert row["largest_difference_months"] == pytest.approx(0.02)
    assert row["median_difference_months"] == pytest.approx(0.001)
    assert row["table_as_assess_rounded"] == 2
    assert row["beyond_promise"] == 1


def test_what_was_compared_is_not_compared_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    one = Compared("DICOM", Answer((50.0, 60.0)), Answer(refused="blank"), 0.1, 0.2)
    monkeypatch.setattr(agreement, "compared", lambda *_: one)
    named = [("DICOM", tmp_path / "0.film")]
    first = agreement.all_compared(named, tmp_path / "kept")
    monkeypatch.setattr(agreement, "compared", lambda *_: pytest.fail("again"))
    assert agreement.all_compared(named, tmp_path / "kept") == first == {"0.film": one}
