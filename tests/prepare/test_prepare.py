"""Each system's way, with stand-ins for the published networks: order, places, and the way back to the film."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import cv2
import numpy as np
import pytest

from boneage.errors import BoneAgeError
from boneage.geometry import PixelMap
from boneage.networks import Batch, Card, load_network
from boneage.phantom import Phantom
from boneage.prepare import prepare
from boneage.prepare.aligned import AlignedHand
from boneage.prepare.registered import RegisteredHand
from boneage.prepare.squashed import SquashedFilm, squash
from boneage.regions import WHOLE
from boneage.register.keypoints import KeyPoints
from boneage.standardize.patches import PatchClass, PatchMask
from boneage.systems import SYSTEMS, WAYS, find_way
from boneage.template import MIDDLE_TIP, TEMPLATE
from boneage.types import Crop, Flag, Prepared, Radiograph

FINDER = "hand-finder-2026-11"


@dataclass(frozen=True)
class StandIn:
    """A network that answers by a rule."""

    size: tuple[int, int]
    rule: Callable[[Batch], tuple[Batch, ...]]

    @property
    def card(self) -> Card:
        return Card("stand-in", "", self.size, {})

    def __call__(self, batch: Batch, **extra: Batch) -> tuple[Batch, ...]:
        return self.rule(batch)


def bright(batch: Batch) -> tuple[Batch, ...]:
    return ((batch > 0.15).astype(np.float32),)


def bone_where_bright(batch: Batch) -> tuple[Batch, ...]:
    height, width = (batch.shape[2] - 28) // 4, (batch.shape[3] - 28) // 4
    inner = batch[0, 0, 14:-14, 14:-14]
    small = cv2.resize(inner, (width, height), interpolation=cv2.INTER_AREA)
    scores = np.zeros((1, len(PatchClass), height, width), np.float32)
    scores[0, PatchClass.BACKGROUND] = 0.5
    scores[0, PatchClass.TISSUE] = small > 0.3
    return (scores,)


def middle_box(batch: Batch) -> tuple[Batch, ...]:
    side = batch.shape[2]
    return np.array([[side * 0.1, side * 0.05, side * 0.9, side * 0.95]], np.float32), np.array([0.99], np.float32)


def load(name: str) -> object:
    if name == FINDER:
        return load_network(name)
    if name.startswith("hand-mask"):
        return StandIn((256, 256), bright)
    if name.startswith("patch-cnn"):
        return StandIn(PatchMask().input_size, bone_where_bright)
    return StandIn((256, 256), middle_box)


def prepared(film: Radiograph, way: str) -> Prepared:
    return prepare(film, find_way(way), load=load)  # type: ignore[arg-type]


def film_of(phantom: Phantom) -> Radiograph:
    return Radiograph(phantom.pixels, "")


@pytest.mark.parametrize(
    ("way", "steps", "crops"),
    [
        ("reference", ["read", "standardize", "points", "register", "region whole hand"], 1),
        ("iglovikov-2018", ["read", "mask", "masked and normalized", "key points", "registered"], 3),
        ("lee-2017", ["read", "polarity", "size", "label map", "mask", "vision pipeline"], 1),
        ("ren-2018", ["read", "histogram matched", "box", "coarse map", "fine map"], 2),
        ("squashed", ["read", "resized"], 1),
    ],
)
def test_the_steps_come_in_the_paper_s_order(girl: Phantom, way: str, steps: list[str], crops: int) -> None:
    found = prepared(film_of(girl), way)
    assert [step.name for step in found.steps][: len(steps)] == steps
    assert len(found.crops) == crops
    for crop in found.crops:
        assert crop.pixels.dtype == np.float32
        assert 0 <= crop.pixels.min() <= crop.pixels.max() <= 1
        assert crop.pixels.std() > 0.02


def test_the_tip_stands_where_the_paper_puts_it_and_every_crop_knows_its_way_back(girl: Phantom) -> None:
    found = prepared(film_of(girl), "iglovikov-2018")
    way = find_way("iglovikov-2018")
    assert isinstance(way, RegisteredHand)
    registered = next(step for step in found.steps if step.name == "registered")
    tip = registered.to_source.inverse().points(girl.points[MIDDLE_TIP])
    capitate = registered.to_source.inverse().points(girl.capitate)
    assert np.linalg.norm(tip - way.frame.tip) < 0.03 * way.frame.size[0]
    assert np.linalg.norm(capitate - way.frame.capitate) < 0.03 * way.frame.size[0]
    for crop, window in zip(found.crops, way.windows, strict=True):
        assert crop.pixels.shape == window.size(way.frame)
        corner = registered.to_source.inverse().points(crop.to_source.points((0.0, 0.0)))
        assert np.allclose(corner, (window.left * way.frame.scale, window.top * way.frame.scale))


@pytest.mark.parametrize("degrees", [90, 180, 270])
def test_a_turned_and_a_mirrored_hand_come_into_the_same_frame(boy: Phantom, degrees: int) -> None:
    upright = _whole(prepared(film_of(boy), "iglovikov-2018"))
    turned = Radiograph(np.ascontiguousarray(np.rot90(boy.pixels, degrees // 90)), "")
    mirrored = Radiograph(np.ascontiguousarray(boy.pixels[:, ::-1]), "")
    for film in (turned, mirrored):
        there = _whole(prepared(film, "iglovikov-2018"))
        assert np.corrcoef(there.pixels.ravel(), upright.pixels.ravel())[0, 1] > 0.95
    assert Flag.MIRRORED in prepared(mirrored, "iglovikov-2018").flags


def test_lee_s_hand_stands_in_the_middle_and_alone(girl: Phantom) -> None:
    (crop,) = prepared(film_of(girl), "lee-2017").crops
    assert crop.pixels.shape == (512, 512)
    columns = np.nonzero(crop.pixels)[1]
    assert abs(columns.min() + columns.max() - 511) <= 2
    assert (crop.pixels == 0).mean() > 0.3
    tip = crop.to_source.inverse().points(girl.points[MIDDLE_TIP])
    assert crop.pixels[int(tip[1]) + 6, int(tip[0])] > 0


def test_lee_s_corners_turn_an_inverted_film(girl: Phantom) -> None:
    (upright,) = prepared(film_of(girl), "lee-2017").crops
    (inverted,) = prepared(Radiograph((1 - girl.pixels).astype(np.float32), ""), "lee-2017").crops
    assert np.allclose(upright.pixels, inverted.pixels, atol=0.02)


def test_ren_s_maps_hold_the_box(girl: Phantom) -> None:
    coarse, fine = prepared(film_of(girl), "ren-2018").crops
    assert coarse.pixels.shape == fine.pixels.shape
    height, width = girl.size
    corners = coarse.to_source.points([(-0.5, -0.5), (coarse.pixels.shape[1] - 0.5, coarse.pixels.shape[0] - 0.5)])
    assert np.allclose(corners + 0.5, [(0.1 * width, 0.05 * height), (0.9 * width, 0.95 * height)], atol=1)


def test_an_aligned_hand_s_points_lie_on_the_template_s(girl: Phantom) -> None:
    found = prepared(film_of(girl), "reference")
    assert isinstance(find_way("reference"), AlignedHand)
    (crop,) = found.crops
    assert (crop.name, crop.pixels.shape) == (WHOLE.name, WHOLE.size)
    assert found.hand is not None
    there = crop.to_source.inverse().points(girl.points)
    assert np.median(np.linalg.norm(there - WHOLE.frame.grid(WHOLE.size).points(TEMPLATE), axis=1)) < 0.05 * WHOLE.size[0]
    aligned = next(step for step in found.steps if step.name == "register")
    assert aligned.points is not None  # in hand lengths, with the way back to the film
    assert np.allclose(aligned.to_source.points(TEMPLATE[MIDDLE_TIP]), girl.points[MIDDLE_TIP], atol=0.06 * girl.size[0])


@pytest.mark.parametrize("size", [(256, 256), (128, 96)])
def test_a_squashed_film_is_the_whole_film_edge_to_edge(girl: Phantom, size: tuple[int, int]) -> None:
    film = film_of(girl)
    found = squash(film, SquashedFilm(size))
    (crop,) = found.crops
    assert crop.pixels.shape == size
    height, width = girl.size
    corners = crop.to_source.points([(-0.5, -0.5), (size[1] - 0.5, size[0] - 0.5)])
    assert np.allclose(corners, [(-0.5, -0.5), (width - 0.5, height - 0.5)])
    small = cv2.resize(girl.pixels, size[::-1], interpolation=cv2.INTER_AREA)
    assert np.abs(crop.pixels - small)[2:-2, 2:-2].mean() < 0.01
    assert found.hand is None  # no network looks at it: the pipeline does
    assert SquashedFilm().networks == ()


def test_a_squashed_film_keeps_what_read_said_of_it(girl: Phantom) -> None:
    film = Radiograph(girl.pixels, "", flags=frozenset({Flag.SPACING_UNKNOWN}))
    assert squash(film, SquashedFilm()).flags == film.flags


@pytest.mark.parametrize("name", SYSTEMS)
def test_each_system_s_way_makes_the_crops_its_members_read(girl: Phantom, name: str) -> None:
    system = SYSTEMS[name]
    made = [crop.name for crop in prepare(film_of(girl), system.way, load=load).crops]  # type: ignore[arg-type]
    assert len(set(made)) == len(made)
    assert {crop for member in system.members for crop in member.crops} <= set(made)
    assert system.way in WAYS.values()  # so that a recipe can name it


def test_an_unknown_way_lists_the_known() -> None:
    with pytest.raises(BoneAgeError, match="squashed"):
        find_way("iglovikov")


def _whole(found: Prepared) -> Crop:
    return found.crops[0]


def test_key_points_move_with_their_film() -> None:
    points = KeyPoints(np.array((3.0, 4.0)), np.array((5.0, 6.0)), np.array((7.0, 8.0)))
    moved = points.moved(PixelMap.shift(1, 2))
    assert np.allclose([*moved], np.array([*points]) + np.array((1, 2)))
