"""The figures of a mask against hand-worked ones, and the rule that reads them."""

from __future__ import annotations

from dataclasses import replace
from math import isnan, nan
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from boneage.standardize.segment import iou
from boneage.train.mine.decide import By, Decision, Verdict, add_decision, badness, faults, read_decisions
from boneage.train.mine.score import Score, score
from boneage.train.mine.settings import Rule

GOOD = Score(
    inside=1, components=1, largest=1, solidity=0.65, area=0.6, certainty=0.97, agreement=0.99, edge=0.98, gap=3, presence=1
)


def test_figures_of_a_drawn_hand(draw: Any) -> None:
    hand = draw(140)
    raw = hand.mask.copy()
    raw[2:8, 2:8] = True  # a second piece of 36 pixels
    raw[20:22, 2:4] = True  # a speck, not counted
    raw[150, 150] = False  # a hole: filled before the figures
    found = score(hand.film, raw, hand.known, probability=None, before=hand.mask)
    assert found.inside == 1
    assert found.components == 2
    assert found.largest == pytest.approx((hand.mask.sum() - 1) / raw.sum())
    assert found.agreement == 1
    assert isnan(found.certainty)
    assert found.area == pytest.approx(hand.mask.sum() / 170**2, rel=0.02)


def test_points_outside_are_counted(draw: Any) -> None:
    hand = draw(140)
    half = hand.mask.copy()
    half[: int(hand.points[:, 1].mean())] = False
    above = int((hand.points[:, 1] < hand.points[:, 1].mean() - 2).sum())
    found = score(hand.film, half, hand.known, probability=None, before=None)
    assert found.inside == pytest.approx(1 - above / 21)


def test_certainty_is_that_of_the_hand_and_its_rim(draw: Any) -> None:
    hand = draw(140)
    far = np.full((299, 299), 0.5, np.float32)  # unsure everywhere
    far[hand.mask] = 1
    sure = np.where(hand.mask, np.float32(1), np.float32(0))
    assert score(hand.film, hand.mask, hand.known, probability=sure, before=None).certainty == 1
    assert 0.5 < score(hand.film, hand.mask, hand.known, probability=far, before=None).certainty < 0.95


def test_an_empty_prediction_has_figures(draw: Any) -> None:
    hand, empty = draw(140), np.zeros((299, 299), np.float32)
    found = score(hand.film, empty > 0.5, hand.known, probability=empty, before=hand.mask)
    assert (found.inside, found.components, found.largest, found.solidity, found.area) == (0, 0, 0, 0, 0)
    assert found.agreement == 0
    assert faults(found, Rule())


def test_iou() -> None:
    a = np.array([1, 1, 0, 0], bool)
    assert iou(a, np.array([0, 1, 1, 0], bool)) == pytest.approx(1 / 3)
    assert iou(a, a) == 1
    assert iou(~a & a, ~a & a) == 1


def test_a_row_gives_the_score_back() -> None:
    for value in (GOOD, replace(GOOD, agreement=nan, certainty=nan)):
        names = Score.__dataclass_fields__
        assert repr(Score.of_row(dict(zip(names, value.row(), strict=True)))) == repr(
            replace(value, presence=1.0, inside=1.0, largest=1.0)
        )


@pytest.mark.parametrize(
    "wrong",
    [
        {"inside": 0.9},
        {"largest": 0.9},
        {"gap": 20},
        {"solidity": 0.4},
        {"solidity": 0.97},
        {"area": 0.2},
        {"area": 2.0},
        {"certainty": 0.5},
        {"agreement": 0.8},
        {"edge": 0.6},
        {"presence": 0.5},
    ],
)
def test_each_figure_alone_can_fail_a_mask(wrong: dict[str, float]) -> None:
    rule = Rule()
    assert faults(GOOD, rule) == []
    bad = replace(GOOD, **wrong)
    assert len(faults(bad, rule)) == 1
    assert badness(bad, rule) > badness(GOOD, rule) + 0.02


def test_the_first_round_has_nothing_to_agree_with() -> None:
    assert faults(replace(GOOD, agreement=nan), Rule()) == []


def test_the_last_decision_holds_and_can_be_taken_back(tmp_path: Path) -> None:
    path = tmp_path / "decisions.csv"
    for film, verdict in ((1, "keep"), (2, "discard"), (1, "discard"), (2, "open"), (3, "later")):
        add_decision(path, Decision(film, Verdict(verdict), By.PAGE, "2026-11-21T10:00:00+00:00"))
    found = {film: decision.verdict for film, decision in read_decisions(path).items()}
    assert found == {1: Verdict.DISCARD, 3: Verdict.LATER}


def test_a_line_cut_short_by_a_kill_is_dropped(tmp_path: Path) -> None:
    path = tmp_path / "decisions.csv"
    decision = Decision(1, Verdict.KEEP, By.PAGE, "2026-11-21T10:00:00+00:00")
    add_decision(path, decision)
    whole = path.read_text()
    for length in range(1, 20):
        path.write_text(whole + "2,discard,page,2026-11-21"[:length])
        if length % 2:
            assert read_decisions(path) == {1: decision}
        add_decision(path, replace(decision, film=3))
        assert set(read_decisions(path)) == {1, 3}
