"""Distillation: teachers' distributions computed once, out of fold where there are such, mixed into the label."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import torch
from torch import nn

from boneage.dataset import Part
from boneage.errors import BoneAgeError
from boneage.models.reference import Reference
from boneage.train import teachers
from boneage.train.bone_age_task import BoneAgeTask
from boneage.train.loop import Machine
from boneage.train.recipe import BoneAgeTask as Settings
from boneage.train.recipe import Recipe
from boneage.train.run import run, run_folder
from boneage.train.teachers import answers, soft_labels, trained

Make = Callable[..., Recipe]


@pytest.fixture(autouse=True)
def runs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("BONEAGE_RUNS", str(tmp_path / "runs"))


Lively = Callable[..., nn.Module]


def finish(recipe: Recipe, lively: Lively, *, month: int) -> Recipe:
    """As if trained: a network that leans toward one month."""
    from boneage.train.loop import _json

    assert isinstance(recipe.task, Settings)
    model = lively(Reference(), seed=month)
    with torch.no_grad():
        model.head[4].weight *= 0.1  # type: ignore[union-attr, operator]
        model.head[4].bias[month] = 6.0  # type: ignore[union-attr, operator]
    folder = run_folder(recipe)
    folder.mkdir(parents=True)
    torch.save({"recipe": _json(recipe), "average": model.state_dict(), "epoch": recipe.epochs}, folder / "last.pt")
    return recipe


def teacher_of(*names: str, share: float = 1.0, views: int = 2) -> dict[str, object]:
    return {"recipes": list(names), "share": share, "views": views}


def settings_of(recipe: Recipe) -> Settings:
    assert isinstance(recipe.task, Settings)
    return recipe.task


def test_several_views_are_averaged_and_kept(
    two_scans: Path, small_reference: Make, lively: Lively, monkeypatch: pytest.MonkeyPatch
) -> None:
    one = finish(small_reference(top={"name": "one"}), lively, month=100)
    teacher = settings_of(small_reference(teacher=teacher_of("one", views=3))).teacher
    assert teacher is not None
    soft = soft_labels(teacher, two_scans)
    assert len(soft) == 8
    assert all(abs(float(label.sum()) - 1) < 1e-2 for label in soft.values())  # kept in float16
    assert all(int(label.argmax()) == 100 for label in soft.values())
    _, model = trained(run_folder(one) / "last.pt", "one")
    single, three = (answers(one, model, two_scans, Part.TRAIN, views=views) for views in (1, 3))
    assert not np.allclose(list(single.values()), list(three.values()), atol=1e-3)
    assert np.allclose(list(three.values()), list(soft.values()), atol=5e-4)
    monkeypatch.setattr(teachers, "answers", lambda *_, **__: pytest.fail("asked again"))
    again = soft_labels(teacher, two_scans)
    assert all(np.array_equal(again[film_id], soft[film_id]) for film_id in soft)


def test_a_film_is_asked_of_those_that_never_saw_it(two_scans: Path, small_reference: Make, lively: Lively) -> None:
    for number in (0, 1):
        films = {"fold": {"of": 2, "left_out": number}}
        finish(small_reference(top={"name": f"fold-{number}"}, films=films), lively, month=60 + 100 * number)
    finish(small_reference(top={"name": "whole"}), lively, month=230)
    teacher = settings_of(small_reference(teacher=teacher_of("fold-0", "fold-1", "whole"))).teacher
    assert teacher is not None
    modes = {film_id: int(label.argmax()) for film_id, label in soft_labels(teacher, two_scans).items()}
    from boneage.train.aligned_films import in_fold
    from boneage.train.reference import Fold

    assert modes == {film_id: 60 if in_fold(film_id, Fold(of=2, left_out=0)) else 160 for film_id in modes}
    assert set(modes.values()) == {60, 160}
    whole = settings_of(small_reference(teacher=teacher_of("whole"))).teacher
    assert whole is not None
    assert {int(label.argmax()) for label in soft_labels(whole, two_scans).values()} == {230}


def test_a_student_learns_what_its_teachers_say(two_scans: Path, small_reference: Make, lively: Lively) -> None:
    """With a share of 1 the label is the teacher's: the loss is least where the student answers alike."""
    finish(small_reference(top={"name": "one"}), lively, month=100)
    losses = {}
    for share in (1.0, 0.001):
        recipe = small_reference(top={"name": f"student-{share}"}, teacher=teacher_of("one", share=share))
        task = BoneAgeTask(recipe, settings_of(recipe), two_scans)
        batch = next(task.batches(0, 0))
        assert batch["soft"].shape == (4, 240)
        model = trained(run_folder(recipe).parent / "one" / "last.pt", "one")[1]
        losses[share] = float(task.loss(model.eval(), batch)[0].detach())
    assert losses[1.0] < losses[0.001] - 1


def test_a_student_is_trained_by_the_command_s_way_and_resumes(two_scans: Path, small_reference: Make, lively: Lively) -> None:
    finish(small_reference(top={"name": "one"}), lively, month=100)
    recipe, lines = small_reference(teacher=teacher_of("one", share=0.5)), list[str]()
    for _ in range(2):
        run(recipe, two_scans, machine=Machine(workers=0, bf16=False), tell=lines.append)
    assert sum("is asked for 2 views" in line for line in lines) == 1
    assert sum("select_mae" in line for line in lines) == 1


def test_a_teacher_that_is_not_trained_is_told(two_scans: Path, small_reference: Make) -> None:
    recipe = small_reference(teacher=teacher_of("nobody"))
    with pytest.raises(BoneAgeError, match="teacher nobody without a run"):
        BoneAgeTask(recipe, settings_of(recipe), two_scans)
