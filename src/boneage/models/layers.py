"""A stack's layers with their output sizes and parameters, found without computing: on torch's meta device."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import nn

from boneage.models.vgg import DENSE, FILTERS, Vgg


@dataclass(frozen=True)
class Layer:
    """One block or layer."""

    what: str  # "2 x convolution 3 x 3, ELU, batch normalization; max pooling"
    output: tuple[int, ...]  # channels, height, width; or neurons
    parameters: int


def vgg_layers(size: tuple[int, int], outputs: int) -> tuple[Layer, ...]:
    """Iglovikov 2018's network for inputs of that size (height, width): blocks, dense layers, output."""
    with torch.device("meta"):
        network, flow = Vgg(size=size, outputs=outputs), torch.empty(1, 1, *size)
    layers = []
    for block in network.features:
        flow = block(flow)
        layers.append(Layer("2 x convolution 3 x 3 with ELU and batch normalization; max pooling", _size(flow), _count(block)))
    flow = flow.flatten(1)
    for part in network.head:
        flow = part(flow)
        if isinstance(part, nn.Linear):
            last = len(layers) == len(FILTERS) + len(DENSE)
            layers.append(Layer("dense" if last else "dropout, dense with ELU", _size(flow), _count(part)))
    return tuple(layers)


def _size(flow: torch.Tensor) -> tuple[int, ...]:
    return tuple(flow.shape[1:])


def _count(part: nn.Module) -> int:
    return sum(weights.numel() for weights in part.parameters())
