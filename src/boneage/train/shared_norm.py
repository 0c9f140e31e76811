"""Batch normalization over the films of all processes: a batch that is dealt out is normalized as a whole one.

The layers keep their weights and names, so one process goes on with what several have trained, and the other way round.
"""

from __future__ import annotations

from functools import partial

import torch
from torch import Tensor, distributed, nn
from torch.nn.modules.batchnorm import _BatchNorm

from boneage.extras import load


def share_batch_norm(model: nn.Module) -> None:
    """Layers of the model, in training, then take mean and variance over the whole batch. Shares of a batch are alike in size.

    On GPUs torch's SyncBatchNorm, which knows no CPU; there the layers' `forward` is replaced.
    """
    layers = [layer for layer in model.modules() if isinstance(layer, _BatchNorm)]
    if not layers:
        return
    if layers[0].weight.is_cuda:
        load("timm.layers").convert_sync_batchnorm(model)  # torch's own loses the activation in timm's layers
        return
    for layer in layers:
        layer.forward = partial(_normalize, layer)  # type: ignore[method-assign]


def _normalize(layer: _BatchNorm, x: Tensor) -> Tensor:
    """As the layer's own `forward` on the batch [B, C, ...] of which x is a share."""
    if not layer.training:
        plain: Tensor = type(layer).forward(layer, x)
        return plain
    over, wide = [0, *range(2, x.ndim)], x.float()
    shape = (1, -1, *(1 for _ in over[1:]))
    mean = _over_processes(wide.mean(over))
    centered = wide - mean.view(shape)
    variance = _over_processes(centered.square().mean(over))
    _remember(layer, mean.detach(), variance.detach(), count=x.numel() // x.shape[1] * distributed.get_world_size())
    gain = layer.weight * torch.rsqrt(variance + layer.eps)
    y = (centered * gain.view(shape) + layer.bias.view(shape)).to(x.dtype)
    for within in ("drop", "act"):  # of timm's layers
        y = getattr(layer, within, nn.Identity())(y)
    return y


def _remember(layer: _BatchNorm, mean: Tensor, variance: Tensor, *, count: int) -> None:
    """The running statistics; the variance there is the unbiased one."""
    assert layer.running_mean is not None
    assert layer.running_var is not None
    assert layer.num_batches_tracked is not None
    assert layer.momentum is not None
    layer.num_batches_tracked.add_(1)
    layer.running_mean.lerp_(mean, layer.momentum)
    layer.running_var.lerp_(variance * (count / (count - 1)), layer.momentum)


class _OverProcesses(torch.autograd.Function):
    """The mean over the processes. Its gradient is of the sum of their losses, of which DDP takes the mean: again a mean."""

    @staticmethod
    def forward(_context: object, x: Tensor) -> Tensor:
        return _mean(x)

    @staticmethod
    def backward(_context: object, gradient: Tensor) -> Tensor:
        return _mean(gradient)


def _over_processes(x: Tensor) -> Tensor:
    mean: Tensor = _OverProcesses.apply(x)  # type: ignore[no-untyped-call]
    return mean


def _mean(x: Tensor) -> Tensor:
    total = x.contiguous().clone()
    distributed.all_reduce(total)
    return total / distributed.get_world_size()
