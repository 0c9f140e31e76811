"""Lee 2017's trainings by the recipes' names: M1 to M4, depths of fine-tuning, the grid; and what each answers."""

from __future__ import annotations

from dataclasses import dataclass
from types import MappingProxyType

import numpy as np

from boneage.dataset import Film
from boneage.evaluate.bands import Band
from boneage.evaluate.metrics import Array
from boneage.evaluate.network_answers import NetworkAnswers
from boneage.papers.shelf import Shelf
from boneage.papers.stages import STAGES
from boneage.types import YEARS, Sex

YOUNGEST_MONTHS = 60.0  # "ages 0-4 years were excluded"
YEAR = 12


@dataclass(frozen=True)
class Model:
    """A row of figure 9."""

    name: str
    words: str
    stem: str  # of the recipes' names
    correct: tuple[float, float] | None = None  # the paper's share, per cent: girls, boys
    within: tuple[tuple[float, float], tuple[float, float]] | None = None  # the paper's, within 1 year and 2, per cent

    def network(self, sex: Sex) -> str:
        return f"{self.stem}-{sex.value}-2026-11"

    @property
    def networks(self) -> tuple[str, ...]:
        return tuple(self.network(sex) for sex in Sex)


M1 = Model("M1", "original films, from scratch", "googlenet-m1", (39.06, 40.60), ((75.59, 75.54), (90.08, 92.35)))
M2 = Model("M2", "preprocessed films, from scratch", "googlenet-m2")
# "test accuracy increasing by 33.85% for the female cohort and 34.83% for the male cohort" of M1's
M3 = Model("M3", "preprocessed, augmented, from scratch", "googlenet-m3", (52.3, 54.7))
M4 = Model("M4", "preprocessed, augmented, fine-tuned", "googlenet-m4", (57.32, 61.40), ((90.39, 94.18), (98.11, 99.00)))
M3_STAND_IN = Model("M3 with MobileNetV2", "as M3, another network", "mobilenet-m3")
M4_STAND_IN = Model("M4 with MobileNetV2", "as M4, another network, whose ImageNet weights can be had", "mobilenet-m4")
MODELS = (M1, M2, M3, M4, M3_STAND_IN, M4_STAND_IN)
NO_WEIGHTS = M4.networks  # GoogLeNet's ImageNet weights cannot be had here, so no queue lists them

# figure 8, from the least to the most that is trained; as the paper has it, with its names for GoogLeNet's groups
DEPTHS = MappingProxyType(
    {
        "fc": "fc",
        "stride32": "inception5",
        "stride16": "inception4",
        "stride8": "inception3",
        "stride4": "conv2",
        "conv1": "conv1 (all layers)",
    }
)
SCRATCH = "mobilenet-scratch-female-2026-11"
RATES, GAMMAS = ("0.001", "0.005", "0.01"), ("0.1", "0.5", "0.75")  # "Training Details"


def depth_network(depth: str) -> str:
    return f"mobilenet-from-{depth}-female-2026-11"


def grid_network(rate: str, gamma: str) -> str:
    return f"googlenet-m3-female-rate{rate[2:]}-gamma{gamma[2:]}-2026-11"


def untrained(network: str) -> str:
    """What stands in the place of its figures."""
    return "no ImageNet weights" if network in NO_WEIGHTS else "not run"


def stage_band(sex: Sex, stage: str) -> Band:
    """Months, as far as the paper's networks go."""
    band = STAGES[sex][stage]
    return Band(max(band.low, YOUNGEST_MONTHS), band.high)


def of_the_paper(film: Film) -> bool:
    """Whether the film is of an age that the paper's networks are for."""
    return film.bone_age_months >= YOUNGEST_MONTHS


def answers_of(shelf: Shelf, network: str) -> NetworkAnswers | None:
    """Of the films from 5 years on, with their class probabilities; None: not run."""
    found = shelf.answers(network)
    some = found and found.where(of_the_paper)
    return some if some and some.films else None


def true_classes(answers: NetworkAnswers) -> Array:
    """Index of the true class [N]: "floored"; "skeletally mature cases were considered 18 years"."""
    return np.clip(np.floor(answers.truth / YEAR), YEARS[0], YEARS[-1]) - YEARS[0]


def said_classes(answers: NetworkAnswers) -> Array:
    """Index of the most probable class [N]."""
    assert answers.classes is not None  # networks of this paper answer years
    return np.asarray(answers.classes.argmax(1), np.float64)
