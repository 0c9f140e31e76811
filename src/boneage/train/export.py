"""A trained run as an ONNX file with its card: float16 weights, widened inside the graph."""

from __future__ import annotations

import hashlib
import warnings
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import tomli_w
import torch
from onnx import TensorProto, helper, numpy_helper
from torch import nn

from boneage.errors import BoneAgeError, Kind
from boneage.models.hand_finder import HandFinder, HandFinderExport, soft_argmax
from boneage.models.reference import CLASSES, Reference, ReferenceExport, expectation
from boneage.networks import OnnxNetwork
from boneage.train.recipe import FinderTask, Recipe
from boneage.types import Image

LICENSE = "LicenseRef-boneage-weights"
SMALLEST = 10_000  # values; smaller tensors (filters per channel, normalization) stay float32: they cost 0.06 months in float16


def averaged_model(recipe: Recipe, checkpoint: Path) -> nn.Module:
    """The moving average of a run's weights, in evaluation mode."""
    if not checkpoint.is_file():
        raise BoneAgeError(
            Kind.BAD_WEIGHTS,
            came=f"no checkpoint {checkpoint}",
            expected="a run of this recipe",
            todo=f"Train it: boneage train recipes/{recipe.name}.toml --data DIR",
        )
    saved = torch.load(checkpoint, map_location="cpu", weights_only=True)
    model: nn.Module = HandFinder() if isinstance(recipe.task, FinderTask) else Reference(dropout=recipe.task.dropout)
    model.load_state_dict(saved["average"])
    return model.eval()


def export(recipe: Recipe, out: Path, *, card: dict[str, Any], checkpoint: Path) -> Path:
    """Write `out/NAME.onnx` and `out/NAME.toml`; returns the ONNX file. `card` adds measured figures and the split."""
    model = averaged_model(recipe, checkpoint)
    size = recipe.stages[-1].size
    image = torch.zeros(2, 1, *size)
    inputs: tuple[torch.Tensor, ...]
    if isinstance(model, HandFinder):
        wrapped: nn.Module = HandFinderExport(model)
        inputs, names, outputs = (image,), ["image"], ["points", "confidence", "whole"]
    else:
        assert isinstance(model, Reference)
        wrapped = ReferenceExport(model)
        inputs, names, outputs = (image, torch.zeros(2, 1)), ["image", "sex"], ["probabilities"]
    path = out / f"{recipe.name}.onnx"
    path.parent.mkdir(parents=True, exist_ok=True)
    axes = {name: {0: "batch"} for name in (*names, *outputs)}
    with (
        warnings.catch_warnings()
    ):  # the TorchScript exporter is on its way out, but needs no onnxscript and no tracing of guards
        warnings.simplefilter("ignore")
        torch.onnx.export(
            wrapped.eval(),
            inputs,
            str(path),
            input_names=names,
            output_names=outputs,
            dynamic_axes=axes,
            opset_version=17,
            dynamo=False,
        )
    onnx.save(halve(onnx.load(path)), path)
    values = {
        "name": recipe.name,
        "sha256": hashlib.sha256(path.read_bytes()).hexdigest(),
        "license": LICENSE,
        "input": {"size": list(size), "layout": "float32 [B, 1, H, W], 0..1, bone bright", "names": names},
        "output": {"names": outputs},
        "training": {"recipe": f"recipes/{recipe.name}.toml", "epochs": recipe.epochs, "start": recipe.start},
        **card,
    }
    path.with_suffix(".toml").write_text(tomli_w.dumps(values))
    return path


def disagreement(model: nn.Module, network: OnnxNetwork, crops: list[Image]) -> float:
    """The largest difference between torch and ONNX on crops, in months (in pixels for a hand finder)."""
    worst = 0.0
    for k, crop in enumerate(crops):
        image, male = crop[None, None], np.array([[float(k % 2)]], np.float32)
        with torch.no_grad():
            if isinstance(model, HandFinder):
                expected, answer = soft_argmax(model(torch.from_numpy(image))[0])[0], network(image)[0]
            else:
                expected = expectation(model(torch.from_numpy(image), torch.from_numpy(male))[0])
                answer = np.asarray(network(image, sex=male)[0] @ np.arange(CLASSES), np.float32)
        worst = max(worst, float(np.abs(expected.numpy() - answer).max()))
    return worst


def halve(model: onnx.ModelProto) -> onnx.ModelProto:
    """Large float32 weights stored as float16, each followed by a cast that the engine folds at load."""
    graph = model.graph
    casts = []
    for tensor in list(graph.initializer):
        if tensor.data_type != TensorProto.FLOAT or np.prod(tensor.dims) < SMALLEST:
            continue
        half = numpy_helper.from_array(numpy_helper.to_array(tensor).astype(np.float16), f"{tensor.name}.half")
        casts.append(helper.make_node("Cast", [half.name], [tensor.name], to=TensorProto.FLOAT))
        graph.initializer.remove(tensor)
        graph.initializer.append(half)
    for cast in reversed(casts):
        graph.node.insert(0, cast)
    onnx.checker.check_model(model)
    return model
