"""Feature extractors out of timm, for gray films: no classifier, the channels and the activation chosen."""

from __future__ import annotations

from torch import nn

from boneage.extras import load as load_extra
from boneage.models.torchvision_cpu import load


def make_backbone(name: str, *, channels: int, activation: str = "relu") -> nn.Module:
    """timm's network of that name with random weights, without its classifier; `forward_features` gives the last maps."""
    load()  # timm imports torchvision, which may need mending first
    options: dict[str, str | bool] = {"act_layer": activation}
    if name == "inception_v3":
        options["aux_logits"] = False
    module: nn.Module = load_extra("timm").create_model(name, pretrained=False, in_chans=channels, num_classes=0, **options)
    return module
