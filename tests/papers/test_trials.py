"""Trials: a finding holds where every contest does, corrected for their number; an unfair one is never held."""

from __future__ import annotations

import numpy as np

from boneage.dataset import Film
from boneage.evaluate.network_answers import NetworkAnswers
from boneage.papers.page import Verdict
from boneage.papers.shelf import contest
from boneage.papers.trials import Trial, told, try_all, verdict

Films = tuple[Film, ...]


def answers(films: Films, spread: float, seed: int) -> NetworkAnswers:
    wrong = np.random.default_rng(seed).normal(0, spread, len(films))
    return NetworkAnswers("net", films, np.array([film.bone_age_months for film in films]) + wrong)


def test_better_worse_and_not_told_apart(films: Films) -> None:
    near, far, like = answers(films, 5, 1), answers(films, 8, 2), answers(films, 5, 3)
    tried = try_all([Trial("near", near, far), Trial("far", far, near), Trial("like", near, like)])
    assert [one.holds for one in tried] == [True, False, False]
    assert [word in str(one) for one, word in zip(tried, ("yes", "the other way round", "not told apart"), strict=True)] == [
        True
    ] * 3
    assert "Holm-corrected over 3" in told(tried)
    assert "600 films" in told(tried)
    assert verdict(tried) is Verdict.NOT_CONFIRMED
    assert verdict(tried[:1]) is Verdict.CONFIRMED


def test_p_grows_with_the_number_of_trials(films: Films) -> None:
    near, far, like = answers(films, 5, 1), answers(films, 5.6, 2), answers(films, 5, 3)
    (alone,) = try_all([Trial("", near, far)])
    together = try_all([Trial("", near, far), Trial("", near, like), Trial("", like, near)])
    assert alone.p == contest(near, far).p
    assert together[0].p >= alone.p


def test_a_row_that_is_missing_or_unequal_leaves_the_finding_open(films: Films) -> None:
    near, far = answers(films, 5, 1), answers(films, 8, 2)
    missing, unfair = try_all([Trial("a", near, None, fair=False), Trial("b", near, far, fair=False)])
    assert str(missing) == "a: not run"
    assert str(unfair) == "b: trained for unequal budgets"
    assert verdict([*try_all([Trial("", near, far)]), unfair]) is Verdict.OPEN
    assert told([missing, missing]) == "not run"
    assert told([missing, unfair]) == "a: not run; b: trained for unequal budgets"
