"""The patch task: balanced, cut around the labeled pixel, films held out, the best epoch at the end."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch
from torch import nn

from boneage.errors import BoneAgeError
from boneage.standardize.patches import PatchClass
from boneage.train.best_epoch import BestEpoch
from boneage.train.loop import Machine, train
from boneage.train.patch_films import LabeledFilm, labeled_film
from boneage.train.patch_labels import UNLABELED
from boneage.train.patch_task import PatchTask
from boneage.train.recipe import PatchTask as Settings
from boneage.train.recipe import Recipe, read_recipe

PLAIN = Machine(workers=0, bf16=False)
GRAYS = (250, 160, 60, 0, 110)


@pytest.fixture
def recipe() -> Recipe:
    whole = read_recipe(Path(__file__).parents[2] / "recipes" / "patch-cnn-2026-11.toml")
    stage = whole.stages[0].model_copy(update={"epochs": 3})
    task = whole.task.model_copy(update={"per_class": 40, "films": 8})
    optimizer = whole.optimizer.model_copy(update={"batch": 20})
    augment = whole.augment.model_copy(update={"gamma": 0.0})
    small = {"name": "small", "stages": (stage,), "task": task, "optimizer": optimizer, "augment": augment}
    return whole.model_copy(update=small)


def films(count: int = 8) -> list[LabeledFilm]:
    """Five broad stripes, each class with a gray value of its own; the class's pixels stand apart from the stripes' edges."""
    made = []
    for k in range(count):
        pixels, labels = np.zeros((512, 512), np.uint8), np.full((512, 512), UNLABELED, np.uint8)
        for label, gray in zip(PatchClass, GRAYS, strict=True):
            pixels[100 * label : 100 * label + 100] = gray
            labels[100 * label + 20 + k : 100 * label + 70] = label
        made.append(LabeledFilm(1400 + k, pixels, labels))
    return made


def task_of(recipe: Recipe, tmp_path: Path, **more: object) -> PatchTask:
    assert isinstance(recipe.task, Settings)
    return PatchTask(recipe, recipe.task, tmp_path, films=films(), best=tmp_path / "best.pt", **more)  # type: ignore[arg-type]


def test_an_epoch_has_as_many_patches_of_each_class(recipe: Recipe, tmp_path: Path) -> None:
    task = task_of(recipe, tmp_path)
    batches = list(task.batches(0, 0))
    assert len(batches) == task.steps(0) == 10
    labels = torch.cat([batch["label"] for batch in batches])
    assert torch.equal(labels.bincount(), torch.full((5,), 40))
    assert all(batch["image"].shape == (20, 1, 32, 32) for batch in batches)


def test_a_patch_s_middle_is_at_the_labeled_pixel(recipe: Recipe, tmp_path: Path) -> None:
    for batch in task_of(recipe, tmp_path).batches(0, 0):
        middle = batch["image"][:, 0, 15:17, 15:17].mean((1, 2)) * 255
        assert torch.allclose(middle, torch.tensor(GRAYS, dtype=torch.float32)[batch["label"]], atol=0.01)


def test_gamma_is_one_power_for_all_of_a_patch(recipe: Recipe, tmp_path: Path) -> None:
    task = task_of(recipe, tmp_path)
    drawn = np.array([(film, row, 200, 0) for film in range(4) for row in (95, 105, 195)], np.int32)  # across stripes' edges
    plain, changed = (task.cut(drawn, (1,), gamma=gamma)["image"].flatten(1) for gamma in (0.0, 0.5))
    powers = changed.log() / plain.log()
    assert torch.allclose(powers, powers[:, :1].expand_as(powers), atol=1e-3)
    assert float(powers[:, 0].log().std()) > 0.1


def test_batches_are_a_law_of_the_epoch_whatever_the_workers(recipe: Recipe, tmp_path: Path) -> None:
    task = task_of(recipe, tmp_path)
    one, two, other = (list(task.batches(epoch, workers)) for epoch, workers in ((0, 0), (0, 2), (1, 0)))
    assert all(torch.equal(a["image"], b["image"]) for a, b in zip(one, two, strict=True))
    assert any(not torch.equal(a["label"], b["label"]) for a, b in zip(one, other, strict=True))


def test_a_quarter_of_the_films_is_held_out_whole(recipe: Recipe, tmp_path: Path) -> None:
    task = task_of(recipe, tmp_path)
    trained, held = ({int(film) for rows in task.places[side].values() for film in rows[:, 0]} for side in (False, True))
    assert len(held) == 2
    assert not trained & held
    assert trained | held == set(range(8))


def test_it_learns_and_ends_with_its_best_epoch(recipe: Recipe, tmp_path: Path) -> None:
    task, lines = task_of(recipe, tmp_path), list[str]()
    model = train(recipe, task, tmp_path / "run", machine=PLAIN, tell=lines.append)
    rows = [line.split(",") for line in (tmp_path / "run" / "log.csv").read_text().splitlines()]
    errors = [float(row[rows[0].index("held_out_error")]) for row in rows[1:]]
    assert min(errors) < 0.5  # chance: 0.8
    kept = torch.load(tmp_path / "best.pt", weights_only=True)
    assert kept["error"] == pytest.approx(min(errors), abs=1e-5)
    assert all(torch.equal(a, b) for a, b in zip(model.state_dict().values(), kept["weights"].values(), strict=True))


def test_the_last_epoch_gets_the_best_one_s_weights_back(tmp_path: Path) -> None:
    keeper, model = BestEpoch(tmp_path / "best.pt", last=2), nn.Linear(1, 1, bias=False)
    for epoch, error in enumerate((0.5, 0.2, 0.4)):
        nn.init.constant_(model.weight, epoch)
        assert keeper.see(model, epoch, error) == (1 if epoch == 0 else 2)
    assert model.weight.item() == 1
    nn.init.constant_(model.weight, 7)
    assert keeper.see(model, 0, 0.9) == 1  # a new run does not take the old one's


def test_an_epoch_on_films_of_another_size_is_not_the_best_one(tmp_path: Path) -> None:
    """It would be exported at a size it was not trained at."""
    keeper, model = BestEpoch(tmp_path / "best.pt", last=4, first=2), nn.Linear(1, 1, bias=False)
    best = []
    for epoch, error in enumerate((0.3, 0.1, 0.9, 0.5, 0.6)):
        nn.init.constant_(model.weight, epoch)
        best.append(keeper.see(model, epoch, error))
    assert best == [1, 2, 3, 4, 4]
    assert model.weight.item() == 3


def test_a_recipe_that_changes_patches_or_has_no_room_for_the_border_is_refused(recipe: Recipe, tmp_path: Path) -> None:
    turned = recipe.model_copy(update={"augment": recipe.augment.model_copy(update={"scale": 0.1})})
    stage = recipe.stages[0].model_copy(update={"size": (512, 512)})
    for wrong in (turned, recipe.model_copy(update={"stages": (stage,)})):
        with pytest.raises(BoneAgeError, match="no changes of patches but gamma"):
            task_of(wrong, tmp_path)


def test_a_class_that_no_film_has_is_named(recipe: Recipe, tmp_path: Path) -> None:
    assert isinstance(recipe.task, Settings)
    bare = [LabeledFilm(f.id, f.pixels, np.where(f.labels == PatchClass.MARKER, UNLABELED, f.labels)) for f in films()]
    with pytest.raises(BoneAgeError, match="marker"):
        PatchTask(recipe, recipe.task, tmp_path, films=bare)


def test_a_film_its_mask_and_its_boxes_move_alike() -> None:
    frame, mask = np.full((299, 299), 20, np.uint8), np.zeros((299, 299), np.uint8)
    mask[100:200, 120:180] = 255
    frame[mask > 0] = 200
    box = np.array([(120 / 299, 100 / 299, 180 / 299, 200 / 299)])
    film = labeled_film(1, frame, mask, aspect=0.75, boxes=box)
    hand = film.labels <= PatchClass.TISSUE
    assert np.array_equal(hand[film.pixels > 150], np.ones((film.pixels > 150).sum(), bool))
    y, x = np.nonzero(hand)
    height, width = np.ptp(y) + 1, np.ptp(x) + 1
    assert width / height == pytest.approx(0.6 * 0.75, abs=0.02)
    assert film.labels[(y.min() + y.max()) // 2, (x.min() + x.max()) // 2] == PatchClass.BONE  # the middle of the box
