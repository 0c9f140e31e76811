"""The end of mining (Iglovikov 2018): the hands that the network does worst on, and a last training once they are corrected."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from boneage.train.mine.decide import By, Verdict, badness, faults
from boneage.train.mine.disk import read_table, write_beside, write_table
from boneage.train.mine.folder import MineFolder, Round, now
from boneage.train.mine.points import Films
from boneage.train.mine.rounds import train
from boneage.train.mine.score import Score
from boneage.train.mine.segmenter import Segmenter, Tell
from boneage.train.mine.sheets import write_sheet

HEADER = ["rank", "id", "badness", "reason"]
BY_EYE = 10.0  # a mask that a person discarded is worse than any that a rule did


@dataclass(frozen=True)
class Worst:
    """One line of worst.csv."""

    rank: int  # from 1, the worst
    film: int
    badness: float
    reason: str


def find_worst(folder: MineFolder) -> list[Worst]:
    """The worst hands of the last complete round that have no corrected mask; written to worst.csv."""
    round_ = folder.latest()
    decisions, corrected = round_.decisions(), folder.corrected_masks()
    marks = dict[int, tuple[float, str]]()
    for film, score in round_.scores().items():
        if film not in corrected:
            by_eye = film in decisions and decisions[film].by is By.PAGE and decisions[film].verdict is Verdict.DISCARD
            marks[film] = _mark(folder, score, by_eye=by_eye)
    order = sorted(marks, key=lambda film: (-marks[film][0], film))[: folder.settings.worst]
    found = [Worst(rank, film, *marks[film]) for rank, film in enumerate(order, start=1)]
    rows = ([str(w.rank), str(w.film), f"{w.badness:.4g}", w.reason] for w in found)
    write_table(folder.worst_file, HEADER, rows)
    return found


def write_worst_sheet(folder: MineFolder, films: Films, found: list[Worst]) -> None:
    write_sheet(folder, films, folder.latest(), [worst.film for worst in found], name="worst")


def finish(folder: MineFolder, films: Films, segmenter: Segmenter, tell: Tell) -> dict[str, int]:
    """The last training, with all accepted and corrected masks; done once, gone on with after a kill. What it was done with."""
    done = folder.path / "finished.toml"
    last = Round(folder.path / "finish", folder.latest().number + 1)
    if not last.trained_file.is_file() and not last.training_file.is_file():
        folder.summarize(folder.latest())
    train(folder, films, segmenter, last, tell)
    masks = read_table(last.training_file)
    figures = {"masks": len(masks), "corrected": sum(row["mask"].startswith("corrected/") for row in masks)}
    if not done.is_file():
        write_beside(done, _toml({**figures, "after_round": last.number - 1}, when=now()))
    return figures


def _mark(folder: MineFolder, score: Score, *, by_eye: bool) -> tuple[float, str]:
    rule = folder.settings.rule
    reasons = (["discarded by eye"] if by_eye else []) + faults(score, rule)
    return badness(score, rule) + BY_EYE * by_eye, "; ".join(reasons) or "least sure of the kept"


def _toml(values: Mapping[str, int], *, when: str) -> bytes:
    return ("\n".join(f"{key} = {value}" for key, value in values.items()) + f'\nwhen = "{when}"\n').encode()
