"""Laws of the picture: the film stays as it lay, and what was found stands where it was found, seen on any ground."""

from dataclasses import replace

import numpy as np
import pytest

from boneage.explain.overlay import LONGEST, REGION_COLORS, SHORTEST, crop_picture, draw_overlay, film_picture
from boneage.geometry import PixelMap
from boneage.regions import WHOLE, cut
from boneage.register import register
from boneage.template import TEMPLATE, Frame
from boneage.types import Assessment, Crop, Hand, Image, Prepared, Radiograph, SexSource

ROOM = Frame(left=-0.7, top=-1.3, right=0.8, bottom=0.5)
SIZE = (900, 750)


def ramp(size: tuple[int, int] = SIZE) -> Image:
    return np.tile(np.linspace(0, 1, size[1], dtype=np.float32), (size[0], 1))


def assess(film: Image, points: np.ndarray) -> Assessment:
    """What the system would say of a hand with these points on the film."""
    frame = (299, 299)
    to_source = PixelMap.resize(frame, (film.shape[0], film.shape[1]))
    hand = Hand(np.zeros(frame, np.float32), to_source.inverse().points(points), np.ones(len(points)), 1.0, to_source)
    prepared = Prepared(cut(register(hand), (WHOLE,)), (), hand=hand)
    return Assessment(Radiograph(film, "0"), prepared, (), SexSource.OPTION, "s", (), frozenset(), 0.0)


def with_hand(made: Assessment, hand: Hand | None) -> Assessment:
    return replace(made, prepared=replace(made.prepared, hand=hand))


def upright(size: tuple[int, int] = SIZE) -> np.ndarray:
    return ROOM.grid(size).points(TEMPLATE)


@pytest.mark.parametrize("size", [(2044, 1514), (1200, 2570), (900, 700), (299, 299), (640, 480), (20, 1000)])
def test_the_picture_is_of_a_size_for_a_page_and_keeps_its_shape(size: tuple[int, int]) -> None:
    picture, to_picture = film_picture(ramp(size))
    assert SHORTEST <= max(picture.shape) <= LONGEST
    assert picture.shape[0] / picture.shape[1] == pytest.approx(size[0] / size[1], rel=0.05)
    corner = to_picture.points([(-0.5, -0.5), (size[1] - 0.5, size[0] - 0.5)])
    np.testing.assert_allclose(corner, [(-0.5, -0.5), (picture.shape[1] - 0.5, picture.shape[0] - 0.5)])


def test_each_point_is_light_in_a_dark_ring_on_black_and_on_white() -> None:
    points = upright()
    for ground in (0.0, 1.0):
        film = np.full(SIZE, ground, np.float32)
        film[:4], film[-4:] = 0, 1  # so that stretching leaves the ground as it is
        picture = draw_overlay(assess(film, points))
        for x, y in points.round().astype(int):
            around = picture[y - 8 : y + 9, x - 8 : x + 9].mean(2)
            assert picture[y, x].min() > 200
            assert around.min() < 110 or ground == 0.0
            assert around.max() - around.min() > 100


def test_the_outline_is_the_crop_s_own_edge() -> None:
    made = assess(np.full(SIZE, 0.5, np.float32), upright())
    picture = draw_overlay(made).astype(int)
    (crop,) = made.prepared.crops
    height, width = crop.pixels.shape
    edge = crop.to_source.points(
        [((width - 1) / 2, -0.5), ((width - 1) / 2, height - 0.5), (-0.5, height / 3), (width - 0.5, height / 3)]
    )
    for x, y in edge.round().astype(int):
        red, green, blue = picture[y, x]
        assert red > green > blue + 40, (x, y)  # the region's amber
    assert REGION_COLORS[0][0] > REGION_COLORS[0][2]


def test_the_film_is_left_alone_where_nothing_was_found() -> None:
    film = ramp()
    made = assess(film, upright())
    bare, _ = film_picture(film)
    picture = draw_overlay(made)
    (crop,) = made.prepared.crops
    left = crop.to_source.box((-0.5, -0.5, crop.pixels.shape[1] - 0.5, crop.pixels.shape[0] - 0.5))[0]
    strip = slice(0, int(left) - 8)
    np.testing.assert_array_equal(picture[:, strip], np.repeat(bare[:, strip, None], 3, axis=2))
    assert (picture != bare[..., None]).any()


def test_a_mirrored_or_turned_film_gives_the_mirrored_or_turned_picture() -> None:
    film, points = ramp(), upright()
    picture = draw_overlay(assess(film, points)).astype(int)
    height, width = SIZE
    mirrored = draw_overlay(assess(film[:, ::-1].copy(), PixelMap.mirror(width).points(points))).astype(int)
    half = np.array([[-1, 0, width - 1], [0, -1, height - 1], [0, 0, 1.0]])
    turned = draw_overlay(assess(film[::-1, ::-1].copy(), PixelMap(half).points(points))).astype(int)
    assert np.abs(mirrored[:, ::-1] - picture).mean() < 1.0
    assert np.abs(turned[::-1, ::-1] - picture).mean() < 1.0
    assert np.abs(mirrored - picture).mean() > 5  # so that the law can fail


def test_a_point_that_is_unsure_is_a_ring() -> None:
    made = assess(np.full(SIZE, 0.5, np.float32), upright())
    confidence = np.ones(21)
    confidence[12] = 0.1
    assert made.prepared.hand is not None
    picture = draw_overlay(with_hand(made, replace(made.prepared.hand, confidence=confidence)))
    x, y = upright()[12].round().astype(int)
    assert picture[y, x].max() < 150
    x, y = upright()[8].round().astype(int)
    assert picture[y, x].min() > 200


def test_where_no_hand_was_looked_for_the_crops_alone_are_drawn() -> None:
    made = assess(np.full(SIZE, 0.5, np.float32), upright())
    bare, drawn = draw_overlay(with_hand(made, None)), draw_overlay(made)
    x, y = upright()[12].round().astype(int)
    assert drawn[y, x].min() > 200
    assert bare[y, x].max() < 150
    nothing = replace(made, prepared=Prepared((), ()))
    np.testing.assert_array_equal(draw_overlay(nothing)[..., 0], film_picture(made.radiograph.pixels)[0])


def test_each_crop_has_a_color_of_its_own() -> None:
    film = np.full(SIZE, 0.5, np.float32)
    crops = tuple(Crop(str(k), np.zeros((100, 100), np.float32), PixelMap.shift(50 + 200 * k, 50)) for k in range(3))
    made = replace(assess(film, upright()), prepared=Prepared(crops, ()))
    picture = draw_overlay(made).astype(int)
    edges = [tuple(picture[100, 50 + 200 * k] - picture[400, 20]) for k in range(3)]
    assert len(set(edges)) == 3


def test_nothing_that_came_is_changed_and_the_same_comes_out_twice() -> None:
    made = assess(ramp(), upright())
    before = made.radiograph.pixels.copy()
    first, second = draw_overlay(made), draw_overlay(made)
    np.testing.assert_array_equal(made.radiograph.pixels, before)
    np.testing.assert_array_equal(first, second)
    assert first.dtype == np.uint8
    assert first.shape[2] == 3


def test_what_lies_beyond_the_film_does_no_harm() -> None:
    picture = draw_overlay(assess(np.zeros(SIZE, np.float32), upright() * 40 - 9000))
    assert picture.shape == (*SIZE, 3)


def test_a_crop_is_shown_as_it_is() -> None:
    crop = Crop("whole hand", ramp((256, 192)), PixelMap.identity())
    picture = crop_picture(crop)
    assert picture.shape == (256, 192)
    assert picture.dtype == np.uint8
    np.testing.assert_allclose(picture / 255, crop.pixels, atol=0.5 / 255 + 1e-6)
