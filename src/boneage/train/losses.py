"""The papers' losses, each a function of months [B]; the cross entropy of the outputs."""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn import functional as F

from boneage.train.answers import months_of, year_class
from boneage.train.published import Answer, Attention, CrossEntropy, Loss, Mae, Months, Msle

YOUNGEST_MONTHS = 1.0  # not in the paper: a relative error has no meaning at 0


def loss_of(loss: Loss, answer: Answer, outputs: Tensor, truth: Tensor, *, done: float) -> Tensor:
    """Outputs [B, K] and true months [B] -> the loss; `done`: share of all epochs."""
    match loss:
        case CrossEntropy():
            return F.cross_entropy(outputs.float(), year_class(truth))
        case Mae():
            scale = answer.scale_months if isinstance(answer, Months) else 1.0
            return F.l1_loss(months_of(answer, outputs), truth) / scale
        case Attention():
            return attention_loss(months_of(answer, outputs), truth, k=attention_k(loss, done))
        case Msle():
            return msle(months_of(answer, outputs), truth)


def attention_loss(predicted: Tensor, truth: Tensor, *, k: float) -> Tensor:
    """The mean of |p / g - 1|^k |g| (Ren 2018, equation 2); with k = 1 the mean absolute error."""
    g = truth.abs().clamp_min(YOUNGEST_MONTHS)
    return ((predicted - truth).abs() / g).pow(k).mul(g).mean()


def attention_k(loss: Attention, done: float) -> float:
    """From a high k down to 1 "alongside the training process". Not in the paper: how high, and that it falls evenly."""
    return loss.first_k + (loss.last_k - loss.first_k) * min(done / loss.share, 1.0)


def msle(predicted: Tensor, truth: Tensor) -> Tensor:
    """The mean of (log(1 + p) - log(1 + g))^2; below 0 months, not in the paper, the logarithm goes on as its mirror image.

    Its tangent at 0 would square months there: one overshoot fills Adam's variances, and nothing is learned for 1000 steps.
    """
    above, below = torch.log1p(predicted.clamp_min(0)), torch.log1p((-predicted).clamp_min(0))
    logarithm = torch.where(predicted < 0, -below, above)
    return (logarithm - torch.log1p(truth)).square().mean()
