"""Lee's vision pipeline: the hand alone, in the middle, with more contrast; laws on phantoms."""

from __future__ import annotations

import cv2
import numpy as np
import numpy.typing as npt
import pytest

from boneage.phantom import Phantom
from boneage.standardize.letterbox import letterbox
from boneage.standardize.vision import VisionOptions, vision_pipeline
from boneage.types import Image

PLAIN = VisionOptions(clip=0, denoise=0, sharpen=0)


def film_and_mask(phantom: Phantom) -> tuple[Image, npt.NDArray[np.bool_]]:
    film, _ = letterbox(phantom.pixels, (256, 256))
    return film, letterbox(phantom.mask.astype(np.float32), (256, 256))[0] > 0.5


def test_outside_the_hand_all_is_zero_and_the_hand_is_in_the_middle(girl: Phantom) -> None:
    film, mask = film_and_mask(girl)
    moved = np.roll(mask, (0, 9), (0, 1))
    image, to_source = vision_pipeline(np.roll(film, (0, 9), (0, 1)), moved)
    assert image.dtype == np.float32
    assert image.shape == film.shape
    ys, xs = np.nonzero(image)
    assert abs(xs.min() + xs.max() - 255) <= 2
    assert abs(ys.min() + ys.max() - 255) <= 2
    back = to_source.points(np.column_stack([xs, ys])).astype(int)
    assert moved[back[:, 1], back[:, 0]].all()


def test_where_the_hand_lay_does_not_matter(girl: Phantom) -> None:
    film, mask = film_and_mask(girl)
    frame = ((40, 40), (40, 40))
    film, mask = np.pad(film, frame), np.pad(mask, frame)
    here, to_here = vision_pipeline(film, mask)
    there, to_there = vision_pipeline(np.roll(film, (7, -12), (0, 1)), np.roll(mask, (7, -12), (0, 1)))
    assert np.array_equal(here, there)
    assert np.allclose(to_there.points((5, 5)) - to_here.points((5, 5)), (-12, 7))


def test_what_lies_beyond_the_mask_does_not_matter(girl: Phantom) -> None:
    film, mask = film_and_mask(girl)
    marked = film.copy()
    marked[~mask] = np.random.default_rng(0).random(int((~mask).sum()), np.float32)
    assert np.allclose(vision_pipeline(film, mask)[0], vision_pipeline(marked, mask)[0], atol=1e-5)


def test_exposure_does_not_matter(girl: Phantom) -> None:
    film, mask = film_and_mask(girl)
    faint = (film * 0.2 + 0.1).astype(np.float32)
    assert np.abs(vision_pipeline(film, mask)[0] - vision_pipeline(faint, mask)[0]).mean() < 0.01


def test_each_step_does_its_work(girl: Phantom) -> None:
    film, mask = film_and_mask(girl)
    inner = cv2.erode(mask.astype(np.uint8), np.ones((9, 9), np.uint8)).astype(bool)

    def detail(options: VisionOptions, pixels: Image) -> float:
        image, to_source = vision_pipeline(pixels, mask, options)
        place = to_source.inverse().image(inner.astype(np.float32), (256, 256)) > 0.5
        return float(np.abs(cv2.Laplacian(image, cv2.CV_32F))[place].mean())

    noisy = np.clip(film + np.random.default_rng(0).normal(0, 0.02, film.shape), 0, 1).astype(np.float32)
    assert detail(VisionOptions(denoise=0, sharpen=0), film) > 1.2 * detail(PLAIN, film)
    assert detail(VisionOptions(clip=0, denoise=5, denoise_gray=0.2, sharpen=0), noisy) < 0.7 * detail(PLAIN, noisy)
    assert detail(VisionOptions(clip=0, denoise=0), film) > 1.2 * detail(PLAIN, film)


def test_the_outline_gets_no_halo() -> None:
    film = np.tile(np.linspace(0.3, 0.6, 100, dtype=np.float32), (100, 1))
    mask = np.zeros((100, 100), bool)
    mask[20:80, 20:80] = True
    plain, _ = vision_pipeline(film, mask, PLAIN)
    sharp, _ = vision_pipeline(film, mask, VisionOptions(clip=0, denoise=0))
    assert np.abs(sharp - plain).max() < 0.06


def test_an_empty_mask_is_refused() -> None:
    with pytest.raises(ValueError, match="empty"):
        vision_pipeline(np.ones((9, 9), np.float32), np.zeros((9, 9), bool))
