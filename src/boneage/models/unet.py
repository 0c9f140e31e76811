"""U-Net for the hand's mask (Ronneberger 2015, as Iglovikov 2018 uses it, section 2), and its loss (equations 1-3)."""

from __future__ import annotations

import math

import torch
from torch import Tensor, nn
from torch.nn import functional as F

DEPTH = 4  # halvings of the contracting path


class UNet(nn.Module):
    """[B, 1, H, W] in 0..1 -> logits [B, 1, H, W]; H and W divide by 16.

    "Every step in the expansive path consists of an upsampling of the feature map followed by a convolution"; batch
    normalization "to improve convergence". Not in the paper: the number of filters; padded convolutions, so that the mask
    has the size of the film.
    """

    def __init__(self, *, filters: int) -> None:
        super().__init__()
        widths = [filters * 2**level for level in range(DEPTH + 1)]
        self.down = nn.ModuleList(_block(before, after) for before, after in zip([1, *widths], widths, strict=False))
        self.up = nn.ModuleList(nn.ConvTranspose2d(widths[k + 1], widths[k], 2, stride=2) for k in range(DEPTH))
        self.join = nn.ModuleList(_block(2 * widths[k], widths[k]) for k in range(DEPTH))
        self.mask = nn.Conv2d(filters, 1, 1)

    def forward(self, x: Tensor) -> Tensor:
        levels: list[Tensor] = []
        for block in self.down:
            x = block(F.max_pool2d(x, 2) if levels else x)
            levels.append(x)
        for level in reversed(range(DEPTH)):
            x = self.join[level](torch.cat([self.up[level](x), levels[level]], 1))
        logits: Tensor = self.mask(x)
        return logits


class UNetExport(nn.Module):
    """What is exported: the probability of hand [B, 1, H, W], moved so that `sure` becomes one half.

    Not in the paper: without it masks come out some 3 % too large (EXPERIMENTS.md, 2026-11-21).
    """

    def __init__(self, unet: UNet, *, sure: float) -> None:
        super().__init__()
        self.unet = unet
        self.shift = math.log(sure / (1 - sure))

    def forward(self, x: Tensor) -> Tensor:
        probability: Tensor = (self.unet(x) - self.shift).sigmoid()
        return probability


def mask_loss(logits: Tensor, target: Tensor) -> tuple[Tensor, Tensor]:
    """L = H - log J and J itself (equations 1-3), from logits and targets [B, 1, H, W], targets in 0..1.

    Not the paper: J is the ratio of sums over a film's pixels, averaged over films. Equation 3 as printed averages each
    pixel's own ratio, which no background pixel enters and which a perfect mask does not bring to 1.
    """
    entropy = F.binary_cross_entropy_with_logits(logits, target)
    predicted = logits.sigmoid()
    both = (target * predicted).sum((1, 2, 3))
    either = (target + predicted).sum((1, 2, 3)) - both
    jaccard = ((both + 1) / (either + 1)).mean()  # one pixel more, so that an empty mask has a logarithm
    return entropy - jaccard.log(), jaccard


def _block(before: int, after: int) -> nn.Sequential:
    layers: list[nn.Module] = []
    for channels in (before, after):
        layers += [nn.Conv2d(channels, after, 3, padding=1, bias=False), nn.BatchNorm2d(after), nn.ReLU(inplace=True)]
    return nn.Sequential(*layers)
