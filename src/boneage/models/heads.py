"""What the networks' heads have in common: dense layers in full precision."""

from __future__ import annotations

import torch
from torch import Tensor, nn


def full_precision(head: nn.Module, features: Tensor) -> Tensor:
    """The head's outputs without autocast: in bfloat16 an age of -1..1 would step by half a month."""
    with torch.autocast(features.device.type, enabled=False):
        outputs: Tensor = head(features.float())
    return outputs


def share_out(dense: Tensor, old: tuple[int, int], new: tuple[int, int]) -> Tensor:
    """Weights [N, C * h * w] of a dense layer after maps [C, h, w] of `old` cells, for maps of `new` cells.

    Not in the papers: what a neuron says of a cell is shared out among the cells that now lie there, so that on even
    surroundings its answer stays. RuntimeError where the new maps have fewer.
    """
    cells = dense.view(dense.shape[0], -1, *old)
    for axis, (before, now) in enumerate(zip(old, new, strict=True), start=2):
        if before > now:
            raise RuntimeError(f"weights for {old} cells do not fit {new}")
        source = torch.arange(now) * before // now
        share = torch.bincount(source, minlength=before)[source].float()
        cells = cells.index_select(axis, source) / share.view(-1, *[1] * (3 - axis))
    return cells.flatten(1)
