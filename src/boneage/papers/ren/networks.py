"""The networks behind Ren 2018's tables, and the figures that the paper gives of its own."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from itertools import pairwise
from types import MappingProxyType

import numpy as np

from boneage.dataset import Film
from boneage.evaluate.bands import EDGES, Band
from boneage.evaluate.network_answers import NetworkAnswers
from boneage.papers.shelf import Shelf, readable
from boneage.papers.trials import Trial, Tried
from boneage.types import Sex

OLDEST = 216.0  # "we exclude all subjects older than 18 years old" (section III.A)
# table III: its last band holds 216 months too; ages are whole months
AGES = tuple(Band(low, high + (high == OLDEST)) for low, high in pairwise(EDGES[:7]))
AGE_NAMES = tuple(f"[{low:g}, {high:g}{']' if high == OLDEST else ')'}" for low, high in pairwise(EDGES[:7]))
SEXES = (Sex.MALE, Sex.FEMALE)  # in the order of its tables
CONFIGURATIONS = MappingProxyType(
    {
        "S1": "whole film, mean absolute error",
        "S2": "S1 with the attention maps",
        "S3": "S1 with the attention loss",
        "S4": "S1 with the dynamic attention loss",
        "S5": "attention maps and dynamic attention loss",
    }
)
FIRST, OURS = "S1", "S5"
LOW = "-low"  # of the films that stand in for the second hospital's


def network(configuration: str, films: str = "") -> str:
    """The recipe's name of S1..S5; `films`: `LOW` for the low-contrast films."""
    return f"inception-v3-{configuration.lower()}{films}-2026-11"


@dataclass(frozen=True)
class Backbone:
    """A column of table II."""

    title: str
    name: str  # timm's
    parameters: int  # the paper's
    error: str  # the paper's, months
    # by how many numbers for each normalized channel its count is above ours (ren_layers.printed_parameters): -1, Keras's
    # Inception-V3 normalizes without a scale; 1, its ResNet-50's convolutions have biases; 2, running statistics count too
    a_channel: int = 0

    @property
    def network(self) -> str:
        return f"{self.name.replace('inception_v', 'inception-v')}-s1-2026-11"


BACKBONES = (
    Backbone("Inception-V3", "inception_v3", 24_850_841, "6.0 ± 6.1", a_channel=-1),
    Backbone("Inception-V4", "inception_v4", 43_713_305, "6.6 ± 6.5"),
    Backbone("ResNet-50", "resnet50", 26_611_385, "6.4 ± 6.6", a_channel=1),
    Backbone("ResNet-101", "resnet101", 45_682_297, "6.6 ± 6.6", a_channel=2),
    Backbone("DenseNet-121", "densenet121", 9_090_297, "6.5 ± 6.4", a_channel=2),
    Backbone("DenseNet-161", "densenet161", 29_925_593, "6.2 ± 6.1", a_channel=2),
)


@dataclass(frozen=True)
class PaperTable:
    """Table III or IV as printed: months, mean and standard deviation of the absolute errors."""

    films: int
    overall: Mapping[str, tuple[str, str]]  # by configuration: error, p against S5
    counts: Mapping[Sex, str]  # films by band
    groups: Mapping[Sex, Mapping[str, str]]  # errors by band


RSNA = PaperTable(
    1_248,
    {"S1": ("6.0 ± 6.1", "1.43e-6"), "S2": ("5.8 ± 5.9", "8.22e-5"), "S3": ("5.5 ± 5.8", "9.59e-3"),
     "S4": ("5.3 ± 5.3", "4.77e-2"), "S5": ("5.2 ± 5.1", "")},
    {Sex.MALE: "11 58 161 173 138 33", Sex.FEMALE: "13 36 83 179 300 63"},
    {
        Sex.MALE: {
            "S1": "6.4±3.2 8.6±6.5 5.7±4.0 5.3±5.6 5.4±6.9 8.4±4.8",
            "S2": "5.6±5.4 8.2±6.6 5.5±4.0 5.6±4.6 5.7±5.1 5.4±4.3",
            "S3": "5.0±3.7 7.6±5.8 6.2±5.3 4.9±5.8 4.7±4.2 5.1±3.7",
            "S4": "4.8±3.3 6.6±5.6 5.6±5.5 5.7±5.8 5.2±4.6 4.8±3.8",
            "S5": "4.4±3.7 6.7±5.9 5.6±4.0 4.8±5.0 4.2±3.9 4.7±3.7",
        },
        Sex.FEMALE: {
            "S1": "7.2±9.5 8.4±7.5 7.5±7.8 5.4±4.9 5.2±6.7 8.0±8.6",
            "S2": "7.0±8.0 7.1±5.2 7.4±6.4 5.4±6.7 4.9±6.8 7.5±8.9",
            "S3": "7.1±7.5 8.0±7.0 7.1±6.0 5.2±7.2 4.5±5.7 6.9±7.4",
            "S4": "6.7±6.8 7.1±6.1 7.0±5.8 5.0±5.6 4.1±4.8 5.9±6.9",
            "S5": "6.5±7.7 7.0±6.5 7.0±5.4 5.1±6.0 4.4±5.1 6.0±6.9",
        },
    },
)  # fmt: skip
SCH = PaperTable(
    1_239,
    {"S1": ("6.2 ± 6.3", "2.19e-7"), "S5": ("5.3 ± 5.5", "")},
    {Sex.MALE: "157 140 17 44 132 33", Sex.FEMALE: "79 161 134 232 67 43"},
    {
        Sex.MALE: {
            "S1": "3.2±2.7 5.3±5.5 7.2±6.1 9.3±6.3 5.6±5.8 7.9±6.3",
            "S5": "2.7±2.0 4.7±4.3 6.9±6.5 8.7±6.4 5.4±6.4 6.5±5.7",
        },
        Sex.FEMALE: {
            "S1": "5.9±5.9 6.7±5.2 5.6±7.0 6.9±7.9 10.1±9.5 8.0±8.6",
            "S5": "5.1±4.0 6.2±6.7 4.4±6.4 5.5±6.4 7.2±5.6 6.0±6.9",
        },
    },
)


@dataclass(frozen=True)
class Step:
    """A training-set size of table V: networks of random and of transferred initialization."""

    films: str  # "500", "all"

    @property
    def random(self) -> str:
        return network(OURS, LOW if self.films == "all" else f"{LOW}-{self.films}")

    @property
    def transferred(self) -> str:
        return network(OURS, f"{LOW}-{self.films}-from-high")


STEPS = tuple(Step(films) for films in ("500", "1000", "2500", "all"))
SOURCE_OF_TRANSFER = network(OURS, "-high")
PAPER_STEPS = {  # films: random, transferred, p
    "496": ("6.9 ± 9.3", "6.2 ± 8.3", "< 0.001"), "991": ("6.4 ± 9.1", "5.9 ± 7.9", "< 0.001"),
    "1,487": ("5.9 ± 8.7", "5.7 ± 7.5", "0.007"), "1,982": ("6.1 ± 7.8", "5.8 ± 7.4", "0.044"),
    "2,974": ("5.7 ± 6.9", "5.7 ± 6.5", "0.37"), "4,956": ("5.7 ± 6.1", "5.6 ± 5.9", "0.53"),
    "7,930": ("5.6 ± 5.8", "5.4 ± 5.8", "0.22"), "9,912": ("5.4 ± 5.6", "5.3 ± 5.5", "0.78"),
}  # fmt: skip


def young(film: Film) -> bool:
    """Whether the paper would count it."""
    return film.bone_age_months <= OLDEST


def answers(shelf: Shelf, name: str) -> NetworkAnswers | None:
    """Of the films up to 18 years; None: not run."""
    found = shelf.answers(name)
    return None if found is None else found.where(young)


def group(some: NetworkAnswers, sex: Sex, band: Band) -> NetworkAnswers:
    """Those of one sex and band."""
    return some.where(lambda film: film.sex is sex and film.bone_age_months in band)


def trial(shelf: Shelf, claim: str, first: str, second: str) -> Trial:
    """That the first network's errors are smaller; fair between equal sizes and epochs."""
    return Trial(claim, answers(shelf, first), answers(shelf, second), shelf.alike([first], [second]))


def mean_and_sd(some: NetworkAnswers | None) -> str:
    """Mean and standard deviation (not in the paper: over N) of the absolute errors: "6.0 ± 6.1"."""
    if some is None:
        return "not run"
    errors = np.abs(some.errors)
    return f"{errors.mean():.2f} ± {errors.std():.2f}" if len(errors) else "no films"


def p_of(tried: Tried) -> str:
    """A cell: the corrected p, or why there is none."""
    if tried.contest is None:
        return "not run" if tried.fair else "unequal budgets"
    return readable(tried.p)
