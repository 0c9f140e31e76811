"""The stress test's transforms: laws of each family, on a phantom."""

from __future__ import annotations

import numpy as np
import pytest

from boneage.errors import BoneAgeError
from boneage.evaluate.stress.files import AsDicom, AsJpeg, as_deep_png, as_png, stored
from boneage.evaluate.stress.grid import ALL, CLEAN, GRID, choose
from boneage.evaluate.stress.space import Collimation, Crop, Marker, Mirror, Padding, Resolution, Rotation, Shift, Turn
from boneage.evaluate.stress.targets import target_months
from boneage.evaluate.stress.tone import Blur, Brightness, Contrast, Equalization, Gamma, Inversion, Noise, Offset
from boneage.evaluate.stress.transform import SEVEN, AsItIs, Chance, Family, Transform
from boneage.phantom import Phantom
from boneage.read import read
from boneage.standardize.size import standard_frame
from boneage.types import Image

CHANCE = Chance.draw(7, "a-test", 0.75)
BY_NAME = {one.name: one for one in ALL}


@pytest.fixture(scope="module")
def film(girl: Phantom) -> Image:
    """Squashed to 299 x 299 and kept as bytes, as the data set's films are."""
    return read(as_png(standard_frame(girl.pixels)[0])).pixels


def test_the_grid_has_33_transforms_in_the_seven_families() -> None:
    assert len(GRID) == 33
    assert {one.family for one in GRID} == set(SEVEN)
    assert len(SEVEN) == 7


def test_the_other_families_are_all_there() -> None:
    assert {one.family for one in ALL} == set(Family)


def test_every_name_is_its_own() -> None:
    names = [CLEAN, *(one.name for one in ALL)]
    assert len(set(names)) == len(names)
    assert set(names) & {family.value for family in Family} == {"inversion"}  # a family of one
    assert len({one.key for one in ALL}) == len(ALL)  # no two do the same
    assert all(set(one.name) <= set("abcdefghijklmnopqrstuvwxyzLR0123456789+-.") for one in ALL)


@pytest.mark.parametrize("transform", ALL, ids=lambda one: one.name)
def test_a_transform_is_pure_and_the_same_for_the_same_film(transform: Transform, film: Image) -> None:
    before = film.copy()
    first, again = (transform.file(film, Chance.draw(9, transform.name, 0.8)) for _ in range(2))
    assert first == again
    assert np.array_equal(film, before)
    pixels = read(first).pixels
    assert pixels.dtype == np.float32
    assert 0 <= pixels.min() < pixels.max() <= 1
    unchanged = {Family.NONE, Family.DEPTH}
    assert (transform.family in unchanged) == (pixels.shape == film.shape and bool(np.allclose(pixels, film, atol=2e-3)))


def test_chance_belongs_to_the_film_and_the_transform() -> None:
    assert Chance.draw(1, "shift-5", 0.8) == Chance.draw(1, "shift-5", 0.8)
    assert Chance.draw(1, "shift-5", 0.8).numbers != Chance.draw(2, "shift-5", 0.8).numbers
    assert Chance.draw(1, "shift-5", 0.8).numbers != Chance.draw(1, "shift-10", 0.8).numbers
    assert Chance.draw(1, "shift-5", 0.8).numbers == Chance.draw(1, "shift-5", 0.7).numbers


def test_stored_again_is_the_same_film_to_the_bit(film: Image) -> None:
    assert np.array_equal(read(BY_NAME["stored-again"].file(film, CHANCE)).pixels, film)


@pytest.mark.parametrize("store", [as_deep_png, AsDicom(16), AsDicom(16, bone_dark=True), AsDicom(8), AsDicom(8, bone_dark=True)])
def test_twins_of_another_depth_read_equal(store: object, film: Image) -> None:
    assert callable(store)
    np.testing.assert_allclose(read(store(film)).pixels, film, atol=1e-6)


def test_a_12_bit_twin_is_within_half_a_step(film: Image) -> None:
    np.testing.assert_allclose(read(AsDicom(12)(film)).pixels, film, atol=0.51 / 4095)


def test_a_dark_twin_stores_what_its_bright_twin_does_upside_down(film: Image) -> None:
    assert not np.array_equal(stored(film, 8), 255 - stored(film, 8))
    assert AsDicom(8)(film) != AsDicom(8, bone_dark=True)(film)


def test_jpeg_loses_more_at_lower_quality(film: Image) -> None:
    lost = [np.abs(read(AsJpeg(quality)(film)).pixels - film).mean() for quality in (90, 60, 30, 10)]
    assert lost == sorted(lost)
    assert lost[0] > 0


def test_twice_inverted_or_mirrored_is_the_film(film: Image) -> None:
    twice = Inversion()(Inversion()(film, CHANCE), CHANCE)
    assert as_png(twice) == as_png(film)
    for change in (Mirror(), Mirror(upside_down=True), Turn(2)):
        assert np.array_equal(change(change(film, CHANCE), CHANCE), film)


def test_mirroring_both_ways_is_half_a_turn(film: Image) -> None:
    both = Mirror(upside_down=True)(Mirror()(film, CHANCE), CHANCE)
    assert np.array_equal(both, Turn(2)(film, CHANCE))


def test_turns_add_up(film: Image) -> None:
    assert np.array_equal(Turn(1)(Turn(1)(film, CHANCE), CHANCE), Turn(2)(film, CHANCE))
    assert np.array_equal(Turn(3)(Turn(1)(film, CHANCE), CHANCE), film)
    oblong = film[:200]
    assert Turn(1)(oblong, CHANCE).shape == (299, 200)


@pytest.mark.parametrize("degrees", [5, -10, 30])
def test_a_rotation_taken_back_gives_the_films_middle(degrees: float, film: Image) -> None:
    back = Rotation(-degrees)(Rotation(degrees)(film, CHANCE), CHANCE)
    middle = (slice(90, 210), slice(90, 210))
    assert np.abs(back - film)[middle].mean() < 0.02
    assert np.abs(Rotation(degrees)(film, CHANCE) - film)[middle].mean() > 0.02


def test_a_film_is_turned_in_its_true_proportions_and_clockwise() -> None:
    film = np.zeros((301, 301), np.float32)
    film[145:156, 45:56] = 1  # left of the middle, by a third of the width
    turned = Rotation(90)(film, Chance.draw(1, "", 0.5))
    rows, columns = np.nonzero(turned > 0.5)
    # 100 squashed pixels are 50 true ones; clockwise they come to lie above the middle, where a pixel is as high as it is
    assert (columns.mean(), rows.mean()) == pytest.approx((150, 100), abs=1)


def test_full_turns_by_small_angles_stay_exact_where_proportions_are_true(film: Image) -> None:
    assert np.allclose(Rotation(0)(film, CHANCE), film, atol=1e-6)
    assert np.allclose(Rotation(360)(film, CHANCE), film, atol=1e-3)


def test_factors_of_one_and_offsets_of_none_change_nothing(film: Image) -> None:
    for change in (Brightness(1), Contrast(1), Offset(0), Gamma(1), Crop(0), Collimation(0), Padding(0), Shift(0), Resolution(1)):
        np.testing.assert_allclose(change(film, CHANCE), film, atol=1e-6)


def test_brightness_and_contrast_do_what_they_say(film: Image) -> None:
    flat = np.array([[0.2, 0.4], [0.6, 0.8]], np.float32)
    np.testing.assert_allclose(Brightness(1.2)(flat, CHANCE), [[0.24, 0.48], [0.72, 0.96]], atol=1e-6)
    np.testing.assert_allclose(Contrast(0.8)(flat, CHANCE), [[0.26, 0.42], [0.58, 0.74]], atol=1e-6)
    assert read(BY_NAME["brightness+40"].file(film, CHANCE)).pixels.max() == 1  # cut, not wrapped around


def test_gray_values_keep_their_order(film: Image) -> None:
    order = np.argsort(film, axis=None, kind="stable")
    for change in (Gamma(0.5), Gamma(2), Offset(0.1), Equalization()):
        assert (np.diff(change(film, CHANCE).ravel()[order]) >= -1e-6).all()


def test_noise_has_its_spread_and_blur_takes_it_away(film: Image) -> None:
    noise = Noise(0.05)(film, CHANCE) - film
    assert noise.std() == pytest.approx(0.05, rel=0.02)
    assert abs(noise.mean()) < 0.001
    assert Blur(2)(film + noise, CHANCE).std() < (film + noise).std()


def test_a_shift_moves_by_its_share(film: Image) -> None:
    for number in range(8):
        chance = Chance((number / 8,) * 8, 0, 1.0)
        moved = Shift(0.1)(film, chance)
        dx, dy = (round(0.1 * 299 * f(2 * np.pi * number / 8)) for f in (np.cos, np.sin))
        inside = (slice(max(dy, 0), 299 + min(dy, 0)), slice(max(dx, 0), 299 + min(dx, 0)))
        source = (slice(max(-dy, 0), 299 + min(-dy, 0)), slice(max(-dx, 0), 299 + min(-dx, 0)))
        np.testing.assert_allclose(moved[inside], film[source], atol=1e-6)


def test_what_is_cropped_is_what_collimation_blackens(film: Image) -> None:
    cropped, framed = Crop(0.1)(film, CHANCE), Collimation(0.1)(film, CHANCE)
    assert framed.shape == film.shape
    assert framed.sum(dtype=np.float64) == pytest.approx(cropped.sum(dtype=np.float64))
    assert all(0.8 * 299 - 1 <= length <= 299 for length in cropped.shape)


def test_padding_holds_the_film_within(film: Image) -> None:
    padded = Padding(0.1, gray=1.0)(film, CHANCE)
    assert padded.shape == (359, 359)
    assert np.array_equal(padded[30:-30, 30:-30], film)
    assert padded[0].min() == 1


def test_resolution_keeps_the_mean(film: Image) -> None:
    for share, side in ((0.5, 150), (0.25, 75)):
        small = Resolution(share)(film, CHANCE)
        assert small.shape == (side, side)
        assert small.mean() == pytest.approx(film.mean(), abs=0.005)


@pytest.mark.parametrize(("right", "lower"), [(False, False), (True, False), (False, True), (True, True)])
def test_a_marker_is_white_and_lies_in_its_corner(right: bool, lower: bool, film: Image) -> None:
    for size in ((299, 299), (1000, 700)):
        drawn = Marker("R", right, lower)(np.zeros(size, np.float32), CHANCE)
        rows, columns = np.nonzero(drawn)
        assert drawn.max() == 1
        assert ((columns > size[1] / 2).all(), (rows > size[0] / 2).all()) == (right, lower)
        assert 0.07 < (np.ptp(rows) + 1) / size[0] < 0.11
        assert not drawn[[0, -1]].any()
        assert not drawn[:, [0, -1]].any()
    assert (Marker("R", right, lower)(film, CHANCE) >= film).all()


def test_transforms_are_chosen_by_name_or_family() -> None:
    assert choose(()) == ALL
    assert [one.name for one in choose(("turn", "mirror", "jpeg-30"))] == [
        *("left-right", "upside-down"),
        *("turn-90", "turn-180", "turn-270", "jpeg-30"),
    ]
    with pytest.raises(BoneAgeError, match="jpeg-31"):
        choose(("jpeg-30", "jpeg-31"))


def test_a_transforms_key_tells_its_settings() -> None:
    one = Transform(Family.BLUR, "blur", Blur(1))
    assert one.key == Transform(Family.BLUR, "blur", Blur(1)).key
    assert one.key != Transform(Family.BLUR, "blur", Blur(2)).key
    keys = {Transform(Family.DEPTH, "x", AsItIs(), store).key for store in (as_png, as_deep_png, AsJpeg(30), AsJpeg(31))}
    assert len(keys) == 4


def test_the_targets_are_the_projects_own() -> None:
    expected = {
        **dict.fromkeys(("brightness-20", "contrast+20", "left-right", "marker-L-upper-left", "shift-10", "padding-25"), 1.0),
        **dict.fromkeys(("rotation+15", "rotation-15", "jpeg-30", "resolution-50", "turn-90", "turn-180"), 2.0),
        **{"inversion": 0.1, "rotation-30": None, "jpeg-10": None, "resolution-25": None, "brightness+40": None},
    }
    assert {name: target_months(BY_NAME[name]) for name in expected} == expected
