"""MobileNetV2 trunk (Sandler 2018, table 2) for gray radiographs, with feature taps.

Parameter names are torchvision's, so its ImageNet state dict loads strictly. Its stride-2 convolutions were
trained in TensorFlow, padded at bottom and right; PyTorch pads all around. `Padding` has both ways to be exact.
"""

from __future__ import annotations

from enum import Enum
from pathlib import Path

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from boneage.errors import BoneAgeError, Kind

# expansion t, channels c, repeats n, stride s: Sandler 2018, table 2
BLOCKS = ((1, 16, 1, 1), (6, 24, 2, 2), (6, 32, 3, 2), (6, 64, 4, 2), (6, 96, 3, 1), (6, 160, 3, 2), (6, 320, 1, 1))
TAPS = (3, 6, 13, 17)  # last block at strides 4, 8, 16, 32
TAP_CHANNELS = (24, 32, 96, 320)
WIDTH = 1280  # channels of the last convolution


class Padding(Enum):
    """How stride-2 convolutions see the grid that the ImageNet weights were trained on."""

    SAME = "bottom and right"  # TensorFlow's own; slow to train, since the padding is a copy
    TURNED = "all around, picture and kernels turned by 180 degrees"  # the same sums, 1.5 times as fast


class SameConv2d(nn.Conv2d):
    """A convolution whose stride-2 form pads bottom and right only (TensorFlow's "SAME", even sizes)."""

    def forward(self, input: Tensor) -> Tensor:
        if self.stride[0] == 2:
            return F.conv2d(F.pad(input, (0, 1, 0, 1)), self.weight, self.bias, 2, 0, 1, self.groups)
        return super().forward(input)


def conv_norm_relu(
    inputs: int, outputs: int, *, padding: Padding, kernel: int = 3, stride: int = 1, groups: int = 1
) -> nn.Sequential:
    kind = SameConv2d if padding is Padding.SAME else nn.Conv2d
    convolution = kind(inputs, outputs, kernel, stride, kernel // 2, groups=groups, bias=False)
    return nn.Sequential(convolution, nn.BatchNorm2d(outputs), nn.ReLU6(inplace=True))


class InvertedResidual(nn.Module):
    """Expand, filter per channel, project; add the input where the shape allows."""

    def __init__(self, inputs: int, outputs: int, *, stride: int, expansion: int, padding: Padding) -> None:
        super().__init__()
        hidden = inputs * expansion
        layers: list[nn.Module] = [conv_norm_relu(inputs, hidden, padding=padding, kernel=1)] if expansion > 1 else []
        layers += [
            conv_norm_relu(hidden, hidden, padding=padding, stride=stride, groups=hidden),
            nn.Conv2d(hidden, outputs, 1, bias=False),
            nn.BatchNorm2d(outputs),
        ]
        self.conv = nn.Sequential(*layers)
        self.adds = stride == 1 and inputs == outputs

    def forward(self, x: Tensor) -> Tensor:
        y: Tensor = self.conv(x)
        return x + y if self.adds else y


class MobileNetV2(nn.Module):
    """[B, 1, H, W] in 0..1 -> features. Gray input: the first convolution's RGB filters summed (Lee 2017 averages them)."""

    def __init__(self, padding: Padding) -> None:
        super().__init__()
        self.padding = padding
        layers: list[nn.Module] = [conv_norm_relu(1, 32, padding=padding, stride=2)]
        channels = 32
        for expansion, outputs, repeats, stride in BLOCKS:
            for repeat in range(repeats):
                step = stride if repeat == 0 else 1
                layers.append(InvertedResidual(channels, outputs, stride=step, expansion=expansion, padding=padding))
                channels = outputs
        layers.append(conv_norm_relu(channels, WIDTH, padding=padding, kernel=1))
        self.features = nn.Sequential(*layers)

    def forward(self, x: Tensor) -> Tensor:
        """The last feature map, [B, 1280, H / 32, W / 32]; turned by 180 degrees where the padding is TURNED."""
        return self.features(self._scaled(x))  # type: ignore[no-any-return]

    def taps(self, x: Tensor) -> list[Tensor]:
        """The maps at strides 4, 8, 16 and 32, of TAP_CHANNELS channels."""
        x, maps = self._scaled(x), []
        for index, layer in enumerate(self.features):
            if index > TAPS[-1]:
                break
            x = layer(x)
            if index in TAPS:
                maps.append(x)
        return maps

    def _scaled(self, x: Tensor) -> Tensor:
        """-1..1, as the ImageNet weights expect."""
        return 2 * (x.flip(2, 3) if self.padding is Padding.TURNED else x) - 1

    def load_imagenet(self, path: Path) -> None:
        """Start from torchvision's ImageNet state dict in `path`. Raises BoneAgeError where it is absent."""
        if not path.is_file():
            raise BoneAgeError(
                Kind.BAD_WEIGHTS,
                came=f"no file {path}",
                expected="a torchvision MobileNetV2 state dict",
                todo="Put mobilenet_v2_imagenet.pth there, or set BONEAGE_PRETRAINED to its folder.",
            )
        state = torch.load(path, map_location="cpu", weights_only=True)
        state = {key: value for key, value in state.items() if key.startswith("features.")}
        state["features.0.0.weight"] = state["features.0.0.weight"].sum(1, keepdim=True)
        if self.padding is Padding.TURNED:
            state = {key: value.flip(2, 3) if value.ndim == 4 else value for key, value in state.items()}
        self.load_state_dict(state, strict=True)


@torch.no_grad()
def recenter_batch_norm(trunk: nn.Module, films: Tensor) -> None:
    """Give folded batch normalization layers (mean 0, variance 1) the statistics of `films` [B, 1, H, W].

    The function stays the same in evaluation mode; training with batch statistics becomes stable.
    """
    layers = [layer for layer in trunk.modules() if isinstance(layer, nn.BatchNorm2d)]
    measured: dict[nn.BatchNorm2d, tuple[Tensor, Tensor]] = {}

    def measure(layer: nn.Module, inputs: tuple[Tensor, ...]) -> None:
        assert isinstance(layer, nn.BatchNorm2d)
        measured[layer] = inputs[0].mean((0, 2, 3)), inputs[0].var((0, 2, 3), unbiased=False)

    hooks = [layer.register_forward_pre_hook(measure) for layer in layers]
    training = trunk.training
    trunk.eval()(films)
    trunk.train(training)
    for hook in hooks:
        hook.remove()
    for layer, (mean, variance) in measured.items():
        assert layer.running_mean is not None
        assert layer.running_var is not None
        gain = layer.weight / torch.sqrt(layer.running_var + layer.eps)
        layer.bias.add_(gain * (mean - layer.running_mean))
        layer.weight.copy_(gain * torch.sqrt(variance + layer.eps))
        layer.running_mean.copy_(mean)
        layer.running_var.copy_(variance)
