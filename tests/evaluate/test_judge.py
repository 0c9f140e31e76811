"""The judge's points go with the hand, a stray box does not pull them, and on held-out hands they lie on the annotated ones."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from boneage import dataset
from boneage.dataset import Part
from boneage.errors import BoneAgeError, Kind
from boneage.evaluate.judge import ANCHORS, CAPITATE, JOINT_DETECTOR, TIP, Joints, judge, to_template
from boneage.geometry import PixelMap
from boneage.joint_boxes import BOX_NAMES, INDEX
from boneage.networks import OnnxNetwork, load_network
from boneage.phantom import Phantom
from boneage.standardize.size import STANDARD, standard_bytes, standard_frame, unit
from boneage.template import MIDDLE_TIP, TEMPLATE, WRIST

COUNT = len(BOX_NAMES)
FILM = PixelMap.about((0, 0), degrees=70, scale=(-160, 220), shift=(150, 200))


def joints(centers: np.ndarray) -> Joints:
    return Joints(centers, np.ones((COUNT, 2)), np.ones(COUNT))


def on_film() -> np.ndarray:
    """Box centers of a hand that is the template, laid mirrored, turned and squashed on a film."""
    centers = np.zeros((COUNT, 2))
    centers[[INDEX[name] for name in ANCHORS]] = np.stack(list(ANCHORS.values()))
    return FILM.points(centers)


@pytest.mark.parametrize("law", [TIP, CAPITATE])
def test_no_squash_turn_or_mirror_changes_a_law(law: dict[str, float]) -> None:
    assert sum(law.values()) == pytest.approx(1)
    centers = np.random.default_rng(0).uniform(0, 299, (COUNT, 2))
    assert np.allclose(joints(FILM.points(centers)).blend(law), FILM.points(joints(centers).blend(law)))


def test_the_hand_is_brought_upright() -> None:
    assert np.allclose((to_template(joints(on_film())) @ FILM).matrix, np.eye(3), atol=1e-6)


@pytest.mark.parametrize("stray", [name for name in ANCHORS if name != "ossification.Wrist"])
def test_a_stray_joint_does_not_pull_the_hand(stray: str) -> None:
    centers = on_film()
    centers[INDEX[stray]] += (90, -40)
    off = (to_template(joints(centers)) @ FILM).points(TEMPLATE) - TEMPLATE
    assert np.abs(off).max() < 0.05


def test_boxes_on_one_line_are_no_hand() -> None:
    with pytest.raises(BoneAgeError) as caught:
        to_template(joints(on_film() * (1.0, 1e-9)))
    assert caught.value.kind is Kind.NO_HAND


@pytest.fixture(scope="module")
def detector() -> OnnxNetwork:
    try:
        return load_network(JOINT_DETECTOR)
    except BoneAgeError:
        pytest.skip(f"the lab's network {JOINT_DETECTOR} not found: run in the source tree")


def test_on_held_out_hands_the_tip_is_the_annotated_one(data: Path, detector: OnnxNetwork) -> None:
    hands = {hand.id: hand for hand in dataset.read_hands(data) if dataset.part_of(hand.id) is Part.SELECT}
    errors = []
    for film_id, image in dataset.iterate_images(data, set(hands)):
        proportion = np.array(hands[film_id].size[::-1])
        seen = (judge(unit(standard_bytes(image)), detector).tip + 0.5) / STANDARD[0] * proportion
        true = hands[film_id].points * proportion
        errors.append(np.linalg.norm(seen - true[MIDDLE_TIP]) / np.linalg.norm(true[WRIST] - true[MIDDLE_TIP]))
    assert len(errors) == 31
    assert np.median(errors) < 0.0125
    assert np.percentile(errors, 95) < 0.03


@pytest.mark.parametrize("name", ["girl", "boy"])
def test_on_phantoms_never_seen_in_training_the_points_are_the_true_ones(
    name: str, request: pytest.FixtureRequest, detector: OnnxNetwork
) -> None:
    phantom: Phantom = request.getfixturevalue(name)
    film, to_source = standard_frame(phantom.pixels)
    seen = judge(film, detector).moved(to_source)
    length = np.linalg.norm(phantom.points[WRIST] - phantom.points[MIDDLE_TIP])
    assert np.linalg.norm(seen.tip - phantom.points[MIDDLE_TIP]) < 0.03 * length
    assert np.linalg.norm(seen.capitate - phantom.capitate) < 0.03 * length


def test_a_mirrored_or_inverted_film_is_judged_alike(data: Path, detector: OnnxNetwork) -> None:
    films = [film.id for film in dataset.read_films(data) if film.part is Part.SELECT][:4]
    for _, image in dataset.iterate_images(data, set(films)):
        film = unit(standard_bytes(image))
        seen, mirrored, inverted = (judge(np.ascontiguousarray(f), detector) for f in (film, film[:, ::-1], 1 - film))
        back = mirrored.moved(PixelMap.mirror(STANDARD[1]))
        length = np.linalg.norm(seen.tip - seen.capitate)
        for other in (back, inverted):
            assert np.linalg.norm(seen.tip - other.tip) < 0.03 * length
            assert np.linalg.norm(seen.capitate - other.capitate) < 0.03 * length
