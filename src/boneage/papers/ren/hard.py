"""Ren 2018, figures 5 and 6: films on which S1 errs most. A page shows errors alone; pictures go to a folder git ignores."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np

from boneage import dataset
from boneage.dataset import Film
from boneage.papers.drawing import draw_row
from boneage.papers.page import COMMAND, Exhibit, How, table
from boneage.papers.ren.networks import CONFIGURATIONS, FIRST, LOW, OURS, answers, network
from boneage.papers.shelf import Shelf
from boneage.pipeline import perceive
from boneage.read import read
from boneage.systems import REN

SHOWN = 5  # as in the paper
FILMS_COMMAND = f"{COMMAND} --films out/films"
ALL_FILMS = {one: network(one) for one in CONFIGURATIONS}
LOW_FILMS = {one: network(one, LOW) for one in (FIRST, OURS)}
Read = float | str  # months; or why there are none
CHOICE = (
    f"The {SHOWN} films on which S1 errs most, whatever the others say of them. They were chosen by S1's error, so any other "
    "network looks better on them; what that is worth is told by tables III and IV."
)
PICTURES = (
    "Neither pictures of single films nor their labels are part of this repository: the command makes the pictures, with id, "
    "truth and every read above them, in a folder that git ignores."
)


def figure_5(shelf: Shelf) -> Exhibit:
    """Of all films."""
    return _exhibit(shelf, "Figure 5", 'five "hard" subjects from the RSNA dataset', ALL_FILMS, "")


def figure_6(shelf: Shelf) -> Exhibit:
    """Of the low-contrast films, by the networks trained on them."""
    return _exhibit(
        shelf,
        "Figure 6",
        'five "hard" subjects from the SCH dataset',
        LOW_FILMS,
        " Low-contrast films stand in for the hospital's.",
    )


def hardest(shelf: Shelf, names: dict[str, str]) -> tuple[Film, ...]:
    """The films on which S1 errs most, worst first; none where it was not run."""
    found = answers(shelf, names[FIRST])
    if found is None:
        return ()
    worst = np.argsort(-np.abs(found.errors), kind="stable")[:SHOWN]
    return tuple(found.films[place] for place in worst)


def write_pictures(shelf: Shelf, data: Path, folder: Path) -> tuple[Path, ...]:
    """Each film with its attention maps and all reads; the folder tells git to ignore it. None where S1 was not run.

    Raises BoneAgeError where the box network or a film is absent.
    """
    folder.mkdir(parents=True, exist_ok=True)
    (folder / ".gitignore").write_text("*\n")
    written = []
    for number, names in (("5", ALL_FILMS), ("6", LOW_FILMS)):
        titles = {film.id: _title(film, reads, names) for film, reads in _reads(shelf, names)}
        for film_id, file in dataset.iterate_files(data, set(titles)) if titles else ():
            radiograph = read(file)
            crops = {crop.name: crop.pixels for crop in perceive(radiograph, REN).crops}
            path = folder / f"ren-2018-figure-{number}-film-{film_id}.png"
            draw_row(path, {"film": radiograph.pixels, **crops}, titles[film_id])
            written.append(path)
    return tuple(written)


def _exhibit(shelf: Shelf, number: str, title: str, names: dict[str, str], more: str) -> Exhibit:
    rows = [
        [str(place), *(_error(read_, film) for read_ in reads)] for place, (film, reads) in enumerate(_reads(shelf, names), 1)
    ]
    words = f"{CHOICE}{more} Of the {shelf.part.value} part; absolute errors, rounded to ten months. {PICTURES}"
    parts = [table(("film", *names), rows)] if rows else []
    return shelf.exhibit(number, title, How.STAND_IN, words, parts, list(names.values()), FILMS_COMMAND)


def _reads(shelf: Shelf, names: dict[str, str]) -> list[tuple[Film, list[Read]]]:
    """Each hardest film, and what each network read."""
    found = [answers(shelf, name) for name in names.values()]
    months = [None if one is None else dict(zip(one.films, one.predicted.tolist(), strict=True)) for one in found]
    return [(film, ["not run" if one is None else one.get(film, "refused") for one in months]) for film in hardest(shelf, names)]


def _error(read_: Read, film: Film) -> str:
    """To ten months: with the reads, which are kept by id, a finer one would tell the label."""
    return read_ if isinstance(read_, str) else f"{round(abs(read_ - film.bone_age_months), -1):.0f}"


def _title(film: Film, reads: Sequence[Read], names: dict[str, str]) -> str:
    """As above the paper's figures: "film 1234, GT 90; S1 60.2, S5 88.0"."""
    told = (f"{one} {read_ if isinstance(read_, str) else f'{read_:.1f}'}" for one, read_ in zip(names, reads, strict=True))
    return f"film {film.id}, GT {film.bone_age_months:g}; {', '.join(told)}"
