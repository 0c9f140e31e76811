"""A reference network's task: what each choice does to batches, loss and score; the first recipe stays as it was."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import torch

from boneage.errors import BoneAgeError
from boneage.models.reference import Reference
from boneage.train.augment import draw
from boneage.train.bone_age_task import BoneAgeTask, scores
from boneage.train.loop import Machine, train
from boneage.train.recipe import BoneAgeTask as Settings
from boneage.train.recipe import Recipe
from boneage.train.run import run_folder

PLAIN = Machine(workers=0, bf16=False)
Make = Callable[..., Recipe]
FORM = {
    "trunk": "mobilenet_v2",
    "views": ["whole hand", "carpals"],
    "pooling": {"kind": "gem", "power": 3.0},
    "sex": {"kind": "late"},
    "hidden": 64,
    "drop_path": 0.1,
    "aids": [{"kind": "key-points", "weight": 2.0}, {"kind": "sex", "weight": 0.5}],
}
ACQUIRED = {"jpeg": {"share": 1.0, "least": 20.0, "most": 40.0}}


@pytest.fixture(autouse=True)
def runs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("BONEAGE_RUNS", str(tmp_path / "runs"))


def task_of(recipe: Recipe, data: Path) -> BoneAgeTask:
    assert isinstance(recipe.task, Settings)
    return BoneAgeTask(recipe, recipe.task, data)


def test_what_is_left_out_leaves_the_first_recipe_s_batches(two_scans: Path, small_reference: Make) -> None:
    """The changes are drawn as ever, whatever stages of acquisition a recipe has."""
    plain, acquired = (task_of(small_reference(**more), two_scans) for more in ({}, {"acquisition": ACQUIRED}))
    one, two = (next(task.batches(0, 0)) for task in (plain, acquired))
    assert set(one) == {"image", "sex", "months"}
    assert torch.equal(one["months"], two["months"])
    assert not torch.equal(one["image"], two["image"])
    assert (one["image"] - two["image"]).abs().mean() < 0.1  # the same change of the same film, but for its JPEG
    order = np.random.default_rng((plain.recipe.seed, 0)).permutation(8)
    rng = np.random.default_rng((plain.recipe.seed, 0, int(order[0])))
    changes = [draw(plain.recipe.augment, rng) for _ in range(4)]
    first = plain.train[order[0]].crops(("whole hand",), changes[0], acquired_nothing(), (64, 48))
    assert torch.equal(one["image"][0], torch.from_numpy(first))


def acquired_nothing() -> object:
    from boneage.train.acquisition import Acquired

    return Acquired()


def test_all_choices_at_once_train_a_step_and_score(two_scans: Path, small_reference: Make) -> None:
    films = {"scans": ["299", "half-size"], "detail": "film"}
    sigma = {"kind": "by-sex", "female": 4.0, "male": 6.0}
    recipe = small_reference(network=FORM, films=films, acquisition=ACQUIRED, label_sigma_months=sigma)
    task, lines = task_of(recipe, two_scans), list[str]()
    assert task.steps(0) == 2  # ten scans of eight films
    batch = next(task.batches(0, 0))
    assert batch["image"].shape == (4, 2, 64, 48)
    assert batch["points"].shape == (4, 21, 2)
    model = train(recipe, task, run_folder(recipe), machine=PLAIN, tell=lines.append)
    assert isinstance(model, Reference)
    for word in ("train_points", "train_sex", "select_half_mae", "select_half_drift"):
        assert word in lines[-1]


def test_auxiliary_losses_are_weighted_and_move_their_heads(two_scans: Path, small_reference: Make) -> None:
    task = task_of(small_reference(network=FORM), two_scans)
    torch.manual_seed(0)
    model, batch = task.build(resumed=False).train(), next(task.batches(0, 0))
    loss, parts = task.loss(model, batch)
    loss.backward()  # type: ignore[no-untyped-call]
    assert isinstance(model, Reference)
    assert model.find_points is not None
    assert model.find_points.weight.grad is not None
    assert model.find_points.weight.grad.abs().sum() > 0
    assert 0 < parts["points"] < 2 * 2.0  # at most 2 half crops away
    assert parts["sex"] == pytest.approx(0.5 * np.log(2), rel=0.5)


def test_a_training_goes_on_from_another_s_weights_at_another_size(two_scans: Path, small_reference: Make) -> None:
    base = small_reference()
    trained = train(base, task_of(base, two_scans), run_folder(base), machine=PLAIN, tell=lambda line: None)
    finer = small_reference(top={"name": "finer", "start": "recipe:small", "stages": [{"epochs": 1, "size": [96, 72]}]})
    begun = task_of(finer, two_scans).build(resumed=False)
    for name, value in trained.state_dict().items():
        assert torch.equal(value, begun.state_dict()[name]), name
    other = small_reference(top={"name": "other", "start": "recipe:small"}, network=FORM)
    with pytest.raises(BoneAgeError, match="another shape"):
        task_of(other, two_scans).build(resumed=False)


def test_scores_are_those_of_each_scan_and_the_drift_between_them(two_scans: Path, small_reference: Make) -> None:
    films = task_of(small_reference(films={"scans": ["299", "half-size"]}), two_scans).select
    truth = np.array([one.film.bone_age_months for one in films], np.float32)
    assert len(films) == 5
    said = scores(films, np.stack([truth + np.array([1, -2, 3, 5, 6]), truth + 7]).astype(np.float32))
    assert said["select_mae"] == pytest.approx(2)
    assert said["select_regression_mae"] == pytest.approx(7)
    assert said["select_half_mae"] == pytest.approx(5.5)
    assert said["select_half_drift"] == pytest.approx(6)  # (5 - 1) and (6 + 2)


def test_a_network_that_is_told_the_sex_early_cannot_learn_it(small_reference: Make) -> None:
    with pytest.raises(ValueError, match="told the sex early"):
        small_reference(network=FORM | {"sex": {"kind": "early"}})
    with pytest.raises(ValueError, match="twice"):
        small_reference(network=FORM | {"views": ["carpals", "carpals"]})
