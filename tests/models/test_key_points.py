"""The key-point network: the layers of the paper, one answer per film whatever the batch, coordinates in float32."""

from __future__ import annotations

import pytest
import torch
from torch import nn

from boneage.models.key_points import SIZE, KeyPoints, KeyPointsExport


@pytest.fixture(scope="module")
def network() -> KeyPoints:
    torch.manual_seed(0)
    return KeyPoints(dropout=0.3).eval()


def test_three_blocks_of_two_convolutions_and_three_dense_layers(network: KeyPoints) -> None:
    convolutions = [layer for layer in network.modules() if isinstance(layer, nn.Conv2d)]
    dense = [layer for layer in network.modules() if isinstance(layer, nn.Linear)]
    assert [layer.out_channels for layer in convolutions] == [64, 64, 128, 128, 256, 256]
    assert {layer.kernel_size for layer in convolutions} == {(3, 3)}
    assert sum(isinstance(layer, nn.BatchNorm2d) for layer in network.modules()) == 6
    assert sum(isinstance(layer, nn.ELU) for layer in network.modules()) == 6 + 2
    assert sum(isinstance(layer, nn.MaxPool2d) for layer in network.modules()) == 3
    assert len(dense) == 3
    assert dense[-1].out_features == 6
    assert isinstance(network.dense[-1], nn.Linear)  # no dropout and no squashing after the coordinates


def test_a_batch_is_its_films_one_by_one(network: KeyPoints) -> None:
    films = torch.rand(3, 1, *SIZE)
    with torch.no_grad():
        together, alone = network(films), torch.cat([network(film[None]) for film in films])
    assert together.shape == (3, 3, 2)
    assert torch.allclose(together, alone, atol=1e-5)
    assert (together[0] - together[1]).abs().max() > 1e-4  # the film is seen


def test_coordinates_stay_in_float32_where_the_rest_is_in_bfloat16(network: KeyPoints) -> None:
    film = torch.rand(1, 1, *SIZE)
    with torch.no_grad(), torch.autocast("cpu", torch.bfloat16):
        assert network(film).dtype is torch.float32


def test_what_is_exported_is_the_network(network: KeyPoints) -> None:
    film = torch.rand(1, 1, *SIZE)
    with torch.no_grad():
        assert torch.equal(KeyPointsExport(network).eval()(film), network(film))


def test_dropout_acts_in_training_alone(network: KeyPoints) -> None:
    film = torch.rand(1, 1, *SIZE).expand(2, -1, -1, -1)
    with torch.no_grad():
        assert torch.allclose(*network(film), atol=1e-5)
        torch.manual_seed(1)
        first, second = KeyPoints(dropout=0.3).train()(film)
    assert not torch.allclose(first, second, atol=1e-3)
