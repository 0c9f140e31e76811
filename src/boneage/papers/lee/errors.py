"""Lee 2017, figures 8 and 9 and the grid: what the trainings came to, in the paper's figures of merit and in months."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np

from boneage.evaluate.average_precision import mean_average_precision
from boneage.evaluate.metrics import bootstrap, mean, rmse
from boneage.evaluate.network_answers import NetworkAnswers
from boneage.papers.lee.networks import (
    DEPTHS,
    GAMMAS,
    MODELS,
    NO_WEIGHTS,
    RATES,
    SCRATCH,
    YEAR,
    Model,
    answers_of,
    depth_network,
    grid_network,
    said_classes,
    true_classes,
    untrained,
)
from boneage.papers.lee.plots import plot_models
from boneage.papers.page import PEOPLE, Exhibit, How, picture, table
from boneage.papers.shelf import FEWEST_FILMS, RESAMPLES, SEED, Shelf, mean_error
from boneage.types import Sex

HEAD = (
    "correct, %", "within 1 year, %", "within 2 years, %", "RMSE, years", "mAP, %",
    "within 12 months, %", "within 24 months, %", "MAE, months", "films",
)  # fmt: skip
HOW = (
    'Years as the paper counts them: floored classes of 5 to 18, so "within 1 year" is at most one class beside the true '
    "one, and the RMSE is of the most probable class. Not in the paper: how its mAP is made; here the mean over the classes "
    "of the area under precision and recall by steps. Beside them, in months: the expectation of the classes' middles"
)


@dataclass(frozen=True)
class Merit:
    """The paper's figures of merit of one network."""

    films: int
    correct: float  # shares, 0..1
    limits: tuple[float, float]  # 95 %, of the correct share; nan for too few films
    within_1: float
    within_2: float
    rmse_years: float
    precision: float  # mean average precision, 0..1
    within_12_months: float
    within_24_months: float

    @classmethod
    def of(cls, answers: NetworkAnswers) -> Merit:
        truth, said = true_classes(answers), said_classes(answers)
        apart, months = np.abs(said - truth), np.abs(answers.errors)
        right = (apart == 0).astype(np.float64)
        limits = (np.nan, np.nan)
        if len(right) >= FEWEST_FILMS:
            (limits,) = bootstrap((mean,), right, seed=SEED, resamples=RESAMPLES)
        assert answers.classes is not None
        return cls(
            films=len(right),
            correct=float(right.mean()),
            limits=limits,
            within_1=float((apart <= 1).mean()),
            within_2=float((apart <= 2).mean()),
            rmse_years=rmse(truth, said),
            precision=mean_average_precision(truth, answers.classes),
            within_12_months=float((months <= YEAR).mean()),
            within_24_months=float((months <= 2 * YEAR).mean()),
        )


def figure_9(shelf: Shelf, out: Path) -> Exhibit:
    """M1 to M4 by sex, and the rows that stand in for fine-tuning."""
    networks = [name for model in MODELS for name in model.networks]
    found = {name: answers_of(shelf, name) for name in networks}
    rows = [
        [PEOPLE[sex], f"{model.name}: {model.words}", *_cells(model.network(sex), found[model.network(sex)], _paper(model, sex))]
        for sex in Sex
        for model in MODELS
    ]
    parts = [table(("", "", *HEAD), rows)]
    shares = {name: Merit.of(one) for name, one in found.items() if one is not None}
    if shares:
        bars = {name: (one.correct, one.within_1, one.within_2) for name, one in shares.items()}
        plot_models(out / "lee-2017-figure-9.svg", bars)
        parts.insert(0, picture("lee-2017-figure-9.svg", "Shares correct, within 1 and within 2 years, girls and boys"))
    words = (
        f"On films of the {shelf.part.value} part from 5 years on; 95 % bootstrap limits by film. {HOW}. Only M4 is "
        "fine-tuned from ImageNet. GoogLeNet's weights cannot be had here, so no queue lists its two trainings; who has them, as "
        "`googlenet_imagenet.pth` in BONEAGE_PRETRAINED, adds `recipes/googlenet-m4-*` to one. In their place stands "
        "MobileNetV2, fine-tuned and from scratch, alike in all but their start and their base rate (0.005 and 0.01, the "
        "paper's own)."
    )
    without = shelf.not_run(NO_WEIGHTS)
    return shelf.exhibit(
        "Figure 9",
        "performance of M1 to M4, girls and boys",
        How.STAND_IN if without else How.MADE,
        words,
        parts,
        [name for name in networks if name not in without],
    )


def figure_8(shelf: Shelf) -> Exhibit:
    """How much is fine-tuned, with MobileNetV2."""
    networks = {depth_network(depth): f"fine-tuned from {depth} on | {paper}" for depth, paper in DEPTHS.items()}
    networks[SCRATCH] = "from scratch | from scratch"
    rows = [[*words.split(" | "), *_cells(name, answers_of(shelf, name))] for name, words in networks.items()]
    words = (
        "With MobileNetV2 in GoogLeNet's place, girls alone, augmented; groups of layers by the stride of their maps, the "
        f"paper's groups beside them. On films of the {shelf.part.value} part from 5 years on. The base rate is 0.005, from "
        f"scratch 0.01, as the paper has it, without a search at each depth."
    )
    parts = [table(("here", "paper's", *HEAD), rows)]
    return shelf.exhibit("Figure 8", "depth of fine-tuning", How.STAND_IN, words, parts, list(networks))


def grid(shelf: Shelf) -> Exhibit:
    """The paper searches nine points and shows none."""
    names = {(rate, gamma): grid_network(rate, gamma) for rate in RATES for gamma in GAMMAS}
    rows = [[rate, *(_point(shelf, names[rate, gamma]) for gamma in GAMMAS)] for rate in RATES]
    words = (
        "GoogLeNet from scratch, M3's way, girls: share of the classes that are correct, and MAE in months, on films of the "
        f"{shelf.part.value} part from 5 years on; in brackets the MAE on the films it was chosen by. The paper gives no "
        f"figures of its nine points, only the base rates it took."
    )
    parts = [table(("base rate", *(f"gamma {gamma}" for gamma in GAMMAS)), rows)]
    title = '9 combinations of base rate and gamma ("Training Details")'
    return shelf.exhibit("Grid", title, How.MADE, words, parts, list(names.values()))


def _cells(network: str, answers: NetworkAnswers | None, paper: tuple[str, ...] = ("", "", "")) -> list[str]:
    """A row of HEAD; behind the first three the paper's own."""
    if answers is None:
        return [f"{untrained(network)}{paper[0]}", *(text.removeprefix("; ") for text in paper[1:]), *[""] * (len(HEAD) - 3)]
    merit = Merit.of(answers)
    limits = "" if np.isnan(merit.limits[0]) else f" ({100 * merit.limits[0]:.1f}-{100 * merit.limits[1]:.1f})"
    return [
        f"{100 * merit.correct:.1f}{limits}{paper[0]}",
        f"{100 * merit.within_1:.1f}{paper[1]}",
        f"{100 * merit.within_2:.1f}{paper[2]}",
        f"{merit.rmse_years:.2f}",
        f"{100 * merit.precision:.1f}",
        f"{100 * merit.within_12_months:.1f}",
        f"{100 * merit.within_24_months:.1f}",
        str(mean_error(answers)),
        f"{merit.films:,}",
    ]


def _paper(model: Model, sex: Sex) -> tuple[str, str, str]:
    """Correct, within 1 and 2 years, where the paper gives them."""
    column = list(Sex).index(sex)
    shares = (model.correct, *(model.within or (None, None)))
    correct, one, two = (f"; paper {share[column]:.1f}" if share else "" for share in shares)
    return correct, one, two


def _point(shelf: Shelf, network: str) -> str:
    answers = answers_of(shelf, network)
    if answers is None:
        return "not run"
    trained = shelf.trainings.get(network)
    chosen = f" ({trained.select_mae:.2f})" if trained else ""
    return f"{100 * Merit.of(answers).correct:.1f} %, {mean_error(answers).mae:.2f}{chosen}"
