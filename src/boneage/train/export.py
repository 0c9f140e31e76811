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

from boneage.errors import BoneAgeError, Kind
from boneage.networks import OnnxNetwork
from boneage.train.forms import Form, form_of
from boneage.train.recipe import Recipe
from boneage.types import Image

LICENSE = "LicenseRef-boneage-weights"
SMALLEST = 10_000  # values; smaller tensors (filters per channel, normalization) stay float32: they cost 0.06 months in float16


def averaged(recipe: Recipe, checkpoint: Path) -> Form:
    """The moving average of a run's weights in the recipe's form, in evaluation mode."""
    if not checkpoint.is_file():
        raise BoneAgeError(
            Kind.BAD_WEIGHTS,
            came=f"no checkpoint {checkpoint}",
            expected="a run of this recipe",
            todo=f"Train it: boneage train recipes/{recipe.name}.toml --data DIR",
        )
    saved = torch.load(checkpoint, map_location="cpu", weights_only=True)
    form = form_of(recipe)
    form.model.load_state_dict(saved["average"])
    form.model.eval()
    form.exported.eval()
    return form


def export(recipe: Recipe, out: Path, *, card: dict[str, Any], checkpoint: Path) -> Path:
    """Write `out/NAME.onnx` and `out/NAME.toml`; returns the ONNX file. `card` adds measured figures and the split."""
    form, size = averaged(recipe, checkpoint), recipe.stages[-1].size
    path = out / f"{recipe.name}.onnx"
    path.parent.mkdir(parents=True, exist_ok=True)
    with (
        warnings.catch_warnings()
    ):  # the TorchScript exporter is on its way out, but needs no onnxscript and no tracing of guards
        warnings.simplefilter("ignore")
        torch.onnx.export(
            form.exported,
            form.example(size),
            str(path),
            input_names=form.inputs,
            output_names=form.outputs,
            dynamic_axes={name: {0: "batch"} for name in (*form.inputs, *form.outputs)},
            opset_version=17,
            dynamo=False,
        )
    onnx.save(halve(onnx.load(path)), path)
    values = {
        "name": recipe.name,
        "sha256": hashlib.sha256(path.read_bytes()).hexdigest(),
        "license": LICENSE,
        "input": {"size": list(size), "layout": "float32 [B, 1, H, W], 0..1, bone bright", "names": list(form.inputs)},
        "output": {"names": list(form.outputs)},
        "training": {"recipe": f"recipes/{recipe.name}.toml", "epochs": recipe.epochs, "start": recipe.start},
        **card,
    }
    path.with_suffix(".toml").write_text(tomli_w.dumps(values))
    return path


def disagreement(form: Form, network: OnnxNetwork, inputs: list[Image]) -> float:
    """The largest difference between torch and ONNX on real inputs, in the form's unit."""
    worst = 0.0
    for k, pixels in enumerate(inputs):
        image, male = pixels[None, None], np.array([[float(k % 2)]], np.float32)
        with torch.no_grad():
            answer = form.exported(*(torch.from_numpy(value) for value in ((image, male) if form.sexed else (image,))))
        torch_says = tuple(value.numpy() for value in (answer if isinstance(answer, tuple) else (answer,)))
        onnx_says = network(image, sex=male) if form.sexed else network(image)
        worst = max(worst, float(np.abs(form.compared(torch_says) - form.compared(onnx_says)).max()))
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
