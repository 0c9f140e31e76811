"""Simulated predictions of a system that reads young hands too old and old hands too young."""

from __future__ import annotations

import pickle
from collections.abc import Callable, Iterable

import numpy as np
import pytest

from boneage.dataset import Film, Part
from boneage.evaluate.predictions import Prediction
from boneage.types import Interval, Sex


def simulate(films: int, *, seed: int = 0, error: float = 8.0) -> list[Prediction]:
    random = np.random.default_rng(seed)
    rows = []
    for film in range(films):
        truth = float(np.clip(round(random.normal(127, 45)), 1, 228))
        spread = float(random.uniform(0.6, 1.4) * error)
        predicted = float(np.clip(truth + random.normal(0, spread) + 0.05 * (127 - truth), 0, 239))
        low, high = max(predicted - 1.7 * spread, 0.0), min(predicted + 1.7 * spread, 240.0)
        sex = Sex.MALE if random.random() < 0.54 else Sex.FEMALE
        further = tuple(
            Interval(coverage, max(predicted - width * spread, 0.0), min(predicted + width * spread, 240.0))
            for coverage, width in ((0.8, 1.3), (0.95, 2.0))
        )
        rows.append(Prediction(1000 + film, sex, Part.TEST, truth, predicted, spread, low, high, None, further))
    return rows


def labels_of(rows: Iterable[Prediction]) -> dict[int, Film]:
    return {row.id: Film(row.id, row.sex, row.truth_months) for row in rows}


@pytest.fixture
def rows() -> list[Prediction]:
    """300 films."""
    return simulate(300)


@pytest.fixture
def labels(rows: list[Prediction]) -> dict[int, Film]:
    """What the data set says of those films."""
    return labels_of(rows)


@pytest.fixture
def global_state() -> Callable[[], bytes]:
    """NumPy's global random state, to be compared before and after."""
    return lambda: pickle.dumps(np.random.get_state())  # noqa: NPY002 - it is what is looked at
