"""The box task: films matched first, boxes ride with the picture, masks fill up, held-out hands stay out."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest
import torch
from torch import Tensor, nn

from boneage import dataset
from boneage.dataset import LABELS, AnnotatedHand, Film, Part, part_of
from boneage.errors import BoneAgeError
from boneage.geometry import PixelMap
from boneage.standardize.detect import overlap
from boneage.standardize.histogram import TRAINING, match
from boneage.standardize.size import unit
from boneage.template import TEMPLATE
from boneage.train import box_task
from boneage.train.augment import Change
from boneage.train.box_task import BoxTask
from boneage.train.loop import Machine, train
from boneage.train.outlines import upright_box
from boneage.train.recipe import BoxTask as Settings
from boneage.train.recipe import Recipe, read_recipe

RECIPE = Path(__file__).parents[2] / "recipes" / "hand-box-2026-11.toml"
ALL = [i for i in range(1377, 1500) if part_of(i) is Part.TRAIN]
HANDS, MASKS = ALL[:3], ALL[3:9]
SELECT = [i for i in range(1377, 1600) if part_of(i) is Part.SELECT][:2]
OTHER = next(i for i in range(1377, 2000) if part_of(i) is Part.TEST)
STILL = {"gamma": 0.0, "contrast": 0.0, "noise": 0.0, "blur": 0.0, "erase": 0.0, "invert": 0.0}


def place(film: int) -> tuple[int, int, int, int]:
    """Left, top, right, bottom of the bright block on a film: pixels, the last ones not included."""
    return 70 + film % 7, 50 + film % 5, 200 + film % 11, 230 + film % 3


def picture(film: int) -> np.ndarray:
    """Dim ground, and a bright block where the hand is."""
    left, top, right, bottom = place(film)
    image = np.tile(np.linspace(10, 30, 299).astype(np.uint8), (299, 1))
    image[top:bottom, left:right] = 200
    return image


def annotated(film: int) -> AnnotatedHand:
    left, top, right, bottom = place(film)
    points = TEMPLATE * (130, 140) + (135, 200)
    return AnnotatedHand(film, (2000, 1500), False, (left / 299, top / 299, right / 299, bottom / 299), (points + 0.5) / 299)


@pytest.fixture
def recipe() -> Recipe:
    whole = read_recipe(RECIPE)
    stage = whole.stages[0].model_copy(update={"epochs": 1, "size": (128, 128)})
    changes = {
        "start": "random",
        "stages": (stage,),
        "optimizer": whole.optimizer.model_copy(update={"batch": 4}),
        "task": whole.task.model_copy(update={"films": 7, "steps": 2}),
        "augment": whole.augment.model_copy(update=STILL),
    }
    return whole.model_copy(update=changes)


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    ids = [*HANDS, *MASKS, *SELECT, OTHER]
    (tmp_path / LABELS).write_text("\n".join(["id,boneage,male", *(f"{film},100,True" for film in ids)]) + "\n")
    (tmp_path / "masks").mkdir()
    for film in (*MASKS, OTHER):
        mask = np.zeros((299, 299), np.uint8)
        left, top, right, bottom = place(film)
        mask[top:bottom, left:right] = 255
        cv2.imwrite(str(tmp_path / "masks" / f"{film}.png"), mask)
    monkeypatch.setenv("BONEAGE_MASKS", str(tmp_path / "masks"))

    def bright(data: Path, films: list[Film]) -> tuple[dict[int, Any], dict[int, PixelMap]]:
        upright = PixelMap(np.array([[1 / 140, 0, -1.0], [0, 1 / 150, -250 / 150], [0, 0, 1.0]]))  # the wrist at row 250
        return {film.id: picture(film.id) for film in films}, {film.id: upright for film in films}

    monkeypatch.setattr(dataset, "read_hands", lambda data: [annotated(film) for film in (*HANDS, *SELECT, OTHER)])
    monkeypatch.setattr(box_task, "load_alignments", bright)
    return tmp_path


@pytest.fixture
def task(recipe: Recipe, folder: Path) -> BoxTask:
    assert isinstance(recipe.task, Settings)
    return BoxTask(recipe, recipe.task, folder)


class Says(nn.Module):
    """A network that answers the same boxes for every film."""

    def __init__(self, boxes: Tensor, scores: Tensor) -> None:
        super().__init__()
        self.answer, self.unused = (boxes, scores), nn.Parameter(torch.zeros(1))

    def forward(self, x: Tensor) -> list[tuple[Tensor, Tensor]]:
        return [self.answer] * len(x)


def test_annotated_hands_come_first_and_masks_fill_up(task: BoxTask) -> None:
    assert len(task.ids) == 7
    assert set(HANDS) <= set(task.ids.tolist())
    assert set(task.ids.tolist()) <= {*HANDS, *MASKS}
    assert set(task.select) == set(SELECT)


def test_the_films_are_matched_first(task: BoxTask) -> None:
    for film in HANDS:
        assert np.array_equal(task.films[film], match(unit(picture(film)), TRAINING))


def test_the_box_rides_with_the_picture(task: BoxTask) -> None:
    """The bright block of an annotated film is its box, under any move that keeps it upright."""
    for change in (Change(), Change(mirror=True), Change(scale=(0.8, 0.9)), Change(degrees=180), Change(shift=(0.05, -0.03))):
        for film in HANDS:
            image, box = task.example(film, change, (256, 256))
            y, x = np.nonzero(image > 0.5 * image.max())
            assert overlap(box, (x.min() - 0.5, y.min() - 0.5, x.max() + 0.5, y.max() + 0.5)) > 0.95


def test_a_hand_is_not_moved_out_of_the_film(task: BoxTask) -> None:
    image, box = task.example(HANDS[0], Change(shift=(0.6, 0.0)), (256, 256))
    unmoved, there = task.example(HANDS[0], Change(), (256, 256))
    assert box == there
    assert np.array_equal(image, unmoved)


def test_batches_are_a_law_of_seed_and_epoch_and_an_epoch_sees_every_film(task: BoxTask) -> None:
    one, two, other = (list(task.batches(epoch, workers)) for epoch, workers in ((0, 0), (0, 2), (1, 0)))
    assert all(torch.equal(a[key], b[key]) for a, b in zip(one, two, strict=True) for key in ("image", "box"))
    assert not torch.equal(one[0]["image"], other[0]["image"])
    order = np.random.default_rng((task.recipe.seed, 0)).permutation(task.ids)
    assert sorted(set(order.tolist())) == task.ids.tolist()
    for batch in one:
        assert batch["image"].shape == (4, 1, 128, 128)
        assert (batch["box"][:, 2:] > batch["box"][:, :2]).all()
        assert batch["box"].min() >= 0
        assert batch["box"].max() <= 128


def test_the_score_is_the_mean_overlap_with_the_annotated_boxes(task: BoxTask) -> None:
    left, top, right, bottom = (value / 299 * 128 for value in place(SELECT[0]))
    true = torch.tensor([[0.0, 0.0, 9.0, 9.0], [left, top, right, bottom]])
    same = overlap(upright_box(np.array(place(SELECT[0])).reshape(2, 2)), upright_box(np.array(place(SELECT[1])).reshape(2, 2)))
    score = task.score(Says(true, torch.tensor([0.2, 0.9])), 0, 0)
    assert score["select_iou"] == pytest.approx((1 + same) / 2, abs=1e-4)
    nothing = task.score(Says(torch.zeros(0, 4), torch.zeros(0)), 0, 0)
    assert nothing == {"select_iou": 0.0, "select_over_90": 0.0}


def test_a_recipe_trains(task: BoxTask, recipe: Recipe, tmp_path: Path) -> None:
    lines: list[str] = []
    train(recipe, task, tmp_path / "run", machine=Machine(workers=0, bf16=False), tell=lines.append)
    assert "select_iou" in lines[-1]
    assert "train_loss_box_reg" in lines[-1]


def test_without_masks_it_says_what_to_do(recipe: Recipe, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("BONEAGE_MASKS")
    assert isinstance(recipe.task, Settings)
    with pytest.raises(BoneAgeError, match="boneage mine"):
        BoxTask(recipe, recipe.task, folder)
