"""U-Net: a mask of the film's size; the loss against hand-worked numbers."""

from __future__ import annotations

import math

import pytest
import torch

from boneage.models.unet import UNet, UNetExport, mask_loss


@pytest.mark.parametrize("size", [(64, 48), (32, 32)])
def test_the_mask_has_the_film_s_size(size: tuple[int, int]) -> None:
    torch.manual_seed(0)
    unet = UNet(filters=4).eval()
    film = torch.rand(2, 1, *size)
    with torch.no_grad():
        logits, probability, surer = unet(film), *(UNetExport(unet, sure=sure).eval()(film) for sure in (0.5, 0.8))
    assert logits.shape == film.shape
    assert torch.equal(probability, logits.sigmoid())
    assert torch.equal(surer >= 0.5, logits.sigmoid() >= 0.8)


def test_the_loss_against_a_hand_worked_number() -> None:
    """Four pixels, one of them hand, all predicted 0.5: H = log 2, J = (0.5 + 1) / (1 + 2 - 0.5 + 1)."""
    target = torch.tensor([1.0, 0, 0, 0]).view(1, 1, 2, 2)
    loss, jaccard = mask_loss(torch.zeros(1, 1, 2, 2), target)
    assert float(jaccard) == pytest.approx(1.5 / 3.5)
    assert float(loss) == pytest.approx(math.log(2) - math.log(1.5 / 3.5), abs=1e-6)


def test_a_perfect_mask_costs_nothing_and_an_empty_one_is_finite() -> None:
    target = torch.zeros(1, 1, 4, 4)
    target[..., :2, :] = 1
    loss, jaccard = mask_loss(200 * (target - 0.5), target)
    assert float(jaccard) == pytest.approx(1)
    assert float(loss) == pytest.approx(0, abs=1e-6)
    empty, _ = mask_loss(torch.full((1, 1, 4, 4), -100.0), target)
    assert math.isfinite(float(empty))


def test_each_film_s_jaccard_counts_alike() -> None:
    """The mean over films, not over pixels: a small hand weighs as much as a large one."""
    targets = torch.zeros(2, 1, 8, 8)
    targets[0, :, :1, :1], targets[1] = 1, 1
    logits = 50 * (targets - 0.5)
    alone = [float(mask_loss(logits[k : k + 1], targets[k : k + 1])[1]) for k in range(2)]
    assert float(mask_loss(logits, targets)[1]) == pytest.approx(sum(alone) / 2)
