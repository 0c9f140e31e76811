"""The Inception-V4 of the ResNet-50 / Inception-V4 study (figure 4): GELU, global average pooling, dropout, one dense layer."""

from __future__ import annotations

from torch import Tensor, nn

from boneage.models.backbones import make_backbone
from boneage.models.heads import full_precision

FEATURES = 1536


class InceptionV4(nn.Module):
    """[B, 1, H, W] in 0..1 -> outputs [B, K]. The film is given three times, as red, green and blue."""

    def __init__(self, *, outputs: int, dropout: float = 0.2) -> None:
        super().__init__()
        self.trunk = make_backbone("inception_v4", channels=3, activation="gelu")
        self.head = nn.Sequential(nn.Dropout(dropout), nn.Linear(FEATURES, outputs))

    def forward(self, x: Tensor) -> Tensor:
        maps = self.trunk.forward_features(x.expand(-1, 3, -1, -1))  # type: ignore[operator]
        return full_precision(self.head, maps.mean((2, 3)))
