"""Every loss against a hand-worked number; slopes stay finite where the formulas bend."""

from __future__ import annotations

from math import log, log1p

import numpy as np
import pytest
import torch
from torch import Tensor

from boneage.evaluate import metrics
from boneage.train.losses import attention_k, attention_loss, loss_of, msle
from boneage.train.published import Attention, CrossEntropy, Mae, MonthClasses, Months, Msle, YearClasses

PLAIN = Months(kind="months", center_months=0.0, scale_months=1.0)
SCALED = Months(kind="months", center_months=120.0, scale_months=40.0)
BY_MONTH, BY_YEAR = MonthClasses(kind="month-classes"), YearClasses(kind="year-classes")
MAE, ENTROPY, MSLE = Mae(kind="mae"), CrossEntropy(kind="cross-entropy"), Msle(kind="msle")
ATTENTION = Attention(kind="attention", first_k=2.0, last_k=1.0, share=0.5)


def slope(predicted: float, truth: float, *, k: float | None = None) -> float:
    """Of the attention loss, or without k of the MSLE, at one film."""
    p = torch.tensor([predicted], requires_grad=True)
    g = torch.tensor([truth])
    loss = msle(p, g) if k is None else attention_loss(p, g, k=k)
    loss.backward()  # type: ignore[no-untyped-call]
    assert p.grad is not None
    return float(p.grad)


# ---- mean absolute error
def test_mae_of_a_number() -> None:
    loss = loss_of(MAE, PLAIN, torch.tensor([[100.0], [60.0]]), torch.tensor([90.0, 66.0]), done=0.0)
    assert float(loss) == pytest.approx(8)


def test_mae_of_a_scaled_number_is_in_its_own_units() -> None:
    """120 + 40 x 0.5 = 140, off by 10: 0.25 of 40. Iglovikov: "we scale bone age in the range [-1, 1]"."""
    loss = loss_of(MAE, SCALED, torch.tensor([[0.5]]), torch.tensor([130.0]), done=0.0)
    assert float(loss) == pytest.approx(0.25)


def test_mae_of_classes_is_of_their_expectation() -> None:
    outputs = torch.full((1, 240), -1e4)
    outputs[0, [100, 110]] = 0.0
    assert float(loss_of(MAE, BY_MONTH, outputs, torch.tensor([98.0]), done=0.0)) == pytest.approx(7)


# ---- cross entropy
def test_cross_entropy_of_the_floored_year() -> None:
    """Fourteen even outputs but the truth's, which is log 3 above them: p = 3 / (3 + 13)."""
    outputs = torch.zeros(1, 14)
    outputs[0, 2] = log(3)
    assert float(loss_of(ENTROPY, BY_YEAR, outputs, torch.tensor([95.9]), done=0.0)) == pytest.approx(-log(3 / 16))
    assert float(loss_of(ENTROPY, BY_YEAR, outputs, torch.tensor([96.0]), done=0.0)) == pytest.approx(-log(1 / 16))


# ---- the attention loss (Ren 2018, equation 2)
@pytest.mark.parametrize(("k", "expected"), [(1.0, 15.0), (2.0, (0.1**2 * 100 + 0.5**2 * 40) / 2), (1.5, None)])
def test_the_attention_loss_by_hand(k: float, expected: float | None) -> None:
    """110 for 100: alpha 0.1; 20 for 40: alpha 0.5."""
    loss = float(attention_loss(torch.tensor([110.0, 20.0]), torch.tensor([100.0, 40.0]), k=k))
    assert loss == pytest.approx(expected if expected is not None else (0.1**1.5 * 100 + 0.5**1.5 * 40) / 2)


def test_with_k_1_it_is_the_mean_absolute_error() -> None:
    rng = np.random.default_rng(0)
    truth, predicted = rng.uniform(1, 228, 50), rng.uniform(-10, 260, 50)
    loss = attention_loss(torch.tensor(predicted), torch.tensor(truth), k=1.0)
    assert float(loss) == pytest.approx(metrics.mae(truth, predicted))


def test_a_high_k_attends_to_the_films_that_are_far_off() -> None:
    truth, easy, hard = torch.tensor([100.0]), torch.tensor([105.0]), torch.tensor([150.0])
    shares = [float(attention_loss(easy, truth, k=k) / attention_loss(hard, truth, k=k)) for k in (1.0, 2.0, 3.0)]
    assert shares == pytest.approx([0.1, 0.01, 0.001])


def test_k_falls_evenly_to_1_and_stays() -> None:
    assert [attention_k(ATTENTION, done) for done in (0.0, 0.25, 0.5, 0.75, 1.0)] == pytest.approx([2, 1.5, 1, 1, 1])
    constant = ATTENTION.model_copy(update={"first_k": 1.5, "last_k": 1.5})
    assert {attention_k(constant, done) for done in (0.0, 0.3, 1.0)} == {1.5}


def test_the_k_of_the_share_of_epochs_is_used() -> None:
    outputs, truth = torch.tensor([[110.0]]), torch.tensor([100.0])
    found = [float(loss_of(ATTENTION, PLAIN, outputs, truth, done=done)) for done in (0.0, 0.5, 1.0)]
    assert found == pytest.approx([1, 10, 10])


@pytest.mark.parametrize("k", [1.0, 1.0000001, 1.5, 2.0, 3.0])
@pytest.mark.parametrize("truth", [0.0, 0.5, 1.0, 100.0])
def test_its_slope_is_finite_where_the_answer_is_right(k: float, truth: float) -> None:
    assert slope(truth, truth, k=k) == 0.0
    assert np.isfinite(slope(truth + 1e-4, truth, k=k))


def test_with_k_1_its_slope_is_the_side() -> None:
    assert slope(110.0, 100.0, k=1.0) == pytest.approx(1)
    assert slope(90.0, 100.0, k=1.0) == pytest.approx(-1)


def test_an_age_of_0_does_not_divide_by_0() -> None:
    """Not in the paper: 0 months counts as 1 in the relative error."""
    assert float(attention_loss(torch.tensor([3.0]), torch.tensor([0.0]), k=2.0)) == pytest.approx(9)


# ---- mean squared logarithmic error
def test_msle_by_hand() -> None:
    """log(100 / 50) squared and log(1) squared."""
    loss = loss_of(MSLE, PLAIN, torch.tensor([[99.0], [0.0]]), torch.tensor([49.0, 0.0]), done=0.0)
    assert float(loss) == pytest.approx(log(2) ** 2 / 2)


def test_msle_is_the_metric_from_0_months_on() -> None:
    rng = np.random.default_rng(1)
    truth, predicted = rng.uniform(0, 228, 50), rng.uniform(0, 260, 50)
    assert float(msle(torch.tensor(predicted), torch.tensor(truth))) == pytest.approx(metrics.msle(truth, predicted))


@pytest.mark.parametrize("predicted", [-1.0, -5.0, -300.0])
def test_below_0_months_the_slope_leads_back(predicted: float) -> None:
    """The logarithm's mirror image goes on: d/dp (-log(1 - p) - log(1 + g))^2."""
    apart = log1p(-predicted) + log1p(50.0)
    assert slope(predicted, 50.0) == pytest.approx(-2 * apart / (1 - predicted), rel=1e-5)
    assert float(msle(torch.tensor([predicted]), torch.tensor([50.0]))) == pytest.approx(apart**2)


def test_msle_is_smooth_at_0_months() -> None:
    below, at, above = (slope(p, 50.0) for p in (-1e-4, 0.0, 1e-4))
    assert below == pytest.approx(above, rel=1e-3)
    assert at == pytest.approx(above, rel=1e-3)
    assert slope(50.0, 50.0) == 0.0


def test_losses_of_half_precision_outputs_are_in_full_precision() -> None:
    for loss, answer, outputs in ((MAE, BY_MONTH, 240), (ENTROPY, BY_YEAR, 14), (MSLE, PLAIN, 1), (ATTENTION, SCALED, 1)):
        found: Tensor = loss_of(loss, answer, torch.rand(2, outputs).bfloat16(), torch.tensor([90.0, 130.0]), done=0.3)
        assert found.dtype == torch.float32
