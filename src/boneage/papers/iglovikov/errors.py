"""Iglovikov 2018, figures 8 and 9: mean absolute errors by region, kind and sex, and by stage of development."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

from boneage.papers.iglovikov.networks import (
    BY_SEX,
    CLASSIFICATION,
    COLUMNS,
    ENSEMBLE,
    REGIONS,
    ROWS,
    Column,
    Model,
    fine_network,
)
from boneage.papers.iglovikov.plots import Stage, plot_columns, plot_stages
from boneage.papers.page import PEOPLE, Exhibit, How, picture, table
from boneage.papers.shelf import Mean, Shelf, contest, mean_error, signed
from boneage.papers.stages import MAJOR, STAGES
from boneage.types import Sex

FEW = 30  # not in the paper: a stage with fewer films is marked
NAMES = {**{letter: f"{letter}, {words}" for letter, words in REGIONS.items()}, ENSEMBLE: "ensemble of A, B and C"}
Means = Mapping[str, Mean | None]  # by row of figure 8; None: not run


def figure_8(shelf: Shelf, out: Path) -> Exhibit:
    """MAE by region, kind of network and sex; ensembles are linear averages."""
    means = {column: {row: _mean(shelf, column.model(row)) for row in ROWS} for column in COLUMNS}
    networks = [name for column in COLUMNS for name in column.model(ENSEMBLE).networks]
    rows = [[str(column), *(_cell(column, row, mean) for row, mean in means[column].items())] for column in COLUMNS]
    films = [_films(list(of_one.values())) for of_one in means.values()]
    parts = [table(("MAE, months", *NAMES.values(), "films"), [[*row, n] for row, n in zip(rows, films, strict=True)])]
    if any(mean for of_one in means.values() for mean in of_one.values()):
        plot_columns(out / "iglovikov-2018-figure-8.svg", means)
        parts.insert(0, picture("iglovikov-2018-figure-8.svg", "Bars of the table below; open diamonds: the paper's"))
    words = (
        f"On the {shelf.part.value} part, with 95 % bootstrap limits by film; the paper's are of its own 1,000 validation films "
        'and stand where its text gives them. "Mixed": one network for both sexes, measured on all films; "male" and "female": '
        'networks of one sex, measured on its films; "both kinds, by sex": the average of regression and classification, each '
        "film read by the networks of its sex. The regions' inputs differ in size as they do in the paper, but their sides are "
        f"an eighth (B, C) to a twelfth (A) as long. "
        f"{len(set(networks)) - len(shelf.not_run(networks))} of the 18 basic models were run."
    )
    return shelf.exhibit("Figure 8", "mean absolute errors by region, kind of network and sex", How.MADE, words, parts, networks)


def finer(shelf: Shelf) -> Exhibit:
    """Not in the paper: regions B and C from films of half the original size, as far as they are at hand."""
    networks = {(region, sex): (region, sex.value) for region in ("B", "C") for sex in Sex}
    names = {
        key: (Model(region, CLASSIFICATION, sex).networks[0], fine_network(region, sex))
        for key, (region, sex) in networks.items()
    }
    rows = []
    for (region, sex), (coarse, fine) in names.items():
        pair = [shelf.answers(name) for name in (coarse, fine)]
        known = [one for one in pair if one is not None]
        if len(known) < len(pair):
            rows.append([NAMES[region], PEOPLE[sex], "", "not run", "", ""])
            continue
        there = set(known[1].films)
        both = contest(*known)
        first, second = (str(mean_error(one, there.__contains__)) for one in known)
        limits = f"{signed(both.low)} to {signed(both.high)}"
        rows.append(
            [NAMES[region], PEOPLE[sex], f"{both.films:,}", first, second, f"{signed(both.first - both.second)} ({limits})"]
        )
    head = ("region", "sex", "films", "from 299 px, MAE", "finer, MAE", "gain, months")
    words = (
        f"The networks of figure 8 (classification, one sex), trained on from their last weights for 16 epochs on those of the "
        "1,200 films of half the original size that are of the train part, their inputs twice as large; both measured on the "
        f"films of the {shelf.part.value} part that are there at that size. More trained as well as finer, so a gain would not "
        "tell which of the two it is of."
    )
    title = "regions B and C from films of half the original size (not in the paper)"
    return shelf.exhibit("Finer regions", title, How.MADE, words, [table(head, rows)], [fine for _, fine in names.values()])


def figure_9(shelf: Shelf, out: Path) -> Exhibit:
    """MAE by development stage, sex and region; of the classification networks of each sex."""
    models = {row: Model(row, CLASSIFICATION, BY_SEX) for row in ROWS}
    stages = {sex: [_stage(shelf, sex, name) for name in MAJOR] for sex in Sex}
    rows = [_stage_row(sex, stage) for sex, some in stages.items() for stage in some]
    parts = [table(("sex", "stage", "bone age, months", "films", *NAMES.values()), rows)]
    if any(stage.films for some in stages.values() for stage in some):
        plot_stages(out / "iglovikov-2018-figure-9.svg", stages)
        parts.insert(0, picture("iglovikov-2018-figure-9.svg", "The table below as bars, girls above, boys below"))
    words = (
        f"The MAE in months on the {shelf.part.value} part, with 95 % bootstrap limits by film. Not in the paper: which networks "
        "its figure shows; here the classification networks of each sex, and the ensemble of the three regions beside. Infants "
        "and toddlers are left out as there, for want of films; boys of 192 to 204 months, whom the paper leaves between two "
        f"stages, count as late puberty. A stage of fewer than {FEW} films is marked: its error says little."
    )
    title = "mean absolute errors by stage of skeletal development, sex and region"
    return shelf.exhibit("Figure 9", title, How.MADE, words, parts, models[ENSEMBLE].networks)


def _mean(shelf: Shelf, model: Model) -> Mean | None:
    answers = model.answers(shelf)
    return None if answers is None else mean_error(answers)


def _cell(column: Column, row: str, mean: Mean | None) -> str:
    paper = f"; paper {column.paper[row]:.2f}" if row in column.paper else ""
    return f"{'not run' if mean is None else mean}{paper}"


def _films(means: Sequence[Mean | None]) -> str:
    """How many films a row of the table is of; the regions of one film come together."""
    counts = sorted({mean.films for mean in means if mean is not None})
    return " to ".join(f"{count:,}" for count in counts[:: max(len(counts) - 1, 1)])


def _stage(shelf: Shelf, sex: Sex, name: str) -> Stage:
    band = STAGES[sex][name]
    means: dict[str, Mean | None] = {}
    for row in ROWS:
        answers = Model(row, CLASSIFICATION, sex.value).answers(shelf)
        means[row] = None if answers is None else mean_error(answers, lambda film: film.bone_age_months in band)
    return Stage(name, band, means)


def _stage_row(sex: Sex, stage: Stage) -> list[str]:
    films = f"{stage.films:,}{' (few)' if stage.films < FEW else ''}" if stage.films is not None else ""
    means = ["not run" if mean is None else str(mean) for mean in stage.means.values()]
    return [PEOPLE[sex], stage.name, str(stage.band), films, *means]
