"""Ren 2018, tables II to V: mean absolute errors with their standard deviations, and paired t-tests."""

from __future__ import annotations

from collections.abc import Sequence

from boneage.papers.backbones import parameters
from boneage.papers.page import PEOPLE, Exhibit, How, table
from boneage.papers.ren.networks import (
    AGE_NAMES,
    AGES,
    BACKBONES,
    CONFIGURATIONS,
    FIRST,
    LOW,
    OURS,
    PAPER_STEPS,
    RSNA,
    SCH,
    SEXES,
    SOURCE_OF_TRANSFER,
    STEPS,
    PaperTable,
    answers,
    group,
    mean_and_sd,
    network,
    p_of,
    trial,
)
from boneage.papers.shelf import Shelf
from boneage.papers.trials import try_all
from boneage.types import Sex

TESTS = "Paired t-tests on the absolute errors, Holm-corrected over the column (the paper's are not corrected)"
DOMAIN = (
    "the half of the films whose gray values have the smaller standard deviations, under 0.18 of the gray scale; not the paper: "
    "a second hospital's, for which they stand in"
)


def table_2(shelf: Shelf) -> Exhibit:
    """Six backbones in place of Inception-V3, all as S1."""
    best, *others = BACKBONES
    tried = try_all([trial(shelf, "", best.network, other.network) for other in others])
    tests = ["", *map(p_of, tried)]
    rows = []
    for one, p in zip(BACKBONES, tests, strict=True):
        found = answers(shelf, one.network)
        films = "" if found is None else f"{len(found.films):,}"
        errors = mean_and_sd(found), one.error
        rows.append([one.title, f"{parameters(one.name):,}", f"{one.parameters:,}", *errors, p, films])
    head = ("", "parameters", "paper's", "MAE ± SD, months", "paper's", "p against Inception-V3", "films")
    names = [one.network for one in BACKBONES]
    words = (
        f"On the {shelf.part.value} part, films up to 18 years. {TESTS}. Parameters: of the whole network for one gray film, "
        "with the two dense layers of 1,024 neurons that the paper's text gives. Its own counts are to the digit those of "
        "another head over the same backbones: the sex through 32 neurons, then dense layers of 1,000."
    )
    return shelf.exhibit("Table II", "comparison of different CNN architectures", How.MADE, words, [table(head, rows)], names)


def table_3(shelf: Shelf) -> Exhibit:
    """S1 to S5 on all films."""
    names = {one: network(one) for one in CONFIGURATIONS}
    words = f"On the {shelf.part.value} part; films over 216 months are left out as in the paper"
    return _performance(shelf, "Table III", "overall performance upon the RSNA dataset", words, names, RSNA)


def table_4(shelf: Shelf) -> Exhibit:
    """S1 and S5 on the second domain."""
    names = {one: network(one, LOW) for one in (FIRST, OURS)}
    words = (
        f"Trained and measured on {DOMAIN}. Of the {shelf.part.value} part; films over 216 months are left out. Of the paper's "
        "S2 to S4 none is trained here"
    )
    title = "overall performance upon the SCH dataset"
    return _performance(shelf, "Table IV", title, words, names, SCH, how=How.STAND_IN)


def table_5(shelf: Shelf) -> Exhibit:
    """Transfer against random initialization, by the number of training films."""
    tried = try_all([trial(shelf, "", step.transferred, step.random) for step in STEPS])
    rows = []
    for step, one in zip(STEPS, tried, strict=True):
        trained = shelf.trainings.get(step.random)
        films = step.films if trained is None else f"{trained.films:,}"
        errors = (mean_and_sd(answers(shelf, name)) for name in (step.random, step.transferred))
        rows.append([films, *errors, p_of(one)])
    head = ("training films", "random initialization", "transferred", "p")
    names = [name for step in STEPS for name in (step.random, step.transferred)]
    words = (
        f"S5, MAE ± SD in months on {DOMAIN}; of the {shelf.part.value} part, up to 18 years. Transferred: the weights begin as "
        f"those of `{SOURCE_OF_TRANSFER}`, trained on the others, high-contrast films; it has that training behind it besides, "
        "and their rate begins at 0.001 instead of 0.01. "
        f"{TESTS}."
    )
    paper = table(("the paper's training films", *head[1:]), [[films, *cells] for films, cells in PAPER_STEPS.items()])
    title = "bone age assessment accuracy in the SCH dataset with different configurations"
    parts = [table(head, rows), paper]
    return shelf.exhibit("Table V", title, How.STAND_IN, words, parts, [SOURCE_OF_TRANSFER, *names])


def _performance(
    shelf: Shelf, number: str, title: str, words: str, names: dict[str, str], paper: PaperTable, *, how: How = How.MADE
) -> Exhibit:
    """Overall with p against S5, then a table a sex."""
    others = [one for one in names if one != OURS]
    tried = try_all([trial(shelf, "", names[OURS], names[one]) for one in others])
    p = {**dict(zip(others, map(p_of, tried), strict=True)), OURS: ""}
    rows = []
    for one in names:
        found = answers(shelf, names[one])
        films = "" if found is None else f"{len(found.films):,}"
        mae, their_p = paper.overall[one]
        rows.append([f"{one}: {CONFIGURATIONS[one]}", mean_and_sd(found), mae, p[one], their_p, films])
    head = ("", "MAE ± SD, months", f"paper's, {paper.films:,} films", "p against S5", "paper's", "films")
    parts = [table(head, rows)]
    for sex in SEXES:
        heads = (f"{PEOPLE[sex]}, MAE ± SD by months", *AGE_NAMES)
        parts.append(table(heads, [line for line in _groups(shelf, sex, names, paper) if any(line[1:])]))
    return shelf.exhibit(number, title, how, f"{words}. {TESTS}.", parts, list(names.values()))


def _groups(shelf: Shelf, sex: Sex, names: dict[str, str], paper: PaperTable) -> list[list[str]]:
    """Lines of one sex: the films, then each configuration's errors by band, the paper's beneath."""
    found = {one: answers(shelf, name) for one, name in names.items()}
    run = next((some for some in found.values() if some is not None), None)
    counts = [sum(film.sex is sex and film.bone_age_months in band for film in run.films) for band in AGES] if run else []
    lines = [["films", *(f"{count:,}" for count in counts)], ["films, paper", *paper.counts[sex].split()]]
    for one, some in found.items():
        cells = ["not run"] * len(AGES)
        if some is not None:
            cells = [mean_and_sd(group(some, sex, band)) for band in AGES]
        lines += [[one, *cells], [f"{one}, paper", *(cell.replace("±", " ± ") for cell in paper.groups[sex][one].split())]]
    return [_padded(line) for line in lines]


def _padded(line: Sequence[str]) -> list[str]:
    """As long as the head."""
    return [*line, *[""] * (1 + len(AGES) - len(line))]
