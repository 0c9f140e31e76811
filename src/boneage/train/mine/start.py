"""Round 0: first masks by classical means on hands that are easy."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np

from boneage.train.mine.classical import first_masks
from boneage.train.mine.decide import By, Verdict, is_easy
from boneage.train.mine.folder import MineFolder, Summary
from boneage.train.mine.points import Bytes, Films, Known
from boneage.train.mine.score import Mask, Score, score
from boneage.train.mine.settings import Easy, Settings, write_settings
from boneage.train.mine.sheets import write_sheets

Tell = Callable[[str], None]


def start(folder: Path, data: Path, *, settings: Settings | None = None, tell: Tell) -> Summary:
    """The first masks, or the rest of them. Done once; a second call only says so."""
    mine = MineFolder(folder)
    if not mine.settings_file.is_file():
        write_settings(mine.settings_file, settings or Settings())
    first, easy = mine.round(0), mine.settings.easy
    if (done := first.summary()) is not None:
        return done
    films = Films(data, mine.points_file)
    wanted = candidates(films, easy.films)
    left = wanted - first.decisions().keys()
    tell(f"first masks of {len(wanted)} films, {len(wanted) - len(left)} done before")
    for count, (film_id, film, known) in enumerate(films.iterate(left), start=1):
        mask, found = best(film, known, easy)
        if mask is None or found is None:
            first.decide(film_id, Verdict.DISCARD, By.RULE)
            continue
        first.add_mask(film_id, mask, found)
        first.decide(film_id, Verdict.KEEP if is_easy(found, easy) else Verdict.DISCARD, By.RULE)
        if count % 100 == 0:
            tell(f"{count} of {len(left)} films, {len(first.kept())} first masks accepted")
    write_sheets(mine, films, first)
    return mine.summarize(first)


def candidates(films: Films, more: int) -> set[int]:
    """The annotated hands, and so many others evenly over the ids of the training part."""
    others = [film_id for film_id in films.ids if film_id not in set(films.annotated_ids)]
    places = np.unique(np.linspace(0, max(len(others) - 1, 0), min(more, len(others))).astype(int))
    return {*films.annotated_ids, *(others[place] for place in places)}


def best(film: Bytes, known: Known, easy: Easy) -> tuple[Mask | None, Score | None]:
    """The first try that is easy, else the one whose outline follows an edge best."""
    mask, found = None, None
    for attempt in first_masks(film, known):
        figures = score(film, attempt, known, probability=None, before=None)
        if found is None or figures.edge > found.edge:
            mask, found = attempt, figures
        if is_easy(figures, easy):
            return attempt, figures
    return mask, found
