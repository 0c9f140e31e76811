"""Ren's network: its activation map against autograd, by hand-worked law, and out of the exported file."""

from __future__ import annotations

import warnings
from pathlib import Path

import numpy as np
import onnxruntime
import pytest
import torch
from torch import Tensor, nn

from boneage.explain.ram import FIRST, NAME, STEP
from boneage.models.regression_cnn import RegressionCnn, RegressionCnnExport, with_slopes
from boneage.train.forms import form_of
from boneage.train.recipe import read_recipe

ANSWER = {"center_months": 120.0, "scale_months": 50.0}
SIZE = (107, 139)  # maps of 2 x 3 cells
ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="module")
def network() -> RegressionCnn:
    torch.manual_seed(0)
    return RegressionCnn(outputs=1, dense=(32, 16)).eval()


@pytest.fixture(scope="module")
def films() -> tuple[Tensor, Tensor]:
    torch.manual_seed(1)
    return torch.rand(2, 2, *SIZE), torch.tensor([[0.0], [1.0]])


def test_the_months_are_the_network_s(network: RegressionCnn, films: tuple[Tensor, Tensor]) -> None:
    with torch.no_grad():
        months, activation = RegressionCnnExport(network, **ANSWER)(*films)
        outputs = network(*films)
    torch.testing.assert_close(months, 120 + 50 * outputs, rtol=1e-4, atol=1e-3)
    assert activation.shape == (2, 2, 3)


def test_the_coefficients_are_autograd_s(network: RegressionCnn) -> None:
    features = torch.randn(5, network.features + 1, requires_grad=True)
    outputs, slopes = with_slopes(network.head, features)
    (gradient,) = torch.autograd.grad(outputs[:, 0].sum(), features)
    torch.testing.assert_close(slopes, gradient)
    torch.testing.assert_close(outputs, network.head(features))


def test_the_map_weights_each_feature_map_by_its_coefficient(network: RegressionCnn, films: tuple[Tensor, Tensor]) -> None:
    maps = network.maps(films[0]).detach()
    pooled = maps.mean((2, 3)).requires_grad_()
    months = 120 + 50 * network.head(torch.cat([pooled, films[1]], 1))
    (coefficients,) = torch.autograd.grad(months.sum(), pooled)
    with torch.no_grad():
        _, activation = RegressionCnnExport(network, **ANSWER)(*films)
    torch.testing.assert_close(activation, (coefficients[:, :, None, None] * maps).sum(1), rtol=1e-4, atol=1e-3)
    torch.testing.assert_close(activation.mean((1, 2)), (coefficients * pooled).sum(1), rtol=1e-4, atol=1e-3)


def test_every_layer_starts_from_the_paper_s_gaussian() -> None:
    """Section II.C: "mean: 0; standard deviation: 0.001"; not in the paper: biases of 0."""
    torch.manual_seed(2)
    network = RegressionCnn(outputs=1, dense=(64, 64), sigma=0.001)
    layers = [layer for layer in network.modules() if isinstance(layer, nn.Conv2d | nn.Linear)]
    assert len(layers) > 90
    for layer in layers:
        many = layer.weight.numel()
        assert float(layer.weight.detach().std()) == pytest.approx(0.001, rel=5 / (2 * many) ** 0.5)
        assert abs(float(layer.weight.detach().mean())) < 0.005 / many**0.5
        assert layer.bias is None or not layer.bias.any()


def test_one_layer_has_the_paper_s_coefficients() -> None:
    """ "Through a fully-connected layer": its weights themselves."""
    head = nn.Sequential(nn.Dropout(0.5), nn.Linear(4, 1)).eval()
    _, slopes = with_slopes(head, torch.rand(3, 4))
    torch.testing.assert_close(slopes, head[1].weight.expand(3, 4))  # type: ignore[operator]


def test_the_exported_file_answers_both_by_name(network: RegressionCnn, films: tuple[Tensor, Tensor], tmp_path: Path) -> None:
    exported = RegressionCnnExport(network, **ANSWER).eval()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        torch.onnx.export(
            exported,
            (films[0][:1], films[1][:1]),
            str(tmp_path / "a.onnx"),
            input_names=["image", "sex"],
            output_names=["months", NAME],
            dynamic_axes={name: {0: "batch"} for name in ("image", "sex", "months", NAME)},
            opset_version=17,
            dynamo=False,
        )
    session = onnxruntime.InferenceSession(tmp_path / "a.onnx", providers=["CPUExecutionProvider"])
    months, activation = session.run(["months", NAME], {"image": films[0].numpy(), "sex": films[1].numpy()})
    with torch.no_grad():
        says = exported(*films)
    np.testing.assert_allclose(months, says[0], rtol=1e-4, atol=1e-3)
    np.testing.assert_allclose(activation, says[1], rtol=1e-3, atol=1e-3 * float(says[1].abs().max()))
    weights = sum(value.numel() for value in network.parameters()) * 4
    assert (tmp_path / "a.onnx").stat().st_size < 1.02 * weights + 2**20  # the coefficients reuse the layers' weights


def test_the_recipe_s_network_is_exported_with_its_map() -> None:
    form = form_of(read_recipe(ROOT / "recipes" / "inception-v3-s5-2026-11.toml"))
    assert isinstance(form.exported, RegressionCnnExport)
    assert form.outputs == ("months", NAME)
    assert (form.inputs, form.channels) == (("image", "sex"), 2)


def test_the_cells_lie_where_the_unpadded_layers_put_them(network: RegressionCnn) -> None:
    """The center of the first cell's view, and the step to the next, through the layers that are not padded evenly."""
    trunk = network.trunk
    step, first = 1, 0.0
    for name in (
        "Conv2d_1a_3x3.conv", "Conv2d_2a_3x3.conv", "Conv2d_2b_3x3.conv", "Pool1", "Conv2d_3b_1x1.conv", "Conv2d_4a_3x3.conv",
        "Pool2", "Mixed_6a.branch3x3.conv", "Mixed_7a.branch3x3_2.conv",
    ):  # fmt: skip
        layer = trunk.get_submodule(name)
        kernel, stride, padding = (np.max(getattr(layer, key)) for key in ("kernel_size", "stride", "padding"))
        first += ((kernel - 1) / 2 - padding) * step
        step *= stride
    assert (first, step) == (FIRST, STEP)
