"""The ResNet-50 / Inception-V4 study: two networks with GELU on the whole film, squared logarithms as loss, no sex."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from math import prod
from pathlib import Path
from typing import Any

from boneage.evaluate.metrics import bootstrap, mae, mape, msle, r2, rmse
from boneage.evaluate.network_answers import NetworkAnswers
from boneage.evaluate.plots import plot_learning_curve
from boneage.papers.backbones import INCEPTION_V4, RESNET50, count, stages
from boneage.papers.drawing import draw_row
from boneage.papers.page import COMMAND, Exhibit, Finding, How, Page, picture, table, times
from boneage.papers.shelf import FEWEST_FILMS, RESAMPLES, SEED, Shelf, command
from boneage.papers.trials import Trial, told, try_all, verdict
from boneage.phantom import draw
from boneage.types import Sex

SOURCE = 'Mirzazadeh, Parvanian: "Bone age Prediction: Deep CNN models for predicting bone age from hand radiographs", a study'
NAME = "resnet50-inception-v4"
RESNET, INCEPTION = "resnet50-gelu-2026-11", "inception-v4-gelu-2026-11"
METRICS = {"loss (MSLE)": msle, "RMSE, months": rmse, "MAPE, %": mape, "R2": r2, "MAE, months": mae}
TITLES = {RESNET: "ResNet-50", INCEPTION: "Inception-V4"}
PAPER = {RESNET: ("0.02358", "17.85", "12.20", "0.8108", ""), INCEPTION: ("0.02094", "15.09", "9.83", "0.8634", "")}
HERE, THEIRS = (128, 128), (256, 256)  # height, width
SAMPLE = (120, Sex.MALE, 6)  # figure 2: "the bone age is 120 months"; sex and seed
CURVES: Mapping[str, tuple[str, ...]] = {"loss (MSLE)": ("train_loss",), "MAE, months": ("train_mae", "select_mae")}
PIPELINE = (
    ("data collection", "a table of paths and labels", "`dataset.py`: films by id, the split a law of the id"),
    ("parsing", "256 x 256, values over 255, flips both ways", "`prepare/squashed.py`; flips in `train/augment.py`"),
    ("training", "a learning framework", "`boneage queue run`: recipes `resnet50-gelu`, `inception-v4-gelu`"),
    ("predicting", "bone age in months", "`boneage assess FILE --system resnet50-gelu`"),
)  # fmt: skip


End = tuple[str, tuple[int, ...]]  # what is done, and its output


@dataclass(frozen=True)
class Network:
    """One of the two: how it is built, and what follows its backbone."""

    make: Callable[[tuple[int, int]], Any]  # for inputs of that size
    groups: Mapping[str, Any]
    dense: Sequence[int]  # neurons of the layers after its pooling
    ends: Callable[[tuple[int, ...]], list[End]]  # of the last maps [channels, height, width]; without the dense layers


def page(shelf: Shelf, out: Path) -> Page:
    """Table I, figures 1 to 6, and what the study finds."""
    figures = (
        figure_1(),
        figure_2(out),
        figure_3(),
        figure_4(),
        learning(shelf, out, "5", RESNET),
        learning(shelf, out, "6", INCEPTION),
    )
    return Page(NAME, "ResNet-50 / Inception-V4 study", SOURCE, (table_1(shelf), *figures), (inception_is_better(shelf),))


def table_1(shelf: Shelf) -> Exhibit:
    """Loss, RMSE, MAPE and R2 of both."""
    rows = []
    for name, title in TITLES.items():
        found = shelf.answers(name)
        films = "" if found is None else f"{len(found.films):,}"
        rows += [[title, *_cells(found), films], [f"{title}, paper", *PAPER[name], "200"]]
    words = (
        f"On the {shelf.part.value} part, with 95 % bootstrap limits by film; the study's are of the challenge's own 200 test "
        "films, which have other ages, so R2 and MAPE cannot be set against each other across the sets. MAE: not in the study."
    )
    title, parts = "comparison of test results for ResNet-50 and Inception V4 models", [table(("", *METRICS, "films"), rows)]
    return shelf.exhibit("Table I", title, How.MADE, words, parts, list(TITLES))


def figure_1() -> Exhibit:
    """A scheme, as a table."""
    body = table(("step", "in the study", "here"), PIPELINE)
    return Exhibit("Figure 1", "processing pipeline", How.STAND_IN, "Its four steps, and where they are done here.", body)


def figure_2(out: Path) -> Exhibit:
    """A sample, of no child."""
    months, sex, seed = SAMPLE
    film = draw(months, sex, seed=seed, size=(1000, 750)).pixels
    draw_row(out / f"{NAME}-figure-2.png", {"a synthetic hand of 120 months": film})
    words = (
        "The study shows a film of the data set; pictures of single films are not part of this repository, a synthetic hand is."
    )
    body = picture(f"{NAME}-figure-2.png", "A synthetic hand of 120 months")
    return Exhibit("Figure 2", "a sample in which the bone age is 120 months", How.STAND_IN, words, body, COMMAND)


def figure_3() -> Exhibit:
    """ResNet-50, layer by layer."""

    def make(size: tuple[int, int]) -> Any:
        from boneage.models.resnet50 import ResNet50

        return ResNet50(size=size, outputs=1)

    def ends(maps: tuple[int, ...]) -> list[End]:
        pooled = (maps[0], maps[1] // 2, maps[2] // 2)
        return [("average pooling 2 x 2", pooled), ("flattened", (prod(pooled),))]

    return _architecture("Figure 3", "ResNet-50 architecture", Network(make, RESNET50, (256, 128, 64, 32, 1), ends))


def figure_4() -> Exhibit:
    """Inception-V4, block by block."""

    def make(size: tuple[int, int]) -> Any:
        from boneage.models.inception_v4 import InceptionV4

        return InceptionV4(outputs=1)

    def ends(maps: tuple[int, ...]) -> list[End]:
        return [("global average pooling, flattened, dropout", maps[:1])]

    return _architecture("Figure 4", "Inception V4 architecture", Network(make, INCEPTION_V4, (1,), ends))


def learning(shelf: Shelf, out: Path, number: str, network: str) -> Exhibit:
    """The curves of a training, from its log."""
    title = f"evaluation metrics figures of {TITLES[network]}"
    log, file = shelf.results / f"{network}-learning.csv", f"{NAME}-figure-{number}.svg"
    words = (
        "Loss and MAE by epoch, on the train part and on the select part, by which the best epoch was kept. The study shows "
        "loss, RMSE, MAPE and R2 of training and validation; the log here keeps no more than these."
    )
    if not log.is_file():
        return Exhibit(f"Figure {number}", title, How.NOT_RUN, words, f"Not run yet: `{command(network)}`.", COMMAND)
    plot_learning_curve(out / file, log, columns=CURVES, title=TITLES[network])
    return Exhibit(
        f"Figure {number}", title, How.STAND_IN, words, picture(file, f"Learning curves of {TITLES[network]}"), COMMAND
    )


def inception_is_better(shelf: Shelf) -> Finding:
    """Section VI: "Inception V4 could perform slightly better predictions than ResNet-50"."""
    fair = shelf.alike([INCEPTION], [RESNET])
    tried = try_all([Trial("Inception-V4 before ResNet-50, MAE", shelf.answers(INCEPTION), shelf.answers(RESNET), fair)])
    return Finding("Inception-V4 is better than ResNet-50.", verdict(tried), f"On the films that both read: {told(tried)}.")


def _cells(found: NetworkAnswers | None) -> list[str]:
    """Each metric with its limits."""
    if found is None or not found.films:
        return ["not run" if found is None else "no films"] * len(METRICS)
    columns = found.truth, found.predicted
    values = [one(*columns) for one in METRICS.values()]
    if len(found.films) < FEWEST_FILMS:
        return [f"{value:.4g}" for value in values]
    limits = bootstrap(tuple(METRICS.values()), *columns, seed=SEED, resamples=RESAMPLES)
    return [f"{value:.4g} ({low:.3g}-{high:.3g})" for value, (low, high) in zip(values, limits, strict=True)]


def _architecture(number: str, title: str, network: Network) -> Exhibit:
    """Outputs and parameters at both sizes."""
    columns = [_column(network, size) for size in (HERE, THEIRS)]
    rows = [[here[0], here[1], there[1], here[2], there[2]] for here, there in zip(*columns, strict=True)]
    words = "The network as it is built here, with GELU throughout, at this project's size and at the study's."
    sizes = [f"{height} x {width}" for height, width in (HERE, THEIRS)]
    head = ("stage", *(f"output, {size}" for size in sizes), *(f"parameters, {size}" for size in sizes))
    return Exhibit(number, title, How.MADE, words, table(head, rows), COMMAND)


def _column(network: Network, size: tuple[int, int]) -> list[tuple[str, str, str]]:
    """Words, output and parameters of each stage."""
    maps = stages(lambda: network.make(size), network.groups, size, 3)
    lines = [("the film, three times", times((3, *size)), "")]
    lines += [(one.what, times(one.output), f"{one.parameters:,}") for one in maps]
    ends = network.ends(maps[-1].output)
    lines += [(words, times(output), "") for words, output in ends]
    for inputs, neurons in pairwise((prod(ends[-1][1]), *network.dense)):
        lines.append((f"dense, {'linear' if neurons == 1 else 'GELU'}", str(neurons), f"{(inputs + 1) * neurons:,}"))
    return [*lines, ("all", "", f"{count(lambda: network.make(size)):,}")]
