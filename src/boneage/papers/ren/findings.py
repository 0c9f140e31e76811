"""Ren 2018, sections III.B to III.E: what the paper finds of its errors, put to the test on our networks' answers."""

from __future__ import annotations

import numpy as np

from boneage.dataset import Film
from boneage.evaluate.metrics import Array
from boneage.evaluate.network_answers import NetworkAnswers
from boneage.evaluate.paired import paired_t_test
from boneage.papers.page import PEOPLE, Finding, Verdict
from boneage.papers.ren.attention import attention_findings
from boneage.papers.ren.networks import (
    AGE_NAMES,
    AGES,
    BACKBONES,
    FIRST,
    LOW,
    OURS,
    SEXES,
    STEPS,
    Step,
    answers,
    group,
    network,
    trial,
)
from boneage.papers.shelf import Shelf, readable, sorted_by_id
from boneage.papers.trials import ALPHA, Trial, told, try_all, verdict

NEAR = "densenet161"  # "significantly better than other competing networks except for Densenet-161"


def findings(shelf: Shelf) -> tuple[Finding, ...]:
    """Each of them; open where a row is missing, or where the rows' budgets differ."""
    return (
        whole_method(shelf),
        second_domain(shelf),
        each_strategy(shelf),
        every_group(shelf),
        best_backbone(shelf),
        transfer(shelf),
        *attention_findings(shelf),
    )


def whole_method(shelf: Shelf) -> Finding:
    """Section III.C: "our method could outperform the existing champion"."""
    tried = try_all([trial(shelf, "S5 before S1", network(OURS), network(FIRST))])
    return Finding("S5 is better than S1.", verdict(tried), f"All films: {told(tried)}.")


def second_domain(shelf: Shelf) -> Finding:
    """Section III.D."""
    tried = try_all([trial(shelf, "S5 before S1", network(OURS, LOW), network(FIRST, LOW))])
    words = f"Low-contrast films: {told(tried)}."
    return Finding("S5 is better than S1 on a second set of films too.", verdict(tried), words)


def each_strategy(shelf: Shelf) -> Finding:
    """Section III.C: "the outcomes of S2, S3, and S4 are better than S1"."""
    tried = try_all([trial(shelf, f"{one} before S1", network(one), network(FIRST)) for one in ("S2", "S3", "S4")])
    return Finding(
        "Attention maps, attention loss and dynamic loss each help alone.", verdict(tried), f"All films: {told(tried)}."
    )


def every_group(shelf: Shelf) -> Finding:
    """Section III.C: S5 better than S1 "in all age/gender groups, while the improvement is statistically significant"."""
    claim = "S5 is better than S1 in every group of sex and age."
    whole = trial(shelf, "", network(OURS), network(FIRST))
    if not (whole.first and whole.second and whole.fair):
        return Finding(claim, Verdict.OPEN, "Not run, or trained for unequal budgets.")
    trials = []
    for sex in SEXES:
        for name, band in zip(AGE_NAMES, AGES, strict=True):
            pair = [group(one, sex, band) for one in (whole.first, whole.second)]
            if all(one.films for one in pair):
                trials.append(Trial(f"{PEOPLE[sex]} {name}", pair[0], pair[1]))
    tried = try_all(trials)
    smaller = sum(one.contest is not None and one.contest.first < one.contest.second for one in tried)
    sure = [one.claim for one in tried if one.holds]
    words = (
        f"Smaller in {smaller} of {len(tried)} groups (table III), told apart in {len(sure)}{': ' if sure else ''}"
        f"{', '.join(sure)} (paired t-tests on the absolute errors, Holm-corrected over {len(tried)})."
    )
    return Finding(claim, verdict(tried), words)


def best_backbone(shelf: Shelf) -> Finding:
    """Section III.B: significantly better than all but DenseNet-161, than which it is better."""
    claim = "Inception-V3 is the best of six backbones, though not for certain before DenseNet-161."
    best, *others = BACKBONES
    tried = try_all([trial(shelf, f"before {one.title}", best.network, one.network) for one in others])
    found = verdict([tried[k] for k, one in enumerate(others) if one.name != NEAR])
    (near,) = (tried[k] for k, one in enumerate(others) if one.name == NEAR)
    if near.contest is None:
        found = Verdict.OPEN
    elif near.contest.first > near.contest.second:
        found = Verdict.NOT_CONFIRMED if found is Verdict.CONFIRMED else found
    return Finding(claim, found, f"S1 with each: {told(tried)}. Confirmed where it is told apart from all but the last.")


def transfer(shelf: Shelf) -> Finding:
    """Section III.E: "with more training subjects from the same dataset, the gain from transfer learning might decrease"."""
    claim = "Starting from weights of another set of films helps most where there are few."
    tried = try_all([trial(shelf, f"{step.films} films", step.transferred, step.random) for step in STEPS])
    if any(one.contest is None for one in tried):
        return Finding(claim, Verdict.OPEN, f"Transferred before random: {told(tried)}.")
    few, many = gains(shelf, STEPS[0], STEPS[-1])
    p = paired_t_test(few, many)
    smaller = float(few.mean()) > float(many.mean()) and p < ALPHA
    words = (
        f"Transferred before random: {told(tried)}. Gain with {STEPS[0].films} films {few.mean():.2f} months, with all "
        f"{many.mean():.2f} (paired t-test on the films' gains, p {readable(p)})."
    )
    return Finding(claim, Verdict.CONFIRMED if tried[0].holds and smaller else Verdict.NOT_CONFIRMED, words)


def gains(shelf: Shelf, *steps: Step) -> list[Array]:
    """By how many months transfer makes each film's error smaller, [N] a size, on the films that all networks answered."""
    found = [[answers(shelf, name) for name in (step.random, step.transferred)] for step in steps]
    known = [[one for one in pair if one is not None] for pair in found]
    common = set.intersection(*(set(one.films) for pair in known for one in pair))
    return [_errors(random, common) - _errors(transferred, common) for random, transferred in known]


def _errors(some: NetworkAnswers, films: set[Film]) -> Array:
    return np.abs(sorted_by_id(some.where(films.__contains__)).errors)
