"""Whether the widths follow the errors: how well they rank large errors, and the error among the surest films alone."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from math import isnan
from pathlib import Path
from typing import Any

import numpy as np

from boneage.evaluate.flat import write_flat
from boneage.evaluate.metrics import Array, Limits, auroc_over, bootstrap
from boneage.evaluate.predictions import Prediction, column

LARGE_MONTHS = 12.0
SHARES = (1.0, 0.95, 0.9, 0.8, 0.7, 0.6, 0.5, 0.4, 0.3, 0.2, 0.1)


@dataclass(frozen=True)
class Kept:
    """The surest films: those with the narrowest intervals."""

    share: float
    films: int
    widest_months: float  # of their intervals
    mae_months: float
    large_errors: float  # share of errors over LARGE_MONTHS


@dataclass(frozen=True)
class Doubt:
    """What the widths of one system's intervals know of its errors."""

    auroc: float  # for errors over LARGE_MONTHS
    limits: Limits  # 95 %, bootstrap
    kept: tuple[Kept, ...]


def doubt_of(rows: Sequence[Prediction], *, seed: int = 0, resamples: int = 2000) -> Doubt:
    """The ranking of large errors by width, with limits over films, and the risk-coverage curve as a table."""
    truth, predicted, width = _columns(rows)
    ranks = auroc_over(LARGE_MONTHS)
    (limits,) = bootstrap((ranks,), truth, predicted, width, seed=seed, resamples=resamples)
    errors, order = np.abs(predicted - truth), np.argsort(width, kind="stable")
    kept = []
    for share in SHARES:
        films = max(round(share * len(rows)), 1)
        own = errors[order[:films]]
        widest = float(width[order[films - 1]])
        kept.append(Kept(share, films, widest, float(own.mean()), float((own > LARGE_MONTHS).mean())))
    return Doubt(ranks(truth, predicted, width), limits, tuple(kept))


def risk_curve(rows: Sequence[Prediction], *, by_error: bool = False) -> tuple[Array, Array]:
    """Shares of films [N], and the MAE of that share: the narrowest intervals, or `by_error` the smallest errors, the best."""
    truth, predicted, width = _columns(rows)
    errors = np.abs(predicted - truth)
    ranked = errors[np.argsort(errors if by_error else width, kind="stable")]
    films = np.arange(1, len(rows) + 1)
    return films / len(rows), np.cumsum(ranked) / films


def write_doubt(path: Path, doubt: Doubt, origin: Mapping[str, Any]) -> None:
    """One line per share of the films that is kept; the ranking's figures stand on each."""
    numbers = (doubt.auroc, *doubt.limits)
    names = (f"auroc_over_{LARGE_MONTHS:g}_months{end}" for end in ("", "_low", "_high"))
    ranking = dict(zip(names, (None if isnan(number) else number for number in numbers), strict=True))
    write_flat(path, [asdict(one) | ranking for one in doubt.kept], origin)


def tell_doubt(doubt: Doubt) -> str:
    """One line for a person."""
    if isnan(doubt.auroc):
        return f"Widths: no ranking, for all or no errors are over {LARGE_MONTHS:g} months"
    whole, half = (next(one for one in doubt.kept if one.share == share) for share in (1.0, 0.5))
    limits = "" if isnan(doubt.limits[0]) else f" ({doubt.limits[0]:.3f}-{doubt.limits[1]:.3f})"
    rank = f"AUROC {doubt.auroc:.3f}{limits} for errors over {LARGE_MONTHS:g} months"
    return f"Widths: {rank}; MAE {whole.mae_months:.2f} over all films, {half.mae_months:.2f} over the surest half"


def _columns(rows: Sequence[Prediction]) -> tuple[Array, Array, Array]:
    return (
        column(rows, lambda row: row.truth_months),
        column(rows, lambda row: row.predicted_months),
        column(rows, lambda row: round(row.width_months, 6)),  # equal widths are equal whatever the last bit says
    )
