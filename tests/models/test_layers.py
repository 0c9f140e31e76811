"""The list of layers says what the network itself says: sizes on the way and all parameters."""

from __future__ import annotations

import pytest

torch = pytest.importorskip("torch")

from boneage.models.layers import googlenet_layers, list_layers, parameters_of, vgg_layers  # noqa: E402
from boneage.models.vgg import DENSE, FILTERS, Vgg  # noqa: E402


@pytest.mark.parametrize(("size", "outputs"), [((160, 120), 240), ((96, 96), 1), ((72, 168), 240)])
def test_the_layers_are_the_network(size: tuple[int, int], outputs: int) -> None:
    network = Vgg(size=size, outputs=outputs).eval()
    layers = vgg_layers(size, outputs)
    assert sum(layer.parameters for layer in layers) == sum(weights.numel() for weights in network.parameters())
    with torch.no_grad():
        blocks = network.features(torch.zeros(1, 1, *size))
    assert layers[len(FILTERS) - 1].output == tuple(blocks.shape[1:])
    assert [layer.output for layer in layers[len(FILTERS) :]] == [(DENSE[0],), (DENSE[1],), (outputs,)]


def test_the_papers_size_is_listed_without_its_memory() -> None:
    """560 million weights, of which none is stored."""
    assert vgg_layers((2000, 1500), 240)[len(FILTERS)].parameters == (384 * 31 * 23 + 1) * 2048


def test_googlenet_s_layers_are_the_whole_network_in_order() -> None:
    layers = googlenet_layers((160, 224), 14)
    assert [name for name, _ in layers][:4] == ["conv1", "maxpool1", "conv2", "conv3"]
    assert layers[0][1].output == (64, 80, 112)
    assert layers[0][1].what == "convolution 7 x 7, stride 2, batch normalization, ReLU"
    assert layers[-1][1].output == (14,)
    assert sum(layer.parameters for _, layer in layers) == 5_607_982


def test_a_group_has_its_last_module_s_output_and_all_parameters() -> None:
    def make() -> torch.nn.Module:
        nn = torch.nn
        return nn.Sequential(nn.Conv2d(2, 4, 3), nn.MaxPool2d(2), nn.Flatten(), nn.Linear(4 * 3 * 2, 5))

    both, dense = list_layers(make, [("convolution, pooling", ["0", "1"]), ("dense", ["3"])], (2, 8, 6))
    assert (both.output, both.parameters) == ((4, 3, 2), 4 * 2 * 9 + 4)
    assert (dense.output, dense.parameters) == ((5,), 25 * 5)
    assert both.parameters + dense.parameters == parameters_of(make)
