"""Laws of the drawn film and of its truth."""

from dataclasses import replace
from functools import cache

import cv2
import numpy as np
import pytest

from boneage.dataset import POINT_NAMES
from boneage.phantom import Look, Phantom, Pose, draw
from boneage.types import Sex, Side

SMALL = (800, 600)
CASES = [(12, Sex.FEMALE, 3), (60, Sex.MALE, 4), (120, Sex.FEMALE, 5), (168, Sex.MALE, 6), (228, Sex.MALE, 7)]


@cache
def phantom(months: float, sex: Sex, seed: int) -> Phantom:
    return draw(months, sex, seed=seed, size=SMALL)


def test_same_seed_same_film_to_the_bit_and_global_random_state_stays() -> None:
    cv2.setRNGSeed(11)
    before = np.random.get_state()[1].copy()  # type: ignore[union-attr, index]  # noqa: NPY002 - the global state is what is tested
    first = draw(90, Sex.FEMALE, seed=1, size=SMALL)
    second = draw(90, Sex.FEMALE, seed=1, size=SMALL)
    assert (np.random.get_state()[1] == before).all()  # type: ignore[index]  # noqa: NPY002
    assert first.pixels.tobytes() == second.pixels.tobytes()
    assert first.mask.tobytes() == second.mask.tobytes()
    assert first.points.tobytes() == second.points.tobytes()
    assert (draw(90, Sex.FEMALE, seed=2, size=SMALL).pixels != first.pixels).mean() > 0.5


@pytest.mark.parametrize("case", CASES)
def test_film_and_truth_are_well_formed(case: tuple[float, Sex, int]) -> None:
    film = phantom(*case)
    assert film.pixels.dtype == np.float32
    assert film.pixels.shape == film.mask.shape == film.labels.shape == SMALL
    assert film.pixels.min() >= 0
    assert film.pixels.max() <= 1
    assert film.points.shape == (len(POINT_NAMES), 2)
    assert 0.08 < film.mask.mean() < 0.5
    assert film.labels.max() <= len(film.bone_names)
    assert not (film.bones & ~film.mask).any()
    assert 0.02 < film.bones.mean() < film.mask.mean()


@pytest.mark.parametrize("case", CASES)
def test_points_lie_in_the_hand(case: tuple[float, Sex, int]) -> None:
    film = phantom(*case)
    for x, y in (*film.points, film.capitate):
        assert film.mask[round(y), round(x)]


@pytest.mark.parametrize("case", CASES)
def test_bone_is_brighter_than_the_flesh_beside_it_and_flesh_than_air(case: tuple[float, Sex, int]) -> None:
    film = phantom(*case)
    near = cv2.dilate(film.bones.astype(np.uint8), np.ones((9, 9), np.uint8)).astype(bool)
    beside = near & film.mask & ~film.bones
    around = cv2.dilate(film.mask.astype(np.uint8), np.ones((15, 15), np.uint8)).astype(bool) & ~film.mask
    assert film.pixels[film.bones].mean() > film.pixels[beside].mean() + 0.01
    assert film.pixels[beside].mean() > np.median(film.pixels[around]) + 0.01


def test_the_capitate_lies_under_its_point() -> None:
    film = phantom(120, Sex.FEMALE, 5)
    x, y = film.capitate.round().astype(int)
    assert film.bone_names[film.labels[y, x] - 1] == "capitate"


def test_a_mirrored_pose_flips_the_points_and_the_mask() -> None:
    pose, look = Pose(turn_degrees=4, spread=0.3), Look(margins=(0.0, 0.0, 0.0, 0.0))
    left = draw(100, Sex.MALE, seed=8, size=SMALL, pose=pose, look=look)
    right = draw(100, Sex.MALE, seed=8, size=SMALL, pose=replace(pose, side=Side.RIGHT), look=look)
    assert right.side is Side.RIGHT
    assert left.side is Side.LEFT
    np.testing.assert_allclose(right.points[:, 0], SMALL[1] - 1 - left.points[:, 0], atol=1e-9)
    np.testing.assert_allclose(right.points[:, 1], left.points[:, 1], atol=1e-9)
    flipped = right.mask[:, ::-1]
    assert (flipped & left.mask).sum() / (flipped | left.mask).sum() > 0.97


def test_the_thumb_of_a_left_hand_points_right() -> None:
    film = draw(100, Sex.MALE, seed=8, size=SMALL, pose=Pose())
    assert film.points[4, 0] > film.points[12, 0] > film.points[20, 0]
    assert film.points[12, 1] < film.points[0, 1]


def test_bones_of_the_film_grow_with_the_carpals_of_the_age() -> None:
    areas = []
    for months in (12, 48, 96, 168):
        film = draw(months, Sex.FEMALE, seed=9, size=SMALL, pose=Pose())
        named = [k for k, name in enumerate(film.bone_names, start=1) if name in ("capitate", "hamate", "lunate", "scaphoid")]
        areas.append(float(np.isin(film.labels, named).sum() * film.spacing_mm**2))
    assert areas == sorted(areas)
    assert areas[0] > 0


def test_spacing_makes_the_film_scale_free() -> None:
    pose = Pose()
    small, large = (draw(130, Sex.FEMALE, seed=2, size=size, pose=pose) for size in ((400, 300), (800, 600)))
    lengths = [float(np.linalg.norm(film.points[12] - film.points[0]) * film.spacing_mm) for film in (small, large)]
    assert lengths[0] == pytest.approx(lengths[1], rel=1e-6)
    assert small.spacing_mm == pytest.approx(2 * large.spacing_mm, rel=1e-6)
