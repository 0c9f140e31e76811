"""The loop: a killed and resumed run ends with the weights of one that was not."""

from __future__ import annotations

import csv
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
import torch
from torch import Tensor, nn

from boneage.errors import BoneAgeError
from boneage.train.loop import Batch, Machine, State, learning_rate, ordered_map, train
from boneage.train.recipe import Cosine, Exponential, Recipe, ThreeSteps, read_recipe

PLAIN = Machine(workers=0, bf16=False)


def small(epochs: int) -> Recipe:
    recipe = read_recipe(Path(__file__).parents[2] / "recipes" / "reference-2026-11.toml")
    stage = recipe.stages[0].model_copy(update={"epochs": epochs, "size": (8, 8)})
    optimizer = recipe.optimizer.model_copy(update={"learning_rate": 0.05, "warmup_steps": 4, "ema_decay": 0.5})
    return recipe.model_copy(update={"name": "small", "stages": (stage,), "optimizer": optimizer})


class Small:
    """A tiny regression with dropout, so that torch's own randomness counts."""

    def __init__(self, recipe: Recipe, *, dies_in: int | None = None) -> None:
        self.recipe, self.dies_in = recipe, dies_in

    def build(self, *, resumed: bool) -> nn.Module:
        return nn.Sequential(nn.Flatten(), nn.Linear(64, 16), nn.BatchNorm1d(16), nn.ReLU(), nn.Dropout(0.5), nn.Linear(16, 1))

    def steps(self, epoch: int) -> int:
        return 4

    def batches(self, epoch: int, workers: int) -> Iterator[Batch]:
        for step in range(4):
            if epoch == self.dies_in and step == 2:
                raise KeyboardInterrupt
            image = torch.from_numpy(np.random.default_rng((1, epoch, step)).random((6, 1, 8, 8), np.float32))
            yield {"image": image, "months": image.mean((1, 2, 3)) * 100}

    def loss(self, model: nn.Module, batch: Batch) -> tuple[Tensor, dict[str, float]]:
        loss = (model(batch["image"])[:, 0] - batch["months"]).abs().mean()
        return loss, {"mae": float(loss.detach())}

    def score(self, model: nn.Module, epoch: int, workers: int) -> dict[str, float]:
        return {"select_mae": float(model(torch.ones(1, 1, 8, 8)).detach())}


def log_of(run: Path) -> list[dict[str, str]]:
    return list(csv.DictReader((run / "log.csv").read_text().splitlines()))


def weights(model: nn.Module) -> list[Tensor]:
    return list(model.state_dict().values())


def test_a_killed_run_resumes_to_the_bit(tmp_path: Path) -> None:
    recipe = small(5)
    whole = train(recipe, Small(recipe), tmp_path / "whole", machine=PLAIN, tell=lambda line: None)
    with pytest.raises(KeyboardInterrupt):
        train(recipe, Small(recipe, dies_in=3), tmp_path / "killed", machine=PLAIN, tell=lambda line: None)
    resumed = train(recipe, Small(recipe), tmp_path / "killed", machine=PLAIN, tell=lambda line: None)
    for one, two in zip(weights(whole), weights(resumed), strict=True):
        assert torch.equal(one, two)
    rows = [log_of(tmp_path / name) for name in ("whole", "killed")]
    for row in (*rows[0], *rows[1]):
        row.pop("seconds")
        assert float(row.pop("images_per_second")) > 0
    assert rows[0] == rows[1]


def test_a_finished_run_is_not_trained_again(tmp_path: Path) -> None:
    recipe = small(2)
    one = train(recipe, Small(recipe), tmp_path, machine=PLAIN, tell=lambda line: None)
    two = train(recipe, Small(recipe, dies_in=0), tmp_path, machine=PLAIN, tell=lambda line: None)
    assert all(torch.equal(a, b) for a, b in zip(weights(one), weights(two), strict=True))


def test_a_changed_recipe_does_not_go_on_with_the_old_run(tmp_path: Path) -> None:
    train(small(1), Small(small(1)), tmp_path, machine=PLAIN, tell=lambda line: None)
    with pytest.raises(BoneAgeError, match="other than the one"):
        train(small(2), Small(small(2)), tmp_path, machine=PLAIN, tell=lambda line: None)


def test_training_learns(tmp_path: Path) -> None:
    recipe = small(30)
    train(recipe, Small(recipe), tmp_path, machine=PLAIN, tell=lambda line: None)
    log = [float(row["train_mae"]) for row in log_of(tmp_path)]
    assert log[-1] < 0.8 * log[0]
    assert (tmp_path / "tensorboard").is_dir()


def test_the_rate_warms_up_and_ends_at_zero() -> None:
    recipe = small(10)
    top = recipe.optimizer.learning_rate
    assert learning_rate(recipe, epochs_done=0, step=0) == pytest.approx(top / recipe.optimizer.warmup_steps)
    assert learning_rate(recipe, epochs_done=0, step=10**6) == pytest.approx(top)
    assert learning_rate(recipe, epochs_done=5, step=10**6) == pytest.approx(top / 2)
    assert learning_rate(recipe, epochs_done=10, step=10**6) == pytest.approx(0)


def scheduled(schedule: Cosine | ThreeSteps | Exponential) -> Recipe:
    """Eight epochs without a warm-up, from a rate of 0.01."""
    recipe = small(8)
    changed = {"schedule": schedule, "learning_rate": 0.01, "warmup_steps": 0}
    return recipe.model_copy(update={"optimizer": recipe.optimizer.model_copy(update=changed)})


def test_three_steps_are_at_1_2_3_4_and_7_8() -> None:
    recipe = scheduled(ThreeSteps(kind="three-steps", gamma=0.5))
    found = [learning_rate(recipe, epochs_done=done, step=0) for done in (0, 3.99, 4, 5.99, 6, 6.99, 7, 8)]
    assert found == pytest.approx([0.01, 0.01, 0.005, 0.005, 0.0025, 0.0025, 0.00125, 0.00125])


def test_an_exponential_goes_from_the_rate_to_the_last_by_even_factors() -> None:
    recipe = scheduled(Exponential(kind="exponential", last=1e-6))
    found = [learning_rate(recipe, epochs_done=done, step=0) for done in (0, 2, 4, 6, 8)]
    assert found == pytest.approx([1e-2, 1e-3, 1e-4, 1e-5, 1e-6])


def test_sgd_has_momentum_and_decays_neither_biases_nor_normalization(tmp_path: Path) -> None:
    """Lee 2017: 0.9 and 0.005."""
    recipe = small(1)
    changed = {"algorithm": "sgd", "weight_decay": 0.005}
    recipe = recipe.model_copy(update={"optimizer": recipe.optimizer.model_copy(update=changed)})
    state = State.start(recipe, Small(recipe), tmp_path / "last.pt", PLAIN)
    assert isinstance(state.optimizer, torch.optim.SGD)
    assert [group["momentum"] for group in state.optimizer.param_groups] == [0.9, 0.9]
    decay = {id(p): group["weight_decay"] for group in state.optimizer.param_groups for p in group["params"]}
    assert all(decay[id(p)] == (0.005 if p.ndim > 1 else 0) for p in state.model.parameters())


@pytest.mark.parametrize("workers", [0, 1, 3])
def test_items_come_in_order_whatever_the_workers(workers: int) -> None:
    assert list(ordered_map(lambda n: n * n, range(20), workers)) == [n * n for n in range(20)]
