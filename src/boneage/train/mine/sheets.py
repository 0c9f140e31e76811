"""The contact sheets of a round: kept, discarded and random masks, and the worst hands."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np

from boneage.train.mine.decide import Verdict
from boneage.train.mine.disk import write_picture
from boneage.train.mine.folder import MineFolder, Round
from boneage.train.mine.points import Films
from boneage.train.mine.sheet import COLUMNS, ROWS, sheet, tile


def write_sheets(folder: MineFolder, films: Films, round_: Round, *, films_each: int = COLUMNS * ROWS) -> None:
    """sheets/round-NN-kept.png, -discarded.png and -random.png; the same films for the same round."""
    decisions = round_.decisions()
    groups = {
        "kept": [film for film, decision in decisions.items() if decision.verdict is Verdict.KEEP],
        "discarded": [film for film, decision in decisions.items() if decision.verdict is Verdict.DISCARD],
        "random": list(round_.scores()),
    }
    for name, group in groups.items():
        rng = np.random.default_rng(round_.number)
        picks = sorted(rng.permutation(sorted(group))[:films_each].tolist())
        write_sheet(folder, films, round_, picks, name=f"round-{round_.number:02}-{name}")


def write_sheet(folder: MineFolder, films: Films, round_: Round, picks: Iterable[int], *, name: str) -> None:
    """These films with their masks of that round, in this order; more than 48 go on in -2.png."""
    order, scores = list(picks), round_.scores()
    tiles = {}
    for film_id, film, _ in films.iterate(order):
        figures = scores.get(film_id)
        text = f"{film_id}" if figures is None else f"{film_id}  edge {figures.edge:.2f} solid {figures.solidity:.2f}"
        tiles[film_id] = tile(film, round_.mask(film_id), text)
    for page, start in enumerate(range(0, len(order), COLUMNS * ROWS), start=1):
        part = [tiles[film] for film in order[start : start + COLUMNS * ROWS]]
        write_picture(folder.sheets / f"{name}{'' if page == 1 else f'-{page}'}.png", sheet(part))
