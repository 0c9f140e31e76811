"""Backbones and the networks of the ResNet-50 / Inception-V4 study: shapes, activations, the papers' own counts."""

from __future__ import annotations

import pytest
import torch
from torch import nn

from boneage.models.backbones import make_backbone
from boneage.models.inception_v4 import InceptionV4
from boneage.models.resnet50 import ResNet50

# Ren 2018, table II
PARAMETERS = {
    "inception_v3": 24_850_841,
    "inception_v4": 43_713_305,
    "resnet50": 26_611_385,
    "resnet101": 45_682_297,
    "densenet121": 9_090_297,
    "densenet161": 29_925_593,
}


def numbers(module: nn.Module) -> int:
    return sum(value.numel() for value in module.parameters())


def champion_head(features: int) -> int:
    """Numbers of the RSNA challenge's best head (Ren's S1): the sex through 32 neurons, two layers of 1,000, one output."""
    return 2 * 32 + (features + 32 + 1) * 1000 + (1000 + 1) * 1000 + (1000 + 1)


def counted_as_keras_does(name: str, trunk: nn.Module) -> int:
    """The trunk's numbers as they came into table II, which differ in what belongs to a layer.

    Its Inception-V3 normalizes without gains, its ResNet-50's convolutions have biases, and the last three count the
    running means and variances too.
    """
    normalizations = [layer for layer in trunk.modules() if isinstance(layer, nn.BatchNorm2d)]
    bare = [layer for layer in trunk.modules() if isinstance(layer, nn.Conv2d) and layer.bias is None]
    match name:
        case "inception_v3":
            return numbers(trunk) - sum(layer.num_features for layer in normalizations)
        case "inception_v4":
            return numbers(trunk)
        case "resnet50":
            return numbers(trunk) + sum(layer.out_channels for layer in bare)
        case _:
            return numbers(trunk) + 2 * sum(layer.num_features for layer in normalizations)


@pytest.mark.parametrize(("name", "paper"), PARAMETERS.items())
def test_the_backbones_are_those_that_ren_s_table_2_counts(name: str, paper: int) -> None:
    """To the last number: gray films, no attention maps, and the head of the challenge's best entry, not figure 2's."""
    with torch.device("meta"):
        trunk = make_backbone(name, channels=1)
    features = trunk.num_features
    assert isinstance(features, int)
    assert counted_as_keras_does(name, trunk) + champion_head(features) == paper


@pytest.mark.parametrize(("name", "channels"), [("resnet50", 1), ("inception_v3", 2)])
def test_a_backbone_answers_pooled_features(name: str, channels: int) -> None:
    trunk = make_backbone(name, channels=channels).eval()
    with torch.no_grad():
        assert trunk(torch.rand(2, channels, 96, 96)).shape == (2, trunk.num_features)


@pytest.fixture(scope="module", params=["resnet50", "inception_v4"])
def network(request: pytest.FixtureRequest) -> nn.Module:
    torch.manual_seed(0)
    made = ResNet50(size=(96, 96), outputs=1) if request.param == "resnet50" else InceptionV4(outputs=1)
    return made.eval()


def test_one_answer_a_film_and_a_batch_equals_one_by_one(network: nn.Module) -> None:
    films = torch.rand(3, 1, 96, 96)
    with torch.no_grad():
        together, alone = network(films), torch.cat([network(film[None]) for film in films])
    assert together.shape == (3, 1)
    torch.testing.assert_close(together, alone, rtol=1e-3, atol=1e-4)


def test_every_hidden_layer_has_gelu(network: nn.Module) -> None:
    """Section V, tip 1: "activation function of both the approaches for all the hidden layers is GELU"."""
    kinds = [type(layer) for layer in network.modules()]
    others = {kind for kind in kinds if issubclass(kind, nn.ReLU | nn.SiLU | nn.ELU | nn.LeakyReLU | nn.Tanh | nn.Sigmoid)}
    assert not others
    gelu = sum("gelu" in kind.__name__.lower() for kind in kinds)
    convolutions = sum(issubclass(kind, nn.Conv2d) for kind in kinds)
    shortcuts = 4  # of ResNet-50's convolutional blocks: their convolutions have none, the sum has it
    assert gelu == (convolutions - shortcuts + 4 if isinstance(network, ResNet50) else convolutions)


def test_the_study_s_resnet_50_counted_by_hand() -> None:
    """256 x 256: 8 x 8 maps, (2, 2) pooling, 4 x 4 x 2048 flattened into dense layers 256, 128, 64, 32, 1."""
    with torch.device("meta"):
        network, trunk = ResNet50(size=(256, 256), outputs=1), make_backbone("resnet50", channels=3)
    head = 0
    for inputs, neurons in ((4 * 4 * 2048, 256), (256, 128), (128, 64), (64, 32), (32, 1)):
        head += (inputs + 1) * neurons
    assert numbers(network) == numbers(trunk) + head
    assert numbers(trunk) == 23_508_032  # He 2015's, without the classifier


def test_the_study_s_inception_v4_ends_in_one_dense_layer() -> None:
    with torch.device("meta"):
        network, trunk = InceptionV4(outputs=1), make_backbone("inception_v4", channels=3)
    assert [type(layer) for layer in network.head] == [nn.Dropout, nn.Linear]
    assert numbers(network) == numbers(trunk) + 1536 + 1


def test_the_film_is_given_as_red_green_and_blue_alike(network: nn.Module) -> None:
    seen: list[torch.Tensor] = []
    first = next(layer for layer in network.modules() if isinstance(layer, nn.Conv2d))
    handle = first.register_forward_pre_hook(lambda _, inputs: seen.append(inputs[0]))
    film = torch.rand(1, 1, 96, 96)
    with torch.no_grad():
        network(film)
    handle.remove()
    assert torch.equal(seen[0], film.expand(-1, 3, -1, -1))


@pytest.mark.parametrize("size", [(64, 64), (128, 128), (160, 96), (250, 130)])
def test_the_dense_layers_are_made_for_the_size(size: tuple[int, int]) -> None:
    network = ResNet50(size=size, outputs=1, dense=(4,)).eval()
    with torch.no_grad():
        assert network(torch.rand(1, 1, *size)).shape == (1, 1)


@pytest.mark.parametrize("side", [64, 128, 256])
def test_the_study_s_windows_are_2_x_2(side: int) -> None:
    with torch.device("meta"):
        pool = ResNet50(size=(side, side), outputs=1, dense=(4,)).pool
    maps = torch.rand(1, 3, side // 32, side // 32)
    torch.testing.assert_close(pool(maps), nn.functional.avg_pool2d(maps, 2))


def test_the_residual_network_takes_weights_of_smaller_films() -> None:
    """On even maps its dense layers answer alike; larger films' weights do not fit smaller ones."""
    start, network = (ResNet50(size=size, outputs=1, dense=(8, 4)).eval() for size in ((64, 64), (128, 128)))
    network.take(start.state_dict(), (64, 64))
    cells = torch.rand(2, 2048, 1, 1)
    torch.testing.assert_close(
        *(one.head(cells.expand(2, -1, side, side).flatten(1)) for one, side in ((start, 1), (network, 2)))
    )
    torch.testing.assert_close(network.trunk.state_dict(), start.trunk.state_dict())
    with pytest.raises(RuntimeError, match="do not fit"):
        start.take(network.state_dict(), (128, 128))
