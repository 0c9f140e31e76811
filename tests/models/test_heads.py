"""Heat maps to points, logits to months, truth to label distributions: against hand-worked numbers."""

from __future__ import annotations

import pytest
import torch

from boneage.models.hand_finder import HandFinder, soft_argmax
from boneage.models.reference import CLASSES, Reference, expectation
from boneage.train.label import label_distribution


def test_the_expectation_of_a_one_hot_is_its_class() -> None:
    logits = torch.full((3, CLASSES), -1e4)
    for row, month in enumerate((0, 87, 239)):
        logits[row, month] = 1e4
    assert expectation(logits).tolist() == pytest.approx([0, 87, 239])


def test_two_equal_classes_meet_in_the_middle() -> None:
    logits = torch.full((1, CLASSES), -1e4)
    logits[0, [100, 110]] = 0.0
    assert expectation(logits).item() == pytest.approx(105)


def test_a_label_distribution_sums_to_one_and_peaks_at_the_truth() -> None:
    target = label_distribution(torch.tensor([0.0, 120.0, 228.0]), 5.0)
    assert torch.allclose(target.sum(1), torch.ones(3))
    assert target.argmax(1).tolist() == [0, 120, 228]
    ratio = target[1, 125] / target[1, 120]
    assert ratio.item() == pytest.approx(0.60653, abs=1e-4)  # exp(-1/2) at one sigma


def test_a_peak_s_point_is_the_cell_s_center_in_input_pixels() -> None:
    logits = torch.full((1, 1, 48, 48), -50.0)
    logits[0, 0, 10, 20] = 50.0
    points, confidence = soft_argmax(logits)
    assert points[0, 0].tolist() == pytest.approx([(20 + 0.5) * 4 - 0.5, (10 + 0.5) * 4 - 0.5])
    assert confidence.item() == pytest.approx(1)


def test_a_far_second_peak_costs_confidence_but_does_not_pull() -> None:
    logits = torch.full((1, 1, 48, 48), -50.0)
    logits[0, 0, 10, 20], logits[0, 0, 40, 40] = 5.0, 4.0
    points, confidence = soft_argmax(logits)
    assert points[0, 0].tolist() == pytest.approx([81.5, 41.5], abs=1e-3)
    assert confidence.item() == pytest.approx(1 / (1 + torch.exp(torch.tensor(-1.0)).item()), abs=1e-3)


def test_shapes() -> None:
    maps, whole = HandFinder().eval()(torch.rand(2, 1, 64, 64))
    assert maps.shape == (2, 21, 16, 16)
    assert whole.shape == (2, 2)
    logits, months = Reference().eval()(torch.rand(2, 1, 64, 64), torch.tensor([[0.0], [1.0]]))
    assert logits.shape == (2, 240)
    assert months.shape == (2,)


def test_the_sex_matters() -> None:
    torch.manual_seed(0)
    network, x = Reference().eval(), torch.rand(1, 1, 64, 64)
    girl, boy = network(x, torch.zeros(1, 1))[0], network(x, torch.ones(1, 1))[0]
    assert not torch.allclose(girl, boy)
