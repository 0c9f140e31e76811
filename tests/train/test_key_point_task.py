"""The key-point task: points ride with the picture, a point off the frame is not asked, the error is in hand lengths."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest
import torch
from torch import Tensor, nn

from boneage import dataset
from boneage.dataset import LABELS, POINT_NAMES, AnnotatedHand, Film, Part, part_of
from boneage.errors import BoneAgeError, Kind
from boneage.geometry import PixelMap
from boneage.models.key_points import SIZE, KeyPoints
from boneage.networks import Card, OnnxNetwork
from boneage.register.keypoints import find_key_points, unit_square
from boneage.template import MIDDLE_TIP, TEMPLATE, WRIST
from boneage.train import key_point_task
from boneage.train.augment import Change
from boneage.train.export import export
from boneage.train.finder_task import points_in
from boneage.train.key_point_task import KeyPointTask, errors_of, grid_of, targets
from boneage.train.recipe import KeyPointTask as Settings
from boneage.train.recipe import Recipe, read_recipe

RECIPE = Path(__file__).parents[2] / "recipes" / "key-points-2026-11.toml"
TRAIN = [i for i in range(1377, 1500) if part_of(i) is Part.TRAIN][:5]
SELECT = [i for i in range(1377, 1600) if part_of(i) is Part.SELECT][:3]
OTHER = next(i for i in range(1377, 2000) if part_of(i) is Part.TEST)
STILL = {"gamma": 0.0, "contrast": 0.0, "noise": 0.0, "blur": 0.0, "erase": 0.0, "invert": 0.0}


def annotated(film: int) -> AnnotatedHand:
    """A hand of the template's proportions on a film of 1500 x 1000 px or so, turned a little."""
    size = (1500, 1000 + 10 * (film % 7))
    on_film = PixelMap.about((480, 1050), degrees=film % 11 - 5) @ PixelMap.shift(480, 1050)
    points = (on_film.points(TEMPLATE * 650) + 0.5) / size[::-1]
    return AnnotatedHand(film, size, False, (0.1, 0.1, 0.9, 0.9), points)


def picture(hand: AnnotatedHand) -> np.ndarray:
    """The squashed film: black, with a disc on each of the three points."""
    image = np.zeros((299, 299), np.uint8)
    for x, y in targets(hand):
        cv2.circle(image, (round(x * 16), round(y * 16)), 7 * 16, 255, -1, shift=4)
    return image


@pytest.fixture
def recipe() -> Recipe:
    whole = read_recipe(RECIPE)
    optimizer = whole.optimizer.model_copy(update={"batch": 8})
    task = whole.task.model_copy(update={"steps": 3})
    augment = whole.augment.model_copy(update=STILL)
    return whole.model_copy(update={"optimizer": optimizer, "task": task, "augment": augment})


@pytest.fixture
def task(recipe: Recipe, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> KeyPointTask:
    ids = [*TRAIN, *SELECT, OTHER]
    (tmp_path / LABELS).write_text("\n".join(["id,boneage,male", *(f"{film},100,True" for film in ids)]) + "\n")

    def bright(data: Path, films: list[Film]) -> tuple[dict[int, Any], dict[int, PixelMap]]:
        return {film.id: picture(annotated(film.id)) for film in films}, {}

    monkeypatch.setattr(dataset, "read_hands", lambda data: [annotated(film) for film in ids])
    monkeypatch.setattr(key_point_task, "load_alignments", bright)
    assert isinstance(recipe.task, Settings)
    return KeyPointTask(recipe, recipe.task, tmp_path)


class Says(nn.Module):
    """A network that answers the same, whatever it is shown."""

    def __init__(self, answer: Tensor) -> None:
        super().__init__()
        self.answer = nn.Parameter(answer)

    def forward(self, x: Tensor) -> Tensor:
        return self.answer.expand(len(x), 3, 2)


def test_each_part_of_the_split_has_its_own_hands(task: KeyPointTask) -> None:
    assert [hand.id for hand in task.train_hands] == TRAIN
    assert [hand.id for hand in task.select_hands] == SELECT


def test_points_ride_with_the_picture(task: KeyPointTask) -> None:
    """Turned, moved, zoomed, mirrored: a disc's middle is where the point is said to be."""
    mirrored, asked = 0, 0
    for batch in task.batches(0, 0):
        assert batch["image"].shape == (8, 1, *SIZE)
        for image, points in zip(batch["image"][:, 0].numpy(), batch["points"].numpy(), strict=True):
            known = unit_square(SIZE).inverse().points(points[~np.isnan(points).any(1)])
            for x, y in known:
                assert image[round(y), round(x)] > 0.5
            asked += len(known)
            if len(known) == 3:
                along, aside = known[0] - known[2], known[1] - known[2]
                mirrored += along[0] * aside[1] < along[1] * aside[0]
    assert asked > 48  # of 72
    assert 3 < mirrored < 21  # of 24


def test_batches_are_the_same_whoever_asks(task: KeyPointTask) -> None:
    for one, other in zip(task.batches(1, 0), task.batches(1, 2), strict=True):
        assert torch.equal(one["image"], other["image"])
        assert torch.equal(one["points"].nan_to_num(7), other["points"].nan_to_num(7))


def test_a_point_off_the_frame_is_not_asked(task: KeyPointTask) -> None:
    hand = task.train_hands[0]
    batch = task.batch([hand, hand], [Change(), Change(shift=(0.0, -0.35))], SIZE)
    assert not batch["points"][0].isnan().any()
    assert batch["points"][1].isnan().any(1).tolist() == [True, False, False]  # the tip went over the top
    assert torch.allclose(batch["points"][1, 2] - batch["points"][0, 2], torch.tensor([0.0, -0.7]), atol=2e-3)


def test_the_loss_against_a_hand_worked_number(task: KeyPointTask) -> None:
    """Errors 0.3 and 0.4 at one point, none at another, the third unknown: (0.09 + 0.16) / 4."""
    points = torch.tensor([[[0.3, -0.4], [0.0, 0.0], [float("nan")] * 2]])
    loss, parts = task.loss(Says(torch.zeros(3, 2)), {"image": torch.zeros(1, 1, *SIZE), "points": points})
    assert float(loss.detach()) == pytest.approx(0.25 / 4)
    assert parts["coordinate_rms"] == pytest.approx(0.25)
    loss.backward()


def test_the_error_is_in_hand_lengths() -> None:
    """A tenth of the way from the wrist to the tip is 10 %, on a film of any proportions; the truth is 0."""
    hand = annotated(1380)
    to_unit = unit_square(SIZE) @ grid_of(hand, SIZE)
    along = np.diff(points_in(hand, (299, 299))[[WRIST, MIDDLE_TIP]], axis=0) / 10
    assert np.allclose(errors_of(hand, to_unit.points(targets(hand)), SIZE), 0, atol=1e-6)
    assert np.allclose(errors_of(hand, to_unit.points(targets(hand) + along), SIZE), 10)
    x, y = points_in(hand, hand.size)[[WRIST, MIDDLE_TIP]].T
    aside = np.array((np.diff(y)[0], -np.diff(x)[0])) / 20 * 299 / hand.size[::-1]  # at a right angle, in the original's pixels
    assert np.allclose(errors_of(hand, to_unit.points(targets(hand) + aside), SIZE), 5)


def test_the_score_names_each_point(task: KeyPointTask) -> None:
    hand = task.select_hands[0]
    task.select_hands = [hand]
    truth = (unit_square(SIZE) @ grid_of(hand, SIZE)).points(targets(hand))
    truth[1] += (0.1, 0.0)
    scores = task.score(Says(torch.from_numpy(truth.astype(np.float32))), 0, 0)
    assert scores["select_tip_p95"] == pytest.approx(0, abs=1e-3)
    assert scores["select_capitate_median"] == pytest.approx(0, abs=1e-3)
    assert scores["select_thumb_median"] == pytest.approx(scores["select_thumb_p95"])
    assert scores["select_thumb_median"] > 5


def test_a_stage_of_another_size_is_refused(recipe: Recipe, tmp_path: Path) -> None:
    assert isinstance(recipe.task, Settings)
    other = recipe.model_copy(update={"stages": (recipe.stages[0].model_copy(update={"size": (64, 64)}),)})
    with pytest.raises(BoneAgeError) as caught:
        KeyPointTask(other, recipe.task, tmp_path)
    assert caught.value.kind is Kind.BAD_RECIPE


def test_the_exported_network_finds_in_the_runtime_what_torch_finds_in_training(task: KeyPointTask, tmp_path: Path) -> None:
    """The whole seam: the task's picture through torch, the film through ONNX and back, in one frame."""
    torch.manual_seed(0)
    model = KeyPoints(dropout=0.1).eval()
    torch.save({"average": model.state_dict()}, tmp_path / "last.pt")
    path = export(task.recipe, tmp_path, card={}, checkpoint=tmp_path / "last.pt")
    network, hand = OnnxNetwork(path, Card.read(path.with_suffix(".toml"))), task.select_hands[0]
    with torch.no_grad():
        answer = model(task.batch([hand], [Change()], SIZE)["image"])[0].numpy()
    film = picture(hand).astype(np.float32) / 255
    found = find_key_points(film, network, aspect=hand.size[1] / hand.size[0])
    expected = (unit_square(SIZE) @ grid_of(hand, SIZE)).inverse().points(answer)
    assert np.allclose([*found], expected, atol=0.5)


def test_the_capitate_lies_where_the_annotated_hands_have_their_carpals(data: Path) -> None:
    """Between the wrist and the middle knuckle, in the half next to the wrist, on every annotated hand."""
    knuckle = POINT_NAMES.index("middle_finger1")
    for hand in dataset.read_hands(data):
        points = points_in(hand, hand.size)
        wrist, along = points[WRIST], points[knuckle] - points[WRIST]
        capitate = (targets(hand)[2] + 0.5) / 299 * hand.size[::-1] - 0.5
        assert 0.05 < (capitate - wrist) @ along / (along @ along) < 0.4, hand.id
