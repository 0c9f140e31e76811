"""Ren 2018, table I: how many films there are, of whom and how old, in all and in the two domains that stand in for hospitals."""

from __future__ import annotations

import csv
from collections.abc import Mapping, Sequence
from pathlib import Path

from boneage.dataset import Film, Part
from boneage.papers.page import Exhibit, How, table
from boneage.papers.ren.networks import young
from boneage.papers.shelf import Shelf
from boneage.types import Sex

FILE = "ren-demographics.csv"
COLUMNS = ("films_of", "total", *(part.value for part in Part), "youngest_months", "oldest_months", "female", "male")
COMMAND = "boneage measure ren-demographics --data DIR"
ALL = "all"
HEAD = ("films", "total", "train", "validation", "calibration", "test", "age, months", "F/M ratio")
PAPER = (
    ("RSNA, paper", "12,480", "9,984", "1,248", "", "1,248", "0-228", "45.8/54.2"),
    ("SCH, paper", "12,390", "9,912", "1,239", "", "1,239", "0-191", "57.2/42.8"),
)


def write_demographics(results: Path, films: Sequence[Film], domains: Mapping[int, str]) -> Path:
    """Counts alone: of all films up to 18 years, and of each domain. `domains`: of every film, by id."""
    kept = [film for film in films if young(film)]
    groups = {ALL: kept}
    for film in kept:
        groups.setdefault(domains[film.id], []).append(film)
    path = results / FILE
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("w", newline="") as lines:
        writer = csv.writer(lines, lineterminator="\n")
        writer.writerow(COLUMNS)
        writer.writerows(_line(name, groups[name]) for name in sorted(groups))
    return path


def table_1(shelf: Shelf) -> Exhibit:
    """The films here beside the paper's."""
    title = "demographic information of the two datasets"
    path = shelf.results / FILE
    words = (
        "Films up to 18 years, as in the paper. Its second set is a hospital's that is not public: the challenge's films are "
        "halved by contrast instead, at a standard deviation of the gray values of 0.18 (`src/boneage/train/domain.py`). "
        "Validation is the select part; the calibrate part, which fits intervals, has none in the paper."
    )
    if not path.is_file():
        return Exhibit("Table I", title, How.NOT_RUN, words, table(HEAD, PAPER), COMMAND)
    with path.open(newline="") as lines:
        rows = [_row(line) for line in csv.DictReader(lines)]
    return Exhibit("Table I", title, How.STAND_IN, words, table(HEAD, [*rows, *PAPER]), COMMAND)


def _line(name: str, films: Sequence[Film]) -> list[str]:
    ages = [film.bone_age_months for film in films]
    parts = [sum(film.part is part for film in films) for part in Part]
    sexes = [sum(film.sex is sex for film in films) for sex in (Sex.FEMALE, Sex.MALE)]
    return [name, *map(str, (len(films), *parts)), f"{min(ages):g}", f"{max(ages):g}", *map(str, sexes)]


def _row(line: Mapping[str, str]) -> list[str]:
    total, female = int(line["total"]), int(line["female"])
    counts = (f"{int(line[name]):,}" for name in ("total", *(part.value for part in Part)))
    share = 100 * female / total
    return [line["films_of"], *counts, f"{line['youngest_months']}-{line['oldest_months']}", f"{share:.1f}/{100 - share:.1f}"]
