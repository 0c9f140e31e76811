"""The mended operators do what torchvision's do; a healthy torchvision is left alone."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import torch

from boneage.models.torchvision_cpu import load, mended, nms, roi_align

HEALTHY = "def nms(): return 'its own'\n"
BROKEN = "raise RuntimeError('compiled for another torch')\n"


def boxes(seed: int, count: int, *, within: float = 60) -> torch.Tensor:
    corners = torch.from_numpy(np.random.default_rng(seed).uniform(0, within, (count, 2, 2)).astype(np.float32))
    return torch.cat([corners.amin(1), corners.amax(1) + 1], 1)


def in_a_process_of_its_own(folder: Path, torchvision: str, code: str) -> subprocess.CompletedProcess[str]:
    (folder / "torchvision").mkdir()
    (folder / "torchvision" / "__init__.py").write_text(torchvision)
    whole = f"import sys; sys.path.insert(0, {str(folder)!r}); from boneage.models import torchvision_cpu as lab; {code}"
    return subprocess.run([sys.executable, "-c", whole], capture_output=True, text=True, check=False)


def test_a_healthy_torchvision_is_left_alone(tmp_path: Path) -> None:
    code = "import torch; v = lab.load(); assert v.nms() == 'its own'; assert not lab.mended();"
    code += "assert not hasattr(torch.ops.torchvision, 'nms')"
    done = in_a_process_of_its_own(tmp_path, HEALTHY, code)
    assert done.returncode == 0, done.stderr


def test_another_failure_is_not_hidden(tmp_path: Path) -> None:
    done = in_a_process_of_its_own(tmp_path, BROKEN, "lab.load()")
    assert done.returncode != 0
    assert "compiled for another torch" in done.stderr


def test_loading_again_mends_nothing_again() -> None:
    one = load("torchvision.ops")
    before = mended()
    assert load("torchvision.ops") is one
    assert mended() is before
    assert torch.equal(one.nms(boxes(1, 20), torch.arange(20.0), 0.5), nms(boxes(1, 20), torch.arange(20.0), 0.5))


@pytest.mark.parametrize("seed", range(5))
def test_kept_boxes_stand_apart_and_dropped_ones_lie_under_a_better_one(seed: int) -> None:
    box_iou = load("torchvision.ops").box_iou
    found, scores = boxes(seed, 60), torch.rand(60, generator=torch.Generator().manual_seed(seed))
    kept = nms(found, scores, 0.4)
    assert torch.equal(scores[kept], scores[kept].sort(descending=True)[0])
    among = box_iou(found[kept], found[kept]) - torch.eye(len(kept))
    assert among.max() <= 0.4 + 1e-6
    dropped = [k for k in range(60) if k not in set(kept.tolist())]
    assert dropped
    for k in dropped:
        assert ((box_iou(found[k : k + 1], found[kept])[0] > 0.4) & (scores[kept] >= scores[k])).any()


def test_no_boxes_give_no_indices() -> None:
    assert nms(torch.zeros(0, 4), torch.zeros(0), 0.5).shape == (0,)


@pytest.mark.parametrize("samples", [2, 1, -1])
@pytest.mark.parametrize("aligned", [True, False])
def test_a_ramp_is_pooled_to_the_bins_centers(samples: int, aligned: bool) -> None:
    ramp = torch.stack(torch.meshgrid(torch.arange(16.0), torch.arange(20.0), indexing="ij"))[None]  # [1, (y, x), 16, 20]
    region = torch.tensor([[0.0, 16.0, 24.0, 112.0, 96.0]])
    pooled = roi_align(ramp, region, 1 / 8, 4, 6, samples, aligned)[0]
    offset = 0.5 if aligned else 0.0
    assert torch.allclose(pooled[0, :, 0], 3 - offset + (torch.arange(4) + 0.5) * 9 / 4, atol=1e-4)
    assert torch.allclose(pooled[1, 0], 2 - offset + (torch.arange(6) + 0.5) * 12 / 6, atol=1e-4)


def test_each_region_is_pooled_from_its_own_film_as_if_alone() -> None:
    features = torch.rand(3, 4, 12, 12, generator=torch.Generator().manual_seed(1))
    regions = torch.cat([torch.tensor([[2.0], [0.0], [1.0], [0.0], [2.0]]), boxes(3, 5)], 1)
    together = roi_align(features, regions, 0.2, 7, 7, 2, False)
    for k, region in enumerate(regions):
        image = int(region[0])
        alone = roi_align(features[image : image + 1], torch.cat([torch.zeros(1), region[1:]])[None], 0.2, 7, 7, 2, False)
        assert torch.allclose(together[k], alone[0], atol=1e-6)


def test_beyond_the_features_there_is_nothing() -> None:
    outside = roi_align(torch.ones(1, 1, 8, 8), torch.tensor([[0.0, 100.0, 100.0, 120.0, 120.0]]), 1.0, 2, 2, 2, True)
    assert outside.abs().max() == 0


def test_pooling_has_the_right_gradient() -> None:
    features = torch.rand(1, 2, 5, 6, dtype=torch.float64, requires_grad=True)
    region = torch.tensor([[0, 3.0, 2.0, 30.0, 28.0]], dtype=torch.float64)
    assert torch.autograd.gradcheck(lambda f: roi_align(f, region, 1 / 8, 3, 3, 2, True), (features,))
