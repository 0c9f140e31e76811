"""The first reference network: MobileNetV2 features, the sex joined, a distribution over 240 months.

Not from the papers; the 240 classes and their expectation are Iglovikov 2018's, the joined sex Ren 2018's.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn

from boneage.models.mobilenet_v2 import WIDTH, MobileNetV2, Padding

CLASSES = 240  # months 0..239
SCALE_MONTHS = 40.0  # of the regression output, so that it starts near unit size
CENTER_MONTHS = 127.0


class Reference(nn.Module):
    """[B, 1, H, W] in 0..1 and sex [B, 1] (1 male, 0 female) -> logits [B, 240] and a regression [B] in months.

    The regression output is trained beside the distribution for comparison; only the distribution is exported.
    """

    def __init__(self, *, dropout: float = 0.2, hidden: int = 512) -> None:
        super().__init__()
        self.trunk = MobileNetV2(Padding.TURNED)
        self.sex = nn.Sequential(nn.Linear(1, 32), nn.ReLU(inplace=True))
        self.head = nn.Sequential(
            nn.Dropout(dropout),
            nn.Linear(WIDTH + 32, hidden),
            nn.ReLU(inplace=True),
            nn.Dropout(dropout),
            nn.Linear(hidden, CLASSES + 1),
        )

    def forward(self, x: Tensor, sex: Tensor) -> tuple[Tensor, Tensor]:
        pooled = self.trunk(x).mean((2, 3))
        answer = self.head(torch.cat([pooled, self.sex(2 * sex - 1)], 1))
        return answer[:, :CLASSES], answer[:, CLASSES] * SCALE_MONTHS + CENTER_MONTHS


def expectation(logits: Tensor) -> Tensor:
    """Logits [B, 240] -> months [B]: softmax times 0..239 (Iglovikov 2018, section 4.2)."""
    months = torch.arange(logits.shape[1], device=logits.device, dtype=torch.float32)
    return logits.float().softmax(1) @ months


class ReferenceExport(nn.Module):
    """What is exported: probabilities [B, 240]."""

    def __init__(self, network: Reference) -> None:
        super().__init__()
        self.network = network

    def forward(self, x: Tensor, sex: Tensor) -> Tensor:
        logits, _ = self.network(x, sex)
        probabilities: Tensor = logits.softmax(1)
        return probabilities
