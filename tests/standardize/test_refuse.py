"""What is not one whole hand is refused by how its points lie; phantoms pass."""

from __future__ import annotations

from dataclasses import replace

import cv2
import numpy as np
import pytest

from boneage.errors import BoneAgeError, Kind
from boneage.geometry import PixelMap
from boneage.networks import load_network
from boneage.phantom import Look, Phantom, Pose, draw
from boneage.phantom.film import Border
from boneage.standardize import find_hand, standardize
from boneage.standardize.find import spans_hand
from boneage.standardize.refuse import ODD, blanked, second_hand, signs
from boneage.systems import HAND_FINDER
from boneage.template import TEMPLATE
from boneage.types import Hand, Image, Radiograph, Sex, Side

SURE = np.full(21, 0.93)
HAND = TEMPLATE * 200 + (150, 260)


def find(pixels: Image) -> Hand:
    return standardize(Radiograph(pixels=np.ascontiguousarray(pixels), sha256=""), load_network(HAND_FINDER))


def test_the_template_itself_is_as_usual_as_can_be_and_oddness_rises() -> None:
    rng = np.random.default_rng(0)
    step = rng.normal(size=(21, 2))
    values = [signs(HAND + amount * step, SURE, HAND).oddness for amount in (0, 2, 6, 15, 40)]
    assert values == sorted(values)
    assert values[0] < 0
    assert values[-1] > ODD
    assert signs(HAND, np.full(21, 0.4), HAND).oddness > signs(HAND, SURE, HAND).oddness


def test_oddness_does_not_ask_how_the_hand_lies() -> None:
    points = HAND + np.random.default_rng(1).normal(size=(21, 2)) * 3
    lain = PixelMap.about((100, 50), degrees=130, scale=(-0.7, 0.9))
    plain, moved = signs(points, SURE, HAND), signs(lain.points(points), SURE, lain.points(HAND))
    assert moved.oddness == pytest.approx(plain.oddness, abs=1e-9)


@pytest.mark.parametrize("months", [12, 60, 120, 200])
def test_phantoms_of_all_ages_pass(months: int) -> None:
    phantom = draw(months, Sex.MALE if months % 24 else Sex.FEMALE, seed=months, size=(500, 400))
    assert find(phantom.pixels).presence > 0.9


def test_a_hand_without_fingers_is_refused(girl: Phantom) -> None:
    pixels, tips = girl.pixels.copy(), girl.points[[7, 8, 11, 12, 15, 16, 19, 20]]
    pixels[: int(tips[:, 1].max()) + 10] = pixels[-1, 0]
    with pytest.raises(BoneAgeError) as caught:
        find(pixels)
    assert caught.value.kind is Kind.NO_HAND


def test_a_hand_cut_off_at_the_fingers_is_refused(girl: Phantom, boy: Phantom) -> None:
    for phantom in (girl, boy):
        with pytest.raises(BoneAgeError) as caught:
            find(phantom.pixels[int(phantom.points[[6, 10, 14], 1].mean()) :])
        assert caught.value.kind is Kind.NO_HAND


def test_a_thumbnail_is_too_small_and_its_film_is_not(girl: Phantom) -> None:
    length = np.linalg.norm(girl.points[0] - girl.points[12])
    for pixels, small in ((40, True), (150, False)):
        size = tuple(round(n * pixels / length) for n in girl.size[::-1])
        film = np.asarray(cv2.resize(girl.pixels, size, interpolation=cv2.INTER_AREA), np.float32)
        if small:
            with pytest.raises(BoneAgeError, match="pixels from wrist to fingertip") as caught:
                find(film)
            assert caught.value.kind is Kind.TOO_SMALL
        else:
            assert find(film).presence > 0.9


def test_another_hand_is_seen_once_the_first_is_blanked() -> None:
    look = replace(Look(), border=Border.NONE, initials="")
    pair = [
        draw(110, Sex.FEMALE, seed=seed, size=(520, 400), look=look, pose=Pose(side=side)).pixels
        for seed, side in ((1, Side.RIGHT), (2, Side.LEFT))
    ]
    finder = load_network(HAND_FINDER)
    one = find_hand(np.asarray(cv2.resize(pair[0], (299, 299)), np.float32), finder)
    assert not second_hand(one, finder, finder.card.size)
    both = np.asarray(cv2.resize(np.hstack(pair), (299, 299), interpolation=cv2.INTER_AREA), np.float32)
    seen = PixelMap.resize((299, 299), (299, 149)).points(one.points)  # the first hand's points on the left half
    assert second_hand(replace(one, pixels=both, points=seen), finder, finder.card.size)


def test_blanking_takes_the_hand_and_leaves_the_rest(girl: Phantom) -> None:
    hand = find(girl.pixels)
    rest = blanked(hand)
    x, y = np.rint(hand.points).astype(int).T
    assert np.ptp(rest[y, x]) == 0
    assert (rest == hand.pixels).mean() > 0.3


def test_points_on_a_line_span_no_hand() -> None:
    assert spans_hand(HAND, SURE)
    assert not spans_hand(np.outer(np.arange(21), (3.0, 5.0)), SURE)
    assert not spans_hand(np.full((21, 2), 7.0), SURE)
    assert not spans_hand(HAND * (0.03, 1), SURE)


def test_points_on_a_line_get_no_second_look_and_no_presence() -> None:
    def finder(image: np.ndarray) -> tuple[np.ndarray, ...]:
        seen.append(len(image))
        line = np.outer(np.arange(21), (3.0, 5.0))[None]
        return line, np.ones((1, 21)), np.array([[0.99, 0.0]])

    seen: list[int] = []
    real = load_network(HAND_FINDER)
    finder.card = real.card  # type: ignore[attr-defined]
    hand = find_hand(np.zeros((299, 299), np.float32), finder)  # type: ignore[arg-type]
    assert seen == [1]
    assert hand.presence == 0
