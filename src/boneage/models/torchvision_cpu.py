"""torchvision beside a CPU-only torch: the two operators that Faster R-CNN needs, where torchvision cannot load its own.

torchvision's CUDA build does not load its operators beside a CPU build of torch, and then `import torchvision` fails at once
("operator torchvision::nms does not exist"). Here both are put in its place. Where torchvision is healthy nothing is done.
"""

from __future__ import annotations

import sys
from importlib import import_module
from types import ModuleType

import numpy as np
import torch
from torch import Tensor, library

from boneage.extras import load as load_extra

SCHEMAS = (
    "nms(Tensor dets, Tensor scores, float iou_threshold) -> Tensor",
    "qnms(Tensor dets, Tensor scores, float iou_threshold) -> Tensor",  # asked for at import; without a body here
    "roi_align(Tensor input, Tensor rois, float spatial_scale, SymInt pooled_height, SymInt pooled_width,"
    " int sampling_ratio, bool aligned) -> Tensor",
)
_kept: list[library.Library] = []  # operators live as long as this does; empty: nothing was mended


def load(module: str = "torchvision") -> ModuleType:
    """A module of torchvision, mended first where its operators are absent. Raises BoneAgeError where it is not installed."""
    try:
        load_extra("torchvision")
    except RuntimeError as error:
        if "torchvision::nms" not in str(error):
            raise
        _mend()
    return import_module(module)


def mended() -> bool:
    """Whether this process runs on the operators below."""
    return bool(_kept)


def _mend() -> None:
    """Define the operators, import torchvision again from the start, and open the two doors that ask for its own library."""
    for name in [name for name in sys.modules if name.split(".")[0] == "torchvision"]:
        del sys.modules[name]  # half imported
    operators = library.Library("torchvision", "FRAGMENT")  # type: ignore[no-untyped-call]
    for schema in SCHEMAS:
        operators.define(schema)  # type: ignore[no-untyped-call]
    operators.impl("nms", nms, "CPU")  # type: ignore[no-untyped-call]
    # made of differentiable steps, so it needs no backward of its own
    operators.impl("roi_align", roi_align, "CompositeImplicitAutograd")  # type: ignore[no-untyped-call]
    _kept.append(operators)
    import_module("torchvision")
    for name in ("boxes", "roi_align"):
        operations = import_module(f"torchvision.ops.{name}")
        operations.__dict__["_assert_has_ops"] = _nothing
    sys.modules["torchvision.ops.roi_align"].__dict__["_has_ops"] = _yes  # else it compiles a version of its own


def _nothing() -> None:
    return None


def _yes() -> bool:
    return True


def nms(dets: Tensor, scores: Tensor, iou_threshold: float) -> Tensor:
    """Indices of the boxes [N, 4] that no better one overlaps by more than the threshold, best first."""
    order = np.argsort(-scores.detach().numpy(), kind="stable")
    boxes = dets.detach().numpy().astype(np.float64)[order]
    areas = (boxes[:, 2:] - boxes[:, :2]).prod(1)
    alive, kept = np.ones(len(boxes), bool), []
    for k in range(len(boxes)):
        if not alive[k]:
            continue
        kept.append(order[k])
        sides = np.minimum(boxes[:, 2:], boxes[k, 2:]) - np.maximum(boxes[:, :2], boxes[k, :2])
        both = sides.clip(0).prod(1)
        alive &= both <= iou_threshold * (areas + areas[k] - both)
    return torch.from_numpy(np.array(kept, np.int64))


def roi_align(
    input: Tensor, rois: Tensor, spatial_scale: float, pooled_height: int, pooled_width: int, sampling_ratio: int, aligned: bool
) -> Tensor:
    """Features [B, C, H, W] pooled over regions [K, 5] (image, x0, y0, x1, y1) to [K, C, pooled_height, pooled_width].

    The mean of linear interpolations is separable: one matrix for the rows and one for the columns of each region.
    """
    offset = 0.5 if aligned else 0.0
    start, end = rois[:, 1:3] * spatial_scale - offset, rois[:, 3:5] * spatial_scale - offset
    length = end - start if aligned else (end - start).clamp_min(1)
    rows = _weights(start[:, 1], length[:, 1], bins=pooled_height, cells=input.shape[2], samples=sampling_ratio)
    columns = _weights(start[:, 0], length[:, 0], bins=pooled_width, cells=input.shape[3], samples=sampling_ratio)
    pooled = input.new_zeros(len(rois), input.shape[1], pooled_height, pooled_width)
    for image in range(input.shape[0]):
        own = torch.nonzero(rois[:, 0] == image)[:, 0]
        if len(own):
            across = torch.einsum("kph,chw->kcpw", rows[own].to(input.dtype), input[image])
            pooled = pooled.index_copy(0, own, across @ columns[own].to(input.dtype)[:, None].transpose(2, 3))
    return pooled


def _weights(start: Tensor, length: Tensor, *, bins: int, cells: int, samples: int) -> Tensor:
    """[K, bins, cells]: how much each cell counts in each bin of the stretches that begin at `start`, in cells."""
    each = torch.full_like(start, samples) if samples > 0 else torch.ceil(length / bins).clamp_min(1)
    index = torch.arange(int(each.max()) if len(each) else 1, dtype=start.dtype)
    within = (index + 0.5) / each[:, None]  # [K, samples], share of a bin; 1 and more: a sample too many
    place = start[:, None, None] + (torch.arange(bins)[:, None] + within[:, None]) * (length / bins)[:, None, None]
    counts = (within < 1)[:, None] & (place >= -1) & (place <= cells)
    near = (1 - (place.clamp(0, cells - 1)[..., None] - torch.arange(cells)).abs()).clamp_min(0)
    return (near * counts[..., None]).sum(2) / each[:, None, None]
