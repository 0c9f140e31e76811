"""Iglovikov 2018, section 5: what the paper finds about ages, put to the test on our networks' answers."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

import numpy as np

from boneage.evaluate.bands import Band
from boneage.evaluate.compare import holm
from boneage.evaluate.metrics import Array
from boneage.evaluate.network_answers import NetworkAnswers
from boneage.extras import load
from boneage.papers.iglovikov.networks import CLASSIFICATION, OURS, Model, trial
from boneage.papers.page import PEOPLE, Finding, Verdict
from boneage.papers.shelf import FEWEST_FILMS, Shelf, readable, signed
from boneage.papers.stages import MAJOR, STAGES
from boneage.papers.trials import ALPHA, told, try_all, verdict, welch
from boneage.types import Sex

LATE = "late puberty"
YEAR = 12


def carpals_in_pre_puberty(shelf: Shelf) -> Finding:
    """Section 5, against Lee 2017: "no sound evidence [...] that the carpal bones can be considered as the best"."""
    trials = []
    for sex in Sex:
        band = STAGES[sex]["pre-puberty"]
        for region in ("A", "C"):
            pair = [Model(one, CLASSIFICATION, sex.value) for one in (region, "B")]
            whole = trial(shelf, f"{PEOPLE[sex]}, {region} before B", *pair)
            trials.append(replace(whole, first=_within(whole.first, band), second=_within(whole.second, band)))
    tried = try_all(trials)
    sure = all(any(one.holds for one in tried if one.claim.startswith(PEOPLE[sex])) for sex in Sex)
    found = verdict(tried)
    if found is not Verdict.OPEN:
        found = Verdict.CONFIRMED if sure else Verdict.NOT_CONFIRMED
    words = f"Classification by sex: {told(tried)}. Confirmed where in each sex one of the others is better than the carpals."
    return Finding("The carpals are not the best region in pre-puberty.", found, words)


def late_puberty(shelf: Shelf) -> Finding:
    """Section 5: "for the both sexes the accuracy peaks at the late-puberty, the most frequent age in the data set"."""
    claim = "Errors are smallest in late puberty."
    answers = OURS.answers(shelf)
    if answers is None:
        return Finding(claim, Verdict.OPEN, "All regions, classification by sex: not run.")
    told_of, p, smallest = [], list[float](), dict[str, bool]()
    for sex in Sex:
        groups = {name: _errors(answers, sex, name) for name in MAJOR}
        means = {name: float(errors.mean()) for name, errors in groups.items() if len(errors)}
        others = [errors for name, errors in groups.items() if name != LATE]
        p += [welch(groups[LATE], errors) for errors in others]
        smallest[PEOPLE[sex]] = LATE in means and min(means, key=means.__getitem__) == LATE
        listed = ", ".join(f"{name} {mean:.2f} ({len(groups[name]):,} films)" for name, mean in means.items())
        told_of.append(f"{PEOPLE[sex].capitalize()}: {listed}; most films a year: {_densest(groups, sex)}")
    largest = max(holm(p))
    answer = ", ".join(f"{people} {'yes' if yes else 'no'}" for people, yes in smallest.items())
    words = (
        f"All regions, classification by sex, MAE in months. {'. '.join(told_of)}. Smallest in late puberty: {answer}; against "
        f"each other stage (Welch's t-tests, Holm-corrected over {len(p)}) the largest p is {readable(largest)}. The paper "
        f"explains it by the number of films. {_mirrors_films(answers)}"
    )
    found = all(smallest.values()) and largest < ALPHA
    return Finding(claim, Verdict.CONFIRMED if found else Verdict.NOT_CONFIRMED, words)


def _within(answers: NetworkAnswers | None, band: Band) -> NetworkAnswers | None:
    """Those of the films in it; None where there are none."""
    some = answers and answers.where(lambda film: film.bone_age_months in band)
    return some if some and some.films else None


def _errors(answers: NetworkAnswers, sex: Sex, stage: str) -> Array:
    """Absolute errors in months of one sex's films in one stage."""
    band = STAGES[sex][stage]
    return np.abs(answers.where(lambda film: film.sex is sex and film.bone_age_months in band).errors)


def _densest(groups: Mapping[str, Array], sex: Sex) -> str:
    """The stage that has the most films a year of age."""
    return max(groups, key=lambda name: len(groups[name]) / (STAGES[sex][name].high - STAGES[sex][name].low))


def _mirrors_films(answers: NetworkAnswers) -> str:
    """Whether years of age with more films have smaller errors: "the accuracy essentially mirrors data distribution"."""
    told_of = []
    for sex in Sex:
        some = answers.where(lambda film, sex=sex: film.sex is sex)  # type: ignore[misc]
        years = np.floor(some.truth / YEAR).astype(int)
        counts = np.bincount(years)
        kept = np.flatnonzero(counts >= FEWEST_FILMS)
        means = [float(np.abs(some.errors[years == year]).mean()) for year in kept]
        if len(kept) < 3:
            continue
        rank = load("scipy.stats").spearmanr(counts[kept], means)
        told_of.append(f"{PEOPLE[sex]} {signed(float(rank.statistic))} (p {readable(float(rank.pvalue))}, {len(kept)} years)")
    return f"Rank correlation of a year's films with its MAE: {', '.join(told_of)}." if told_of else ""
