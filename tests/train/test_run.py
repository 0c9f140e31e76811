"""Recipe to ONNX on a small data set of phantoms: train, stop, resume, export."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch

from boneage.dataset import LABELS, Part, part_of
from boneage.models.reference import Reference
from boneage.networks import Card, OnnxNetwork
from boneage.phantom import draw, write_png
from boneage.train.bone_age_task import BoneAgeTask
from boneage.train.export import averaged, disagreement, export
from boneage.train.loop import Machine, train
from boneage.train.recipe import BoneAgeTask as Settings
from boneage.train.recipe import Recipe, read_recipe
from boneage.train.run import run_folder
from boneage.types import Sex

PLAIN = Machine(workers=0, bf16=False)


@pytest.fixture(scope="module")
def small(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Eight training films and three select films."""
    folder = tmp_path_factory.mktemp("data")
    by_part = {part: [i for i in range(1377, 2000) if part_of(i) is part] for part in Part}
    rows = []
    for k, film_id in enumerate((*by_part[Part.TRAIN][:8], *by_part[Part.SELECT][:3])):
        months, sex = 40 + 15 * k, Sex.MALE if k % 2 else Sex.FEMALE
        rows.append(f"{film_id},{months},{sex is Sex.MALE}")
        write_png(draw(months, sex, seed=k, size=(500, 400)), folder / f"{film_id}.png")
    (folder / LABELS).write_text("id,boneage,male\n" + "\n".join(rows) + "\n")
    return folder


@pytest.fixture
def recipe() -> Recipe:
    whole = read_recipe(Path(__file__).parents[2] / "recipes" / "reference-2026-11.toml")
    stage = whole.stages[0].model_copy(update={"epochs": 2, "size": (64, 64)})
    optimizer = whole.optimizer.model_copy(update={"batch": 4, "warmup_steps": 2})
    return whole.model_copy(update={"name": "small", "start": "random", "stages": (stage,), "optimizer": optimizer})


def test_phantoms_go_from_recipe_to_onnx(small: Path, recipe: Recipe, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("BONEAGE_RUNS", str(tmp_path / "runs"))
    assert isinstance(recipe.task, Settings)
    task = BoneAgeTask(recipe, recipe.task, small)
    assert (len(task.train_films), len(task.select_films)) == (8, 3)
    lines: list[str] = []
    model = train(recipe, task, run_folder(recipe), machine=PLAIN, tell=lines.append)
    assert isinstance(model, Reference)
    assert "select_mae" in lines[-1]
    path = export(recipe, tmp_path, card={}, checkpoint=run_folder(recipe) / "last.pt")
    network = OnnxNetwork(path, Card.read(path.with_suffix(".toml")))
    crops = [np.random.default_rng(k).random((1, 64, 64), np.float32) for k in range(4)]
    form = averaged(recipe, run_folder(recipe) / "last.pt")
    assert disagreement(form, network, crops) < 0.05


def test_batches_are_a_law_of_seed_and_epoch(
    small: Path, recipe: Recipe, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("BONEAGE_RUNS", str(tmp_path / "runs"))
    assert isinstance(recipe.task, Settings)
    task = BoneAgeTask(recipe, recipe.task, small)
    one, two, other = (list(task.batches(epoch, workers)) for epoch, workers in ((0, 0), (0, 2), (1, 0)))
    assert len(one) == task.steps(0) == 2
    assert all(torch.equal(a["image"], b["image"]) for a, b in zip(one, two, strict=True))
    assert not torch.equal(one[0]["image"], other[0]["image"])
    films = [film.bone_age_months for film in task.train_films]
    assert sorted(float(m) for batch in one for m in batch["months"]) == sorted(films)


def test_no_film_of_another_part_is_trained_on(
    small: Path, recipe: Recipe, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("BONEAGE_RUNS", str(tmp_path / "runs"))
    assert isinstance(recipe.task, Settings)
    task = BoneAgeTask(recipe, recipe.task, small)
    assert {film.part for film in task.train_films} == {Part.TRAIN}
    assert {film.part for film in task.select_films} == {Part.SELECT}
