"""Labels: as wide as the recipe says, teachers mixed in."""

from __future__ import annotations

import pytest
import torch

from boneage.train.label import label_distribution, mix, sigma_of
from boneage.train.reference import SigmaByAge, SigmaBySex

MONTHS = torch.tensor([24.0, 96.0, 148.0, 230.0])
MALE = torch.tensor([[0.0], [1.0], [0.0], [1.0]])


def test_one_width_for_all_is_itself() -> None:
    assert sigma_of(5.0, MONTHS, MALE) == 5.0


def test_a_width_by_age_runs_straight_between_and_level_beyond() -> None:
    curve = SigmaByAge(kind="by-age", at_months=(48.0, 96.0, 200.0), sigma_months=(2.0, 4.0, 6.0))
    width = sigma_of(curve, MONTHS, MALE)
    assert isinstance(width, torch.Tensor)
    assert width[:, 0].tolist() == pytest.approx([2, 4, 5, 6])


def test_a_width_by_sex_is_that_sex_s() -> None:
    width = sigma_of(SigmaBySex(kind="by-sex", female=4.0, male=6.0), MONTHS, MALE)
    assert isinstance(width, torch.Tensor)
    assert width[:, 0].tolist() == [4, 6, 4, 6]


def test_the_label_is_as_wide_as_it_was_told() -> None:
    width = torch.tensor([[3.0], [6.0]])
    label = label_distribution(torch.tensor([100.0, 120.0]), width)
    grid = torch.arange(240.0)
    mean = label @ grid
    spread = (label @ grid**2 - mean**2).sqrt()
    assert mean.tolist() == pytest.approx([100, 120], abs=1e-2)
    assert spread.tolist() == pytest.approx([3, 6], abs=1e-2)


def test_a_mixed_label_is_between_and_a_film_without_a_teacher_keeps_its_own() -> None:
    label = label_distribution(torch.tensor([100.0, 100.0]), 5.0)
    soft = torch.stack([label_distribution(torch.tensor([120.0]), 5.0)[0], torch.zeros(240)])
    mixed = mix(label, soft, 0.25)
    assert mixed.sum(1).tolist() == pytest.approx([1, 1])
    assert (mixed @ torch.arange(240.0)).tolist() == pytest.approx([105, 100], abs=1e-2)


def test_a_curve_that_does_not_rise_is_an_error() -> None:
    with pytest.raises(ValueError, match="must rise"):
        SigmaByAge(kind="by-age", at_months=(48.0, 24.0), sigma_months=(2.0, 4.0))
