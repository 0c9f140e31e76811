"""The figures of a network's card: small enough that a test reproduces them, on select films."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from boneage import dataset
from boneage.dataset import Part
from boneage.evaluate.metrics import mae
from boneage.evaluate.run import ask
from boneage.networks import load_network
from boneage.read import read
from boneage.standardize import find_hand
from boneage.standardize.size import standard_frame
from boneage.systems import System
from boneage.template import MIDDLE_TIP, WRIST

FILMS = 100  # the first of the select part, by id


def age_figures(system: System, data: Path) -> dict[str, float]:
    """MAE in months over the first select films."""
    answers = ask(system, data, Part.SELECT, limit=FILMS)
    return {"films": len(answers.films), "select_mae_months": round(float(mae(answers.truth, answers.months)), 3)}


def finder_figures(finder: str, data: Path) -> dict[str, float]:
    """Error of the 21 points on the annotated select hands, in percent of hand length, in true proportion."""
    network = load_network(finder)
    hands = {hand.id: hand for hand in dataset.read_hands(data) if dataset.part_of(hand.id) is Part.SELECT}
    errors = []
    for film_id, file in dataset.iterate_files(data, set(hands)):
        frame, _ = standard_frame(read(file).pixels)
        true_size = np.array(hands[film_id].size[::-1])
        found = (find_hand(frame, network).points + 0.5) / frame.shape[0] * true_size
        truth = hands[film_id].points * true_size
        length = np.linalg.norm(truth[WRIST] - truth[MIDDLE_TIP])
        errors.append(np.linalg.norm(found - truth, axis=1) / length * 100)
    return {
        "hands": len(errors),
        "select_median_percent": round(float(np.median(errors)), 2),
        "select_p95_percent": round(float(np.percentile(errors, 95)), 2),
    }
