"""The joint detector: peaks are read where they lie, with their sizes; a batch is its films one by one."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch

from boneage.errors import BoneAgeError, Kind
from boneage.joint_boxes import BOX_NAMES
from boneage.models.joint_detector import CLASSES, STRIDE, UNIT_PX, JointDetector, JointDetectorExport, peaks
from boneage.models.squeezenet import SqueezeNet


@pytest.fixture(scope="module")
def detector() -> JointDetector:
    with torch.random.fork_rng():
        torch.manual_seed(0)
        return JointDetector().eval()


@pytest.mark.parametrize("size", [(160, 160), (224, 224), (224, 160)])
def test_one_map_per_box_at_a_quarter_of_the_size(detector: JointDetector, size: tuple[int, int]) -> None:
    heat, sides = detector(torch.zeros(1, 1, *size))
    assert heat.shape == (1, len(BOX_NAMES), size[0] // STRIDE, size[1] // STRIDE)
    assert sides.shape == (1, CLASSES, 2, size[0] // STRIDE, size[1] // STRIDE)


@torch.no_grad()
def test_a_batch_is_its_films_one_by_one(detector: JointDetector) -> None:
    films = torch.rand(3, 1, 160, 160, generator=torch.Generator().manual_seed(1))
    network = JointDetectorExport(detector)
    together = network(films)
    for k in range(3):
        for whole, single in zip(together, network(films[k : k + 1]), strict=True):
            assert torch.allclose(whole[k], single[0], atol=1e-3)


def test_a_peak_is_read_where_it_lies_with_its_size() -> None:
    heat = torch.full((1, 2, 20, 30), -20.0)
    heat[0, 0, 7, 11] = 20.0
    heat[0, 1, 3, 4] = heat[0, 1, 3, 5] = 20.0  # between two cells
    sides = torch.zeros(1, 2, 2, 20, 30)
    sides[0, 0, 0, 7, 11] = 1.0
    centers, scores, sizes = peaks(heat, sides)
    assert torch.allclose(centers[0, 0], torch.tensor([11.5 * STRIDE - 0.5, 7.5 * STRIDE - 0.5]))
    assert torch.allclose(centers[0, 1], torch.tensor([5.0 * STRIDE - 0.5, 3.5 * STRIDE - 0.5]))
    assert torch.allclose(scores, torch.ones(1, 2))
    assert torch.allclose(sizes[0, 0], UNIT_PX * torch.tensor([torch.e, 1.0]))
    assert torch.allclose(sizes[0, 1], torch.full((2,), UNIT_PX))


def test_a_far_second_peak_costs_score_but_does_not_pull() -> None:
    heat = torch.full((1, 1, 20, 20), -20.0)
    heat[0, 0, 4, 4], heat[0, 0, 15, 15] = 10.0, 9.0
    centers, scores, _ = peaks(heat, torch.zeros(1, 1, 2, 20, 20))
    assert torch.allclose(centers[0, 0], torch.full((2,), 4.5 * STRIDE - 0.5), atol=1e-3)
    assert float(scores) == pytest.approx(1 / (1 + torch.e**-1), abs=1e-3)


def test_absent_weights_are_named(tmp_path: Path) -> None:
    with pytest.raises(BoneAgeError, match="SqueezeNet") as caught:
        SqueezeNet().load_imagenet(tmp_path / "none.pth")
    assert caught.value.kind is Kind.BAD_WEIGHTS
