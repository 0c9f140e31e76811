"""Coarse-to-fine attention: the paper's order, the way back to the film, and what a squashed film must not change."""

from __future__ import annotations

import numpy as np
import pytest

from boneage.errors import BoneAgeError
from boneage.networks import Batch
from boneage.phantom import Phantom
from boneage.standardize.attention import AttentionOptions, attention, crop_map
from boneage.standardize.hessian import fine_map
from boneage.standardize.histogram import TRAINING, match
from boneage.standardize.size import standard_frame

SIZE = (256, 256)


class Says:
    """A box network that answers the same box and keeps what it was shown."""

    def __init__(self, box: tuple[float, float, float, float] = (64, 32, 192, 224)) -> None:
        self.box, self.seen = box, np.zeros((0, 0), np.float32)

    def __call__(self, batch: Batch, **extra: Batch) -> tuple[Batch, ...]:
        self.seen = batch[0, 0]
        return np.array([self.box], np.float32), np.array([0.9], np.float32)


def test_the_order_is_the_papers(girl: Phantom) -> None:
    """Match first: the network and the crop see the matched film; the fine map is the Hessian of the coarse one."""
    network, matched = Says(), match(girl.pixels, TRAINING)
    maps = attention(girl.pixels, network, size=SIZE)
    by_hand = attention(matched, Says(), size=SIZE)  # matching twice is matching once
    assert np.allclose(maps.coarse, by_hand.coarse, atol=1e-4)
    assert network.seen.mean() == pytest.approx(matched.mean(), abs=2e-3)
    assert abs(network.seen.mean() - girl.pixels.mean()) > 0.01
    assert np.array_equal(maps.fine, fine_map(maps.coarse))
    assert not np.allclose(maps.fine, crop_map(maps.found.box, (299, 299)).image(fine_map(matched), (299, 299)), atol=0.1)


def test_exposure_does_not_matter(girl: Phantom) -> None:
    """A rising curve over the gray values, as exposure and film make it, leaves both maps as they were."""
    one, two = (attention(film, Says(), size=SIZE) for film in (girl.pixels, (0.1 + 0.7 * girl.pixels**0.8).astype(np.float32)))
    assert np.abs(one.coarse - two.coarse).mean() < 0.002
    assert np.abs(one.fine - two.fine).mean() < 0.01


def test_the_maps_lead_back_to_the_film(girl: Phantom) -> None:
    maps = attention(girl.pixels, Says(), size=SIZE, options=AttentionOptions(size=(240, 200)))
    assert maps.coarse.shape == maps.fine.shape == (240, 200)
    assert maps.to_source.box((-0.5, -0.5, 199.5, 239.5)) == pytest.approx(maps.found.box)
    height, width = girl.pixels.shape
    whole = ((64 / 256) * width - 0.5, (32 / 256) * height - 0.5, (192 / 256) * width - 0.5, (224 / 256) * height - 0.5)
    assert maps.found.box == pytest.approx(whole, abs=1e-3)
    y, x = np.mgrid[20:220:20, 20:180:20]
    back = np.rint(maps.to_source.points(np.stack([x, y], -1))).astype(int)
    matched = match(girl.pixels, TRAINING)
    assert np.abs(maps.coarse[y, x] - matched[back[..., 1], back[..., 0]]).mean() < 0.02


def test_a_squashed_film_gives_the_same_maps(girl: Phantom) -> None:
    squashed, _ = standard_frame(girl.pixels)
    one, two = attention(girl.pixels, Says(), size=SIZE), attention(squashed, Says(), size=SIZE)
    assert np.corrcoef(one.coarse.ravel(), two.coarse.ravel())[0, 1] > 0.99


def test_both_maps_are_in_range(boy: Phantom) -> None:
    maps = attention(boy.pixels, Says((0, 0, 256, 256)), size=SIZE)
    for one in (maps.coarse, maps.fine):
        assert one.dtype == np.float32
        assert one.min() >= 0
        assert one.max() <= 1
    assert maps.fine.max() > 0.5


def test_no_hand_no_maps(girl: Phantom) -> None:
    with pytest.raises(BoneAgeError, match="no hand's box"):
        attention(girl.pixels, lambda batch, **extra: (np.zeros((0, 4), np.float32), np.zeros(0, np.float32)), size=SIZE)
