"""Faster R-CNN for one hand: four losses, boxes inside the film, films do not mix, ONNX without torch agrees."""

from __future__ import annotations

import warnings
from pathlib import Path

import numpy as np
import pytest
import torch

from boneage.models.faster_rcnn import ANCHORS, KEPT, RATIOS, HandBoxExport, HandBoxNet
from boneage.standardize.detect import overlap

SIZE = 128


@pytest.fixture(scope="module")
def net() -> HandBoxNet:
    torch.manual_seed(0)
    return HandBoxNet().eval()


def films(count: int) -> torch.Tensor:
    return torch.from_numpy(np.random.default_rng(count).random((count, 1, SIZE, SIZE), np.float32))


def test_a_training_step_gives_four_finite_losses_and_moves_every_part(net: HandBoxNet) -> None:
    torch.manual_seed(1)
    trained = HandBoxNet().train()
    with torch.autocast("cpu", torch.bfloat16):
        losses = trained.losses(films(2), torch.tensor([[20.0, 10.0, 100.0, 110.0], [40.0, 30.0, 120.0, 128.0]]))
    assert set(losses) == {"loss_objectness", "loss_rpn_box_reg", "loss_classifier", "loss_box_reg"}
    assert all(torch.isfinite(value) and value.dtype == torch.float32 for value in losses.values())
    torch.stack(list(losses.values())).sum().backward()
    still = [name for name, p in trained.named_parameters() if p.grad is None and "trunk.features.18" not in name]
    assert not still  # the trunk's last layer feeds no tap


@torch.no_grad()
def test_boxes_lie_in_the_film_the_best_first(net: HandBoxNet) -> None:
    for boxes, scores in net(films(3)):
        assert len(boxes) == len(scores) <= KEPT
        assert len(boxes) > 0
        assert boxes.min() >= 0
        assert boxes.max() <= SIZE
        assert torch.equal(scores, scores.sort(descending=True)[0])


@torch.no_grad()
def test_a_batch_is_its_films_one_by_one(net: HandBoxNet) -> None:
    batch = films(3)
    for k, (boxes, scores) in enumerate(net(batch)):
        alone = net(batch[k : k + 1])[0]
        assert torch.allclose(boxes, alone[0], atol=1e-3)
        assert torch.allclose(scores, alone[1], atol=1e-5)


def test_some_anchor_fits_every_hand() -> None:
    """Boxes as the annotated hands have them, on a 256 px film: an anchor of the grid overlaps each by 0.6 or more."""
    rng = np.random.default_rng(4)
    for width, height in rng.uniform((90, 100), (230, 230), (200, 2)):
        width = np.clip(width, height / 1.6, height * 1.5)
        x, y = rng.uniform(0, 256 - np.array([width, height]))
        center = np.rint(np.array([x + width / 2, y + height / 2]) / 8) * 8
        sides = [np.array([size / ratio**0.5, size * ratio**0.5]) / 2 for size in ANCHORS for ratio in RATIOS]
        fits = [overlap((x, y, x + width, y + height), tuple(np.concatenate([center - half, center + half]))) for half in sides]
        assert max(fits) > 0.6


def test_the_exported_detector_needs_no_torch_and_agrees(net: HandBoxNet, tmp_path: Path) -> None:
    import onnxruntime

    path = tmp_path / "box.onnx"
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        outputs = ["boxes", "scores"]
        axes = {name: {0: "boxes"} for name in outputs}
        example = (films(1),)
        torch.onnx.export(
            HandBoxExport(net).eval(),
            example,
            str(path),
            input_names=["image"],
            output_names=outputs,
            dynamic_axes=axes,
            opset_version=17,
            dynamo=False,
        )
    session = onnxruntime.InferenceSession(path.read_bytes(), providers=["CPUExecutionProvider"])
    for seed in range(4):
        film = np.random.default_rng(100 + seed).random((1, 1, SIZE, SIZE), np.float32)
        with torch.no_grad():
            boxes, scores = HandBoxExport(net)(torch.from_numpy(film))
        answer = session.run(None, {"image": film})
        assert np.allclose(answer[0], boxes.numpy(), atol=1e-2)
        assert np.allclose(answer[1], scores.numpy(), atol=1e-4)
