"""LeNet-5: the dense form is the patch network at every fourth pixel."""

from __future__ import annotations

import pytest
import torch

from boneage.models.lenet import LeNet5, LeNet5Export


@pytest.mark.parametrize("patch", [16, 24, 32, 40, 48, 56, 64])
def test_the_dense_form_gives_exactly_the_patches_answers_at_stride_four(patch: int) -> None:
    torch.manual_seed(patch)
    net = LeNet5(patch=patch).eval()
    film = torch.rand(2, 1, patch + 20, patch + 12)
    with torch.no_grad():
        dense = LeNet5Export(net).eval()(film)
        windows = film.unfold(2, patch, 4).unfold(3, patch, 4)  # [B, 1, h, w, P, P]
        one_by_one = net(windows.reshape(-1, 1, patch, patch)).softmax(1)
    assert dense.shape == (2, 5, 6, 4)
    assert torch.allclose(dense, one_by_one.reshape(2, 6, 4, 5).permute(0, 3, 1, 2), atol=1e-5)
    assert float(dense.std(0).max()) > 1e-4  # windows differ


def test_lecun_s_size_has_lecun_s_layers() -> None:
    weights = [tuple(p.shape) for p in LeNet5(patch=32).parameters() if p.ndim > 1]
    assert weights == [(6, 1, 5, 5), (16, 6, 5, 5), (120, 16 * 5 * 5), (84, 120), (5, 84)]


@pytest.mark.parametrize("patch", [12, 30, 33])
def test_a_patch_that_does_not_pool_evenly_is_refused(patch: int) -> None:
    with pytest.raises(ValueError, match="patch"):
        LeNet5(patch=patch)
