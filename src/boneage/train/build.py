"""The network that a recipe of a published system names."""

from __future__ import annotations

from torch import nn

from boneage.train.answers import outputs_of
from boneage.train.published import InceptionV4, LeeNetwork, PublishedTask, RegressionCnn, ResNet50, Vgg


def build(task: PublishedTask, size: tuple[int, int]) -> nn.Module:
    """With random weights, for inputs [B, crops, height, width] of that size."""
    outputs, channels = outputs_of(task.answer), len(task.films.crops)
    match task.network:
        case Vgg(filters=filters, dense=dense, dropout=dropout):
            from boneage.models.vgg import Vgg as Network

            return Network(size=size, outputs=outputs, channels=channels, filters=filters, dense=dense, dropout=dropout)
        case LeeNetwork(kind=kind, dropout=dropout, trained_from=first):
            from boneage.models.lee_networks import LeeNetwork as Net
            from boneage.models.lee_networks import Name

            return Net(Name(kind), outputs=outputs, dropout=dropout, trained_from=None if first == "all" else first)
        case RegressionCnn(backbone=backbone, dense=dense, dropout=dropout, initial_sigma=sigma):
            from boneage.models.regression_cnn import RegressionCnn as Regression

            start = None if sigma == "scaled" else sigma
            return Regression(outputs=outputs, backbone=backbone, channels=channels, dense=dense, dropout=dropout, sigma=start)
        case ResNet50(dense=dense):
            from boneage.models.resnet50 import ResNet50 as Residual

            return Residual(size=size, outputs=outputs, dense=dense)
        case InceptionV4(dropout=dropout):
            from boneage.models.inception_v4 import InceptionV4 as Four

            return Four(outputs=outputs, dropout=dropout)


def takes_sex(task: PublishedTask) -> bool:
    """Whether the sex is a second input."""
    return isinstance(task.network, RegressionCnn)
