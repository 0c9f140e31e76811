"""MobileNetV2 in GoogLeNet's place: its folded weights are ready to be trained, and the function is what it was."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch
from torch import nn

from boneage.models.lee_networks import LeeNetwork, Name
from boneage.models.torchvision_cpu import load
from boneage.train.published import PublishedTask as Settings
from boneage.train.published_task import PublishedTask
from boneage.train.recipe import read_recipe
from boneage.train.run import task_of

RECIPE = Path(__file__).parents[2] / "recipes" / "mobilenet-from-stride8-female-2026-11.toml"


def made(data: Path) -> PublishedTask:
    """Over squashed films, which need no network to prepare."""
    recipe = read_recipe(RECIPE)
    assert isinstance(recipe.task, Settings)
    values = recipe.task.model_dump()
    values["films"] |= {"way": "squashed", "crops": ("film",)}
    stage = recipe.stages[0].model_copy(update={"size": (64, 64)})
    task = task_of(recipe.model_copy(update={"stages": (stage,), "task": Settings.model_validate(values)}), data)
    assert isinstance(task, PublishedTask)
    return task


def test_built_from_imagenet(small_data: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("BONEAGE_RUNS", str(tmp_path / "runs"))
    monkeypatch.setenv("BONEAGE_PRETRAINED", str(tmp_path))
    torch.manual_seed(5)
    torch.save(load("torchvision.models").mobilenet_v2(weights=None).state_dict(), tmp_path / "mobilenet_v2_imagenet.pth")
    task = made(small_data)
    torch.manual_seed(7)
    model = task.build(resumed=False)
    assert isinstance(model, LeeNetwork)
    torch.manual_seed(7)
    plain = LeeNetwork(Name.MOBILENET_V2, outputs=14, dropout=0.2, trained_from="stride8")
    plain.load_imagenet(tmp_path)
    films = torch.rand(2, 1, 64, 64)
    with torch.no_grad():
        torch.testing.assert_close(model.eval()(films), plain.eval()(films), rtol=1e-2, atol=1e-4)
    first = model.network.get_submodule("features.0.1")
    assert isinstance(first, nn.BatchNorm2d)
    assert first.running_mean is not None
    assert float(first.running_mean.abs().max()) > 1e-3  # it has the films' statistics
    assert not first.weight.requires_grad
    assert model.network.get_submodule("features.4.conv.1.0").weight.requires_grad
    again = task.build(resumed=True)
    assert isinstance(again, LeeNetwork)
    assert float(again.network.get_submodule("features.0.1").running_mean.abs().max()) == 0  # type: ignore[operator]
