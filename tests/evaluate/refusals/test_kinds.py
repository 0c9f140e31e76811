"""What must be refused: the same for ever, of every kind, and pictures as a camera or a scanner gives them."""

from __future__ import annotations

import numpy as np
import pytest

from boneage.evaluate.refusals.films import HandFilm
from boneage.evaluate.refusals.kinds import KINDS, Half, inputs, make
from boneage.evaluate.refusals.run import png
from boneage.phantom import Phantom
from boneage.read.sniff import Format, sniff

ASKED = 500


@pytest.fixture(scope="module")
def films(girl: Phantom) -> object:
    film = HandFilm(girl.pixels[::2, ::2].copy(), girl.points / 2)
    return lambda rng: film


def test_each_half_has_five_hundred() -> None:
    assert sum(count for count, _ in KINDS.values()) == ASKED


@pytest.mark.parametrize("kind", KINDS)
def test_an_input_is_a_law_of_its_number(kind: str, films: object) -> None:
    first, again = (make(kind, Half.CHOOSE, 3, films) for _ in range(2))
    assert np.array_equal(first.pixels, again.pixels)
    # two cuts of one film may fall on the same row by chance
    for half, numbers in ((Half.CHOOSE, (4, 5)), (Half.TEST, (3, 4))):
        assert not all(np.array_equal(first.pixels, make(kind, half, number, films).pixels) for number in numbers)


@pytest.mark.parametrize("kind", KINDS)
def test_an_input_is_a_picture(kind: str, films: object) -> None:
    for number in range(2):
        one = make(kind, Half.TEST, number, films)
        assert one.pixels.dtype == np.float32
        assert one.pixels.ndim == 2 or (one.pixels.ndim == 3 and one.pixels.shape[2] == 3)
        assert one.pixels.min() >= 0
        assert one.pixels.max() <= 1
        assert max(one.pixels.shape) <= 1200
        assert sniff(png(one)) is Format.PNG


def test_all_kinds_come_in_their_order(films: object) -> None:
    seen = [one.kind for one in inputs(Half.CHOOSE, films, every=ASKED)]
    assert seen == list(KINDS)


def test_a_spoiled_film_does_not_change_the_film(films: object, girl: Phantom) -> None:
    film = films(np.random.default_rng(0))  # type: ignore[operator]
    before = film.pixels.copy()
    for kind in ("shuffled", "blacked-out", "fingers-erased", "noise-pasted", "small-field", "too-dark", "fingers-cut-off"):
        make(kind, Half.CHOOSE, 0, films)
        assert np.array_equal(film.pixels, before)


def test_what_is_cut_off_is_a_third_of_the_hand(films: object) -> None:
    film = films(np.random.default_rng(0))  # type: ignore[operator]
    reach = abs(film.points[12, 1] - film.points[0, 1])
    for number in range(5):
        fingers, wrist = (make(kind, Half.CHOOSE, number, films).pixels for kind in ("fingers-cut-off", "wrist-cut-off"))
        assert film.pixels.shape[0] - fingers.shape[0] >= film.points[12, 1] + reach / 3
        assert wrist.shape[0] <= film.points[0, 1] - reach / 3


def test_a_shuffled_film_keeps_no_tile(films: object) -> None:
    film = films(np.random.default_rng(0))  # type: ignore[operator]
    one = make("shuffled", Half.CHOOSE, 1, films).pixels
    same = one == film.pixels[: one.shape[0], : one.shape[1]]
    assert same.mean() < 0.3
