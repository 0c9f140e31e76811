"""Learned numbers are counted once, however they are stored."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from boneage.evaluate import parameters
from boneage.evaluate.parameters import count_parameters, size_of
from boneage.systems import REFERENCE, SYSTEMS

onnx = pytest.importorskip("onnx", reason="needs the train extra")
FILTERS, DENSE = 8 * 3 * 3 * 3, 8 * 5  # numbers


def save(path: Path, nodes: list[object], **tensors: np.ndarray) -> Path:
    """A graph of these nodes over an image [1, 3, 8, 8]; the tensors are its initializers."""
    value = onnx.helper.make_tensor_value_info
    image, out = value("image", onnx.TensorProto.FLOAT, [1, 3, 8, 8]), value("out", onnx.TensorProto.FLOAT, None)
    initializers = [onnx.numpy_helper.from_array(tensor, name) for name, tensor in tensors.items()]
    onnx.save(onnx.helper.make_model(onnx.helper.make_graph(nodes, "g", [image], [out], initializers)), path)
    return path


def node(kind: str, inputs: str, output: str, **attributes: object) -> object:
    return onnx.helper.make_node(kind, inputs.split(), [output], **attributes)


WEIGHTS = np.ones((8, 3, 3, 3), np.float32)
BIAS = np.zeros(8, np.float32)


def test_filters_and_biases_by_hand(tmp_path: Path) -> None:
    path = save(tmp_path / "a.onnx", [node("Conv", "image w b", "out")], w=WEIGHTS, b=BIAS)
    assert count_parameters(path) == FILTERS + 8


def test_shapes_constants_and_running_statistics_are_not_learned(tmp_path: Path) -> None:
    nodes = [
        node("Conv", "image w", "c"),
        node("BatchNormalization", "c scale shift mean var", "n"),
        node("Mul", "n half", "m"),
        node("Reshape", "m shape", "out"),
    ]
    norm = {name: np.ones(8, np.float32) for name in ("scale", "shift", "mean", "var")}
    shape, half = np.array([1, -1], np.int64), np.array([0.5], np.float32)
    assert count_parameters(save(tmp_path / "a.onnx", nodes, w=WEIGHTS, **norm, shape=shape, half=half)) == FILTERS + 16


def test_half_and_eight_bit_weights_count_as_the_float_ones(tmp_path: Path) -> None:
    to_float = onnx.TensorProto.FLOAT
    conv = node("Conv", "image w b", "out")
    half = save(tmp_path / "h.onnx", [node("Cast", "h", "w", to=to_float), conv], h=WEIGHTS.astype(np.float16), b=BIAS)
    stored, zero = WEIGHTS.astype(np.int8), np.zeros(8, np.int8)
    scale = np.ones(8, np.float32)
    standard = save(
        tmp_path / "q.onnx", [node("DequantizeLinear", "q s z", "w", axis=0), conv], q=stored, s=scale, z=zero, b=BIAS
    )
    by_hand = save(
        tmp_path / "m.onnx",
        [node("Cast", "q", "f", to=to_float), node("Mul", "f s", "w"), conv],
        q=stored,
        s=scale.reshape(8, 1, 1, 1),
        b=BIAS,
    )
    assert count_parameters(half) == count_parameters(standard) == count_parameters(by_hand) == FILTERS + 8


def test_a_weight_used_twice_counts_once(tmp_path: Path) -> None:
    nodes = [node("Conv", "image w", "c"), node("Conv", "image w", "d"), node("Add", "c d", "out")]
    assert count_parameters(save(tmp_path / "a.onnx", nodes, w=WEIGHTS)) == FILTERS


def test_the_reference_is_as_large_as_its_torch_module() -> None:
    """Its batch normalizations (two numbers a channel) are folded into biases (one): the file holds a little less."""
    pytest.importorskip("torch", reason="needs the train extra")
    from boneage.models.reference import Reference

    size = size_of(REFERENCE)
    assert size is not None
    learned = sum(tensor.numel() for tensor in Reference().parameters())
    assert 0.97 * learned < size.parameters <= learned
    assert (size.networks, size.input_px) == (1, "256 x 192")
    assert size.onnx_mb == pytest.approx(6.32, abs=0.01)
    assert size.prepare_mb == pytest.approx(4.10, abs=0.01)
    assert int(size.epochs) > 0


def test_a_system_whose_networks_are_not_here_has_no_size(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(parameters, "weights_path", lambda file: None)
    assert all(size_of(system) is None for system in SYSTEMS.values())
