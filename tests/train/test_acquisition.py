"""Ways from exposure to file: drawn first, applied purely; each stage does what its name says."""

from __future__ import annotations

from dataclasses import replace

import cv2
import numpy as np
import pytest

from boneage.standardize.size import unit
from boneage.train.acquisition import DRAWN, Acquired, draw_acquisition
from boneage.train.reference import NEVER, Acquisition, Chance

FILM = cv2.GaussianBlur(np.random.default_rng(0).integers(0, 256, (120, 90)).astype(np.uint8), (0, 0), 3)
LIMITS = {
    "border": (0.02, 0.1),
    "marker": (0.05, 0.1),
    "blur": (0.5, 2.0),
    "noise": (0.01, 0.1),
    "tone": (0.2, 0.8),
    "resample": (0.25, 0.9),
    "jpeg": (20.0, 95.0),
    "cutout": (0.1, 0.2),
}


def ranges(share: float, *names: str) -> Acquisition:
    chances = {name: Chance(share=share, least=LIMITS[name][0], most=LIMITS[name][1]) for name in names}
    return Acquisition(**chances)


def drawn(name: str, count: int = 40) -> list[Acquired]:
    rng = np.random.default_rng(1)
    return [draw_acquisition(ranges(1.0, name), rng) for _ in range(count)]


def test_every_stage_of_the_recipe_has_its_draw() -> None:
    assert set(Acquisition.model_fields) == set(DRAWN) == set(LIMITS)
    assert all(chance is NEVER or chance == NEVER for chance in vars(Acquisition()).values())


def test_without_a_stage_the_film_is_the_film() -> None:
    rng = np.random.default_rng(0)
    for _ in range(20):
        plain = draw_acquisition(Acquisition(), rng)
        assert plain == Acquired()
        assert np.array_equal(plain.film(FILM), unit(FILM))
        assert plain.crop(unit(FILM)) is not None
        assert np.array_equal(plain.crop(unit(FILM)), unit(FILM))


@pytest.mark.parametrize("name", LIMITS)
def test_a_stage_alone_changes_the_film_within_range_and_leaves_the_stored_one(name: str) -> None:
    before = FILM.copy()
    for one in drawn(name):
        assert [field for field in LIMITS if getattr(one, field) != getattr(Acquired(), field)] == [name]
        changed = one.crop(one.film(FILM))
        assert (changed.dtype, changed.shape) == (np.float32, FILM.shape)
        assert 0 <= changed.min() <= changed.max() <= 1
        assert not np.array_equal(changed, unit(FILM))
        assert np.array_equal(changed, one.crop(one.film(FILM)))  # pure
    assert np.array_equal(before, FILM)


def test_shares_are_kept_and_seeds_repeat() -> None:
    half = ranges(0.5, *LIMITS)
    many = [draw_acquisition(half, np.random.default_rng(seed)) for seed in range(1000)]
    assert many[:5] == [draw_acquisition(half, np.random.default_rng(seed)) for seed in range(5)]
    for name in LIMITS:
        share = np.mean([getattr(one, name) != getattr(Acquired(), name) for one in many])
        assert abs(share - 0.5) < 0.06, name


def test_strengths_fill_their_range() -> None:
    for name in ("blur", "noise", "jpeg"):
        values = [getattr(one, name) for one in drawn(name, 400)]
        low, high = LIMITS[name]
        assert low <= min(values) < low + 0.05 * (high - low)
        assert high - 0.05 * (high - low) < max(values) <= high


def test_a_tone_curve_rises_from_black_to_white() -> None:
    for one in drawn("tone", 200):
        assert one.tone is not None
        assert (one.tone[0], one.tone[-1]) == (0.0, 1.0)
        assert (np.diff(one.tone) >= 0).all()
        order = np.argsort(FILM, axis=None)
        assert (np.diff(one.film(FILM).ravel()[order]) >= -1e-6).all()  # no gray value overtakes another


def test_noise_has_the_film_s_own_scale() -> None:
    dim = (100 + FILM // 8).astype(np.uint8)
    noisy = Acquired(noise=0.05, noise_seed=3)
    strong, weak = (np.std(noisy.film(film) - unit(film)) for film in (FILM, dim))
    assert weak == pytest.approx(strong / 8, rel=0.2)


def test_a_lower_quality_and_a_smaller_size_lose_more() -> None:
    def lost(one: Acquired) -> float:
        return float(np.abs(one.film(FILM) - unit(FILM)).mean())

    assert lost(Acquired(jpeg=20)) > 2 * lost(Acquired(jpeg=90)) > 0
    small = Acquired(resample=(0.25, cv2.INTER_AREA, cv2.INTER_LINEAR))
    assert lost(small) > 2 * lost(replace(small, resample=(0.8, cv2.INTER_AREA, cv2.INTER_LINEAR))) > 0


def test_a_border_keeps_what_is_inside() -> None:
    framed = Acquired(border=(0.1, 0.05, 0.2, 0.0, 0.0)).film(FILM)
    assert np.array_equal(framed[6:, 9:72], unit(FILM)[6:, 9:72])
    assert not framed[:6].any()
    assert not framed[:, :9].any()
    assert not framed[:, 72:].any()


def test_a_marker_only_brightens() -> None:
    for one in drawn("marker"):
        marked = one.film(FILM)
        assert (marked >= unit(FILM)).all()
        assert (marked > unit(FILM)).any()
        assert (marked[40:80, 30:60] == unit(FILM)[40:80, 30:60]).all()  # not where the hand lies


def test_a_range_the_wrong_way_round_is_an_error() -> None:
    with pytest.raises(ValueError, match=r"least = 0\.9"):
        Chance(share=0.1, least=0.9, most=0.2)
