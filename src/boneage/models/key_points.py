"""The key-point network (Iglovikov 2018, section 3 and figure 5): VGG-style with ELU, six coordinates of three points."""

from __future__ import annotations

import torch
from torch import Tensor, nn

SIZE = (130, 100)  # height, width: "to reduce computational costs, we downscale input images to 130x100 pixels"
FILTERS = (64, 128, 256)
DENSE = (256, 128)  # not in the paper: the widths; 512 and more take most of a file of 50 MB and above
POINTS = 3  # middle finger's tip, thumb's tip, capitate


class KeyPoints(nn.Module):
    """[B, 1, 130, 100] in 0..1, bone bright -> points [B, 3, 2] as (x, y) in the frame's -1..1 square.

    "VGG blocks consist of 64, 128, 256 convolution layers respectively. For better generalization, dropout units are applied
    in-between." Not in the paper: 3 x 3 filters (VGG's own), normalization before ELU, the rate of dropout, and that it stands
    after each block and between the dense layers, but not before the coordinates, whose spread it would shrink.
    """

    def __init__(self, *, dropout: float) -> None:
        super().__init__()
        pairs = zip((1, *FILTERS), FILTERS, strict=False)
        self.blocks = nn.Sequential(*(_block(before, after, dropout) for before, after in pairs))
        inside = FILTERS[-1] * (SIZE[0] // 2 ** len(FILTERS)) * (SIZE[1] // 2 ** len(FILTERS))
        self.dense = nn.Sequential(
            nn.Linear(inside, DENSE[0]),
            nn.ELU(inplace=True),
            nn.Dropout(dropout),
            nn.Linear(DENSE[0], DENSE[1]),
            nn.ELU(inplace=True),
            nn.Linear(DENSE[1], 2 * POINTS),
        )

    def forward(self, x: Tensor) -> Tensor:
        features = self.blocks(2 * x - 1).flatten(1)
        with torch.autocast(x.device.type, enabled=False):  # coordinates in bfloat16 would step by a quarter of a pixel
            points: Tensor = self.dense(features.float())
        return points.view(-1, POINTS, 2)


class KeyPointsExport(nn.Module):
    """What is exported: the points [B, 3, 2] in -1..1."""

    def __init__(self, network: KeyPoints) -> None:
        super().__init__()
        self.network = network

    def forward(self, x: Tensor) -> Tensor:
        points: Tensor = self.network(x)
        return points


def _block(before: int, after: int, dropout: float) -> nn.Sequential:
    layers: list[nn.Module] = []
    for channels in (before, after):
        layers += [nn.Conv2d(channels, after, 3, padding=1, bias=False), nn.BatchNorm2d(after), nn.ELU(inplace=True)]
    return nn.Sequential(*layers, nn.MaxPool2d(2), nn.Dropout(dropout))
