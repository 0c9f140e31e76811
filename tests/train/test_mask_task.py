"""The mask task: film and mask move alike, held-out films stay out, a round starts from the last one's weights."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
import pytest
import torch

from boneage.dataset import LABELS, Part, part_of
from boneage.errors import BoneAgeError
from boneage.models.unet import UNet
from boneage.train.loop import Machine, train
from boneage.train.mask_task import MaskTask, read_masks
from boneage.train.recipe import MaskTask as Settings
from boneage.train.recipe import Recipe, read_recipe

PLAIN = Machine(workers=0, bf16=False)
IDS = [i for i in range(1377, 1500) if part_of(i) is Part.TRAIN][:12]
OTHER = next(i for i in range(1377, 2000) if part_of(i) is Part.TEST)


@pytest.fixture
def labels(tmp_path: Path) -> Path:
    rows = [f"{film},100,True" for film in (*IDS, OTHER)]
    (tmp_path / LABELS).write_text("\n".join(["id,boneage,male", *rows]) + "\n")
    return tmp_path


@pytest.fixture
def recipe() -> Recipe:
    whole = read_recipe(Path(__file__).parents[2] / "recipes" / "hand-mask-2026-11.toml")
    stage = whole.stages[0].model_copy(update={"epochs": 2, "size": (48, 48)})
    optimizer = whole.optimizer.model_copy(update={"batch": 6, "warmup_steps": 2, "ema_decay": 0.5})
    task = whole.task.model_copy(update={"filters": 4, "steps": 4})
    return whole.model_copy(update={"name": "small", "stages": (stage,), "optimizer": optimizer, "task": task})


def films() -> dict[int, np.ndarray]:
    """A bright square on each, at a place of its own."""
    made = {}
    for k, film in enumerate((*IDS, OTHER)):
        made[film] = np.zeros((299, 299), np.uint8)
        made[film][60 + 8 * k : 140 + 8 * k, 90:200] = 255
    return made


def task_of(recipe: Recipe, labels: Path, **more: object) -> MaskTask:
    assert isinstance(recipe.task, Settings)
    made = films()
    return MaskTask(recipe, recipe.task, labels, masks=made, films=made, **more)  # type: ignore[arg-type]


def test_film_and_mask_move_alike(recipe: Recipe, labels: Path) -> None:
    """The film is its own mask: after any change of place, bright lies where the mask lies."""
    still = dict(gamma=0.0, contrast=0.0, noise=0.0, blur=0.0, erase=0.0)
    moving = recipe.model_copy(update={"augment": recipe.augment.model_copy(update=still)})
    for batch in task_of(moving, labels).batches(0, 0):
        assert float((batch["image"] - batch["mask"]).abs().mean()) < 0.01
        assert 0.02 < float(batch["mask"].mean()) < 0.5


def test_films_of_other_parts_are_left_out_and_scored_ones_are_not_trained_on(recipe: Recipe, labels: Path) -> None:
    task = task_of(recipe, labels)
    assert OTHER not in task.masks
    assert task.scored
    assert not set(task.scored) & set(task.trained)
    assert sorted({*task.scored, *task.trained}) == IDS


def test_a_round_starts_from_the_weights_of_the_one_before(recipe: Recipe, labels: Path) -> None:
    torch.manual_seed(3)
    before = UNet(filters=4).state_dict()
    model = task_of(recipe, labels, start=before).build(resumed=False)
    assert all(torch.equal(a, b) for a, b in zip(model.state_dict().values(), before.values(), strict=True))


def test_it_learns_a_bright_square(recipe: Recipe, labels: Path, tmp_path: Path) -> None:
    lines: list[str] = []
    longer = recipe.model_copy(update={"stages": (recipe.stages[0].model_copy(update={"epochs": 6}),)})
    task = task_of(longer, labels)
    model = train(longer, task, tmp_path / "run", machine=PLAIN, tell=lines.append)
    assert task.score(model, 0, 0)["held_out_iou"] > 0.8


def test_a_mask_of_another_size_is_refused(tmp_path: Path) -> None:
    cv2.imwrite(str(tmp_path / "1400.png"), np.zeros((10, 10), np.uint8))
    with pytest.raises(BoneAgeError, match="299 x 299"):
        read_masks(tmp_path, {1400})
