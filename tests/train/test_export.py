"""Export: the ONNX file says what the torch module says."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch

from boneage.errors import BoneAgeError
from boneage.found_hands import runs_folder
from boneage.models.hand_finder import HandFinder, soft_argmax
from boneage.models.reference import Reference, expectation
from boneage.networks import Card, OnnxNetwork
from boneage.train.export import averaged, export
from boneage.train.recipe import read_recipe

RECIPES = Path(__file__).parents[2] / "recipes"


def exported(tmp_path: Path, name: str, model: torch.nn.Module) -> OnnxNetwork:
    torch.save({"average": model.state_dict()}, tmp_path / "last.pt")
    path = export(read_recipe(RECIPES / f"{name}.toml"), tmp_path, card={"date": "2026-01-01"}, checkpoint=tmp_path / "last.pt")
    return OnnxNetwork(path, Card.read(path.with_suffix(".toml")))


def test_a_reference_network_agrees_within_a_twentieth_of_a_month(tmp_path: Path) -> None:
    torch.manual_seed(0)
    model = Reference().eval()
    network = exported(tmp_path, "reference-2026-11", model)
    batch = np.random.default_rng(0).random((4, 1, *network.card.size), np.float32)
    sex = np.array([[0], [1], [0], [1]], np.float32)
    (probabilities,) = network(batch, sex=sex)
    with torch.no_grad():
        months = expectation(model(torch.from_numpy(batch), torch.from_numpy(sex))[0]).numpy()
    assert np.abs(probabilities @ np.arange(240) - months).max() < 0.05
    assert network.card.values["date"] == "2026-01-01"


def test_a_hand_finder_agrees(tmp_path: Path) -> None:
    torch.manual_seed(0)
    model = HandFinder().eval()
    network = exported(tmp_path, "hand-finder-2026-11", model)
    batch = np.random.default_rng(0).random((2, 1, *network.card.size), np.float32)
    points, _, whole = network(batch)
    with torch.no_grad():
        maps, logits = model(torch.from_numpy(batch))
        expected_points, expected_confidence = soft_argmax(maps)
    sure = expected_confidence.numpy() > 0.5  # noise has no peak to agree on
    assert np.allclose(points[sure], expected_points.numpy()[sure], atol=0.2)
    assert np.allclose(whole, logits.sigmoid().numpy(), atol=5e-3)


def test_a_run_that_is_not_there_is_told(tmp_path: Path) -> None:
    with pytest.raises(BoneAgeError, match="boneage train recipes/reference-2026-11"):
        averaged(read_recipe(RECIPES / "reference-2026-11.toml"), tmp_path / "last.pt")


def test_runs_live_where_the_variable_says(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("BONEAGE_RUNS", str(tmp_path))
    assert runs_folder() == tmp_path
