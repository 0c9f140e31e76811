"""Iglovikov's network: figure 5's blocks and widths, counted by hand; full precision in the dense layers."""

from __future__ import annotations

from itertools import pairwise

import pytest
import torch
from torch import nn

from boneage.models.heads import full_precision
from boneage.models.vgg import DENSE, FILTERS, Vgg, vgg_block


def small(**options: object) -> Vgg:
    torch.manual_seed(0)
    return Vgg(size=(64, 64), outputs=3, filters=(8,) * 6, dense=(16, 16), **options).eval()  # type: ignore[arg-type]


def numbers(module: nn.Module) -> int:
    return sum(value.numel() for value in module.parameters())


def test_figure_5_s_widths() -> None:
    """Section 4.1: "six convolutional blocks with 32, 64, 128, 128, 256, 384 filters", two layers of 2048."""
    with torch.device("meta"):
        network = Vgg(size=(160, 120), outputs=240)
    convolutions = [layer for layer in network.modules() if isinstance(layer, nn.Conv2d)]
    assert [layer.out_channels for layer in convolutions] == [width for width in (32, 64, 128, 128, 256, 384) for _ in range(2)]
    assert [layer.out_features for layer in network.head if isinstance(layer, nn.Linear)] == [2048, 2048, 240]


@pytest.mark.parametrize(("size", "cells"), [((2000, 1500), 31 * 23), ((160, 120), 2), ((64, 64), 1)])
def test_the_parameters_counted_by_hand(size: tuple[int, int], cells: int) -> None:
    with torch.device("meta"):
        network = Vgg(size=size, outputs=240)
    by_hand = 0
    for inputs, width in pairwise((1, *FILTERS)):
        by_hand += (9 * inputs + 1) * width + (9 * width + 1) * width + 2 * 2 * width  # two convolutions, two normalizations
    for inputs, neurons in pairwise((FILTERS[-1] * cells, *DENSE, 240)):
        by_hand += (inputs + 1) * neurons
    assert numbers(network) == by_hand


def test_a_block_is_the_paper_s_module() -> None:
    """Section 3: two convolutions with ELU, batch normalization, and max pooling."""
    kinds = [type(layer) for layer in vgg_block(1, 8)]
    assert kinds == [nn.Conv2d, nn.ELU, nn.BatchNorm2d, nn.Conv2d, nn.ELU, nn.BatchNorm2d, nn.MaxPool2d]
    assert vgg_block(1, 8)(torch.rand(2, 1, 10, 7)).shape == (2, 8, 5, 3)


def test_dropout_stands_before_each_dense_layer_of_2048() -> None:
    kinds = [type(layer) for layer in small().head]
    assert kinds == [nn.Dropout, nn.Linear, nn.ELU, nn.Dropout, nn.Linear, nn.ELU, nn.Linear]


@pytest.mark.parametrize(("size", "channels"), [((64, 64), 1), ((130, 70), 2)])
def test_shapes(size: tuple[int, int], channels: int) -> None:
    network = Vgg(size=size, outputs=5, channels=channels, filters=(4,) * 6, dense=(8,)).eval()
    assert network(torch.rand(3, channels, *size)).shape == (3, 5)


def test_a_batch_equals_one_by_one() -> None:
    network, films = small(), torch.rand(3, 1, 64, 64)
    with torch.no_grad():
        together, alone = network(films), torch.cat([network(film[None]) for film in films])
    torch.testing.assert_close(together, alone, rtol=1e-4, atol=1e-5)


def test_a_size_that_the_blocks_shrink_to_nothing_is_refused() -> None:
    with pytest.raises(ValueError, match="64 pixels"):
        Vgg(size=(64, 63), outputs=1)


def test_a_head_answers_in_full_precision_under_autocast() -> None:
    head, features = nn.Linear(4, 1), torch.rand(2, 4)
    with torch.autocast("cpu", torch.bfloat16):
        assert head(features).dtype == torch.bfloat16  # so that the law can fail
        full = full_precision(head, features.bfloat16())
        assert full.dtype == torch.float32
        assert small()(torch.rand(1, 1, 64, 64)).dtype == torch.float32
    torch.testing.assert_close(full, head(features.bfloat16().float()))


@pytest.mark.parametrize("size", [(64, 64), (192, 130), (130, 320)])
def test_weights_of_a_smaller_size_answer_alike_on_even_features(size: tuple[int, int]) -> None:
    def made(size: tuple[int, int]) -> Vgg:
        return Vgg(size=size, outputs=3, filters=(8,) * 6, dense=(16,)).eval()

    start, network = made((64, 128)), made(size)
    if size == (64, 64):
        with pytest.raises(RuntimeError, match="do not fit"):
            network.take(start.state_dict(), (64, 128))
        return
    before = {name: value.clone() for name, value in start.state_dict().items()}
    network.take(start.state_dict(), (64, 128))
    features = torch.rand(2, 8, 1, 1)
    answers = [one.head(features.expand(2, 8, one.size[0] // 64, one.size[1] // 64).flatten(1)) for one in (start, network)]
    torch.testing.assert_close(*answers)
    assert all(torch.equal(value, before[name]) for name, value in start.state_dict().items())
    torch.testing.assert_close(network.features.state_dict(), start.features.state_dict())


def test_weights_of_the_same_size_are_taken_as_they_are() -> None:
    start, network = small(), Vgg(size=(64, 64), outputs=3, filters=(8,) * 6, dense=(16, 16))
    network.take(start.state_dict(), (64, 64))
    torch.testing.assert_close(dict(network.state_dict()), dict(start.state_dict()), rtol=0, atol=0)
