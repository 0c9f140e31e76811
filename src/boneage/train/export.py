"""A trained run as an ONNX file with its card: weights in float16 or 8 bits a channel, widened inside the graph."""

from __future__ import annotations

import hashlib
import json
import warnings
from enum import Enum
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import onnx
import tomli_w
import torch
from onnx import TensorProto, helper, numpy_helper

from boneage.errors import BoneAgeError, Kind
from boneage.found_hands import runs_folder
from boneage.networks import OnnxNetwork
from boneage.train.forms import Form, form_of
from boneage.train.recipe import Recipe
from boneage.types import Image

LICENSE = "LicenseRef-boneage-weights"
SMALLEST = 10_000  # values; smaller tensors (filters per channel, normalization) stay float32: they cost 0.06 months in float16


class Storage(Enum):
    """How large tensors of weights are kept."""

    HALF = "float16"
    BYTES = "8 bit per channel"  # a signed byte times the channel's largest weight / 127


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
    if (epochs := int(saved.get("epoch", recipe.epochs))) < recipe.epochs:
        raise BoneAgeError(
            Kind.BAD_WEIGHTS,
            came=f"a run of {epochs} of {recipe.epochs} epochs",
            expected="a finished run",
            todo=f"Go on with it: boneage train recipes/{recipe.name}.toml --data DIR",
        )
    form = form_of(recipe)
    form.model.load_state_dict(saved["average"])
    form.model.eval()
    form.exported.eval()
    return form


def epochs_before(start: str) -> int:
    """How many epochs the weights had that a recipe starts from, out of the runs it was trained from in turn; 0: none of ours."""
    if not start.startswith("recipe:"):
        return 0
    checkpoint = runs_folder() / start.removeprefix("recipe:") / "last.pt"
    if not checkpoint.is_file():
        raise BoneAgeError(
            Kind.BAD_WEIGHTS,
            came=f"no checkpoint {checkpoint}",
            expected=f'the run that start = "{start}" names, which tells how many epochs came before',
            todo="Put it back, or train it again.",
        )
    saved = json.loads(torch.load(checkpoint, map_location="cpu", weights_only=True, mmap=True)["recipe"])
    return epochs_before(saved["start"]) + sum(int(stage["epochs"]) for stage in saved["stages"])


def export(recipe: Recipe, out: Path, *, card: dict[str, Any], checkpoint: Path, storage: Storage = Storage.HALF) -> Path:
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
    onnx.save(shrink(onnx.load(path), storage), path)
    values = {
        "name": recipe.name,
        "sha256": hashlib.sha256(path.read_bytes()).hexdigest(),
        "license": LICENSE,
        "weights": storage.value,
        "input": {
            "size": list(size),
            "layout": f"float32 [B, {form.channels}, H, W], 0..1, bone bright",
            "names": list(form.inputs),
        },
        "output": {"names": list(form.outputs)},
        "training": {
            "recipe": f"recipes/{recipe.name}.toml",
            "epochs": recipe.epochs,
            "epochs_before": epochs_before(recipe.start),
            "start": recipe.start,
        },
        **card,
    }
    path.with_suffix(".toml").write_text(tomli_w.dumps(values))
    return path


def disagreement(form: Form, network: OnnxNetwork, inputs: list[Image]) -> float:
    """The largest difference between torch and ONNX on real inputs [C, H, W], in the form's unit."""
    worst = 0.0
    for k, channels in enumerate(inputs):
        image, male = channels[None], np.array([[float(k % 2)]], np.float32)
        with torch.no_grad():
            answer = form.exported(*(torch.from_numpy(value) for value in ((image, male) if form.sexed else (image,))))
        torch_says = tuple(value.numpy() for value in (answer if isinstance(answer, tuple) else (answer,)))
        onnx_says = network(image, sex=male) if form.sexed else network(image)
        worst = max(worst, float(np.abs(form.compared(torch_says) - form.compared(onnx_says)).max()))
    return worst


def shrink(model: onnx.ModelProto, storage: Storage) -> onnx.ModelProto:
    """Large float32 weights stored small, each followed by what the engine folds at load into float32 again."""
    graph = model.graph
    widening = []
    for tensor in list(graph.initializer):
        if tensor.data_type != TensorProto.FLOAT or np.prod(tensor.dims) < SMALLEST:
            continue
        values = numpy_helper.to_array(tensor)
        graph.initializer.remove(tensor)
        if storage is Storage.HALF:
            small = numpy_helper.from_array(values.astype(np.float16), f"{tensor.name}.half")
            widening.append([helper.make_node("Cast", [small.name], [tensor.name], to=TensorProto.FLOAT)])
        else:
            levels, steps = to_bytes(values)
            small = numpy_helper.from_array(levels, f"{tensor.name}.bytes")
            scale, wide = numpy_helper.from_array(steps, f"{tensor.name}.scale"), f"{tensor.name}.levels"
            graph.initializer.append(scale)
            cast = helper.make_node("Cast", [small.name], [wide], to=TensorProto.FLOAT)
            widening.append([cast, helper.make_node("Mul", [wide, scale.name], [tensor.name])])
        graph.initializer.append(small)
    for nodes in reversed(widening):
        for node in reversed(nodes):
            graph.node.insert(0, node)
    onnx.checker.check_model(model)
    return model


def to_bytes(values: npt.NDArray[np.float32]) -> tuple[npt.NDArray[np.int8], npt.NDArray[np.float32]]:
    """Weights [N, ...] as levels -127..127 and the step of each of the N channels, [N, 1, ...]."""
    largest = np.abs(values).max(axis=tuple(range(1, values.ndim)), keepdims=True)
    steps = np.maximum(largest / 127, np.finfo(np.float32).tiny).astype(np.float32)
    return np.rint(values / steps).astype(np.int8), steps
