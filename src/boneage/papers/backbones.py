"""The backbones of Ren 2018 and of the ResNet-50 / Inception-V4 study, by their stages and parameters."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import lru_cache
from typing import TYPE_CHECKING, Any

from boneage.extras import load

if TYPE_CHECKING:
    from boneage.models.layers import Layer

Size = tuple[int, int]  # height, width
Groups = Mapping[str, Sequence[str]]
# words: the trunk's modules, in order; the output is the last one's
INCEPTION_V3: Groups = {
    "stem: 5 convolutions, 2 max poolings": (
        "Conv2d_1a_3x3", "Conv2d_2a_3x3", "Conv2d_2b_3x3", "Pool1", "Conv2d_3b_1x1", "Conv2d_4a_3x3", "Pool2",
    ),
    "3 x Inception-A": ("Mixed_5b", "Mixed_5c", "Mixed_5d"),
    "reduction": ("Mixed_6a",),
    "4 x Inception-B": ("Mixed_6b", "Mixed_6c", "Mixed_6d", "Mixed_6e"),
    "reduction, second": ("Mixed_7a",),
    "2 x Inception-C": ("Mixed_7b", "Mixed_7c"),
}  # fmt: skip
RESNET50: Groups = {
    "stage 1: 64 convolutions 7 x 7, stride 2; max pooling 3 x 3, stride 2": ("conv1", "bn1", "act1", "maxpool"),
    "stage 2: convolutional block, 2 identity blocks [64, 64, 256]": ("layer1",),
    "stage 3: convolutional block, 3 identity blocks [128, 128, 512]": ("layer2",),
    "stage 4: convolutional block, 5 identity blocks [256, 256, 1024]": ("layer3",),
    "stage 5: convolutional block, 2 identity blocks [512, 512, 2048]": ("layer4",),
}
INCEPTION_V4: Groups = {
    "stem": tuple(f"features.{k}" for k in range(6)),
    "4 x Inception-A": tuple(f"features.{k}" for k in range(6, 10)),
    "reduction A": ("features.10",),
    "7 x Inception-B": tuple(f"features.{k}" for k in range(11, 18)),
    "reduction B": ("features.18",),
    "3 x Inception-C": tuple(f"features.{k}" for k in range(19, 22)),
}


def stages(make: Callable[[], Any], groups: Groups, size: Size, channels: int) -> tuple[Layer, ...]:
    """Of a network with a `trunk`, made by `make`, for inputs of that size."""
    load("torch")
    from boneage.models.layers import list_layers

    return list_layers(lambda: make().trunk, list(groups.items()), (channels, *size))


def count(make: Callable[[], Any]) -> int:
    """All parameters of a network."""
    load("torch")
    from boneage.models.layers import parameters_of

    return parameters_of(make)


@lru_cache(maxsize=8)
def parameters(backbone: str, channels: int = 1) -> int:
    """Of Ren's whole regression network over a backbone by timm's name."""
    return count(lambda: _regression(backbone, channels))


@lru_cache(maxsize=8)
def printed_parameters(backbone: str, *, a_channel: int) -> int:
    """What table II prints, found by reckoning, exact for all six: over the backbone for one gray film, the sex through 32
    neurons, joined, then dense layers of 1,000, 1,000 and 1. `a_channel`: numbers more than here for each normalized channel.
    """
    with load("torch").device("meta"):
        network = _regression(backbone, 1)
    head = (1 + 1) * 32 + (network.features + 32 + 1) * 1000 + (1000 + 1) * 1000 + (1000 + 1)
    channels: int = sum(one.numel() for name, one in network.trunk.named_buffers() if name.endswith("running_mean"))
    return int(count(lambda: network.trunk) + head + a_channel * channels)


def regression_stages(size: Size) -> tuple[Layer, ...]:
    """Ren's Inception-V3 over the two attention maps."""
    return stages(lambda: _regression("inception_v3", 2), INCEPTION_V3, size, 2)


def _regression(backbone: str, channels: int) -> Any:
    from boneage.models.regression_cnn import RegressionCnn

    return RegressionCnn(outputs=1, backbone=backbone, channels=channels)
