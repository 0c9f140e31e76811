"""Made-up answers of networks, kept as the queue keeps them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
import pytest
from shelves import FILMS

from boneage.dataset import Film
from boneage.evaluate.network_answers import NetworkAnswers, Training, answers_hash, answers_path, write_answers, write_training

Keep = Callable[..., NetworkAnswers]


@pytest.fixture(scope="session", autouse=True)
def lab() -> None:
    """Pages are made by the lab."""
    for module in ("scipy", "matplotlib", "torch"):
        pytest.importorskip(module, reason="needs the train extra")


@pytest.fixture(scope="session")
def films() -> tuple[Film, ...]:
    """600 of the test part."""
    return FILMS


@pytest.fixture
def keep(tmp_path: Path) -> Keep:
    """Writes a network's answers and its training under tmp_path."""

    def write(
        name: str, films: Sequence[Film], error: float | np.ndarray, *, size: str = "96 x 96", epochs: int = 16
    ) -> NetworkAnswers:
        """Wrong by `error` months, of all or [N], to either side, give or take."""
        random = np.random.default_rng(list(name.encode()))
        wrong = error * random.choice([-1, 1], len(films)) * random.uniform(0.8, 1.2, len(films))
        answers = NetworkAnswers(name, tuple(films), np.array([film.bone_age_months for film in films]) + wrong)
        write_answers(file := answers_path(tmp_path, name), answers)
        budget = (size, epochs, len(films), 80_000, 1, 8.0, 1.0)
        write_training(tmp_path, Training(name, "2026-11-21", "", *budget, "w", answers_hash(file), "s", "boneage queue run"))
        return answers

    return write
