"""Boxes go with the film's change, and the figures of the score are those worked by hand."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch

from boneage.dataset import Part, part_of
from boneage.geometry import PixelMap
from boneage.joint_boxes import BOX_NAMES, INDEX, center_errors, hand_length
from boneage.models.joint_detector import JointDetector
from boneage.standardize.size import STANDARD
from boneage.train.augment import Change
from boneage.train.joint_task import JointTask, gaussian, move_boxes
from boneage.train.recipe import read_recipe

RECIPE = Path(__file__).parents[2] / "recipes" / "joint-detector-2026-11.toml"
BOX = np.array([[0.2, 0.3, 0.4, 0.4]])


def test_a_resize_scales_boxes_as_it_scales_points() -> None:
    centers, sizes = move_boxes(BOX, PixelMap.resize(STANDARD, (100, 200)))
    assert np.allclose(centers, [(0.3 * 200 - 0.5, 0.35 * 100 - 0.5)])
    assert np.allclose(sizes, [(40, 10)])


def test_a_quarter_turn_exchanges_width_and_height_and_a_full_turn_nothing() -> None:
    sizes = {degrees: move_boxes(BOX, PixelMap.about((149, 149), degrees=degrees))[1][0] for degrees in (0, 90, 360)}
    assert np.allclose(sizes[90], sizes[0][::-1])
    assert np.allclose(sizes[360], sizes[0])


def test_a_square_box_keeps_its_size_in_any_turn() -> None:
    square = np.array([[0.2, 0.2, 0.3, 0.3]])
    for degrees in (10, 45, 77):
        assert np.allclose(move_boxes(square, PixelMap.about((149, 149), degrees=degrees))[1], 29.9)


def test_target_maps_sum_to_one_and_peak_at_their_cell() -> None:
    target = gaussian(torch.tensor([[[3.0, 5.0], [0.0, 0.0]]]), 12, 10)
    assert torch.allclose(target.sum((2, 3)), torch.ones(1, 2))
    assert int(target[0, 0].argmax()) == 5 * 10 + 3


@pytest.fixture(scope="module")
def task(data: Path) -> JointTask:
    recipe = read_recipe(RECIPE)
    return JointTask(recipe, recipe.task, data)  # type: ignore[arg-type]


def test_only_training_films_are_trained_on(task: JointTask) -> None:
    assert {part_of(film.id) for film in (*task.with_joints, *task.with_ossification)} == {Part.TRAIN}
    assert {part_of(film.id) for film in task.select_films} == {Part.SELECT}


def test_an_unchanged_film_has_its_boxes_where_they_were_drawn(task: JointTask) -> None:
    for film in (task.with_joints[0], task.with_ossification[0]):
        example = task.example(film, Change(), (224, 224))
        error = center_errors((example.centers + 0.5) / 224, film)
        assert np.isnan(error).sum() == np.isnan(film.boxes).any(1).sum()
        assert np.nanmax(error) < 0.01
        assert 0.3 < hand_length(film.centers * film.size[::-1]) / film.size[0] < 1.1


def test_a_mirror_moves_the_boxes_and_keeps_their_names(task: JointTask) -> None:
    plain, mirrored = (task.example(task.with_joints[0], Change(mirror=mirror), (224, 224)) for mirror in (False, True))
    known = ~np.isnan(plain.centers).any(1)
    assert known.any()
    assert np.array_equal(known, ~np.isnan(mirrored.centers).any(1))
    assert np.allclose((plain.centers + mirrored.centers)[known, 0], 223, atol=0.05)
    assert np.allclose(plain.image, mirrored.image[:, ::-1], atol=0.05)


def test_a_batch_repeats_and_its_loss_is_finite(task: JointTask) -> None:
    first, again = task.batch((1, 0, 0), (160, 160)), task.batch((1, 0, 0), (160, 160))
    assert all(torch.equal(first[key].nan_to_num(), again[key].nan_to_num()) for key in first)
    wrists = ~first["centers"][:, INDEX["ossification.Wrist"]].isnan().any(1)
    assert int(wrists.sum()) >= 0.7 * task.settings.ossification
    assert first["centers"].shape == (task.recipe.optimizer.batch, len(BOX_NAMES), 2)
    with torch.random.fork_rng(), torch.no_grad():
        torch.manual_seed(0)
        loss, parts = task.loss(JointDetector(), {key: value[:4] for key, value in first.items()})
    assert torch.isfinite(loss)
    assert set(parts) == {"heat", "size"}
