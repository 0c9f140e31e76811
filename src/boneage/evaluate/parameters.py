"""How large a system's networks are: parameters, files, input, epochs, out of the ONNX files and their cards."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import prod
from pathlib import Path
from typing import TYPE_CHECKING

from boneage.extras import load
from boneage.networks import Card, find_weights, weights_path
from boneage.systems import System

if TYPE_CHECKING:
    from onnx import GraphProto, NodeProto

MEGABYTE = 1e6


@dataclass(frozen=True)
class Size:
    """The networks of one system. A system with a set for each sex counts both; a child's film goes through one."""

    networks: int  # that read the age
    parameters: int  # of those, as stored: batch normalization that export folded into a convolution counts as its bias
    onnx_mb: float  # of those, 10^6 bytes
    prepare_mb: float  # of the networks that only prepare the film
    input_px: str  # height x width, each once
    epochs: str  # trained, those of the weights they start from among them; each once


def size_of(system: System) -> Size | None:
    """None where a network's file or card is not here."""
    if any(weights_path(f"{name}.{suffix}") is None for name in system.weights for suffix in ("onnx", "toml")):
        return None
    age = tuple(dict.fromkeys(member.network for member in system.members))
    cards = [Card.read(find_weights(f"{name}.toml")) for name in age]
    return Size(
        networks=len(age),
        parameters=sum(count_parameters(find_weights(f"{name}.onnx")) for name in age),
        onnx_mb=_megabytes(age),
        prepare_mb=_megabytes([name for name in system.weights if name not in age]),
        input_px=", ".join(dict.fromkeys(f"{card.size[0]} x {card.size[1]}" for card in cards)),
        epochs=", ".join(dict.fromkeys(_epochs(card) for card in cards)),
    )


def count_parameters(path: Path) -> int:
    """Numbers that were learned, in an ONNX file: each weight once, in whatever type it is stored.

    Left out: whole numbers (shapes, indices), single constants, the running means and variances of batch
    normalization, and the scales and zero points of 8-bit weights.
    """
    onnx = load("onnx")
    graph: GraphProto = onnx.load(path).graph
    types = onnx.TensorProto
    eight_bit = {tensor.name for tensor in graph.initializer if tensor.data_type in (types.INT8, types.UINT8)}
    learned = {types.FLOAT, types.FLOAT16, types.BFLOAT16, types.DOUBLE, types.INT8, types.UINT8}
    not_learned = _not_learned(graph, eight_bit)
    return sum(
        prod(tensor.dims)
        for tensor in graph.initializer
        if tensor.data_type in learned and tensor.name not in not_learned and prod(tensor.dims) > 1
    )


def _epochs(card: Card) -> str:
    training = card.values.get("training", {})
    return str(training["epochs"] + training.get("epochs_before", 0)) if "epochs" in training else "?"


def _not_learned(graph: GraphProto, eight_bit: set[str]) -> set[str]:
    """Names of the initializers that are statistics, or that turn 8-bit weights back into numbers."""
    found, widened = set[str](), set(eight_bit)
    for node in graph.node:  # they come in the order of computation
        if node.op_type == "BatchNormalization":
            found |= set(node.input[3:5])
        elif node.op_type in ("DequantizeLinear", "QuantizeLinear"):
            found |= set(node.input[1:])
        elif node.op_type in ("Cast", "Reshape", "Mul", "Sub") and _touches(node, widened):
            widened |= set(node.output)  # written out by hand: (Cast(weights) - zero point) x scale
            found |= set(node.input) - widened
    return found


def _touches(node: NodeProto, names: set[str]) -> bool:
    return any(name in names for name in node.input)


def _megabytes(names: Sequence[str]) -> float:
    return sum(find_weights(f"{name}.onnx").stat().st_size for name in names) / MEGABYTE
