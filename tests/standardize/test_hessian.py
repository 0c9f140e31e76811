"""The Hessian filter: lines answer, flat fields and edges' dark sides do not, and what scikit-image says."""

from __future__ import annotations

import cv2
import numpy as np
import pytest

from boneage.phantom import Phantom
from boneage.standardize.hessian import HessianOptions, eigenvalues, fine_map, lineness
from boneage.standardize.letterbox import letterbox
from boneage.types import Image


def line(width: int, *, sign: float = 1.0) -> Image:
    image = np.full((120, 120), 0.5, np.float32)
    cv2.line(image, (20, 60), (100, 60), 0.5 + sign * 0.3, width)
    return image


@pytest.mark.parametrize("width", [1, 3, 5])
def test_a_bright_line_answers_and_a_dark_one_does_not(width: int) -> None:
    bright, dark = fine_map(line(width)), fine_map(line(width, sign=-1))
    assert bright[60, 40:80].min() > 0.8
    assert dark[60, 40:80].max() < 0.01
    assert bright[:40].max() < 0.01


@pytest.mark.parametrize("level", [0.0, 0.3, 1.0])
def test_a_flat_field_and_a_ramp_give_nothing(level: float) -> None:
    assert fine_map(np.full((80, 60), level, np.float32)).max() < 1e-3
    ramp = np.tile(np.linspace(0, level, 200, dtype=np.float32), (80, 1))
    assert fine_map(ramp)[:, 20:-20].max() < 1e-3


def test_a_line_answers_more_than_a_round_spot() -> None:
    image = line(3)
    cv2.circle(image, (60, 20), 2, 0.8, -1)
    answer = fine_map(image)
    assert answer[60, 60] > 4 * answer[20, 60]


def test_turning_the_film_turns_the_map(girl: Phantom) -> None:
    film = cv2.resize(girl.pixels, (231, 299))  # odd: every second pixel, where the norm is read, stays one after a turn
    plain = fine_map(film)
    for turns in (1, 2, 3):
        assert np.allclose(fine_map(np.ascontiguousarray(np.rot90(film, turns))), np.rot90(plain, turns), atol=1e-3)


def test_values_stay_in_range_and_gray_offsets_do_not_matter(girl: Phantom) -> None:
    film = cv2.resize(girl.pixels, (299, 299))
    answer = fine_map(film)
    assert answer.dtype == np.float32
    assert answer.min() >= 0
    assert answer.max() <= 1
    assert np.allclose(fine_map((film * 0.5 + 0.3).astype(np.float32)), answer, atol=0.02)


def test_bones_answer_more_than_the_flesh_around_them(girl: Phantom, boy: Phantom) -> None:
    for phantom in (girl, boy):
        film, bones, hand = (
            letterbox(part.astype(np.float32), (299, 299))[0] for part in (phantom.pixels, phantom.bones, phantom.mask)
        )
        inside = cv2.erode(hand, np.ones((9, 9), np.uint8)) > 0.5
        answer = fine_map(np.where(hand > 0.5, film, np.median(film[inside])).astype(np.float32))
        assert answer[inside & (bones > 0.3)].mean() > 2.5 * answer[inside & (bones <= 0.3)].mean()


def test_more_scales_never_lessen_the_answer() -> None:
    image = line(3)
    few, many = HessianOptions(scales=(1.0,)), HessianOptions(scales=(1.0, 3.0))
    assert (fine_map(image, many) >= fine_map(image, few)).all()
    assert np.array_equal(fine_map(image, few), lineness(image, 1.0, few))


@pytest.mark.parametrize("sigma", [2.0, 3.0])
def test_eigenvalues_as_scikit_image_has_them(sigma: float) -> None:
    feature = pytest.importorskip("skimage.feature")
    image = cv2.GaussianBlur(np.random.default_rng(0).random((90, 110), np.float32), (0, 0), 2)
    matrix = feature.hessian_matrix(image, sigma=sigma, mode="reflect", use_gaussian_derivatives=True)
    high, low = feature.hessian_matrix_eigvals(matrix) * sigma**2
    ours_low, ours_high = eigenvalues(image, sigma)
    inner = (slice(16, -16), slice(16, -16))  # at the border it mirrors the slopes, not the film
    size = float(np.abs(low[inner]).max())
    assert np.abs(ours_low - low)[inner].max() < 0.01 * size
    assert np.abs(ours_high - high)[inner].max() < 0.01 * size


def test_a_parabola_has_its_own_curvature() -> None:
    y, x = np.mgrid[-60:61, -60:61].astype(np.float32)
    low, high = eigenvalues((0.002 * x**2 - 0.001 * y**2).astype(np.float32), 2.0)
    assert high[60, 60] == pytest.approx(4 * 0.004, rel=1e-3)
    assert low[60, 60] == pytest.approx(-4 * 0.002, rel=1e-3)
