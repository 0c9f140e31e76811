"""The ResNet-50 of the ResNet-50 / Inception-V4 study (figure 3): GELU in its blocks, dense layers 256, 128, 64, 32, 1."""

from __future__ import annotations

from torch import Tensor, nn

from boneage.models.backbones import make_backbone
from boneage.models.heads import full_precision, share_out

FEATURES = 2048
DENSE = (256, 128, 64, 32)


class ResNet50(nn.Module):
    """[B, 1, H, W] in 0..1 -> outputs [B, K]. The film is given three times, as red, green and blue.

    "2D Average Pooling: uses a window of shape (2,2)", then flattened: the dense layers are made for one size. Not the paper:
    the maps of films of another size are pooled into as many cells, those of half the size not at all; and where a map has an
    odd number of cells, the windows are larger.
    Not in the paper: the dense layers start from Glorot's uniform weights. From PyTorch's own, the films' differences are
    lost on the way: GELU halves what is small, and each layer's bias is larger than what the one before left.
    """

    def __init__(self, *, size: tuple[int, int], outputs: int, dense: tuple[int, ...] = DENSE) -> None:
        super().__init__()
        self.trunk = make_backbone("resnet50", channels=3, activation="gelu")
        self.size = size
        height, width = _cells(size)
        self.pool = nn.AdaptiveAvgPool2d((height, width))  # windows of (2, 2), of films of that size
        layers: list[nn.Module] = []
        for inputs, neurons in zip((FEATURES * height * width, *dense), dense, strict=False):
            layers += [nn.Linear(inputs, neurons), nn.GELU()]
        self.head = nn.Sequential(*layers, nn.Linear(dense[-1], outputs))
        for layer in self.head:
            if isinstance(layer, nn.Linear):
                nn.init.xavier_uniform_(layer.weight)
                nn.init.zeros_(layer.bias)

    def take(self, weights: dict[str, Tensor], size: tuple[int, int]) -> None:
        """The weights of the same network for inputs of this size (height, width) or a smaller one; RuntimeError for others."""
        name = "head.0.weight"
        self.load_state_dict(weights | {name: share_out(weights[name], _cells(size), _cells(self.size))})

    def forward(self, x: Tensor) -> Tensor:
        maps = self.trunk.forward_features(x.expand(-1, 3, -1, -1))  # type: ignore[operator]
        return full_precision(self.head, self.pool(maps).flatten(1))


def _cells(size: tuple[int, int]) -> tuple[int, int]:
    """Rows and columns of what the dense layers get."""
    return -(-size[0] // 32) // 2, -(-size[1] // 32) // 2
