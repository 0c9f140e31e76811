"""From a network's outputs [B, K] to months, for each kind of answer."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from boneage.train.published import Answer, LogMonths, MonthClasses, Months, YearClasses
from boneage.types import MONTHS, YEAR_CENTERS, YEARS

HIGHEST = 5.6  # of log(1 + months): 269 months; what a network that has not learned yet says must stay a number


def outputs_of(answer: Answer) -> int:
    """How many outputs the network needs."""
    match answer:
        case Months() | LogMonths():
            return 1
        case MonthClasses():
            return MONTHS
        case YearClasses():
            return len(YEARS)


def months_of(answer: Answer, outputs: Tensor) -> Tensor:
    """Outputs [B, K] -> months [B]: the number itself, or the classes' expectation."""
    match answer:
        case Months(center_months=center, scale_months=scale):
            return center + scale * outputs[:, 0].float()
        case LogMonths(center=center, scale=scale):
            return torch.expm1((center + scale * outputs[:, 0].float()).clamp(max=HIGHEST))
        case MonthClasses():
            return outputs.float().softmax(1) @ torch.arange(MONTHS, device=outputs.device, dtype=torch.float32)
        case YearClasses():
            return outputs.float().softmax(1) @ torch.tensor(YEAR_CENTERS, device=outputs.device)


def year_class(months: Tensor) -> Tensor:
    """Bone ages [B] of 60 months and more -> index of the class [B]: floored, 18 and over is the last (Lee 2017)."""
    return (torch.div(months, 12, rounding_mode="floor") - YEARS[0]).clamp(0, len(YEARS) - 1).long()


class AnswerExport(nn.Module):
    """What is exported: months [B, 1], or the classes' probabilities [B, K]."""

    def __init__(self, network: nn.Module, answer: Answer) -> None:
        super().__init__()
        self.network, self.answer = network, answer

    def forward(self, *inputs: Tensor) -> Tensor:
        outputs: Tensor = self.network(*inputs)
        return months_of(self.answer, outputs)[:, None] if isinstance(self.answer, Months | LogMonths) else outputs.softmax(1)
