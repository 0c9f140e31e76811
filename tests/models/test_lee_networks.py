"""Lee's networks: gray filters are the mean over red, green and blue; frozen groups stay as they are."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch
from torch import nn

from boneage.errors import BoneAgeError, Kind
from boneage.models.lee_networks import PLANS, LeeNetwork, Name, gray
from boneage.models.mobilenet_v2 import MobileNetV2, Padding
from boneage.models.torchvision_cpu import load

YEARS = 14
MILLIONS = {Name.GOOGLENET: (5, 6.5), Name.ALEXNET: (50, 62), Name.VGG16: (130, 140), Name.MOBILENET_V2: (2, 2.5)}
WITH_INITIALIZATION = {Name.GOOGLENET, Name.VGG16}  # that can be left out, where only the shapes count


def numbers(module: nn.Module) -> int:
    return sum(value.numel() for value in module.parameters())


@pytest.fixture(scope="module")
def network() -> LeeNetwork:
    torch.manual_seed(0)
    return LeeNetwork(Name.GOOGLENET, outputs=YEARS, dropout=0.4).eval()


def test_gray_filters_are_the_mean_of_red_green_and_blue() -> None:
    rgb = torch.randn(5, 3, 7, 7)
    made = gray(rgb)
    assert made.shape == (5, 1, 7, 7)
    torch.testing.assert_close(made[:, 0], (rgb[:, 0] + rgb[:, 1] + rgb[:, 2]) / 3)
    film = torch.rand(1, 1, 20, 20)
    thrice = nn.functional.conv2d(film.expand(-1, 3, -1, -1), rgb)
    torch.testing.assert_close(3 * nn.functional.conv2d(film, made), thrice, rtol=1e-4, atol=1e-4)


@pytest.mark.parametrize("name", Name)
def test_parameters_in_millions(name: Name) -> None:
    make = getattr(load("torchvision.models"), name.value)
    options = {**PLANS[name].options, **({"init_weights": False} if name in WITH_INITIALIZATION else {})}
    with torch.device("meta"):
        colored = make(weights=None, num_classes=YEARS, **options)
    low, high = MILLIONS[name]
    assert low < numbers(colored) / 1e6 < high


def test_the_gray_network_lacks_two_thirds_of_the_first_layer_alone(network: LeeNetwork) -> None:
    """GoogLeNet's first layer has 64 filters of 7 x 7: 5.6 million numbers in all, less 64 x 2 x 49."""
    with torch.device("meta"):
        colored = load("torchvision.models").googlenet(
            weights=None, num_classes=YEARS, aux_logits=False, transform_input=False, init_weights=False
        )
    assert numbers(colored) - numbers(network) == 64 * 2 * 49
    assert network.network.get_submodule("conv1.conv").weight.shape == (64, 1, 7, 7)
    assert 5e6 < numbers(network) < 6e6


def test_shapes_and_one_by_one(network: LeeNetwork) -> None:
    films = torch.rand(3, 1, 64, 64)
    with torch.no_grad():
        together, alone = network(films), torch.cat([network(film[None]) for film in films])
    assert together.shape == (3, YEARS)
    torch.testing.assert_close(together, alone, rtol=1e-4, atol=1e-5)


def test_films_reach_the_first_layer_from_minus_1_to_1(network: LeeNetwork) -> None:
    seen: list[torch.Tensor] = []
    handle = network.network.register_forward_pre_hook(lambda _, inputs: seen.append(inputs[0]))
    with torch.no_grad():
        network(torch.linspace(0, 1, 64 * 64).view(1, 1, 64, 64))
    handle.remove()
    assert (float(seen[0].min()), float(seen[0].max())) == (-1.0, 1.0)


def test_departures_from_googlenet_are_those_that_are_named(network: LeeNetwork) -> None:
    """Not the paper: batch normalization, 3 x 3 for 5 x 5; not in the paper: no side exits."""
    kernels = {tuple(layer.kernel_size) for layer in network.modules() if isinstance(layer, nn.Conv2d)}
    assert kernels == {(7, 7), (3, 3), (1, 1)}
    layers = list(network.modules())
    assert sum(isinstance(layer, nn.BatchNorm2d) for layer in layers) == sum(isinstance(layer, nn.Conv2d) for layer in layers)
    assert [layer.out_features for layer in layers if isinstance(layer, nn.Linear)] == [YEARS]


# ---- ImageNet
@pytest.fixture(scope="module")
def pretrained(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A state dict as torchvision's: red, green and blue, 1,000 classes."""
    folder = tmp_path_factory.mktemp("pretrained")
    torch.manual_seed(7)
    colored = load("torchvision.models").googlenet(
        weights=None, num_classes=1000, aux_logits=False, transform_input=False, init_weights=False
    )
    torch.save(colored.state_dict() | {"aux1.fc1.weight": torch.zeros(1)}, folder / PLANS[Name.GOOGLENET].file)
    return folder


def test_imagenet_weights_come_in_gray_and_the_last_layer_stays(pretrained: Path) -> None:
    state = torch.load(pretrained / PLANS[Name.GOOGLENET].file, weights_only=True)
    made = LeeNetwork(Name.GOOGLENET, outputs=YEARS, dropout=0.4)
    last = made.network.get_submodule("fc").weight.detach().clone()
    made.load_imagenet(pretrained)
    own = made.network.state_dict()
    torch.testing.assert_close(own["conv1.conv.weight"], gray(state["conv1.conv.weight"]))
    torch.testing.assert_close(own["inception4a.branch1.conv.weight"], state["inception4a.branch1.conv.weight"])
    torch.testing.assert_close(own["fc.weight"], last)


def test_an_absent_or_another_state_dict_is_told(pretrained: Path, tmp_path: Path) -> None:
    made = LeeNetwork(Name.GOOGLENET, outputs=YEARS, dropout=0.4)
    with pytest.raises(BoneAgeError, match="BONEAGE_PRETRAINED") as caught:
        made.load_imagenet(tmp_path)
    assert caught.value.kind is Kind.BAD_WEIGHTS
    state = torch.load(pretrained / PLANS[Name.GOOGLENET].file, weights_only=True)
    state.pop("conv2.conv.weight")
    torch.save(state, tmp_path / PLANS[Name.GOOGLENET].file)
    with pytest.raises(BoneAgeError, match="without 3 and with 0"):
        made.load_imagenet(tmp_path)


def test_folded_weights_give_what_they_were_trained_to_give(tmp_path: Path) -> None:
    """MobileNetV2's file: padded at bottom and right alone, as our own trunk does it exactly."""
    torch.manual_seed(3)
    torch.save(load("torchvision.models").mobilenet_v2(weights=None).state_dict(), tmp_path / "mobilenet_v2_imagenet.pth")
    made = LeeNetwork(Name.MOBILENET_V2, outputs=YEARS, dropout=0.0).eval()
    made.load_imagenet(tmp_path)
    trunk = MobileNetV2(Padding.SAME).eval()
    trunk.load_imagenet(tmp_path / "mobilenet_v2_imagenet.pth")
    films = torch.rand(2, 1, 64, 64)
    with torch.no_grad():
        last = made.network.get_submodule("classifier")
        assert isinstance(last, nn.Sequential)
        torch.testing.assert_close(made(films), last(trunk(films).mean((2, 3))), rtol=1e-3, atol=1e-5)


# ---- figure 8: trained from a group on
def test_groups_before_the_chosen_one_stay_as_they_are() -> None:
    torch.manual_seed(0)
    made = LeeNetwork(Name.GOOGLENET, outputs=YEARS, dropout=0.0, trained_from="inception4").train()
    before = {key: value.clone() for key, value in made.state_dict().items()}
    optimizer = torch.optim.SGD([value for value in made.parameters() if value.requires_grad], lr=0.1)
    made(torch.rand(2, 1, 64, 64)).square().sum().backward()
    optimizer.step()
    moved = {key.split(".")[1] for key, value in made.state_dict().items() if not torch.equal(value, before[key])}
    assert not moved & {"conv1", "conv2", "conv3", "inception3a", "inception3b"}
    assert {"inception4a", "inception5b", "fc"} <= moved


@pytest.mark.parametrize("name", Name)
def test_the_groups_are_the_whole_network(name: Name) -> None:
    make = getattr(load("torchvision.models"), name.value)
    options = {**PLANS[name].options, **({"init_weights": False} if name in WITH_INITIALIZATION else {})}
    with torch.device("meta"):
        network = make(weights=None, num_classes=YEARS, **options)
    parts = [part for group in PLANS[name].groups.values() for part in group]
    assert sum(numbers(network.get_submodule(part)) for part in parts) == numbers(network)


def test_an_unknown_group_lists_the_known() -> None:
    with pytest.raises(BoneAgeError, match="inception5"):
        LeeNetwork(Name.GOOGLENET, outputs=YEARS, dropout=0.0, trained_from="inception9")
