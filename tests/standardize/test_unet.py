"""The U-Net mask stage, with a network that thresholds: the mask lies where the hand is, in the film's pixels."""

from __future__ import annotations

import numpy as np
import pytest

from boneage.errors import BoneAgeError, Kind
from boneage.networks import Batch
from boneage.phantom import Phantom
from boneage.standardize.unet import unet_mask, unet_probability

SIZE = (64, 48)


def bright(batch: Batch, **extra: Batch) -> tuple[Batch, ...]:
    return ((batch > 0.5).astype(np.float32),)


def film(height: int, width: int) -> np.ndarray:
    image = np.zeros((height, width), np.float32)
    image[height // 4 : height // 2, width // 2 : -width // 8] = 1
    image[: height // 16, : width // 16] = 1  # a marker
    return image


@pytest.mark.parametrize("size", [(128, 96), (320, 240), (64, 200)])
def test_a_mask_in_the_film_s_own_pixels(size: tuple[int, int]) -> None:
    image = film(*size)
    mask = unet_mask(image, bright, size=SIZE)
    truth = image > 0.5
    truth[: size[0] // 16, : size[1] // 16] = False
    assert mask.shape == size
    assert (mask & truth).sum() / (mask | truth).sum() > 0.85


def test_a_mirrored_film_has_the_mirrored_mask() -> None:
    image = film(128, 96)
    there = unet_probability(np.ascontiguousarray(image[:, ::-1]), bright, size=SIZE)
    assert np.allclose(there[:, ::-1], unet_probability(image, bright, size=SIZE), atol=1e-5)


def test_nothing_found_is_an_error(girl: Phantom) -> None:
    with pytest.raises(BoneAgeError) as caught:
        unet_mask(girl.pixels, lambda batch, **extra: (np.zeros_like(batch),), size=SIZE)
    assert caught.value.kind is Kind.NO_HAND
