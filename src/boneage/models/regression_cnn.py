"""Ren 2018's regression CNN (figure 2): a backbone over the attention maps, the sex joined, two dense layers."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from boneage.models.backbones import make_backbone
from boneage.models.heads import full_precision

DENSE = (1024, 1024)


class RegressionCnn(nn.Module):
    """[B, C, H, W] in 0..1, the maps as channels, and sex [B, 1] (1 male, 0 female) -> outputs [B, K].

    The paper drops out "in the convolutional and fully-connected layers"; not in the paper: how much. Not the paper: here not
    in the convolutional layers, but after each dense layer alone; before the first, the sex would be unknown to the network
    as often as a feature is dropped.
    """

    def __init__(
        self,
        *,
        outputs: int,
        backbone: str = "inception_v3",
        channels: int = 2,
        dense: tuple[int, ...] = DENSE,
        dropout: float = 0.5,
        sigma: float | None = None,
    ) -> None:
        super().__init__()
        self.trunk = make_backbone(backbone, channels=channels)
        self.features = int(self.trunk.num_features)  # type: ignore[arg-type]
        layers: list[nn.Module] = []
        for inputs, neurons in zip((self.features + 1, *dense), dense, strict=False):
            layers += [nn.Linear(inputs, neurons), nn.ReLU(inplace=True), nn.Dropout(dropout)]
        self.head = nn.Sequential(*layers, nn.Linear(dense[-1], outputs))
        for layer in self.modules():
            if isinstance(layer, nn.Conv2d | nn.Linear):
                start_from_gaussian(layer, sigma)

    def forward(self, x: Tensor, sex: Tensor) -> Tensor:
        return full_precision(self.head, torch.cat([self.maps(x).mean((2, 3)).float(), sex], 1))

    def maps(self, x: Tensor) -> Tensor:
        """The last feature maps, [B, F, h, w], before the global pooling; Inception-V3: F = 2048."""
        maps: Tensor = self.trunk.forward_features(2 * x - 1)  # type: ignore[operator]
        return maps


def start_from_gaussian(layer: nn.Conv2d | nn.Linear, sigma: float | None) -> None:
    """Weights from a Gaussian of that sigma, None: sqrt(2 / inputs) (He 2015); biases 0."""
    if sigma is None:
        nn.init.kaiming_normal_(layer.weight, nonlinearity="relu")
    else:
        nn.init.normal_(layer.weight, 0.0, sigma)
    if layer.bias is not None:
        nn.init.zeros_(layer.bias)


class RegressionCnnExport(nn.Module):
    """What is exported: months [B, 1] and their regression activation map [B, h, w], in months (Ren 2018, section II.D).

    The paper: "use the coefficients to weight the corresponding feature maps before GP", for one fully-connected layer
    after the pooling. Not the paper: the network has three, so a feature's coefficient is the slope of the answer at this
    film, which for one layer is the paper's. Not the paper either: it averages the weighted maps, here they are summed, so
    that the map's mean is the pooled features' linear part of the answer.
    Months are the center plus the scale times the network's output.
    """

    def __init__(self, network: RegressionCnn, *, center_months: float, scale_months: float) -> None:
        super().__init__()
        self.network, self.center_months, self.scale_months = network, center_months, scale_months

    def forward(self, x: Tensor, sex: Tensor) -> tuple[Tensor, Tensor]:
        maps = self.network.maps(x).float()
        outputs, slopes = with_slopes(self.network.head, torch.cat([maps.mean((2, 3)), sex], 1))
        activation = (slopes[:, :-1, None, None] * maps).sum(1)  # the sex is the last feature
        return self.center_months + self.scale_months * outputs[:, :1], self.scale_months * activation


def with_slopes(head: nn.Sequential, features: Tensor) -> tuple[Tensor, Tensor]:
    """Outputs [B, K], and how the first of them moves with each feature [B, F]: by hand, so that it can be exported."""
    values, steps = features, list[tuple[Tensor, Tensor]]()
    passing = torch.ones_like(features)
    for layer in head:
        if isinstance(layer, nn.ReLU):
            passing = (values > 0).float()
        elif isinstance(layer, nn.Linear):
            steps.append((layer.weight, passing))
        values = layer(values)
    weight, passing = steps[-1]
    slopes = weight[:1] * passing
    for weight, passing in reversed(steps[:-1]):
        slopes = (slopes @ weight) * passing
    return values, slopes
