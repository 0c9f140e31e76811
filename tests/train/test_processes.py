"""Two processes train as one does, and a stopped run of theirs goes on to the bit."""

from __future__ import annotations

import csv
from collections.abc import Iterator
from dataclasses import dataclass
from functools import partial
from importlib import import_module
from pathlib import Path
from typing import Any

import pytest
import torch

from boneage.errors import BoneAgeError
from boneage.train.loop import Machine, train

pytest.importorskip("lightning_fabric", reason="needs the train extra: make test EXTRAS=train")

ONE, TWO = Machine(workers=0, bf16=False), Machine(workers=0, bf16=False, processes=2)


@dataclass(frozen=True)
class Ran:
    small: Any  # the module small_training
    folder: Path
    lines: list[str]
    seen: list[list[float]]  # by step: what one process saw
    error: BoneAgeError  # of the failing run

    def checkpoint(self, name: str) -> dict[str, Any]:
        saved: dict[str, Any] = torch.load(self.folder / name / "last.pt", weights_only=True)
        return saved

    def log(self, name: str) -> list[dict[str, str]]:
        rows = list(csv.DictReader((self.folder / name / "log.csv").read_text().splitlines()))
        return [{key: value for key, value in row.items() if key not in {"seconds", "images_per_second"}} for row in rows]


@pytest.fixture(scope="module")
def ran(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Ran]:
    """One process's run, and all of two processes'."""
    from boneage.train.processes import together

    with pytest.MonkeyPatch.context() as patch:
        patch.syspath_prepend(str(Path(__file__).parent))
        small = import_module("small_training")
        folder = tmp_path_factory.mktemp("runs")
        lines: list[str] = []
        task = small.SmallTask(small.small_recipe())
        train(small.small_recipe(), task, folder / "one", machine=ONE, tell=lambda line: None)
        with pytest.raises(BoneAgeError) as caught:
            together(partial(small.at_once, folder), machine=TWO, tell=lines.append)
        yield Ran(small, folder, lines, task.seen, caught.value)


def nearly(one: Any, two: Any) -> bool:
    """Within roundings; the same structure."""
    if isinstance(one, torch.Tensor):
        return torch.allclose(one, two, rtol=1e-4, atol=1e-5)
    if isinstance(one, dict):
        return one.keys() == two.keys() and all(nearly(one[key], two[key]) for key in one)
    if isinstance(one, list | tuple):
        return len(one) == len(two) and all(map(nearly, one, two))
    return bool(one == two)


def same(one: Any, two: Any) -> bool:
    if isinstance(one, torch.Tensor):
        return torch.equal(one, two)
    if isinstance(one, dict):
        return one.keys() == two.keys() and all(same(one[key], two[key]) for key in one)
    if isinstance(one, list | tuple):
        return len(one) == len(two) and all(map(same, one, two))
    return bool(one == two)


def test_two_processes_end_with_the_weights_of_one(ran: Ran) -> None:
    one, two = ran.checkpoint("one"), ran.checkpoint("whole")
    assert nearly(one["model"], two["model"])  # batch normalization's statistics among them
    assert nearly(one["average"], two["average"])
    assert nearly(one, two)
    for a, b in zip(ran.log("one"), ran.log("whole"), strict=True):
        assert {key: float(value) for key, value in a.items()} == pytest.approx({key: float(b[key]) for key in b}, rel=1e-3)


def test_the_shares_together_are_the_epoch(ran: Ran) -> None:
    shares = [(ran.folder / f"seen-{number}.txt").read_text().splitlines() for number in range(2)]
    assert len(ran.seen) == len(shares[0]) == len(shares[1])
    for whole, *parts in zip(ran.seen, *shares, strict=True):
        one, two = ([float(value) for value in part.split()] for part in parts)
        assert (one, two) == (whole[::2], whole[1::2])


def test_a_stopped_run_of_two_goes_on_to_the_bit(ran: Ran) -> None:
    assert "stopped" in ran.lines
    assert same(ran.checkpoint("whole"), ran.checkpoint("stopped"))
    assert ran.log("whole") == ran.log("stopped")


def test_a_task_may_make_its_share_alone(ran: Ran) -> None:
    assert same(ran.checkpoint("whole"), ran.checkpoint("sharing"))


def test_one_process_goes_on_with_what_two_began(ran: Ran) -> None:
    """A checkpoint knows nothing of processes: here it is finished, and nothing is trained."""
    small = ran.small
    average = train(small.small_recipe(), small.SmallTask(small.small_recipe()), ran.folder / "whole", machine=ONE, tell=print)
    assert same(dict(average.state_dict()), dict(ran.checkpoint("whole")["average"]))


def test_the_caller_hears_number_0_alone(ran: Ran) -> None:
    epochs = [line for line in ran.lines if line.startswith("epoch")]
    assert len(epochs) == 3 * ran.small.EPOCHS
    assert all("images_per_second" in line for line in epochs)


def test_a_batch_that_cannot_be_dealt_out_is_refused(tmp_path: Path, ran: Ran) -> None:
    from boneage.train.processes import train_together

    recipe = ran.small.small_recipe()
    with pytest.raises(BoneAgeError, match="divides"):
        train_together(recipe, partial(ran.small.SmallTask, recipe), tmp_path, machine=Machine(processes=3), tell=print)


@pytest.mark.parametrize("device", ["cuda", "cuda:1"])
def test_processes_without_a_gpu_each_are_refused(tmp_path: Path, ran: Ran, device: str) -> None:
    from boneage.train.processes import train_together

    if torch.cuda.device_count() >= 4:
        pytest.skip("has the GPUs")
    recipe, machine = ran.small.small_recipe(), Machine(device, processes=4)
    with pytest.raises(BoneAgeError, match="a GPU for each"):
        train_together(recipe, partial(ran.small.SmallTask, recipe), tmp_path, machine=machine, tell=print)


def test_what_a_process_raises_reaches_the_caller(ran: Ran) -> None:
    assert (ran.error.came, ran.error.todo) == ("a broken film", "Mend it.")
