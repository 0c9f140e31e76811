"""Iglovikov 2018, sections 5 and 6: what the paper finds, put to the test on our networks' answers."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from boneage.evaluate.metrics import Array, bootstrap, metric
from boneage.evaluate.network_answers import NetworkAnswers
from boneage.papers.iglovikov.ages import carpals_in_pre_puberty, late_puberty
from boneage.papers.iglovikov.networks import (
    CLASSIFICATION,
    COLUMNS,
    EITHER,
    ENSEMBLE,
    MIXED,
    OURS,
    REGIONS,
    REGRESSION,
    ROWS,
    Column,
    trial,
)
from boneage.papers.page import Finding, Verdict
from boneage.papers.shelf import RESAMPLES, SEED, Shelf, mean_error, signed, sorted_by_id
from boneage.papers.trials import Tried, told, try_all, verdict

MARGIN = 0.5  # not in the paper: months by which a row that is "no worse" may at most be worse
COST = 0.15  # "around 10-15% increase in error" (section 6)
PAPER_ORDER = [ENSEMBLE, "A", "C", "B"]
SIZES = "Compared at equal epochs only; the sizes of the regions' inputs differ by nature"
EACH = (REGRESSION, CLASSIFICATION)


def findings(shelf: Shelf) -> tuple[Finding, ...]:
    """Each of them; open where a row is missing, or where the rows' budgets differ."""
    return (
        order_of_regions(shelf),
        average_of_all(shelf),
        one_network_a_sex(shelf),
        classification(shelf),
        carpals_in_pre_puberty(shelf),
        late_puberty(shelf),
        cost_of_a_region(shelf),
    )


def order_of_regions(shelf: Shelf) -> Finding:
    """Section 5: MAE(B) > MAE(C) > MAE(A) > MAE(ensemble), "with few exceptions"."""
    steps = {"the ensemble before A": (ENSEMBLE, "A"), "A before C": ("A", "C"), "C before B": ("C", "B")}
    tried = try_all([trial(shelf, words, *(replace(OURS, regions=row) for row in pair)) for words, pair in steps.items()])
    orders = [order for column in COLUMNS if (order := _order(shelf, column))]
    alike = sum(order == PAPER_ORDER for order in orders)
    columns = f" By figure 8 the order is this in {alike} of the {len(orders)} columns that were run." if orders else ""
    words = f"Classification by sex: {told(tried)}. {SIZES}, and an ensemble of three costs three trainings.{columns}"
    return Finding("The ensemble of the regions is better than A, A than C, C than B.", verdict(tried), words)


def average_of_all(shelf: Shelf) -> Finding:
    """Section 5: the ensemble of classification and regression "has the best accuracy"."""
    every = replace(OURS, kinds=EITHER)
    tried = try_all([trial(shelf, f"before {kind[0]} alone", every, replace(OURS, kinds=kind)) for kind in EACH])
    words = f"All regions, by sex: {told(tried)}. It costs the trainings of both."
    return Finding("The average of both kinds over all regions is the best.", verdict(tried), words)


def one_network_a_sex(shelf: Shelf) -> Finding:
    """Section 5: "separate regression models for male and female cohorts demonstrated higher accuracy"."""
    tried = _by_sex(shelf, ENSEMBLE)
    alone = _by_sex(shelf, *REGIONS)
    run = [one for one in alone if one.contest is not None]
    words = (
        f"All regions: {told(tried)}. One region: {told(run) if run else 'not run'}. Compared at equal sizes and epochs only; a "
        "mixed network sees the films of both sexes in an epoch, so about twice as many."
    )
    return Finding("Networks of one sex are better than mixed ones.", verdict(tried), words)


def classification(shelf: Shelf) -> Finding:
    """Section 5: "classification models perform slightly better than regression networks"."""
    claim = "Classification is no worse than regression."
    first, second = (replace(OURS, kinds=kind) for kind in (CLASSIFICATION, REGRESSION))
    (one,) = (held.contest for held in try_all([trial(shelf, "", first, second)]))
    if one is None:
        return Finding(claim, Verdict.OPEN, "All regions, by sex: not run, or for unequal budgets.")
    words = f"All regions, by sex: {one}. Classification less regression: {signed(one.first - one.second)} months, 95 % limits \
{signed(one.low)} to {signed(one.high)}; confirmed where they stay under {signed(MARGIN)} (not in the paper)."
    return Finding(claim, Verdict.CONFIRMED if one.high < MARGIN else Verdict.NOT_CONFIRMED, words)


def cost_of_a_region(shelf: Shelf) -> Finding:
    """Section 6: carpals, or metacarpals with proximal phalanges, alone "with around 10-15% increase in error"."""
    claim = "A part of the hand alone costs only 10 to 15 % more error than the whole."
    told_of, cheap = [], True
    for region in ("B", "C"):
        pair = trial(shelf, "", *(replace(OURS, regions=one) for one in (region, "A")))
        if not (pair.first and pair.second and pair.fair):
            return Finding(claim, Verdict.OPEN, "Classification by sex: not run, or for unequal epochs.")
        share, low, high = _more_error(pair.first, pair.second)
        cheap &= round(share, 2) <= COST
        told_of.append(f"{REGIONS[region]} {100 * share:+.0f} % (95 % limits {100 * low:+.0f} to {100 * high:+.0f} %)")
    words = f"Classification by sex, all films: {'; '.join(told_of)}. Confirmed where both cost at most 15 %. \
{SIZES}."
    return Finding(claim, Verdict.CONFIRMED if cheap else Verdict.NOT_CONFIRMED, words)


@metric
def more_error(some: Array, whole: Array) -> Array:
    """The share by which the mean of one column of absolute errors is above the other's."""
    return np.asarray(some.mean(axis=-1) / whole.mean(axis=-1) - 1)


def _more_error(some: NetworkAnswers, whole: NetworkAnswers) -> tuple[float, float, float]:
    """The share, and its 95 % bootstrap limits, on the films that both answered."""
    common = set(some.films) & set(whole.films)
    errors = [np.abs(sorted_by_id(one.where(common.__contains__)).errors) for one in (some, whole)]
    ((low, high),) = bootstrap((more_error,), *errors, seed=SEED, resamples=RESAMPLES)
    return more_error(*errors), low, high


def _by_sex(shelf: Shelf, *regions: str) -> tuple[Tried, ...]:
    """Networks of one sex against the mixed ones, in both kinds."""
    models = [(region, replace(OURS, regions=region, kinds=kind)) for kind in EACH for region in regions]
    names = [f"{model.kinds[0]}{'' if region == ENSEMBLE else f' on {region}'}" for region, model in models]
    pairs = zip(names, models, strict=True)
    return try_all([trial(shelf, name, model, replace(model, cohort=MIXED)) for name, (_, model) in pairs])


def _order(shelf: Shelf, column: Column) -> list[str]:
    """The rows by error, the best first; none where one was not run."""
    answers = {row: column.model(row).answers(shelf) for row in ROWS}
    means = {row: mean_error(one).mae for row, one in answers.items() if one is not None}
    return sorted(means, key=means.__getitem__) if len(means) == len(ROWS) else []
