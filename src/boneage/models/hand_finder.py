"""The hand finder: 21 heat maps, and whether this is one hand, and whether bone is dark.

Not from the papers: MobileNetV2 features joined top-down (as in feature pyramid networks, Lin 2017), points
by soft argmax. One network answers where, whether and which polarity, since all three look at the same thing.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from boneage.models.mobilenet_v2 import TAP_CHANNELS, MobileNetV2, Padding

POINTS = 21
STRIDE = 4  # input pixels per heat map cell


class HandFinder(nn.Module):
    """[B, 1, S, S] in 0..1 -> heat map logits [B, 21, S / 4, S / 4] and logits [B, 2] (one hand; bone dark)."""

    def __init__(self, *, channels: int = 64) -> None:
        super().__init__()
        self.trunk = MobileNetV2(Padding.SAME)
        self.lateral = nn.ModuleList(nn.Conv2d(taps, channels, 1) for taps in TAP_CHANNELS)
        self.smooth = nn.ModuleList(
            nn.Sequential(
                nn.Conv2d(channels, channels, 5, padding=2, groups=channels, bias=False),
                nn.Conv2d(channels, channels, 1, bias=False),
                nn.BatchNorm2d(channels),
                nn.ReLU(inplace=True),
            )
            for _ in TAP_CHANNELS
        )
        self.maps = nn.Conv2d(channels, POINTS, 1)
        self.whole = nn.Linear(TAP_CHANNELS[-1], 2)

    def forward(self, x: Tensor) -> tuple[Tensor, Tensor]:
        taps = self.trunk.taps(x)
        whole = self.whole(taps[-1].mean((2, 3)))
        y = self.smooth[-1](self.lateral[-1](taps[-1]))
        for level in (2, 1, 0):
            y = F.interpolate(y, scale_factor=2.0, mode="nearest") + self.lateral[level](taps[level])
            y = self.smooth[level](y)
        return self.maps(y), whole


def soft_argmax(logits: Tensor) -> tuple[Tensor, Tensor]:
    """Heat map logits [B, P, h, w] -> points [B, P, 2] as (x, y) in input pixels, and confidence [B, P].

    Confidence is the mass within 2 cells of the peak; the point is the mean of that mass, so that a far
    second peak does not pull it.
    """
    batch, points, h, w = logits.shape
    mass = logits.flatten(2).softmax(2).view(batch, points, h, w)
    near = F.max_pool2d(mass, 5, 1, 2)  # the peak, spread over its neighborhood
    peak = mass.amax((2, 3), keepdim=True)
    local = mass * (near >= peak).to(mass.dtype)
    confidence = local.sum((2, 3))
    x = (local.sum(2) * torch.arange(w, device=mass.device, dtype=mass.dtype)).sum(2) / confidence
    y = (local.sum(3) * torch.arange(h, device=mass.device, dtype=mass.dtype)).sum(2) / confidence
    cells = torch.stack([x, y], 2)
    return (cells + 0.5) * STRIDE - 0.5, confidence


class HandFinderExport(nn.Module):
    """What is exported: points [B, 21, 2], confidence [B, 21], and probabilities [B, 2] (one hand; bone dark)."""

    def __init__(self, finder: HandFinder) -> None:
        super().__init__()
        self.finder = finder

    def forward(self, x: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        maps, whole = self.finder(x)
        points, confidence = soft_argmax(maps)
        return points, confidence, whole.sigmoid()
