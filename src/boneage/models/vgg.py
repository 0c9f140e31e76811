"""Iglovikov 2018's bone age network (figure 5): a VGG-style stack with ELU, two dense layers, dropout before them."""

from __future__ import annotations

from itertools import pairwise

from torch import Tensor, nn

from boneage.models.heads import full_precision, share_out

FILTERS = (32, 64, 128, 128, 256, 384)
DENSE = (2048, 2048)


def vgg_block(inputs: int, outputs: int) -> nn.Sequential:
    """Two convolutions with ELU and batch normalization, then max pooling: the paper's VGG module (section 3)."""
    layers: list[nn.Module] = []
    for channels in (inputs, outputs):
        layers += [nn.Conv2d(channels, outputs, 3, padding=1), nn.ELU(inplace=True), nn.BatchNorm2d(outputs)]
    return nn.Sequential(*layers, nn.MaxPool2d(2))


class Vgg(nn.Module):
    """[B, C, H, W] in 0..1 -> outputs [B, K]. The dense layers are made for one size; a block halves it."""

    def __init__(
        self,
        *,
        size: tuple[int, int],
        outputs: int,
        channels: int = 1,
        filters: tuple[int, ...] = FILTERS,
        dense: tuple[int, ...] = DENSE,
        dropout: float = 0.5,
    ) -> None:
        super().__init__()
        smallest = 2 ** len(filters)
        if min(size) < smallest:
            raise ValueError(f"{len(filters)} blocks need {smallest} pixels and more, not {size}")
        widths = (channels, *filters)
        self.size, self.filters = size, filters
        self.features = nn.Sequential(*(vgg_block(a, b) for a, b in pairwise(widths)))
        rows, columns = self._places(size)
        flat = filters[-1] * rows * columns
        layers: list[nn.Module] = []
        for inputs, neurons in zip((flat, *dense), dense, strict=False):
            layers += [nn.Dropout(dropout), nn.Linear(inputs, neurons), nn.ELU(inplace=True)]
        self.head = nn.Sequential(*layers, nn.Linear(dense[-1], outputs))

    def take(self, weights: dict[str, Tensor], size: tuple[int, int]) -> None:
        """The weights of the same network for inputs of this size (height, width) or a smaller one; RuntimeError for others."""
        name = "head.1.weight"
        self.load_state_dict(weights | {name: share_out(weights[name], self._places(size), self._places(self.size))})

    def _places(self, size: tuple[int, int]) -> tuple[int, int]:
        smallest = 2 ** len(self.filters)
        return size[0] // smallest, size[1] // smallest

    def forward(self, x: Tensor) -> Tensor:
        return full_precision(self.head, self.features(2 * x - 1).flatten(1))
