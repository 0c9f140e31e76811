"""Parameters and operations against numbers worked by hand and those of the literature."""

from __future__ import annotations

import pytest
import torch
from torch import nn

from boneage.models.costs import count, taking_turns
from boneage.models.lee_networks import LeeNetwork, Name


def test_by_hand() -> None:
    """Convolution: 2 -> 4 channels, 3 x 3, 5 x 6 places; grouped by 2 half as much; dense 120 -> 10."""
    network = nn.Sequential(
        nn.Conv2d(2, 4, 3, padding=1), nn.Conv2d(4, 4, 3, padding=1, groups=2, bias=False), nn.Flatten(), nn.Linear(120, 10)
    )
    parameters, operations = count(network, torch.zeros(1, 2, 5, 6))
    assert parameters == 4 * 2 * 9 + 4 + 4 * 2 * 9 + 120 * 10 + 10
    assert operations == 2 * (30 * 4 * 18 + 30 * 4 * 18 + 120 * 10)


def test_nothing_stays_hooked() -> None:
    layer = nn.Linear(3, 2)
    count(layer, torch.zeros(1, 3))
    assert not layer._forward_hooks


@pytest.mark.parametrize(("name", "giga"), [(Name.GOOGLENET, 3.0), (Name.MOBILENET_V2, 0.6)])
def test_giga_operations_as_the_paper_has_them(name: Name, giga: float) -> None:
    """Table 1: about 3 for GoogLeNet; 300 million multiplications of MobileNetV2 (Sandler 2018, table 4). Gray: a little less."""
    network = LeeNetwork(name, outputs=14, dropout=0.0)
    operations = count(network, torch.zeros(1, 1, 224, 224))[1]
    assert 0.85 * giga < operations / 1e9 < 1.05 * giga


def test_each_job_has_its_turns() -> None:
    calls: list[Name] = []
    times = taking_turns({name: lambda name=name: calls.append(name) for name in (Name.ALEXNET, Name.VGG16)}, turns=2)  # type: ignore[misc]
    assert calls == [Name.ALEXNET, Name.VGG16] * 3
    assert set(times) == {Name.ALEXNET, Name.VGG16}
