"""The training loop: one visible loop over epochs for every task, resumable to the bit.

All randomness of the data is drawn from (seed, epoch, step), and torch is reseeded each epoch, so a run that
was killed and resumed ends with the weights of one that was not.
"""

from __future__ import annotations

import copy
import csv
import json
import math
import os
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol, TypeVar

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor, nn

from boneage.errors import BoneAgeError, Kind
from boneage.found_hands import runs_folder
from boneage.models.mobilenet_v2 import MobileNetV2, recenter_batch_norm
from boneage.models.resnet50 import ResNet50
from boneage.models.vgg import Vgg
from boneage.train.recipe import Cosine, Exponential, Recipe, ThreeSteps

Batch = dict[str, Tensor]
A = TypeVar("A")
B = TypeVar("B")
Tell = Callable[[str], None]
THREE_STEPS = (0.5, 0.75, 0.875)  # shares of all epochs
SEEDS_APART = 10**9  # each process draws its own dropout


class Task(Protocol):
    """What a training needs to know; each kind of network has one."""

    def build(self, *, resumed: bool) -> nn.Module: ...  # resumed: the weights will be overwritten
    def steps(self, epoch: int) -> int: ...
    def batches(self, epoch: int, workers: int) -> Iterator[Batch]: ...
    def loss(self, model: nn.Module, batch: Batch) -> tuple[Tensor, dict[str, float]]: ...
    def score(self, model: nn.Module, epoch: int, workers: int) -> dict[str, float]: ...  # on select


@dataclass(frozen=True)
class Machine:
    """Machine facts of a run; never in a recipe."""

    device: str = "cpu"
    workers: int = 2  # threads of each process
    bf16: bool = True
    compiled: bool = False  # by torch.compile: other roundings and dropout, so other weights
    processes: int = 1  # that share each batch (processes.py)


class Losses(nn.Module):
    """A task's loss as a module's `forward`, whatever of the network it calls: what is compiled, and what DDP wraps."""

    def __init__(self, task: Task, model: nn.Module) -> None:
        super().__init__()
        self.task, self.model = task, model

    def forward(self, batch: Batch) -> tuple[Tensor, dict[str, float]]:
        return self.task.loss(self.model, batch)


class Team(Protocol):
    """The processes that train together. Number 0 follows the average, scores and writes."""

    @property
    def number(self) -> int: ...  # of this process
    @property
    def count(self) -> int: ...
    def join(self, losses: Losses) -> nn.Module: ...  # called as `losses` is; the gradients are the whole batch's
    def share(self, batch: Batch) -> Batch: ...  # this process's films
    def mean(self, values: dict[str, float]) -> dict[str, float]: ...  # over the processes
    def wait(self) -> None: ...  # for all


@dataclass(frozen=True)
class Alone:
    """One process: every batch is its own."""

    number: int = 0
    count: int = 1

    def join(self, losses: Losses) -> nn.Module:
        return losses

    def share(self, batch: Batch) -> Batch:
        return batch

    def mean(self, values: dict[str, float]) -> dict[str, float]:
        return values

    def wait(self) -> None:
        pass


def pretrained(trunk: MobileNetV2, films: Tensor) -> None:
    """ImageNet weights from BONEAGE_PRETRAINED (default ../shared/pretrained), batch normalization re-centered on `films`."""
    trunk.load_imagenet(pretrained_folder() / "mobilenet_v2_imagenet.pth")
    recenter_batch_norm(trunk, films)


def start_from(start: str, model: nn.Module) -> None:
    """The weights that a recipe's `start` names. Raises BoneAgeError where they cannot be had or do not fit."""
    if start == "imagenet":
        _start_from_imagenet(model)
    elif start.startswith("recipe:"):
        _start_from_run(start.removeprefix("recipe:"), model)


def _start_from_run(name: str, model: nn.Module) -> None:
    checkpoint = runs_folder() / name / "last.pt"
    todo = f"Train it first: boneage train recipes/{name}.toml --data DIR"
    if not checkpoint.is_file():
        raise BoneAgeError(Kind.BAD_RECIPE, came=f'start = "recipe:{name}" without a run', expected=str(checkpoint), todo=todo)
    saved = torch.load(checkpoint, map_location="cpu", weights_only=True)
    stages = json.loads(saved["recipe"])["stages"]
    epochs = sum(stage["epochs"] for stage in stages)
    if saved["epoch"] < epochs:
        came = f"{name} after {saved['epoch']} of {epochs} epochs"
        raise BoneAgeError(Kind.BAD_RECIPE, came=came, expected="a finished run", todo=todo)
    try:
        if isinstance(model, Vgg | ResNet50):
            model.take(saved["average"], tuple(stages[-1]["size"]))
        else:
            model.load_state_dict(saved["average"])
    except RuntimeError as error:
        came = f"weights of {name}, a network of another shape"
        raise BoneAgeError(Kind.BAD_RECIPE, came=came, expected="the same network", todo="Name another start.") from error


def _start_from_imagenet(model: nn.Module) -> None:
    """ImageNet weights from BONEAGE_PRETRAINED for a network that knows how to take them."""
    from boneage.models.lee_networks import LeeNetwork

    if not isinstance(model, LeeNetwork):
        raise BoneAgeError(
            Kind.BAD_RECIPE,
            came=f'start = "imagenet" for a {type(model).__name__}',
            expected="a network whose ImageNet weights can be loaded",
            todo='Write start = "random".',
        )
    model.load_imagenet(pretrained_folder())


def pretrained_folder() -> Path:
    """BONEAGE_PRETRAINED, by default ../shared/pretrained."""
    return Path(os.environ.get("BONEAGE_PRETRAINED", "../shared/pretrained"))


def ordered_map(make: Callable[[A], B], items: Sequence[A], workers: int) -> Iterator[B]:
    """`make` over `items` in order, a few ahead on threads (OpenCV lets go of the lock)."""
    if workers <= 0:
        yield from map(make, items)
        return
    with ThreadPoolExecutor(workers) as pool:
        ahead = [pool.submit(make, item) for item in items[: 2 * workers]]
        for index in range(len(items)):
            following = index + 2 * workers
            if following < len(items):
                ahead.append(pool.submit(make, items[following]))
            yield ahead.pop(0).result()


def seeded_batches(
    make: Callable[[tuple[int, int, int], tuple[int, int]], Batch], recipe: Recipe, epoch: int, *, steps: int, workers: int
) -> Iterator[Batch]:
    """A batch a step: `make` of (seed, epoch, step) and the epoch's size."""
    size = recipe.size_at(epoch)
    yield from ordered_map(lambda step: make((recipe.seed, epoch, step), size), range(steps), workers)


def film_batches(
    films: Sequence[A], make: Callable[[list[A], np.random.Generator], Batch], recipe: Recipe, epoch: int, *, workers: int
) -> Iterator[Batch]:
    """Every film once an epoch, in an order drawn from (seed, epoch); the last films that fill no batch are left out."""
    size = recipe.optimizer.batch
    order = np.random.default_rng((recipe.seed, epoch)).permutation(len(films))
    picks = [order[start : start + size] for start in range(0, len(films) - size + 1, size)]

    def batch(indices: npt.NDArray[np.int64]) -> Batch:
        return make([films[index] for index in indices], np.random.default_rng((recipe.seed, epoch, int(indices[0]))))

    yield from ordered_map(batch, picks, workers)


def learning_rate(recipe: Recipe, *, epochs_done: float, step: int) -> float:
    """Linear warm-up over steps, then the recipe's schedule over all epochs."""
    warm = min(1.0, (step + 1) / max(1, recipe.optimizer.warmup_steps))
    done = epochs_done / recipe.epochs
    rate = recipe.optimizer.learning_rate
    match recipe.optimizer.schedule:
        case Cosine():
            share = 0.5 * (1 + math.cos(math.pi * done))
        case ThreeSteps(gamma=gamma):
            share = gamma ** sum(done >= at for at in THREE_STEPS)
        case Exponential(last=last):
            share = (last / rate) ** done
    return rate * warm * share


@dataclass
class State:
    """All that a resumed run needs."""

    model: nn.Module
    average: nn.Module  # exponential moving average of the model
    optimizer: torch.optim.Optimizer
    epoch: int = 0  # epochs done
    step: int = 0

    @classmethod
    def start(cls, recipe: Recipe, task: Task, checkpoint: Path, machine: Machine) -> State:
        """From the checkpoint where there is one, else from the recipe's start."""
        torch.manual_seed(recipe.seed)
        resumed = checkpoint.is_file()
        model = task.build(resumed=resumed).to(machine.device, memory_format=torch.channels_last)  # type: ignore[call-overload]
        average = copy.deepcopy(model)
        state = cls(model, average, _optimizer(model, recipe))
        if resumed:
            saved = torch.load(checkpoint, map_location=machine.device, weights_only=True)
            if _settings(saved["recipe"]) != _settings(_json(recipe)):
                raise BoneAgeError(
                    Kind.BAD_RECIPE,
                    came=f"a recipe other than the one that began {checkpoint.parent}",
                    expected="the same recipe when a run is resumed",
                    todo="Give the changed recipe a new name, or remove the run's folder.",
                )
            model.load_state_dict(saved["model"])
            average.load_state_dict(saved["average"])
            state.optimizer.load_state_dict(saved["optimizer"])
            state.epoch, state.step = saved["epoch"], saved["step"]
        return state

    def save(self, checkpoint: Path, recipe: Recipe) -> None:
        """Written beside and moved into place, so that a kill never leaves half a file."""
        values = {
            "recipe": _json(recipe),
            "model": self.model.state_dict(),
            "average": self.average.state_dict(),
            "optimizer": self.optimizer.state_dict(),
            "epoch": self.epoch,
            "step": self.step,
        }
        beside = checkpoint.with_suffix(".part")
        torch.save(values, beside)
        beside.replace(checkpoint)


def _json(recipe: Recipe) -> str:
    """Without what has its default: keys that came later do not part a recipe from its older runs."""
    return recipe.model_dump_json(exclude_defaults=True)


def _settings(recipe: str) -> dict[str, object]:
    """What of a recipe's JSON moves the weights: all but what it tells the reader."""
    return {key: value for key, value in json.loads(recipe).items() if key != "about"}


def train(recipe: Recipe, task: Task, run: Path, *, machine: Machine, tell: Tell, team: Team | None = None) -> nn.Module:
    """Train to the recipe's last epoch, from the run folder's checkpoint if there is one.

    Returns the averaged model; of a team's processes only number 0 follows the average.
    """
    team = team or Alone()
    run.mkdir(parents=True, exist_ok=True)
    state = State.start(recipe, task, run / "last.pt", machine)
    losses = Losses(task, state.model)
    if machine.compiled:
        losses.compile()
    loss_of = team.join(losses)
    if team.number == 0:
        trim_log(run, state.epoch)
    while state.epoch < recipe.epochs:
        began = time.monotonic()
        torch.manual_seed(recipe.seed * 1000 + state.epoch + SEEDS_APART * team.number)
        means = _epoch(state, loss_of, recipe, task, machine=machine, tell=tell, team=team)
        epoch, state.epoch = state.epoch, state.epoch + 1
        if team.number == 0:
            scores = task.score(state.average.eval(), epoch, machine.workers)
            row = {"epoch": float(state.epoch), **means, **scores, "learning_rate": state.optimizer.param_groups[0]["lr"]}
            row["seconds"] = time.monotonic() - began
            log_row(run, row)
            state.save(run / "last.pt", recipe)
            tell("  ".join(f"{key} {value:.4g}" for key, value in row.items()))
        team.wait()
    return state.average.eval()


def _epoch(
    state: State, loss_of: nn.Module, recipe: Recipe, task: Task, *, machine: Machine, tell: Tell, team: Team
) -> dict[str, float]:
    """One pass; returns the means of the loss and its parts, and images per second of the training alone."""
    steps, sums, images, began = task.steps(state.epoch), dict[str, float](), 0, time.monotonic()
    state.model.train()
    for count, batch in enumerate(task.batches(state.epoch, machine.workers), start=1):
        rate = learning_rate(recipe, epochs_done=state.epoch + (count - 1) / steps, step=state.step)
        for group in state.optimizer.param_groups:
            group["lr"] = rate
        batch = {key: value.to(machine.device, non_blocking=True) for key, value in team.share(batch).items()}
        batch["image"] = batch["image"].contiguous(memory_format=torch.channels_last)
        with torch.autocast(machine.device.split(":")[0], torch.bfloat16, enabled=machine.bf16):
            loss, parts = loss_of(batch)
        state.optimizer.zero_grad(set_to_none=True)
        loss.backward()
        nn.utils.clip_grad_norm_(state.model.parameters(), recipe.optimizer.clip_norm)
        state.optimizer.step()
        state.step += 1
        if team.number == 0:
            _follow(state.average, state.model, min(recipe.optimizer.ema_decay, (1 + state.step) / (10 + state.step)))
        for key, value in {"loss": float(loss.detach()), **parts}.items():
            sums[key] = sums.get(key, 0.0) + value
        images += len(batch["image"]) * team.count
        if count % 50 == 0:
            told = f"loss {sums['loss'] / count:.3f} {images / (time.monotonic() - began):.1f} images/s"
            tell(f"epoch {state.epoch + 1} step {count}/{steps} {told}")
    means = {f"train_{key}": value for key, value in team.mean({key: value / steps for key, value in sums.items()}).items()}
    return means | {"images_per_second": images / (time.monotonic() - began)}


def _optimizer(model: nn.Module, recipe: Recipe) -> torch.optim.Optimizer:
    """The recipe's algorithm; normalization weights and biases are not decayed."""
    decayed = [p for p in model.parameters() if p.ndim > 1]
    plain = [p for p in model.parameters() if p.ndim <= 1]
    groups = [{"params": decayed, "weight_decay": recipe.optimizer.weight_decay}, {"params": plain, "weight_decay": 0.0}]
    rate = recipe.optimizer.learning_rate
    match recipe.optimizer.algorithm:
        case "adamw":
            return torch.optim.AdamW(groups, lr=rate)
        case "adam":
            return torch.optim.Adam(groups, lr=rate)
        case "sgd":
            return torch.optim.SGD(groups, lr=rate, momentum=0.9)


@torch.no_grad()
def _follow(average: nn.Module, model: nn.Module, decay: float) -> None:
    """Move the averaged weights toward the model's; counters are copied."""
    for slow, fast in zip(average.state_dict().values(), model.state_dict().values(), strict=True):
        if slow.dtype.is_floating_point:
            slow.lerp_(fast, 1 - decay)
        else:
            slow.copy_(fast)


def trim_log(run: Path, epochs: int) -> None:
    """Takes away rows of epochs that a kill left without a checkpoint; they are trained again."""
    if rows := read_log(run):
        _write_log(run, [row for row in rows if float(row["epoch"]) <= epochs])


def read_log(run: Path) -> list[dict[str, str]]:
    """`log.csv`, a row an epoch; none where there is no run."""
    table = run / "log.csv"
    if not table.is_file():
        return []
    with table.open(newline="") as lines:
        return list(csv.DictReader(lines))


def _write_log(run: Path, rows: list[dict[str, str]]) -> None:
    """Written beside and moved into place. A column that came later is empty in older rows."""
    columns = list(dict.fromkeys(key for row in reversed(rows) for key in row))
    beside = run / "log.part"
    with beside.open("w", newline="") as lines:
        writer = csv.DictWriter(lines, columns, restval="")
        writer.writeheader()
        writer.writerows(rows)
    beside.replace(run / "log.csv")


def log_row(run: Path, row: dict[str, float]) -> None:
    """One epoch to `log.csv` and to TensorBoard's event file."""
    _write_log(run, [*read_log(run), {key: f"{value:.6g}" for key, value in row.items()}])
    from torch.utils.tensorboard import SummaryWriter  # slow to import

    with SummaryWriter(run / "tensorboard") as board:
        for key, value in row.items():
            board.add_scalar(key, value, int(row["epoch"]))
