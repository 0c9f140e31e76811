"""LeNet-5 over patches (LeCun 1998, as Lee 2017 uses it, section "Detection CNN"), and its dense form over a whole film."""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional as F

CLASSES = 5  # in the order of standardize/patches.py's PatchClass
SMALLEST, STEP = 16, 4  # px: two convolutions of 5 and two poolings of 2 leave one pixel of 16; every patch divides by 4
MEAN, SPREAD = 0.5, 0.25  # of the patches' gray values, their root taken: "this accelerates learning" (LeCun 1998, II.B)


class LeNet5(nn.Module):
    """Patches [B, 1, P, P] in 0..1 -> logits [B, 5].

    LeCun's topology: 6 and 16 filters of 5 x 5, each pooled by 2, then 120, 84 and the classes; his patch is 32 px, others
    give the first dense layer more or fewer inputs. Not in the paper: ReLU and largest values where LeCun has tanh and
    means, and all 16 filters see all 6 maps.
    """

    def __init__(self, *, patch: int) -> None:
        super().__init__()
        if patch < SMALLEST or patch % STEP:
            raise ValueError(f"a patch of {SMALLEST} px or more that divides by {STEP} is expected, not {patch}")
        self.side = (patch - 12) // 4  # of the maps that the dense layers see
        self.first = nn.Conv2d(1, 6, 5)
        self.second = nn.Conv2d(6, 16, 5)
        self.third = nn.Linear(16 * self.side**2, 120)
        self.fourth = nn.Linear(120, 84)
        self.fifth = nn.Linear(84, CLASSES)

    def features(self, x: Tensor) -> Tensor:
        """What the dense layers see [B, 16, h, w]; one cell is 4 px."""
        x = (x.clamp(0, 1).sqrt() - MEAN) / SPREAD
        x = F.max_pool2d(F.relu(self.first(x)), 2)
        return F.max_pool2d(F.relu(self.second(x)), 2)

    def forward(self, x: Tensor) -> Tensor:
        x = F.relu(self.third(self.features(x).flatten(1)))
        logits: Tensor = self.fifth(F.relu(self.fourth(x)))
        return logits


class LeNet5Export(nn.Module):
    """What is exported: every patch of a film at stride 4 in one pass, [B, 1, H, W] -> probabilities [B, 5, h, w].

    The dense layers become convolutions with the same weights: answer (i, j) is the patch's whose top left pixel is
    (4 i, 4 j). Patches that overlap share their work.
    """

    def __init__(self, lenet: LeNet5) -> None:
        super().__init__()
        self.lenet = lenet

    def forward(self, x: Tensor) -> Tensor:
        lenet = self.lenet
        x = F.relu(_slid(lenet.third, lenet.features(x), lenet.side))
        x = F.relu(_slid(lenet.fourth, x, 1))
        return torch.softmax(_slid(lenet.fifth, x, 1), 1)


def _slid(layer: nn.Linear, x: Tensor, side: int) -> Tensor:
    """A dense layer over maps of `side` x `side`, at every place of larger ones."""
    return F.conv2d(x, layer.weight.view(layer.out_features, -1, side, side), layer.bias)
