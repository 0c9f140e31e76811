"""Made-up answers to made-up films of a site."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from boneage.evaluate.site.ask import Answer
from boneage.evaluate.site.films import Case
from boneage.evaluate.site.readings import Line
from boneage.types import Interval, Sex


def make_answer(
    row: int, months: dict[str, float] | float, said: float, *, sex: Sex | None = Sex.MALE, scanner: str = "ACME One"
) -> Answer:
    """A film with its readers' months."""
    read = months if isinstance(months, dict) else {"": months}
    lines = tuple(Line(row + k, f"{row}.png", "", reader, value, sex) for k, (reader, value) in enumerate(read.items()))
    case = Case(Path(f"{row}.png"), lines, sex, sex_differs=False, scanner=scanner, child="")
    ends = {0.8: 8.0, 0.9: 12.0, 0.95: 15.0}
    return Answer(case, sex, said, tuple(Interval(one, said - half, said + half) for one, half in ends.items()), frozenset())


@pytest.fixture
def answer() -> Callable[..., Answer]:
    return make_answer


@pytest.fixture
def many() -> Callable[..., list[Answer]]:
    """So many answers with normal errors of that mean absolute size."""

    def make(films: int, error: float, *, seed: int = 0) -> list[Answer]:
        random = np.random.default_rng(seed)
        truth = np.clip(random.normal(127, 45, films), 6, 215)
        said = truth + random.normal(0, error * np.sqrt(np.pi / 2), films)
        sexes = [Sex.FEMALE if one else Sex.MALE for one in random.random(films) < 0.45]
        return [make_answer(2 + k, float(truth[k]), float(said[k]), sex=sexes[k]) for k in range(films)]

    return make
