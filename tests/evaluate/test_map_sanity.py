"""Checks of heat maps: what is taken away, shuffled weights, the figures."""

from __future__ import annotations

import numpy as np
import pytest

from boneage import Sex, assess
from boneage.evaluate.hand_regions import hand_mask
from boneage.evaluate.map_sanity import (
    AREAS,
    BESIDE,
    Seen,
    Shuffled,
    areas,
    months_without,
    rank_correlation,
    shuffled_weights,
    summed,
    without,
)
from boneage.phantom import draw
from boneage.systems import REFERENCE
from boneage.types import Assessment, Radiograph

pytest.importorskip("matplotlib", reason="needs the train extra")


@pytest.fixture(scope="module")
def assessment() -> Assessment:
    hand = draw(120, Sex.MALE, seed=3)
    return assess(Radiograph(hand.pixels, sha256="0", sex=Sex.MALE))


def test_areas_lie_where_their_names_say(assessment: Assessment) -> None:
    assert assessment.prepared.hand is not None
    found = areas(assessment.prepared.hand)
    assert tuple(found) == AREAS
    assert not (found[BESIDE] & hand_mask()).any()
    for area in AREAS[:3]:
        assert 0 < found[area].mean() < 0.2
        assert (found[area] & hand_mask()).sum() > 0.9 * found[area].sum()
    rows = {area: np.flatnonzero(found[area].any(1)) for area in AREAS}
    assert rows["carpals"].min() > rows["joints of the fingers"].min()  # fingers point up
    assert (found["joints of the fingers"] & found["shafts"]).sum() < 0.1 * found["shafts"].sum()


def test_only_the_area_changes(assessment: Assessment) -> None:
    hand, crop = assessment.prepared.hand, assessment.prepared.crops[0]
    assert hand is not None
    found = areas(hand)
    for area in AREAS:
        bare = without(crop, hand, found[area], inside=area != BESIDE)
        assert bare.pixels.dtype == np.float32
        changed = bare.pixels != crop.pixels
        assert 0 < changed.mean() < 0.7
    nothing = without(crop, hand, np.zeros_like(found[BESIDE]), inside=True)
    np.testing.assert_array_equal(nothing.pixels, crop.pixels)


def test_bones_count_for_the_answer(assessment: Assessment) -> None:
    changes = months_without(REFERENCE, assessment)
    assert tuple(changes) == AREAS
    assert all(change >= 0 for change in changes.values())
    assert max(changes["carpals"], changes["joints of the fingers"]) > changes[BESIDE]


@pytest.mark.parametrize("what", Shuffled)
def test_shuffled_weights_answer_otherwise_and_only_within(assessment: Assessment, what: Shuffled) -> None:
    def months() -> float:
        return assess(assessment.radiograph).estimates[0].bone_age_months

    before = months()
    with shuffled_weights(REFERENCE, 1, what):
        first = months()
    with shuffled_weights(REFERENCE, 1, what):
        again = months()
    assert first == again
    assert abs(first - before) > 1
    assert months() == before


def test_rank_correlation_of_strengths() -> None:
    one = np.array([[1.0, -2.0], [3.0, 4.0]])
    assert rank_correlation(one, -(one**3)) == pytest.approx(1)
    assert rank_correlation(one, 1 / one) == pytest.approx(-1)
    assert rank_correlation(one, np.ones((2, 2))) == 0


def test_figures_of_three_films() -> None:
    seen = [Seen(dict.fromkeys(AREAS, float(k)), 0.1 * k, {what.value: 0.2 * k for what in Shuffled}) for k in (1, 2, 3)]
    rows = {row.check: row for row in summed(seen)}
    assert len(rows) == len(AREAS) + 3
    assert (rows["carpals taken away"].median, rows["carpals taken away"].unit) == (2, "months")
    assert rows["map after shuffling all weights"].median == pytest.approx(0.4)
    assert rows["map beside the hand"].p95 == pytest.approx(0.29)
    with pytest.raises(ValueError, match="at least one film"):
        summed([])
