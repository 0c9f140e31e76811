"""One training over several processes: each batch is dealt out, and Lightning Fabric's DDP averages the gradients.

A recipe's batch stays the whole batch: of n processes each takes every n-th film of it, in the order and with the changes that
one process would draw. Where the loss of a batch is the mean over its films, as of all bone age networks, the weights are those
of one process but for roundings and dropout; a loss that is more than that (the hand finder's counts the points that are seen)
becomes the mean of the shares' losses. Process 0 follows the average, scores and writes; checkpoints know nothing of processes.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import timedelta
from functools import partial
from multiprocessing.queues import SimpleQueue
from pathlib import Path
from threading import Thread
from typing import TYPE_CHECKING, Protocol, runtime_checkable

import torch
from torch import multiprocessing, nn
from torch.multiprocessing.spawn import ProcessRaisedException

from boneage.errors import BoneAgeError, Kind
from boneage.extras import load
from boneage.train.loop import Batch, Losses, Machine, Task, Tell, train
from boneage.train.recipe import Recipe
from boneage.train.shared_norm import share_batch_norm

if TYPE_CHECKING:
    from lightning_fabric import Fabric

PATIENCE = timedelta(days=1)  # of the others while process 0 loads films or scores


@runtime_checkable
class Sharing(Protocol):
    """A task that makes its process's films alone. Of any other's batches the whole is made in every process, and cut."""

    share: slice  # of each batch


@dataclass(frozen=True)
class Processes:
    """A process among those that train together: loop.py's Team."""

    fabric: Fabric
    cuts: bool = True  # False: batches come as shares

    @property
    def number(self) -> int:
        return self.fabric.global_rank

    @property
    def count(self) -> int:
        return self.fabric.world_size

    @property
    def mine(self) -> slice:
        """Every n-th: films of one kind may stand together in a batch."""
        return slice(self.number, None, self.count)

    def join(self, losses: Losses) -> nn.Module:
        share_batch_norm(losses.model)
        return self.fabric.setup_module(losses, move_to_device=False, _reapply_compile=False)

    def share(self, batch: Batch) -> Batch:
        return cut(batch, self.mine) if self.cuts else batch

    def mean(self, values: dict[str, float]) -> dict[str, float]:
        own = torch.tensor(list(values.values()), dtype=torch.float64, device=self.fabric.device)
        whole = self.fabric.all_reduce(own, reduce_op="mean")
        assert isinstance(whole, torch.Tensor)
        return dict(zip(values, whole.tolist(), strict=True))

    def wait(self) -> None:
        self.fabric.barrier()


Work = Callable[[Processes, Machine, Tell], None]
Failure = tuple[Kind, dict[str, str]]
Lines = SimpleQueue[str | Failure | None]  # a line, an error, the end


def cut(batch: Batch, share: slice) -> Batch:
    """The share's films; what is one value for the batch stays."""
    return {key: value[share] if value.ndim else value for key, value in batch.items()}


def train_together(recipe: Recipe, make: Callable[[], Task], run: Path, *, machine: Machine, tell: Tell) -> None:
    """As `train` over the machine's processes; `make` builds the task in each of them, so it must pickle.

    Raises BoneAgeError where the batch cannot be dealt out or the GPUs are too few, and what a process raised.
    """
    if recipe.optimizer.batch % machine.processes:
        raise BoneAgeError(
            Kind.BAD_OPTION,
            came=f"--processes {machine.processes} for batches of {recipe.optimizer.batch} films",
            expected="a number of processes that divides the recipe's batch",
            todo="Give another number.",
        )
    together(partial(train_share, recipe, make, run), machine=machine, tell=tell)


def together(work: Work, *, machine: Machine, tell: Tell) -> None:
    """Start the machine's processes, do the work in each, and pass on what number 0 tells. The work must pickle."""
    _need_devices(machine)
    load("lightning_fabric")
    from lightning_fabric import Fabric
    from lightning_fabric.strategies.ddp import DDPStrategy

    # Unused parameters are looked for in each step: a detector's share may hold no hand. It also keeps the order in which
    # gradients are summed as it was at the start, without which a resumed run would round otherwise than one that went through.
    strategy = DDPStrategy(start_method="spawn", timeout=PATIENCE, find_unused_parameters=True)
    fabric = Fabric(accelerator=machine.device, devices=machine.processes, strategy=strategy)
    lines: Lines = multiprocessing.get_context("spawn").SimpleQueue()
    failures: list[Failure] = []
    listener = Thread(target=_listen, args=(lines, tell, failures))
    listener.start()
    try:
        fabric.launch(partial(_do, work=work, machine=machine, lines=lines))  # Fabric takes no frozen value as an argument
    except ProcessRaisedException:
        _end(lines, listener)
        if failures:
            kind, texts = failures[0]
            raise BoneAgeError(kind, **texts) from None
        raise
    finally:
        _end(lines, listener)


def _need_devices(machine: Machine) -> None:
    there = torch.cuda.device_count() if machine.device == "cuda" else machine.processes
    if machine.device in {"cpu", "cuda"} and there >= machine.processes:
        return
    raise BoneAgeError(
        Kind.BAD_OPTION,
        came=f"--processes {machine.processes} on {machine.device}" + (f" with {there} GPUs" if machine.device == "cuda" else ""),
        expected="cpu, or cuda with a GPU for each process",
        todo="Give fewer processes; which GPUs are used is told by CUDA_VISIBLE_DEVICES.",
    )


def _do(fabric: Fabric, *, work: Work, machine: Machine, lines: Lines) -> None:
    """In each process. An error of this package is sent as its texts: torch would pass on a traceback alone."""
    team, own = Processes(fabric), replace(machine, device=str(fabric.device))
    try:
        work(team, own, lines.put if team.number == 0 else _nobody)
    except BoneAgeError as error:
        lines.put((error.kind, {"came": error.came, "expected": error.expected, "todo": error.todo}))
        raise


def train_share(recipe: Recipe, make: Callable[[], Task], run: Path, team: Processes, machine: Machine, tell: Tell) -> None:
    with team.fabric.rank_zero_first():  # what it prepares is kept on disk, and the others find it there
        task = make()
    if isinstance(task, Sharing):
        task.share, team = team.mine, replace(team, cuts=False)
    train(recipe, task, run, machine=machine, tell=tell, team=team)


def _listen(lines: Lines, tell: Tell, failures: list[Failure]) -> None:
    while (line := lines.get()) is not None:
        if isinstance(line, str):
            tell(line)
        else:
            failures.append(line)


def _end(lines: Lines, listener: Thread) -> None:
    """All that was sent is heard."""
    if listener.is_alive():
        lines.put(None)
        listener.join()


def _nobody(_line: str) -> None:
    pass
