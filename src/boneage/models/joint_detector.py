"""The detector of joint boxes: for each joint of each finger and each part of the wrist a heat map of its center, and its size.

Not from the papers: centers and sizes as in CenterNet (Zhou 2019), on SqueezeNet features joined top-down (Lin 2017). It judges
the registration, so nothing in it is shared with the hand finder: another trunk, other annotations.
not the paper: one map per joint and finger, so the heat is a softmax over the film, not a sigmoid per cell.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from boneage.joint_boxes import BOX_NAMES
from boneage.models.squeezenet import TAP_CHANNELS, SqueezeNet

CLASSES = len(BOX_NAMES)
STRIDE = 4  # input pixels per heat map cell
UNIT_PX = 24.0  # a box side whose logarithm is 0, so that sizes start near the truth


class JointDetector(nn.Module):
    """[B, 1, H, W] in 0..1 -> heat map logits [B, C, H / 4, W / 4] and log sizes [B, C, 2, H / 4, W / 4] (width, height)."""

    def __init__(self, *, channels: int = 64) -> None:
        super().__init__()
        self.trunk = SqueezeNet()
        # strides 32 for a look over the whole hand: which finger is which
        self.context = nn.Sequential(nn.MaxPool2d(2), _project(TAP_CHANNELS[-1], channels), _smooth(channels), _smooth(channels))
        self.lateral = nn.ModuleList(_project(taps, channels) for taps in TAP_CHANNELS)
        self.smooth = nn.ModuleList(_smooth(channels) for _ in TAP_CHANNELS)
        self.heat = nn.Conv2d(channels, CLASSES, 1)
        self.sides = nn.Conv2d(channels, 2 * CLASSES, 1)

    def forward(self, x: Tensor) -> tuple[Tensor, Tensor]:
        taps = self.trunk.taps(x)
        y = self.context(taps[-1])
        for level in (2, 1, 0):
            y = F.interpolate(y, scale_factor=2.0, mode="nearest") + self.lateral[level](taps[level])
            y = self.smooth[level](y)
        return self.heat(y), self.sides(y).unflatten(1, (CLASSES, 2))


def peaks(heat: Tensor, sides: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    """Centers [B, C, 2] as (x, y) and sizes [B, C, 2] as (width, height), both in input pixels, and scores [B, C], 0..1.

    The score is the mass within 2 cells of the peak; center and size are that mass's means.
    """
    batch, classes, h, w = heat.shape
    mass = heat.flatten(2).softmax(2).view(batch, classes, h, w)
    near = F.max_pool2d(mass, 5, 1, 2)
    local = mass * (near >= mass.amax((2, 3), keepdim=True)).to(mass.dtype)
    score = local.sum((2, 3))
    share = local / score[..., None, None]
    x = (share.sum(2) * torch.arange(w, device=mass.device, dtype=mass.dtype)).sum(2)
    y = (share.sum(3) * torch.arange(h, device=mass.device, dtype=mass.dtype)).sum(2)
    centers = (torch.stack([x, y], 2) + 0.5) * STRIDE - 0.5
    size = (share[:, :, None] * sides).sum((3, 4)).exp() * UNIT_PX
    return centers, score, size


class JointDetectorExport(nn.Module):
    """What is exported: centers [B, C, 2], scores [B, C] and sizes [B, C, 2], in the order of joint_boxes.BOX_NAMES."""

    def __init__(self, detector: JointDetector) -> None:
        super().__init__()
        self.detector = detector

    def forward(self, x: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        heat, sides = self.detector(x)
        return peaks(heat, sides)


def _project(inputs: int, outputs: int) -> nn.Sequential:
    """Normalized, since the trunk has no normalization of its own."""
    return nn.Sequential(nn.Conv2d(inputs, outputs, 1, bias=False), nn.BatchNorm2d(outputs))


def _smooth(channels: int) -> nn.Sequential:
    return nn.Sequential(
        nn.Conv2d(channels, channels, 5, padding=2, groups=channels, bias=False),
        nn.Conv2d(channels, channels, 1, bias=False),
        nn.BatchNorm2d(channels),
        nn.ReLU(inplace=True),
    )
