"""The verdict on simulated sites: as good as the card, worse, better, too small; and how often it errs."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

pytest.importorskip("scipy", reason="needs the train extra: make test EXTRAS=train")

from boneage.errors import BoneAgeError
from boneage.evaluate.site.ask import Answer
from boneage.evaluate.site.shipped import ALL, Cell, Shipped, read_shipped, shipped_file
from boneage.evaluate.site.verdict import FEWEST, MARGIN_MONTHS, Judgment, films_needed, judge
from boneage.networks import WEIGHTS, weights_from
from boneage.systems import REFERENCE
from boneage.types import Sex

CARD = Shipped({(ALL, ALL): Cell(1000, 6.0, 0.15, 7.5), (ALL, "0-36"): Cell(100, 3.0, 0.2, 4.0)}, "0")
Many = Callable[..., list[Answer]]
RESULTS = Path(__file__).parents[3] / "results"


@pytest.mark.parametrize(
    ("films", "error", "judgment"),
    [
        (300, 6.0, Judgment.COMPATIBLE),
        (300, 9.0, Judgment.LARGER),
        (300, 4.0, Judgment.SMALLER),
        (35, 6.0, Judgment.TOO_FEW),
        (10, 12.0, Judgment.TOO_FEW),
    ],
)
def test_what_is_said_of_simulated_sites(many: Many, films: int, error: float, judgment: Judgment) -> None:
    assert judge(many(films, error), CARD).judgment is judgment


def test_a_site_like_the_card_is_called_different_about_one_time_in_twenty(many: Many) -> None:
    wrong = sum(judge(many(100, 6.0, seed=seed), CARD).judgment in (Judgment.LARGER, Judgment.SMALLER) for seed in range(100))
    assert wrong <= 12  # 5 expected; more than 12 has a chance of 0.1 %


def test_another_mix_of_ages_is_no_difference(answer: Callable[..., Answer]) -> None:
    infants = [answer(k, 20.0, 20.0 + (3.0 if k % 2 else -3.0)) for k in range(60)]
    verdict = judge(infants, CARD)
    assert verdict.expected_months == 3.0
    assert verdict.judgment is Judgment.COMPATIBLE


def test_so_many_films_give_limits_as_narrow_as_promised(many: Many) -> None:
    needed = films_needed(4.53)  # the spread of absolute errors whose mean is 6
    verdict = judge(many(needed, 6.0), Shipped({(ALL, ALL): Cell(10**6, 6.0, 0.0, 7.5)}, "0"))
    assert verdict.difference is not None
    half = (verdict.difference.high - verdict.difference.low) / 2
    assert half == pytest.approx(MARGIN_MONTHS, rel=0.35)
    assert films_needed(0.1) == FEWEST


def test_without_a_card_nothing_is_compared(many: Many) -> None:
    verdict = judge(many(40, 6.0), None)
    assert (verdict.judgment, verdict.difference) == (Judgment.NO_CARD, None)


def test_the_finest_cell_of_enough_films_is_taken() -> None:
    assert CARD.key(Sex.MALE, 20.0) == (ALL, "0-36")
    assert CARD.key(Sex.MALE, 100.0) == (ALL, ALL)


def test_the_shipped_table_is_that_of_the_results() -> None:
    card = read_shipped(REFERENCE.name)
    assert card is not None
    assert 3 < card.whole.mae_months < 12
    if RESULTS.is_dir():
        assert (WEIGHTS / shipped_file(REFERENCE.name)).read_bytes() == (RESULTS / f"{REFERENCE.name}-test.csv").read_bytes()


def test_a_damaged_table_is_one_error(tmp_path: Path) -> None:
    (tmp_path / shipped_file("some")).write_text("sex,band_by,band\nall,,all\n")
    with weights_from(tmp_path), pytest.raises(BoneAgeError):
        read_shipped("some")
