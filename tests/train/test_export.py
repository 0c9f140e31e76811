"""Export: the ONNX file says what the torch module says."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import onnx
import pytest
import torch
from onnx import numpy_helper

from boneage.errors import BoneAgeError
from boneage.found_hands import runs_folder
from boneage.models.hand_finder import HandFinder, soft_argmax
from boneage.models.reference import Reference, expectation
from boneage.networks import Card, OnnxNetwork
from boneage.train.build import build
from boneage.train.export import SMALLEST, Storage, averaged, disagreement, epochs_before, export, to_bytes
from boneage.train.published import PublishedTask
from boneage.train.recipe import Recipe, read_recipe

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


def test_a_card_counts_the_epochs_of_the_weights_it_started_from(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("BONEAGE_RUNS", str(tmp_path))
    for name, start, stages in (("first", "random", (4, 2)), ("second", "recipe:first", (3,))):
        recipe = {"start": start, "stages": [{"epochs": epochs} for epochs in stages]}
        (tmp_path / name).mkdir()
        torch.save({"recipe": json.dumps(recipe)}, tmp_path / name / "last.pt")
    assert [epochs_before(start) for start in ("random", "imagenet", "recipe:first", "recipe:second")] == [0, 0, 6, 9]
    with pytest.raises(BoneAgeError, match="no checkpoint"):
        epochs_before("recipe:third")


# ---- weights in bytes
def filters(*shape: int) -> np.ndarray:
    """Channels of very different size."""
    rng = np.random.default_rng(0)
    scales = np.geomspace(1e-6, 30, shape[0]).reshape(-1, *[1] * (len(shape) - 1))
    return (rng.standard_normal(shape) * scales).astype(np.float32)


@pytest.mark.parametrize("shape", [(16, 8, 3, 3), (10, 200), (3,)])
def test_a_byte_is_off_by_half_a_step_of_its_channel_at_most(shape: tuple[int, ...]) -> None:
    values = filters(*shape)
    levels, steps = to_bytes(values)
    assert (levels.dtype, levels.shape) == (np.int8, shape)
    assert steps.shape == (shape[0], *[1] * (len(shape) - 1))
    axes = tuple(range(1, len(shape)))
    assert np.allclose(steps, np.abs(values).max(axes, keepdims=True) / 127)
    assert (np.abs(levels * steps - values) <= steps * 0.50001).all()
    assert (np.abs(levels.astype(int)).max(axes) == 127).all()  # the largest weight is kept


def test_a_channel_of_zeros_stays_zero() -> None:
    values = np.zeros((2, 5), np.float32)
    values[1] = [1, -1, 0.5, 0, 0.25]
    levels, steps = to_bytes(values)
    assert np.isfinite(steps).all()
    assert not (levels * steps)[0].any()
    assert np.array_equal((levels * steps)[1, :2], [1, -1])


def small_vgg() -> Recipe:
    """As recipes/vgg-a-female, small, but with layers large enough to be shrunk."""
    recipe = read_recipe(RECIPES / "vgg-a-female-2026-11.toml")
    assert isinstance(recipe.task, PublishedTask)
    network = recipe.task.network.model_copy(update={"filters": (8, 8, 16, 16, 40, 48), "dense": (256, 256)})
    stage = recipe.stages[0].model_copy(update={"size": (64, 64)})
    task = recipe.task.model_copy(update={"network": network})
    return recipe.model_copy(update={"name": "small", "stages": (stage,), "task": task})


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A run's folder with random weights that answer film by film."""
    folder, recipe = tmp_path_factory.mktemp("run"), small_vgg()
    torch.manual_seed(0)
    assert isinstance(recipe.task, PublishedTask)
    model = build(recipe.task, recipe.stages[-1].size)
    for layer in model.modules():
        if isinstance(layer, torch.nn.Linear | torch.nn.Conv2d):
            torch.nn.init.kaiming_normal_(layer.weight)
    torch.save({"average": model.state_dict()}, folder / "last.pt")
    return folder


def kept(run: Path, tmp_path: Path, storage: Storage) -> tuple[OnnxNetwork, Path]:
    path = export(small_vgg(), tmp_path, card={}, checkpoint=run / "last.pt", storage=storage)
    return OnnxNetwork(path, Card.read(path.with_suffix(".toml"))), path


def films(count: int = 6) -> list[np.ndarray]:
    return [np.random.default_rng(k).random((1, 64, 64), np.float32) ** (k + 1) for k in range(count)]


@pytest.mark.parametrize(("storage", "allowed", "a_weight"), [(Storage.HALF, 0.05, 2), (Storage.BYTES, 1.5, 1)])
def test_a_published_network_is_kept_small_and_answers_nearly_the_same(
    run: Path, tmp_path: Path, storage: Storage, allowed: float, a_weight: int
) -> None:
    network, path = kept(run, tmp_path, storage)
    assert network.card.values["weights"] == storage.value
    form = averaged(small_vgg(), run / "last.pt")
    difference = disagreement(form, network, films())
    assert 0 < difference < allowed
    answers = [float(form.compared(network(film[None]))[0]) for film in films()]
    assert max(answers) - min(answers) > 1  # so that the law can fail
    large = sum(value.numel() for value in form.model.state_dict().values() if value.numel() >= SMALLEST)
    assert path.stat().st_size < large * a_weight * 1.15 + 150_000
    (probabilities,) = network(np.stack(films()))
    assert np.allclose(probabilities.sum(1), 1, atol=1e-5)


def test_half_precision_weights_are_rounded_and_nothing_else(run: Path, tmp_path: Path) -> None:
    """Large tensors in float16, small ones as they are: bytes are a choice, not a change of what was."""
    _, path = kept(run, tmp_path, Storage.HALF)
    stored = {tensor.name: numpy_helper.to_array(tensor) for tensor in onnx.load(path).graph.initializer}
    weights = torch.load(run / "last.pt", weights_only=True)["average"]
    head = weights["head.1.weight"].numpy()
    halves = [value for name, value in stored.items() if name.endswith(".half") and value.shape == head.shape]
    assert any(np.array_equal(value, head.astype(np.float16)) for value in halves)
    assert all(value.dtype == np.float16 for name, value in stored.items() if name.endswith(".half"))
    assert not any(name.endswith((".bytes", ".scale")) for name in stored)
    assert all(value.dtype != np.float32 or value.size < SMALLEST for value in stored.values())


def test_bytes_are_what_to_bytes_makes(run: Path, tmp_path: Path) -> None:
    _, path = kept(run, tmp_path, Storage.BYTES)
    stored = {tensor.name: numpy_helper.to_array(tensor) for tensor in onnx.load(path).graph.initializer}
    head = torch.load(run / "last.pt", weights_only=True)["average"]["head.1.weight"].numpy()
    name = next(name for name, value in stored.items() if name.endswith(".bytes") and value.shape == head.shape)
    levels, steps = to_bytes(head)
    assert np.array_equal(stored[name], levels)
    assert np.array_equal(stored[name.replace(".bytes", ".scale")], steps)
    assert all(value.dtype != np.float32 or value.size < SMALLEST for value in stored.values())


def test_a_published_network_says_in_onnx_what_it_says_in_torch(tmp_path: Path) -> None:
    """The recipe's own network with random weights, on small films. The large ones are measured at every export."""
    recipe = read_recipe(RECIPES / "googlenet-m3-male-2026-11.toml")
    stage = recipe.stages[0].model_copy(update={"size": (96, 96)})
    recipe = recipe.model_copy(update={"stages": (stage,)})
    assert isinstance(recipe.task, PublishedTask)
    torch.manual_seed(0)
    torch.save({"average": build(recipe.task, (96, 96)).state_dict()}, tmp_path / "last.pt")
    path = export(recipe, tmp_path, card={}, checkpoint=tmp_path / "last.pt")
    network = OnnxNetwork(path, Card.read(path.with_suffix(".toml")))
    form = averaged(recipe, tmp_path / "last.pt")
    inputs = [np.random.default_rng(k).random((1, 96, 96), np.float32) for k in range(2)]
    assert disagreement(form, network, inputs) < 0.05
    assert (network.size, form.channels, form.inputs) == ((96, 96), 1, ("image",))
    together = network(np.stack(inputs))[0]
    assert np.allclose(together[1], network(inputs[1][None])[0][0], atol=1e-3)
