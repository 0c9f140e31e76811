"""From outputs to months: classes by hand, expectations, and what is exported."""

from __future__ import annotations

import math

import pytest
import torch
from torch import Tensor, nn

from boneage.systems import Answer as Runtime
from boneage.train.answers import HIGHEST, AnswerExport, months_of, outputs_of, year_class
from boneage.train.losses import msle
from boneage.train.published import Answer, LogMonths, MonthClasses, Months, YearClasses
from boneage.types import MONTHS, YEAR_CENTERS, YEARS
from boneage.vote import to_vote

NUMBER = Months(kind="months", center_months=120.0, scale_months=40.0)
LOGARITHM = LogMonths(kind="log-months", center=4.78, scale=0.43)
BY_MONTH, BY_YEAR = MonthClasses(kind="month-classes"), YearClasses(kind="year-classes")


def sure(classes: int, place: int) -> Tensor:
    """Outputs [1, K] that leave no doubt."""
    outputs = torch.zeros(1, classes)
    outputs[0, place] = 1e4
    return outputs


@pytest.mark.parametrize(
    ("months", "place"),
    [(60.0, 0), (71.9, 0), (72.0, 1), (83.99, 1), (84.0, 2), (215.9, 12), (216.0, 13), (228.0, 13), (239.0, 13)],
)
def test_years_are_floored_and_18_and_over_is_18(months: float, place: int) -> None:
    found = year_class(torch.tensor([months]))
    assert found.dtype == torch.int64
    assert found.tolist() == [place]
    assert YEARS[place] == min(int(months // 12), 18)


def test_an_age_under_the_youngest_class_counts_as_it() -> None:
    assert year_class(torch.tensor([0.0, 59.9, 60.0])).tolist() == [0, 0, 0]


def test_a_class_s_center_lies_in_its_class() -> None:
    assert year_class(torch.tensor(YEAR_CENTERS)).tolist() == list(range(len(YEARS)))


@pytest.mark.parametrize(("answer", "outputs"), [(NUMBER, 1), (LOGARITHM, 1), (BY_MONTH, 240), (BY_YEAR, 14)])
def test_the_papers_numbers_of_outputs(answer: Answer, outputs: int) -> None:
    assert outputs_of(answer) == outputs


@pytest.mark.parametrize("place", [0, 1, 87, 239])
def test_the_expectation_of_a_one_hot_is_its_month(place: int) -> None:
    assert months_of(BY_MONTH, sure(MONTHS, place)).tolist() == pytest.approx([place])


@pytest.mark.parametrize("place", range(len(YEARS)))
def test_the_expectation_of_a_one_hot_is_its_year_s_middle(place: int) -> None:
    assert months_of(BY_YEAR, sure(len(YEARS), place)).tolist() == pytest.approx([YEAR_CENTERS[place]])


def test_two_equal_classes_meet_in_the_middle() -> None:
    outputs = sure(MONTHS, 100) + sure(MONTHS, 110)
    assert months_of(BY_MONTH, outputs).tolist() == pytest.approx([105])
    assert months_of(BY_MONTH, torch.zeros(1, MONTHS)).tolist() == pytest.approx([119.5])


def test_a_number_is_scaled_around_its_center() -> None:
    assert months_of(NUMBER, torch.tensor([[0.0], [1.0], [-2.5]])).tolist() == pytest.approx([120, 160, 20])


def test_the_squared_logarithmic_error_of_a_logarithm_is_a_plain_square() -> None:
    """Whose slope in the output does not depend on the age."""
    outputs = torch.tensor([[-6.0], [-1.0], [0.0], [1.5]], requires_grad=True)
    wanted = 4.78 + 0.43 * (outputs.detach()[:, 0] + 0.5)
    loss = msle(months_of(LOGARITHM, outputs), torch.expm1(wanted))
    assert loss.item() == pytest.approx((0.43 * 0.5) ** 2, rel=1e-4)
    (slope,) = torch.autograd.grad(loss, outputs)
    torch.testing.assert_close(slope, torch.full((4, 1), -2 * 0.43**2 * 0.5 / 4), rtol=1e-3, atol=0)
    assert months_of(LOGARITHM, torch.tensor([[1e6]])).item() == pytest.approx(math.expm1(HIGHEST), rel=1e-4)


@pytest.mark.parametrize("answer", [BY_MONTH, BY_YEAR])
def test_months_of_half_precision_outputs_are_in_full_precision(answer: Answer) -> None:
    assert months_of(answer, torch.rand(2, outputs_of(answer)).bfloat16()).dtype == torch.float32


@pytest.mark.parametrize(
    ("answer", "runtime"),
    [
        (NUMBER, Runtime.MONTHS),
        (LOGARITHM, Runtime.MONTHS),
        (BY_MONTH, Runtime.MONTH_CLASSES),
        (BY_YEAR, Runtime.YEAR_CLASSES),
    ],
)
def test_the_export_s_answer_is_the_months_of_training(answer: Answer, runtime: Runtime) -> None:
    """What the runtime makes of an exported answer is what the loss saw; classes are probabilities that sum to 1."""
    torch.manual_seed(0)
    network = nn.Sequential(nn.Flatten(), nn.Linear(12, outputs_of(answer)))
    films = torch.rand(5, 1, 4, 3)
    with torch.no_grad():
        says, months = AnswerExport(network, answer)(films), months_of(answer, network(films))
    assert says.shape == (5, outputs_of(answer))
    if answer in (BY_MONTH, BY_YEAR):
        assert (says >= 0).all()
        torch.testing.assert_close(says.sum(1), torch.ones(5))
    for one, month in zip(says.numpy(), months.tolist(), strict=True):
        assert to_vote("a", runtime, one).months == pytest.approx(month, abs=1e-3)
