"""What the other sex does to the answer, and what a warning is worth, on made-up pairs."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from boneage.combine.ensemble import Combined, combine
from boneage.dataset import Film, Part
from boneage.evaluate.wrong_sex import Pair, ask_both, effects, near_mode, warnings
from boneage.systems import REFERENCE
from boneage.types import Sex, Vote

pytest.importorskip("scipy", reason="needs the train extra")


def bell(months: float, spread: float) -> Combined:
    grid = np.arange(240)
    shape = np.exp(-((grid - months) ** 2) / (2 * spread**2))
    return combine([Vote("made up", shape / shape.sum())])


def pairs(*, own: float, other: float) -> list[Pair]:
    """60 films whose other sex makes them 12 months older; the spreads vary by a month."""
    return [
        Pair(
            Film(k, Sex.MALE if k % 2 else Sex.FEMALE, 0.0),
            bell(60 + 2 * k, own + k % 3 / 2),
            bell(72 + 2 * k, other + k % 3 / 2),
        )
        for k in range(60)
    ]


def test_the_change_is_counted_by_sex_and_band() -> None:
    rows = effects(pairs(own=8, other=8))
    assert [(row.sex, row.band, row.films) for row in rows[:2]] == [("both", "all", 60), ("female", "all", 30)]
    assert sum(row.films for row in rows if row.band != "all") == 60
    assert all(row.mean_change == pytest.approx(12, abs=0.01) for row in rows)
    assert all(row.p90_absolute == pytest.approx(12, abs=0.01) for row in rows)


def test_no_difference_is_no_warning_and_a_clear_one_is_caught() -> None:
    for row in warnings(pairs(own=8, other=8)):
        assert row.auroc == pytest.approx(0.5, abs=0.15)  # the months are whole, so a bell's mass depends on where it stands
        assert row.caught < 0.1
    for row in warnings(pairs(own=6, other=14)):
        assert row.auroc == 1
        assert row.caught == 1
        assert 0.1 < row.precision_low < 0.2  # 60 films do not show more


def test_the_mass_near_the_mode_falls_with_the_spread() -> None:
    assert near_mode(bell(100, 5)) > 0.99
    assert near_mode(bell(100, 30)) < 0.6


def test_both_sexes_of_real_films(data: Path) -> None:
    found = ask_both(REFERENCE, data, Part.SELECT, every=300)
    assert len(found) >= 2
    assert all(pair.own.months != pair.other.months for pair in found)
