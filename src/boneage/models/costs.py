"""What a network costs for one film: parameters and operations, counted without computing; and its time beside others'."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from statistics import median
from time import perf_counter

import torch
from torch import Tensor, nn

from boneage.models.layers import count_parameters
from boneage.models.lee_networks import LeeNetwork, Name

TURNS = 5
SIZE = (224, 224)  # Lee 2017, "Image size"
CLASSES = 14


@dataclass(frozen=True)
class Cost:
    """Of one film."""

    network: str
    parameters: int
    operations: int  # two for each multiplication with its addition, in convolutions and dense layers, as the paper counts
    milliseconds: float  # median over the turns, on one thread
    relative_time: float  # the same, GoogLeNet's being 1
    input_px: str


def count(network: nn.Module, film: Tensor) -> tuple[int, int]:
    """Parameters and operations for one input [1, C, H, W], which may lie on torch's meta device."""
    done: list[int] = []

    def see(layer: nn.Module, inputs: tuple[Tensor, ...], output: Tensor) -> None:
        weights = layer.weight
        assert isinstance(weights, Tensor)
        done.append(2 * output.numel() * weights[0].numel())  # the weights behind each number that comes out

    hooks = [one.register_forward_hook(see) for one in network.modules() if isinstance(one, nn.Conv2d | nn.Linear)]
    with torch.no_grad():
        network.eval()(film)
    for hook in hooks:
        hook.remove()
    return count_parameters(network), sum(done)


def lee_costs(size: tuple[int, int] = SIZE, *, turns: int = TURNS) -> list[Cost]:
    """Lee 2017, table 1, for gray films and 14 classes: all in one process, taking turns, on one thread."""
    film = torch.zeros(1, 1, *size)
    networks = {name: LeeNetwork(name, outputs=CLASSES, dropout=0.0).eval() for name in Name}
    seconds = taking_turns({name: _reader(network, film) for name, network in networks.items()}, turns=turns)
    return [
        Cost(
            name.value,
            *count(network, film),
            milliseconds=1000 * seconds[name],
            relative_time=seconds[name] / seconds[Name.GOOGLENET],
            input_px=f"{size[0]} x {size[1]}",
        )
        for name, network in networks.items()
    ]


def taking_turns(jobs: Mapping[Name, Callable[[], object]], *, turns: int) -> dict[Name, float]:
    """The median seconds of each job on one thread; what slows the machine slows all. The first round only warms up."""
    seconds: dict[Name, list[float]] = {name: [] for name in jobs}
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    for _ in range(turns + 1):
        for name, job in jobs.items():
            began = perf_counter()
            job()
            seconds[name].append(perf_counter() - began)
    torch.set_num_threads(threads)
    return {name: median(own[1:]) for name, own in seconds.items()}


def _reader(network: nn.Module, film: Tensor) -> Callable[[], object]:
    def read() -> object:
        with torch.inference_mode():
            return network(film)

    return read
