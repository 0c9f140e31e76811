"""The shipped weights still do what their cards say, on real radiographs."""

from __future__ import annotations

from pathlib import Path

import pytest

from boneage.evaluate.figures import age_figures, finder_figures
from boneage.networks import load_network
from boneage.systems import HAND_FINDER, REFERENCE, network_alone

pytest.importorskip("scipy", reason="needs the train extra")


def card(name: str) -> dict[str, float]:
    return dict(load_network(name).card.values["figures"])


def test_the_hand_finder_s_card(data: Path) -> None:
    measured, said = finder_figures(HAND_FINDER, data), card(HAND_FINDER)
    assert measured["hands"] == said["hands"]
    assert measured["select_median_percent"] == pytest.approx(said["select_median_percent"], abs=0.02)
    assert measured["select_p95_percent"] == pytest.approx(said["select_p95_percent"], abs=0.05)


@pytest.mark.parametrize("name", [member.network for member in REFERENCE.members])
def test_the_reference_network_s_card(data: Path, name: str) -> None:
    measured, said = age_figures(network_alone(name), data), card(name)
    assert measured["films"] == said["films"]
    assert measured["select_mae_months"] == pytest.approx(said["select_mae_months"], abs=0.02)


@pytest.mark.parametrize("name", REFERENCE.weights)
def test_torch_and_onnx_agreed_when_it_was_exported(name: str) -> None:
    assert card(name)["torch_onnx_difference"] < 0.05
