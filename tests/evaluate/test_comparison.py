"""The comparison's figures are the metrics' on each system's own films, and its groups add up."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest

from boneage.dataset import Film
from boneage.errors import BoneAgeError
from boneage.evaluate.answered import Answered
from boneage.evaluate.bands import BANDS
from boneage.evaluate.comparison import SCOPES, Standing, compare_systems, group_errors, groups
from boneage.evaluate.metrics import mae, mape, msle, r2, rmse, share_within, share_within_classes
from boneage.evaluate.predictions import Prediction, column
from boneage.evaluate.tables import FEWEST_FILMS, Group
from boneage.types import Sex

pytest.importorskip("scipy", reason="needs the train extra")
ALL, FROM_5_YEARS = SCOPES


def system(name: str, rows: list[Prediction], *refused: Prediction) -> Answered:
    gone = frozenset(Film(row.id, row.sex, row.truth_months) for row in refused)
    return Answered(name, tuple(row for row in rows if row not in refused), gone, "w", "0123")


def columns(rows: list[Prediction]) -> tuple[np.ndarray, np.ndarray]:
    return column(rows, lambda row: row.truth_months), column(rows, lambda row: row.predicted_months)


def find(standings: tuple[Standing, ...], name: str, scope: Group) -> Standing:
    (one,) = (one for one in standings if (one.system, one.scope) == (name, scope))
    return one


def test_the_figures_are_the_metrics_on_the_films_of_the_scope(rows: list[Prediction]) -> None:
    (all_films, older) = compare_systems([system("a", rows)], "a", resamples=100)
    old = [row for row in rows if row.truth_months >= 60]
    assert 0 < len(old) < len(rows)
    for standing, films in ((all_films, rows), (older, old)):
        errors, (truth, predicted) = standing.errors, columns(films)
        assert errors.films == len(films)
        assert errors.mae_months == mae(truth, predicted)
        assert errors.mae_low_months < errors.mae_months < errors.mae_high_months  # type: ignore[operator]
        assert errors.rmse_months == rmse(truth, predicted)
        assert errors.mape_percent == mape(truth, predicted)
        assert errors.r2 == r2(truth, predicted)
        assert errors.msle == msle(truth, predicted)
        assert errors.within_12_months == share_within(12)(truth, predicted)
        assert errors.within_24_months == share_within(24)(truth, predicted)
    assert older.errors.same_class == share_within_classes(0)(*columns(old))
    assert older.errors.within_2_classes == share_within_classes(2)(*columns(old))
    assert (all_films.errors.same_class, all_films.errors.within_1_class) == (None, None)  # under 5 years there is no class
    assert all_films.paired is older.paired is None


def test_a_true_age_of_0_counts_in_all_but_the_percentage(rows: list[Prediction]) -> None:
    newborn = replace(rows[0], truth_months=0.0)
    errors = compare_systems([system("a", [newborn, *rows[1:]])], "a", resamples=10)[0].errors
    assert errors.films == len(rows)
    assert errors.mape_percent == mape(*columns(rows[1:]))
    assert errors.mae_months == mae(*columns([newborn, *rows[1:]]))
    alone = compare_systems([system("a", [newborn])], "a", resamples=10)[0].errors
    assert (alone.mape_percent, alone.r2) == (None, None)


def test_a_refused_film_is_counted_and_leaves_the_others_figures_alone(rows: list[Prediction]) -> None:
    young = next(row for row in rows if row.truth_months < 60)
    old = [row for row in rows if row.truth_months >= 60][:3]
    alone = find(compare_systems([system("a", rows)], "a", resamples=10), "a", ALL)
    made = compare_systems([system("a", rows), system("b", rows, young, *old)], "a", resamples=10)
    assert find(made, "a", ALL).errors == alone.errors
    assert [find(made, "b", scope).errors.refused for scope in SCOPES] == [4, 3]
    assert find(made, "b", ALL).errors.films == len(rows) - 4
    paired = find(made, "b", ALL).paired
    assert paired is not None
    assert paired.common_films == len(rows) - 4
    assert paired.difference_months == 0  # the same answers


def test_the_scope_of_a_film_that_all_refused_is_known_by_its_true_age(rows: list[Prediction]) -> None:
    gone = next(row for row in rows if row.truth_months >= 60)
    young = next(row for row in rows if row.truth_months < 60)
    both = [system("a", rows, gone, young), system("b", rows, gone, young)]
    assert [one.errors.refused for one in compare_systems(both, "a", resamples=10)] == [2, 2, 1, 1]


def test_few_films_have_no_limits_and_none_have_no_figures(rows: list[Prediction]) -> None:
    few = rows[: FEWEST_FILMS - 1]
    errors = compare_systems([system("a", few)], "a", resamples=10)[0].errors
    assert errors.mae_months == mae(*columns(few))
    assert errors.mae_low_months is None
    nothing = compare_systems([system("a", few), system("b", few, *few)], "a", resamples=10)[1]
    assert (nothing.errors.films, nothing.errors.refused, nothing.errors.mae_months, nothing.paired) == (0, len(few), None, None)


def test_the_groups_add_up(rows: list[Prediction]) -> None:
    made = {one.group: one for one in group_errors([system("a", rows)], resamples=50)}
    assert list(made) == list(groups())
    assert len(made) == 3 + 3 * len(BANDS)
    assert made[Group()].films == len(rows) == sum(made[Group(sex)].films for sex in Sex)
    for band in BANDS:
        assert made[Group(band=band)].films == sum(made[Group(sex, band=band)].films for sex in Sex)
    total = sum(one.films * one.mae_months for group, one in made.items() if not group.sex and group.band and one.mae_months)
    assert total / len(rows) == pytest.approx(made[Group()].mae_months)


def test_neither_order_nor_company_moves_a_system_s_own_figures(
    rows: list[Prediction], global_state: Callable[[], bytes]
) -> None:
    before = global_state()
    a, b = system("a", rows), system("b", [replace(row, predicted_months=row.truth_months + 9) for row in rows])
    turned = [replace(b, rows=b.rows[::-1]), replace(a, rows=a.rows[::-1])]
    first, second = compare_systems([a, b], "a", resamples=50), compare_systems(turned, "a", resamples=50)
    assert sorted(first, key=repr) == sorted(second, key=repr)
    assert group_errors([a], resamples=50) == group_errors(turned[1:], resamples=50)
    assert global_state() == before


def test_systems_that_saw_other_films_are_not_compared(rows: list[Prediction]) -> None:
    with pytest.raises(BoneAgeError, match="only one"):
        compare_systems([system("a", rows), system("b", rows[1:])], "a")
