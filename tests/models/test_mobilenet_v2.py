"""MobileNetV2: both paddings are the same function, re-centering keeps it, ImageNet weights load strictly."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch
from torch import nn

from boneage.errors import BoneAgeError
from boneage.models.mobilenet_v2 import TAP_CHANNELS, WIDTH, MobileNetV2, Padding, recenter_batch_norm


@pytest.fixture(scope="module")
def imagenet(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A state dict in torchvision's layout (random weights), RGB and with a classifier."""
    torch.manual_seed(0)
    state = MobileNetV2(Padding.SAME).state_dict()
    state["features.0.0.weight"] = torch.randn(32, 3, 3, 3) * 0.1
    state["classifier.1.weight"] = torch.zeros(1000, WIDTH)
    path = tmp_path_factory.mktemp("weights") / "mobilenet_v2.pth"
    torch.save(state, path)
    return path


@pytest.mark.parametrize("size", [(64, 64), (96, 72), (128, 96)])
def test_turned_padding_is_the_same_function_turned(imagenet: Path, size: tuple[int, int]) -> None:
    same, turned = MobileNetV2(Padding.SAME).eval(), MobileNetV2(Padding.TURNED).eval()
    same.load_imagenet(imagenet)
    turned.load_imagenet(imagenet)
    x = torch.rand(2, 1, *size)
    with torch.no_grad():
        if all(side % 32 == 0 for side in size):
            assert torch.allclose(same(x), turned(x).flip(2, 3), atol=1e-4)
        assert same(x).shape[1] == turned(x).shape[1] == WIDTH


def test_taps_halve_four_times() -> None:
    taps = MobileNetV2(Padding.SAME).eval().taps(torch.rand(1, 1, 64, 64))
    assert [(tap.shape[1], tap.shape[2]) for tap in taps] == list(zip(TAP_CHANNELS, (16, 8, 4, 2), strict=True))


def test_recentering_keeps_the_function_and_sets_the_statistics() -> None:
    torch.manual_seed(1)
    trunk = MobileNetV2(Padding.TURNED).eval()
    films = torch.rand(8, 1, 64, 64)
    with torch.no_grad():
        before = trunk(films)
        recenter_batch_norm(trunk, films)
        after = trunk(films)
        first = trunk.features[0]
        norm = next(layer for layer in first.modules() if isinstance(layer, nn.BatchNorm2d))
        seen = first[0](trunk._scaled(films))
    assert torch.allclose(before, after, atol=1e-4)
    assert norm.running_mean is not None
    assert torch.allclose(norm.running_mean, seen.mean((0, 2, 3)), atol=1e-5)


def test_an_absent_file_is_told(tmp_path: Path) -> None:
    with pytest.raises(BoneAgeError, match="BONEAGE_PRETRAINED"):
        MobileNetV2(Padding.SAME).load_imagenet(tmp_path / "absent.pth")
