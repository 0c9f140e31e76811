"""Histogram matching: one rising curve, exact on the reference itself, and what scikit-image says."""

from __future__ import annotations

import numpy as np
import pytest

from boneage.phantom import Phantom
from boneage.standardize.histogram import FEWEST_FILMS, TRAINING, Reference, match
from boneage.types import Image


def film(seed: int, shape: tuple[int, int] = (120, 90)) -> Image:
    rng = np.random.default_rng(seed)
    return rng.beta(rng.uniform(1, 3), rng.uniform(2, 6), shape).astype(np.float32)


def of_one(image: Image, levels: int) -> Reference:
    return Reference.of([image] * FEWEST_FILMS, levels=levels)


def test_matching_twice_is_matching_once(girl: Phantom) -> None:
    for image in (girl.pixels, film(1), np.round(film(2) * 20).astype(np.float32) / 20):
        once = match(image, TRAINING)
        assert np.allclose(match(once, TRAINING), once, atol=1e-5)
        assert not np.allclose(once, image, atol=0.01)


def test_a_film_matched_to_itself_is_unchanged(girl: Phantom) -> None:
    for image in (girl.pixels, film(3)):
        assert np.allclose(match(image, of_one(image, 129)), image, atol=1e-4)  # quantiles are kept to four digits


def test_the_curve_rises_and_stays_in_range() -> None:
    image = film(4)
    matched = match(image, TRAINING)
    assert (np.diff(matched.ravel()[np.argsort(image, axis=None)]) >= 0).all()
    assert matched.min() >= TRAINING.quantiles[0] - 1e-6
    assert matched.max() <= TRAINING.quantiles[-1] + 1e-6


def test_a_matched_film_has_the_reference_as_its_distribution() -> None:
    matched = match(film(5, (400, 300)), TRAINING)
    assert np.allclose(np.quantile(matched, np.linspace(0, 1, 129)), TRAINING.quantiles, atol=2e-3)


def test_exposure_does_not_matter() -> None:
    image = film(6)
    darker = (image**1.7 * 0.6 + 0.1).astype(np.float32)
    assert np.allclose(match(darker, TRAINING), match(image, TRAINING), atol=0.01)


def test_only_the_mask_decides_the_curve() -> None:
    image = film(7)
    mask = np.zeros(image.shape, bool)
    mask[30:90, 20:70] = True
    other = np.where(mask, image, 0.9).astype(np.float32)
    assert np.array_equal(match(image, TRAINING, mask)[mask], match(other, TRAINING, mask)[mask])
    assert np.allclose(match(image, TRAINING, np.ones_like(mask)), match(image, TRAINING))
    with pytest.raises(ValueError, match="empty"):
        match(image, TRAINING, np.zeros_like(mask))


def test_a_flat_film_stays_flat() -> None:
    assert np.ptp(match(np.full((40, 40), 0.3, np.float32), TRAINING)) == 0


def test_as_scikit_image_does() -> None:
    exposure = pytest.importorskip("skimage.exposure")
    image, target = film(8, (300, 200)), film(9, (250, 250))
    theirs = exposure.match_histograms(image, target)
    ours = match(image, of_one(target, 2001))
    assert np.abs(ours - theirs).max() < 0.02  # the sparse ends
    assert np.abs(ours - theirs).mean() < 5e-4


def test_a_reference_is_the_mean_of_many_films_and_needs_twenty() -> None:
    dark, bright = film(10) * np.float32(0.5), film(10) * np.float32(0.5) + np.float32(0.4)
    mean = Reference.of([dark, bright] * 10)
    halves = [np.array(of_one(part, 129).quantiles) for part in (dark, bright)]
    assert np.allclose(mean.quantiles, (halves[0] + halves[1]) / 2, atol=2e-4)
    with pytest.raises(ValueError, match="20 films"):
        Reference.of([dark] * 19)


@pytest.mark.parametrize("quantiles", [(0.5,), (0.2, 0.1), (-0.1, 1.0), (0.0, 1.1)])
def test_what_is_no_distribution_is_refused(quantiles: tuple[float, ...]) -> None:
    with pytest.raises(ValueError, match="rising"):
        Reference(quantiles)
