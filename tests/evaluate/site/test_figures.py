"""The site's figures against hand-worked numbers."""

from __future__ import annotations

from collections.abc import Callable
from math import isnan

import pytest

pytest.importorskip("scipy", reason="needs the train extra: make test EXTRAS=train")

from boneage.evaluate.site.ask import Answer
from boneage.evaluate.site.figures import lines_of, table_of
from boneage.evaluate.site.readers import MEAN, OTHERS, SYSTEM, agreements, reader_names
from boneage.types import Sex

Make = Callable[..., Answer]


def test_errors_and_coverage_of_three_films(answer: Make) -> None:
    rows = table_of([answer(2, 100.0, 103.0), answer(3, 100.0, 91.0), answer(4, 20.0, 33.0, sex=Sex.FEMALE, scanner="Bolt")])
    whole = rows[0]
    assert whole.errors["mae_months"].value == pytest.approx(25 / 3)
    assert whole.errors["bias_months"].value == pytest.approx(7 / 3)
    assert isnan(whole.errors["mae_months"].low)  # three films say nothing of limits
    assert {promised: round(figure.value, 3) for promised, figure in whole.held.items()} == {0.8: 0.333, 0.9: 0.667, 0.95: 1.0}
    assert [(row.group.by, row.group.name, len(row.group.answers)) for row in rows] == [
        ("all", "all", 3), ("sex", "female", 1), ("sex", "male", 2), ("band", "0-36", 1), ("band", "72-108", 2),
        ("scanner", "ACME One", 2), ("scanner", "Bolt", 1),
    ]  # fmt: skip


def test_what_is_written_has_every_figure_with_its_limits(many: Callable[..., list[Answer]]) -> None:
    (line, *_) = lines_of(table_of(many(60, 6.0)))
    assert line["mae_months_low"] < line["mae_months"] < line["mae_months_high"]
    assert {"coverage_80", "coverage_90_low", "coverage_95_high", "bias_months"} <= set(line)


def test_readers_stand_against_the_mean_of_the_others(answer: Make) -> None:
    films = [answer(10 * k, {"doe": 100.0, "roe": 106.0, "poe": 109.0}, 111.0) for k in range(1, 3)]
    films.append(answer(50, {"doe": 60.0}, 61.0))
    found = {(one.one, one.other): one for one in agreements(films)}
    assert reader_names(films) == {"doe": "reader 1", "roe": "reader 2", "poe": "reader 3"}
    assert found[SYSTEM, MEAN].films == 2
    assert found[SYSTEM, MEAN].difference_months == pytest.approx(6.0)
    assert found["reader 1", OTHERS].difference_months == pytest.approx(-7.5)
    assert found["reader 2", OTHERS].difference_months == pytest.approx(1.5)
    assert found[SYSTEM, "reader 1"].films == 3
    assert found["reader 1", "reader 3"].difference_months == pytest.approx(-9.0)
    assert "doe" not in str(found)


def test_one_reader_agrees_with_nobody(answer: Make) -> None:
    assert agreements([answer(2, {"doe": 100.0}, 103.0)]) == ()
