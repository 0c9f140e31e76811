"""Regions: cut from the frame, blind to borders, markers, brightness and contrast."""

from __future__ import annotations

import numpy as np

from boneage.geometry import PixelMap
from boneage.phantom import Phantom
from boneage.regions import REGIONS, WHOLE, cut, normalize, sized
from boneage.template import PALM, TEMPLATE, WHOLE_HAND, WRIST, fit_template
from boneage.types import Aligned


def aligned(phantom: Phantom, pixels: np.ndarray) -> Aligned:
    return Aligned(pixels, fit_template(phantom.points, np.ones(21)), PixelMap.identity(), 0.0)


def test_a_crop_shows_the_hand_where_the_template_says(girl: Phantom) -> None:
    (crop,) = cut(aligned(girl, girl.pixels), (WHOLE,))
    assert crop.pixels.shape == WHOLE.size
    tips = crop.to_source.points(WHOLE.frame.grid(WHOLE.size).points(TEMPLATE))
    length = np.linalg.norm(girl.points[0] - girl.points[12])
    assert np.median(np.linalg.norm(tips - girl.points, axis=1)) < 0.06 * length


def test_a_crop_is_blind_to_brightness_and_contrast(girl: Phantom) -> None:
    (plain,) = cut(aligned(girl, girl.pixels), (WHOLE,))
    (dim,) = cut(aligned(girl, girl.pixels * np.float32(0.4) + np.float32(0.2)), (WHOLE,))
    assert np.abs(plain.pixels - dim.pixels).max() < 0.01


def test_a_marker_beside_the_hand_changes_nothing_on_it(girl: Phantom) -> None:
    (plain,) = cut(aligned(girl, girl.pixels), (WHOLE,))
    corner = WHOLE.frame.grid(WHOLE.size).inverse() @ PixelMap.identity()
    marked = girl.pixels.copy()
    x, y = fit_template(girl.points, np.ones(21)).inverse().points(corner.points([(4, 250)]))[0].astype(int)
    marked[max(y - 40, 0) : y + 10, max(x - 10, 0) : x + 10] = 1
    (other,) = cut(aligned(girl, marked), (WHOLE,))
    hand = np.s_[20:180, 40:150]
    assert np.abs(plain.pixels[hand] - other.pixels[hand]).max() < 0.02


def test_a_flat_crop_is_black() -> None:
    assert not normalize(np.full((64, 48), 0.4, np.float32), WHOLE_HAND).any()


def test_regions_have_one_proportion_and_hold_what_they_are_named_for() -> None:
    for region in REGIONS.values():
        frame = region.frame
        wide, high = frame.right - frame.left, frame.bottom - frame.top
        assert abs(wide / high - region.size[1] / region.size[0]) < 1e-3

    def holds(name: str, points: np.ndarray) -> bool:
        frame = REGIONS[name].frame
        return bool(((points > (frame.left, frame.top)) & (points < (frame.right, frame.bottom))).all())

    fingers = PALM[PALM != WRIST][1:]  # the thumb's metacarpal lies across
    assert holds("carpals", TEMPLATE[[WRIST, PALM[1]]])
    assert not holds("carpals", TEMPLATE[fingers])
    assert holds("metacarpals", TEMPLATE[[*fingers, *(fingers + 1)]])  # from the knuckles to the ends of the proximal phalanges
    assert not holds("metacarpals", TEMPLATE[[WRIST]])


def test_a_region_of_another_size_has_a_name_of_its_own(girl: Phantom) -> None:
    assert sized("whole hand", WHOLE.size) is WHOLE
    names = {sized(name, size, fine=fine).name for name in REGIONS for size in ((256, 192), (384, 288)) for fine in (False, True)}
    assert len(names) == 12
    (crop,) = cut(aligned(girl, girl.pixels), (sized("carpals", (384, 288)),))
    assert (crop.name, crop.pixels.shape) == ("carpals 384 x 288", (384, 288))
