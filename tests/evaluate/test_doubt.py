"""A width that follows the error is told from one that does not."""

from __future__ import annotations

import csv
from dataclasses import replace
from math import isnan
from pathlib import Path

import numpy as np
import pytest

from boneage.evaluate.doubt import SHARES, doubt_of, risk_curve, tell_doubt, write_doubt
from boneage.evaluate.metrics import auroc_over
from boneage.evaluate.predictions import Prediction

pytest.importorskip("scipy", reason="needs the train extra")


def widened(rows: list[Prediction], widths: np.ndarray) -> list[Prediction]:
    return [
        replace(row, low_months=row.predicted_months - w / 2, high_months=row.predicted_months + w / 2)
        for row, w in zip(rows, widths, strict=True)
    ]


def errors_of(rows: list[Prediction]) -> np.ndarray:
    return np.array([abs(row.predicted_months - row.truth_months) for row in rows])


def test_the_auroc_is_the_share_of_pairs_in_order() -> None:
    """Errors 20, 1, 15, 2; of the four pairs one is in order, one the other way round, one tied, one in order."""
    truth, predicted = [0.0] * 4, [20.0, 1.0, 15.0, 2.0]
    assert auroc_over(12)(truth, predicted, [5.0, 4.0, 3.0, 3.0]) == pytest.approx((1 + 1 + 0 + 0.5) / 4)
    assert isnan(auroc_over(100)(truth, predicted, [1.0, 2.0, 3.0, 4.0]))
    assert isnan(auroc_over(0.5)(truth, predicted, [1.0, 2.0, 3.0, 4.0]))


def test_the_error_itself_ranks_best_and_a_constant_not_at_all(rows: list[Prediction]) -> None:
    best = doubt_of(widened(rows, 1 + errors_of(rows)), resamples=50)
    assert best.auroc == best.limits[0] == best.limits[1] == 1.0
    flat = doubt_of(widened(rows, np.full(len(rows), 30.0)), resamples=50)
    assert flat.auroc == pytest.approx(0.5)
    worst = doubt_of(widened(rows, 100 - errors_of(rows)), resamples=50)
    assert worst.auroc == pytest.approx(0.0)


def test_shares_count_the_surest_films(rows: list[Prediction]) -> None:
    found = doubt_of(widened(rows, 1 + errors_of(rows)), resamples=50)
    assert tuple(one.share for one in found.kept) == SHARES
    assert [one.films for one in found.kept] == [round(share * len(rows)) for share in SHARES]
    assert found.kept[0].mae_months == pytest.approx(errors_of(rows).mean())
    for name in ("mae_months", "large_errors", "widest_months"):
        values = [getattr(one, name) for one in found.kept]
        assert values == sorted(values, reverse=True)


def test_the_risk_curve_ends_at_the_mae_and_no_order_beats_the_errors(rows: list[Prediction]) -> None:
    shares, risk = risk_curve(rows)
    _, best = risk_curve(rows, by_error=True)
    assert shares[-1] == 1
    assert risk[-1] == pytest.approx(best[-1]) == pytest.approx(errors_of(rows).mean())
    assert (best <= risk + 1e-9).all()


def test_it_is_told_and_written(tmp_path: Path, rows: list[Prediction]) -> None:
    found = doubt_of(rows, resamples=50)
    assert f"AUROC {found.auroc:.3f}" in tell_doubt(found)
    write_doubt(tmp_path / "a.csv", found, {"system": "s"})
    lines = list(csv.DictReader((tmp_path / "a.csv").read_text().splitlines()))
    assert [float(line["share"]) for line in lines] == list(SHARES)
    assert {line["auroc_over_12_months"] for line in lines} == {f"{found.auroc:.4g}"}


def test_films_without_a_large_error_have_no_ranking(tmp_path: Path, rows: list[Prediction]) -> None:
    near = [replace(row, truth_months=row.predicted_months + 1) for row in rows[:20]]
    found = doubt_of(near, resamples=50)
    assert isnan(found.auroc)
    assert "no ranking" in tell_doubt(found)
    write_doubt(tmp_path / "a.csv", found, {})
    assert "nan" not in (tmp_path / "a.csv").read_text()
