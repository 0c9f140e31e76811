"""The networks of Lee 2017 (table 1) for gray films: the first layer's filters are the mean over red, green and blue.

Not the paper: MobileNetV2 beside them, whose ImageNet weights can be had where GoogLeNet's cannot.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import Enum
from pathlib import Path
from types import MappingProxyType

import torch
from torch import Tensor, nn

from boneage.errors import BoneAgeError, Kind
from boneage.models.torchvision_cpu import load


@dataclass(frozen=True)
class Plan:
    """One of torchvision's networks."""

    file: str  # of its ImageNet weights
    first: str  # the convolution that sees the film
    last: str  # the classifier's last layer, which is made anew
    groups: Mapping[str, tuple[str, ...]]  # from the film to the answer; figure 8 trains from one of them on
    options: Mapping[str, object] = field(default_factory=dict)
    folded: bool = False  # its ImageNet file has batch normalization inside the convolutions, padded at bottom and right alone


def _features(first: int, end: int) -> tuple[str, ...]:
    return tuple(f"features.{block}" for block in range(first, end))


class Name(str, Enum):
    """The three candidates, and one that stands in for GoogLeNet where weights of ImageNet are needed."""

    ALEXNET = "alexnet"
    GOOGLENET = "googlenet"
    VGG16 = "vgg16"
    MOBILENET_V2 = "mobilenet_v2"


PLANS: Mapping[Name, Plan] = MappingProxyType(
    {
        Name.ALEXNET: Plan(
            "alexnet_imagenet.pth", "features.0", "classifier.6", {"features": ("features",), "fc": ("classifier",)}
        ),
        # not the paper: batch normalization, and 3 x 3 for its 5 x 5 branches, as torchvision has them; not in the paper: no
        # side exits
        Name.GOOGLENET: Plan(
            "googlenet_imagenet.pth",
            "conv1.conv",
            "fc",
            {
                "conv1": ("conv1",),
                "conv2": ("conv2", "conv3"),
                "inception3": ("inception3a", "inception3b"),
                "inception4": ("inception4a", "inception4b", "inception4c", "inception4d", "inception4e"),
                "inception5": ("inception5a", "inception5b"),
                "fc": ("fc",),
            },
            {"aux_logits": False, "transform_input": False, "init_weights": True},
        ),
        Name.VGG16: Plan("vgg16_imagenet.pth", "features.0", "classifier.6", {"features": ("features",), "fc": ("classifier",)}),
        # not the paper: groups by stride, as GoogLeNet's are (Sandler 2018, table 2)
        Name.MOBILENET_V2: Plan(
            "mobilenet_v2_imagenet.pth",
            "features.0.0",
            "classifier.1",
            {
                "conv1": _features(0, 2),
                "stride4": _features(2, 4),
                "stride8": _features(4, 7),
                "stride16": _features(7, 14),
                "stride32": _features(14, 19),
                "fc": ("classifier",),
            },
            folded=True,
        ),
    }
)


class LeeNetwork(nn.Module):
    """[B, 1, H, W] in 0..1 -> outputs [B, K]."""

    def __init__(self, name: Name, *, outputs: int, dropout: float, trained_from: str | None = None) -> None:
        """`trained_from`: the group from which on weights are trained; those before stay as they are. None: all."""
        super().__init__()
        self.plan = PLANS[name]
        make = getattr(load("torchvision.models"), name.value)
        self.network: nn.Module = make(weights=None, num_classes=outputs, dropout=dropout, **self.plan.options)
        self._one_channel()
        self.frozen = self._before(trained_from)
        for part in self.frozen:
            part.requires_grad_(requires_grad=False)

    def forward(self, x: Tensor) -> Tensor:
        turned = x.flip(2, 3) if self.plan.folded else x  # so that padding all around falls where the weights expect it
        answer: Tensor = self.network(2 * turned - 1)
        return answer

    def train(self, mode: bool = True) -> LeeNetwork:
        """Parts that are not trained keep their statistics too."""
        super().train(mode)
        for part in self.frozen:
            part.eval()
        return self

    def load_imagenet(self, folder: Path) -> None:
        """From torchvision's ImageNet state dict in `folder`; the last layer stays. Raises BoneAgeError where it is absent.

        Folded batch normalization wants `mobilenet_v2.recenter_batch_norm` on some films before it is trained.
        """
        path = folder / self.plan.file
        if not path.is_file():
            raise BoneAgeError(
                Kind.BAD_WEIGHTS,
                came=f"no file {path}",
                expected="torchvision's state dict of that network",
                todo=f"Put {self.plan.file} there, or set BONEAGE_PRETRAINED to its folder.",
            )
        state = torch.load(path, map_location="cpu", weights_only=True)
        own = {f"{self.plan.last}.weight", f"{self.plan.last}.bias"}
        state = {key: value for key, value in state.items() if key not in own and not key.startswith("aux")}
        first = f"{self.plan.first}.weight"
        if first in state:
            # not the paper: the sum where biases are folded in, which expect the whole response of a gray film
            state[first] = gray(state[first]) * (3 if self.plan.folded else 1)
        if self.plan.folded:
            state = {key: value.flip(2, 3) if value.ndim == 4 else value for key, value in state.items()}
        absent, unknown = self.network.load_state_dict(state, strict=False)
        if unknown or set(absent) != own:
            raise BoneAgeError(
                Kind.BAD_WEIGHTS,
                came=f"{path.name} without {len(absent)} and with {len(unknown)} other tensors",
                expected="torchvision's state dict of that network",
                todo="Fetch it again.",
            )

    def _one_channel(self) -> None:
        rgb = self.network.get_submodule(self.plan.first)
        assert isinstance(rgb, nn.Conv2d)
        rgb.weight = nn.Parameter(gray(rgb.weight.data))
        rgb.in_channels = 1

    def _before(self, trained_from: str | None) -> list[nn.Module]:
        groups = list(self.plan.groups)
        if trained_from is None:
            return []
        if trained_from not in groups:
            raise BoneAgeError(
                Kind.BAD_RECIPE,
                came=f"trained_from = {trained_from!r}",
                expected=f"one of: {', '.join(groups)}",
                todo="Choose one.",
            )
        frozen = groups[: groups.index(trained_from)]
        return [self.network.get_submodule(part) for group in frozen for part in self.plan.groups[group]]


def gray(rgb: Tensor) -> Tensor:
    """Filters [N, 3, h, w] -> [N, 1, h, w]: "arithmetic means of the preexisting RGB values" ("Training Details")."""
    return rgb.mean(1, keepdim=True)
