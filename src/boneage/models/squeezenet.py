"""SqueezeNet 1.0 trunk (Iandola 2016, table 1) for gray radiographs, with feature taps.

Parameter names are torchvision's, so its ImageNet state dict loads strictly. not the paper: the first convolution is padded,
so that strides 4, 8 and 16 give whole grids.
"""

from __future__ import annotations

from pathlib import Path

import torch
from torch import Tensor, nn

from boneage.errors import BoneAgeError, Kind

# squeeze s1x1, expand e1x1 (= e3x3) of fire2 to fire9, pooling between: Iandola 2016, table 1
FIRES = ((16, 64), (16, 64), (32, 128), None, (32, 128), (48, 192), (48, 192), (64, 256), None, (64, 256))
TAPS = (5, 10, 12)  # the last fire modules at strides 4, 8, 16
TAP_CHANNELS = (256, 512, 512)
MEAN, DEVIATION = 0.449, 0.226  # the gray mean of torchvision's RGB normalization


class Fire(nn.Module):
    """Squeeze by 1 x 1, expand by 1 x 1 and 3 x 3 side by side."""

    def __init__(self, inputs: int, squeeze: int, expand: int) -> None:
        super().__init__()
        self.squeeze = nn.Conv2d(inputs, squeeze, 1)
        self.expand1x1 = nn.Conv2d(squeeze, expand, 1)
        self.expand3x3 = nn.Conv2d(squeeze, expand, 3, padding=1)

    def forward(self, x: Tensor) -> Tensor:
        x = self.squeeze(x).relu()
        return torch.cat([self.expand1x1(x), self.expand3x3(x)], 1).relu()


class SqueezeNet(nn.Module):
    """[B, 1, H, W] in 0..1 -> features. Gray input: the first convolution's RGB filters summed."""

    def __init__(self) -> None:
        super().__init__()
        layers: list[nn.Module] = [nn.Conv2d(1, 96, 7, 2, padding=3), nn.ReLU(inplace=True), _pool()]
        channels = 96
        for fire in FIRES:
            if fire is None:
                layers.append(_pool())
            else:
                layers.append(Fire(channels, *fire))
                channels = 2 * fire[1]
        self.features = nn.Sequential(*layers)

    def taps(self, x: Tensor) -> list[Tensor]:
        """The maps at strides 4, 8 and 16, of TAP_CHANNELS channels."""
        x, maps = (x - MEAN) / DEVIATION, []
        for index, layer in enumerate(self.features):
            x = layer(x)
            if index in TAPS:
                maps.append(x)
        return maps

    def load_imagenet(self, path: Path) -> None:
        """Start from torchvision's ImageNet state dict in `path`. Raises BoneAgeError where it is absent."""
        if not path.is_file():
            raise BoneAgeError(
                Kind.BAD_WEIGHTS,
                came=f"no file {path}",
                expected="a torchvision SqueezeNet 1.0 state dict",
                todo="Put squeezenet1_0_imagenet.pth there, or set BONEAGE_PRETRAINED to its folder.",
            )
        state = torch.load(path, map_location="cpu", weights_only=True)
        state = {key: value for key, value in state.items() if key.startswith("features.")}
        state["features.0.weight"] = state["features.0.weight"].sum(1, keepdim=True)
        self.load_state_dict(state, strict=True)


def _pool() -> nn.Module:
    return nn.MaxPool2d(3, 2, ceil_mode=True)
