"""Windows, strides and the mask out of class scores, with networks that can be worked out by hand."""

from __future__ import annotations

import numpy as np
import pytest

from boneage.errors import BoneAgeError
from boneage.networks import Batch, Network
from boneage.phantom import Phantom
from boneage.standardize.patches import (
    FIRST,
    STRIDES,
    PatchClass,
    PatchMask,
    class_scores,
    dense_size,
    hand_of,
    label_map,
    patch_input,
    patch_mask,
    patch_of,
)

SMALL = (64, 48)


def means(patch: int) -> Network:
    """A dense network whose every score is the window's mean."""

    def network(batch: Batch, **extra: Batch) -> tuple[Batch, ...]:
        windows = np.lib.stride_tricks.sliding_window_view(batch[0, 0], (patch, patch))[::4, ::4]
        return (np.repeat(windows.mean((2, 3))[None, None], 5, axis=1),)

    return network


def by_gray(patch: int, level: float = 0.5) -> Network:
    """A dense network that calls a window tissue where its middle is bright, else background."""

    def network(batch: Batch, **extra: Batch) -> tuple[Batch, ...]:
        half = patch // 2
        middle = np.lib.stride_tricks.sliding_window_view(batch[0, 0], (patch, patch))[
            ::4, ::4, half - 2 : half + 2, half - 2 : half + 2
        ]
        scores = np.full((1, 5, *middle.shape[:2]), -9, np.float32)
        scores[0, PatchClass.BACKGROUND] = 0
        scores[0, PatchClass.TISSUE] = middle.mean((2, 3)) - level
        return (scores,)

    return network


@pytest.mark.parametrize("patch", [16, 32, 64])
@pytest.mark.parametrize("stride", STRIDES)
def test_every_score_is_that_of_the_window_around_its_center(patch: int, stride: int) -> None:
    film = np.random.default_rng(0).random(SMALL, np.float32)
    options = PatchMask(patch=patch, stride=stride, size=SMALL)
    scores = class_scores(film, means(patch), options)
    assert scores.shape == (5, SMALL[0] // stride, SMALL[1] // stride)
    wide = np.pad(film, patch)  # zeros beyond the film
    for i, j in np.ndindex(*scores.shape[1:]):
        top, left = (round(patch + FIRST + stride * k - (patch - 1) / 2) for k in (i, j))
        assert scores[0, i, j] == pytest.approx(wide[top : top + patch, left : left + patch].mean(), abs=1e-5)


@pytest.mark.parametrize("patch", [16, 40])
def test_coarser_strides_are_windows_of_the_finest(patch: int) -> None:
    film = np.random.default_rng(1).random(SMALL, np.float32)
    finest = class_scores(film, means(patch), PatchMask(patch=patch, stride=2, size=SMALL))
    for stride in STRIDES:
        own = class_scores(film, means(patch), PatchMask(patch=patch, stride=stride, size=SMALL))
        assert np.allclose(own, finest[:, :: stride // 2, :: stride // 2], atol=1e-6)


@pytest.mark.parametrize("stride", STRIDES)
def test_the_label_map_lies_where_the_windows_centers_do(stride: int) -> None:
    """Tissue left of a line, background right of it: the line is found again wherever two centers enclose it."""
    options = PatchMask(stride=stride, size=(64, 64))
    scores = np.zeros((5, 64 // stride, 64 // stride), np.float32)
    middle = 64 // stride // 2
    scores[PatchClass.TISSUE, :, :middle] = 1
    scores[PatchClass.BACKGROUND, :, middle:] = 1
    labels = label_map(scores, options)
    line = FIRST + stride * (middle - 0.5)
    x = np.arange(64)
    assert (labels[:, x < line - 0.51] == PatchClass.TISSUE).all()
    assert (labels[:, x > line + 0.51] == PatchClass.BACKGROUND).all()


def test_bone_and_tissue_are_hand_the_largest_piece_filled() -> None:
    labels = np.full((40, 40), PatchClass.BACKGROUND, np.uint8)
    labels[5:30, 5:30] = PatchClass.TISSUE
    labels[10:20, 10:20] = PatchClass.BONE
    labels[22:25, 22:25] = PatchClass.COLLIMATION  # a hole
    labels[33:38, 33:38] = PatchClass.BONE  # another piece
    mask = hand_of(labels)
    assert mask[5:30, 5:30].all()
    assert mask.sum() == 25 * 25


@pytest.mark.parametrize("size", [(900, 700), (299, 299), (400, 800)])
def test_a_bright_disk_is_found_in_the_frame_s_own_pixels(size: tuple[int, int]) -> None:
    y, x = np.indices(size)
    truth = ((y / size[0] - 0.5) / 0.25) ** 2 + ((x / size[1] - 0.45) / 0.2) ** 2 < 1
    mask = patch_mask(truth.astype(np.float32), by_gray(32), PatchMask(), aspect=0.75)
    assert mask.shape == size
    assert (mask & truth).sum() / (mask | truth).sum() > 0.96


def test_the_input_keeps_the_film_s_proportions_and_stands_in_zeros(girl: Phantom) -> None:
    film, to_frame = patch_input(girl.pixels, 0.75)
    assert film.shape == (512, 512)
    assert not film[:, :60].any()
    assert not film[:, -60:].any()
    large, small = to_frame.scales
    assert large / small == pytest.approx(1, abs=0.01)  # 1000 x 750 is 0.75


def test_no_hand_is_an_error(girl: Phantom) -> None:
    with pytest.raises(BoneAgeError, match="neither bone nor tissue"):
        patch_mask(girl.pixels, by_gray(32, level=2.0), PatchMask(), aspect=0.75)


def test_dense_size_holds_every_window() -> None:
    assert dense_size(32) == (540, 540)
    assert PatchMask(patch=64).input_size == (572, 572)


@pytest.mark.parametrize("wrong", [{"patch": 30}, {"patch": 12}, {"stride": 3}, {"size": (500, 500)}])
def test_a_window_that_does_not_fit_the_pooling_is_refused(wrong: dict[str, int]) -> None:
    with pytest.raises(ValueError, match="strides"):
        PatchMask(**wrong)  # type: ignore[arg-type]


@pytest.mark.parametrize("patch", [16, 32, 64])
def test_a_network_s_patch_is_told_by_its_input(patch: int) -> None:
    assert patch_of(dense_size(patch)) == patch
