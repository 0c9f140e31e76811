"""Finding the hand: phantoms give the truth."""

from __future__ import annotations

from dataclasses import replace

import cv2
import numpy as np
import pytest

from boneage.errors import BoneAgeError, Kind
from boneage.networks import load_network
from boneage.phantom import Phantom
from boneage.standardize import standardize
from boneage.standardize.contrast import stretch
from boneage.standardize.size import FINE, STANDARD, fine_bytes, fine_frame, standard_bytes, standard_frame, unit
from boneage.systems import HAND_FINDER
from boneage.types import Flag, Hand, Image, Radiograph


def find(pixels: Image) -> Hand:
    return standardize(Radiograph(pixels=pixels, sha256=""), load_network(HAND_FINDER))


def errors(hand: Hand, truth: np.ndarray) -> np.ndarray:
    """In hand lengths, in the film's own pixels."""
    found = hand.to_source.points(hand.points)
    return np.linalg.norm(found - truth, axis=1) / np.linalg.norm(truth[0] - truth[12])


def test_points_of_phantoms_are_found(girl: Phantom, boy: Phantom) -> None:
    for phantom in (girl, boy):
        hand = find(phantom.pixels)
        assert hand.presence > 0.9
        assert np.median(errors(hand, phantom.points)) < 0.04


def test_a_dark_boned_film_is_inverted_and_flagged(girl: Phantom) -> None:
    plain, dark = find(girl.pixels), find((1 - girl.pixels).astype(np.float32))
    assert Flag.POLARITY_INVERTED in dark.flags
    assert Flag.POLARITY_INVERTED not in plain.flags
    assert np.allclose(dark.points, plain.points, atol=0.5)
    assert np.allclose(dark.pixels, plain.pixels, atol=1e-5)


def test_a_film_and_its_mirror_give_mirrored_points(girl: Phantom) -> None:
    plain, mirrored = find(girl.pixels), find(np.ascontiguousarray(girl.pixels[:, ::-1]))
    back = mirrored.to_source.points(mirrored.points)
    back[:, 0] = girl.pixels.shape[1] - 1 - back[:, 0]
    length = np.linalg.norm(girl.points[0] - girl.points[12])
    assert np.median(np.linalg.norm(back - plain.to_source.points(plain.points), axis=1)) < 0.02 * length


@pytest.mark.parametrize("name", ["noise", "flat", "gradient", "text"])
def test_what_is_no_hand_is_refused(name: str) -> None:
    rng = np.random.default_rng(1)
    x = np.tile(np.arange(300, dtype=np.float32), (400, 1))
    text = np.zeros((400, 300), np.uint8)
    for row in range(20, 400, 30):
        cv2.putText(text, "report of the film", (5, row), cv2.FONT_HERSHEY_SIMPLEX, 0.8, 255, 2)
    pictures = {
        "noise": rng.random((400, 300), np.float32),
        "flat": np.full((400, 300), 0.5, np.float32),
        "gradient": (x / 300).astype(np.float32),
        "text": unit(text),
    }
    with pytest.raises(BoneAgeError) as caught:
        find(pictures[name])
    assert caught.value.kind is Kind.NO_HAND


def test_two_hands_are_refused(girl: Phantom, boy: Phantom) -> None:
    both = np.hstack([girl.pixels[:, ::-1], boy.pixels])
    with pytest.raises(BoneAgeError, match="no single hand"):
        find(np.ascontiguousarray(both))


def test_finding_does_not_change_the_film(girl: Phantom) -> None:
    before = girl.pixels.copy()
    find(girl.pixels)
    assert np.array_equal(before, girl.pixels)


def test_standard_frame_keeps_a_standard_film_and_maps_back() -> None:
    film = np.random.default_rng(0).random(STANDARD, np.float32)
    frame, to_source = standard_frame(film)
    assert frame is film
    assert np.array_equal(to_source.matrix, np.eye(3))
    large = cv2.resize(film, (600, 900))
    frame, to_source = standard_frame(large)
    assert frame.shape == STANDARD
    assert np.allclose(to_source.points([(-0.5, -0.5), (298.5, 298.5)]), [(-0.5, -0.5), (599.5, 899.5)])


def test_bytes_and_floats_come_down_alike() -> None:
    film = (np.random.default_rng(0).random((700, 500)) * 255).astype(np.uint8)
    frame, _ = standard_frame(unit(film))
    assert np.abs(unit(standard_bytes(film)) - frame).max() < 1.01 / 255  # bytes are rounded once for each direction


def test_stretch_is_blind_to_brightness_and_contrast() -> None:
    film = np.random.default_rng(0).random((64, 64), np.float32)
    assert np.allclose(stretch(film), stretch(film * 0.3 + 0.2), atol=1e-5)
    assert not stretch(np.full((8, 8), 0.7, np.float32)).any()


def test_the_same_film_gives_the_same_points_to_the_bit(girl: Phantom) -> None:
    assert np.array_equal(find(girl.pixels).points, find(replace(girl).pixels.copy()).points)


def test_a_fine_frame_keeps_proportions_and_small_films_as_they_are() -> None:
    small = np.zeros((600, 440), np.float32)
    frame, to_film = fine_frame(small)
    assert frame is small
    assert np.allclose(to_film.matrix, np.eye(3))
    stored = cv2.GaussianBlur(np.random.default_rng(0).integers(0, 256, (2 * FINE, 1500)).astype(np.uint8), (0, 0), 5)
    frame, to_film = fine_frame(unit(stored))
    assert frame.shape == (FINE, 750)
    assert np.allclose(to_film.points([(-0.5, -0.5), (749.5, FINE - 0.5)]), [(-0.5, -0.5), (1499.5, 2 * FINE - 0.5)])
    assert np.abs(unit(fine_bytes(stored)) - frame).max() < 1.01 / 255
