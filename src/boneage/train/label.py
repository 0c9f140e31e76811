"""What a reference network shall say of a film: a distribution over months about the report's, as wide as the recipe says."""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor

from boneage.train.reference import LabelSigma, SigmaByAge, SigmaBySex
from boneage.types import MONTHS


def label_distribution(months: Tensor, sigma: float | Tensor) -> Tensor:
    """Truth [B] -> target distributions [B, 240]: Gaussians over the months 0..239 (label distribution learning, Gao 2017).

    `sigma`: months, one for all or [B, 1].
    """
    grid = torch.arange(MONTHS, device=months.device, dtype=torch.float32)
    weights = torch.exp(-((grid - months[:, None]) ** 2) / (2 * sigma**2))
    return weights / weights.sum(1, keepdim=True)


def sigma_of(choice: LabelSigma, months: Tensor, male: Tensor) -> float | Tensor:
    """The width in months: one for all, or [B, 1] by truth [B] or sex [B, 1] (1 male, 0 female)."""
    match choice:
        case SigmaByAge(at_months=at, sigma_months=sigma):
            width = np.interp(months.cpu().numpy(), at, sigma)
            return torch.from_numpy(width).to(months)[:, None]
        case SigmaBySex(female=female, male=width):
            return female + (width - female) * male
        case _:
            return choice


def mix(label: Tensor, soft: Tensor, share: float) -> Tensor:
    """A teacher's distribution [B, 240] mixed into the label; a film without one (all zeros) keeps its own."""
    mixed = (1 - share) * label + share * soft
    return torch.where(soft.sum(1, keepdim=True) > 0, mixed, label)
