"""Scans of films in color against photographs."""

from __future__ import annotations

import numpy as np
import pytest
from films import picture, png, raster

from boneage.errors import BoneAgeError, Kind
from boneage.read import read
from boneage.types import Flag

TINTS = {
    "none": (1, 1, 1),
    "blue base": (0.78, 0.88, 1.0),
    "strong blue base": (0.65, 0.8, 0.95),
    "slight sepia": (1.0, 0.95, 0.88),
    "greenish": (0.93, 1.0, 0.93),
}


def tinted(gray: np.ndarray, tint: tuple[float, float, float], *, noise: float = 0.0) -> np.ndarray:
    rgb = gray[..., None] * np.array(tint) + np.random.default_rng(2).normal(0, noise, (*gray.shape, 3))
    return np.rint(255 * np.clip(rgb, 0, 1)).astype(np.uint8)


@pytest.mark.parametrize("tint", TINTS)
def test_tinted_scans_are_films(tint: str) -> None:
    for data in (
        png(tinted(picture(), TINTS[tint])),
        raster(tinted(picture(400, 300), TINTS[tint], noise=0.04), "JPEG", quality=80),
    ):
        radiograph = read(data)
        assert Flag.COLOR_SCAN in radiograph.flags
        full = picture(*radiograph.size) * np.mean(TINTS[tint])
        assert np.abs(radiograph.pixels - full).mean() < 0.03


def test_toned_scan_is_a_film() -> None:
    """The tint may change with the gray: blue shadows, neutral lights."""
    gray = picture()
    rgb = np.dstack([gray, gray, gray + 0.25 * gray * (1 - gray)])
    assert Flag.COLOR_SCAN in read(png(np.rint(255 * np.clip(rgb, 0, 1)).astype(np.uint8))).flags


def test_film_with_a_small_colored_label_is_a_film() -> None:
    rgb = tinted(picture(), TINTS["none"])
    rgb[:12, :20] = (220, 30, 30)
    assert Flag.COLOR_SCAN in read(png(rgb)).flags


def photograph(name: str) -> np.ndarray:
    gray = picture(300, 240)
    ground = {"skin on black": (0, 0, 0), "skin on white": (0.95, 0.95, 0.95), "skin on green": (0.2, 0.5, 0.25)}[name]
    skin = np.array([0.9, 0.66, 0.55])
    seen = np.clip(gray * 3, 0, 1)[..., None]
    rgb = seen * skin * (0.7 + 0.3 * gray[..., None]) + (1 - seen) * np.array(ground)
    return np.rint(255 * np.clip(rgb, 0, 1)).astype(np.uint8)


@pytest.mark.parametrize("name", ["skin on black", "skin on white", "skin on green"])
def test_photographs_of_hands_are_refused(name: str) -> None:
    for data in (png(photograph(name)), raster(photograph(name), "JPEG")):
        with pytest.raises(BoneAgeError) as caught:
            read(data)
        assert caught.value.kind is Kind.COLOR


def test_heat_map_over_a_film_is_refused() -> None:
    gray = picture()
    heat = np.dstack([np.clip(2 * gray, 0, 1), 4 * gray * (1 - gray), np.clip(1 - gray, 0, 1)])
    with pytest.raises(BoneAgeError) as caught:
        read(png(np.rint(255 * heat).astype(np.uint8)))
    assert caught.value.kind is Kind.COLOR
