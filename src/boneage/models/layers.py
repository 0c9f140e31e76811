"""Networks layer by layer, with output sizes and parameters, found without computing: on torch's meta device."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import torch
from torch import nn

from boneage.models.lee_networks import LeeNetwork, Name
from boneage.models.vgg import DENSE, FILTERS, Vgg

Group = tuple[str, Sequence[str]]  # words, and the modules they stand for, in order; the output is the last one's
BLOCK = "2 x convolution 3 x 3 with ELU and batch normalization; max pooling"
INCEPTION = "inception module: 1 x 1; 1 x 1 and 3 x 3; 1 x 1 and 3 x 3; pooling and 1 x 1; side by side"
WORDS = {
    "conv": "convolution {0} x {0}{1}, batch normalization, ReLU",
    "maxpool": "max pooling {0} x {0}{1}",
    "inception": INCEPTION,
    "avgpool": "average over all places",
    "dropout": "dropout",
    "fc": "dense",
}


@dataclass(frozen=True)
class Layer:
    """One layer, or several under one name."""

    what: str  # "2 x convolution 3 x 3 with ELU and batch normalization; max pooling"
    output: tuple[int, ...]  # channels, height, width; or neurons
    parameters: int


def list_layers(make: Callable[[], nn.Module], groups: Sequence[Group], film: Sequence[int]) -> tuple[Layer, ...]:
    """Of the network that `make` makes, for one film of that shape (channels, height, width)."""
    outputs: dict[str, tuple[int, ...]] = {}

    def watch(name: str, part: nn.Module) -> None:
        part.register_forward_hook(lambda _part, _inputs, output: outputs.update({name: tuple(output.shape[1:])}))

    with torch.device("meta"), torch.no_grad():
        network = make().eval()
        for _, names in groups:
            watch(names[-1], network.get_submodule(names[-1]))
        network(torch.empty(1, *film))
    counts = [sum(count_parameters(network.get_submodule(name)) for name in names) for _, names in groups]
    return tuple(Layer(words, outputs[names[-1]], count) for (words, names), count in zip(groups, counts, strict=True))


def count_parameters(part: nn.Module) -> int:
    return sum(weights.numel() for weights in part.parameters())


def parameters_of(make: Callable[[], nn.Module]) -> int:
    """Of a network that need not fit into memory."""
    with torch.device("meta"):
        return count_parameters(make())


def vgg_layers(size: tuple[int, int], outputs: int) -> tuple[Layer, ...]:
    """Iglovikov 2018's network for inputs of that size (height, width): blocks, dense layers, output."""

    def make() -> nn.Module:
        network = Vgg(size=size, outputs=outputs)
        return nn.Sequential(network.features, nn.Flatten(), network.head)

    blocks = [(BLOCK, [f"0.{number}"]) for number in range(len(FILTERS))]
    dense = [("dropout, dense with ELU", [f"2.{3 * number + 1}"]) for number in range(len(DENSE))]
    return list_layers(make, [*blocks, *dense, ("dense", [f"2.{3 * len(DENSE)}"])], (1, *size))


def googlenet_layers(size: tuple[int, int], outputs: int) -> tuple[tuple[str, Layer], ...]:
    """Lee 2017's figure 6: name and layer, from the gray film [1, H, W] to the classes."""
    with torch.device("meta"):
        network = LeeNetwork(Name.GOOGLENET, outputs=outputs, dropout=0.0)
    parts = dict(network.network.named_children())
    groups = [(_words(name, part), [f"network.{name}"]) for name, part in parts.items()]
    return tuple(zip(parts, list_layers(lambda: network, groups, (1, *size)), strict=True))


def _words(name: str, part: nn.Module) -> str:
    kind = next(kind for kind in WORDS if name.startswith(kind))
    core = next((one for one in part.modules() if isinstance(one, nn.Conv2d | nn.MaxPool2d)), None)
    if kind == "inception" or core is None:
        return WORDS[kind]
    side, step = (value if isinstance(value, int) else value[0] for value in (core.kernel_size, core.stride))
    return WORDS[kind].format(side, f", stride {step}" if step > 1 else "")
