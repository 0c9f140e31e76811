"""What the networks' heads have in common: dense layers in full precision."""

from __future__ import annotations

import torch
from torch import Tensor, nn


def full_precision(head: nn.Module, features: Tensor) -> Tensor:
    """The head's outputs without autocast: in bfloat16 an age of -1..1 would step by half a month."""
    with torch.autocast(features.device.type, enabled=False):
        outputs: Tensor = head(features.float())
    return outputs
