"""The rounds (Iglovikov 2018, figure 3): train on the accepted masks, predict all films, clean, score, decide, again."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from boneage.errors import BoneAgeError, Kind
from boneage.standardize.segment import clean
from boneage.train.mine.anchor import anchor
from boneage.train.mine.decide import By, Verdict, faults
from boneage.train.mine.disk import read_mask, read_table, write_beside, write_table
from boneage.train.mine.folder import MineFolder, Round, Summary
from boneage.train.mine.points import Bytes, Films, Known
from boneage.train.mine.score import SURE, score
from boneage.train.mine.segmenter import Segmenter, Tell
from boneage.train.mine.sheets import write_sheets


@dataclass(frozen=True)
class Outcome:
    """Where the rounds stand when the command ends."""

    summaries: tuple[Summary, ...]
    to_review: int  # films of the round in hand that a person has yet to decide; 0: the rounds are over
    why: str


def mine(folder: MineFolder, films: Films, segmenter: Segmenter, *, rounds: int, unattended: bool, tell: Tell) -> Outcome:
    """Up to so many rounds; goes on where it stopped. Ends early when a round adds too little, or for a review."""
    least = folder.settings.least_gain_percent
    folder.latest()
    for number in range(1, rounds + 1):
        round_ = folder.round(number)
        summary = round_.summary()
        if summary is None:
            if left := _round(folder, films, segmenter, round_, unattended=unattended, tell=tell):
                return Outcome(_summaries(folder), left, f"round {number} waits for a review of {left} films")
            write_sheets(folder, films, round_)
            summary = folder.summarize(round_)
            tell(
                f"round {number}: {summary.kept} masks kept, {summary.newly_kept} of them new, gain {summary.gain_percent:.2f} %"
            )
        if summary.gain_percent < least:
            return Outcome(_summaries(folder), 0, f"round {number} added under {least} %")
    return Outcome(_summaries(folder), 0, f"{rounds} rounds are done")


def _round(folder: MineFolder, films: Films, segmenter: Segmenter, round_: Round, *, unattended: bool, tell: Tell) -> int:
    """One round up to its decisions; how many of them are left to a person."""
    _settle(folder, round_.number - 1)
    train(folder, films, segmenter, round_, tell)
    predict(folder, films, segmenter, round_, tell)
    if unattended:
        decide_by_rule(folder, round_)
    return len(undecided(round_))


def train(folder: MineFolder, films: Films, segmenter: Segmenter, round_: Round, tell: Tell) -> None:
    """On what was accepted when the round began: the list is on disk, so that a resumed training has the same masks."""
    if round_.trained_file.is_file():
        return
    if not round_.training_file.is_file():
        accepted = folder.accepted(round_.number - 1)
        if not accepted:
            raise BoneAgeError(
                Kind.BAD_DATA,
                came="no accepted mask to train on",
                expected="first masks, or masks from files",
                todo=f"Run `boneage mine import {folder.path} FILE...`, or start with easier hands.",
            )
        rows = ([str(film), file.relative_to(folder.path).as_posix()] for film, file in accepted.items())
        write_table(round_.training_file, ["id", "mask"], rows)
    masks = {int(row["id"]): folder.path / row["mask"] for row in read_table(round_.training_file)}
    tell(f"round {round_.number}: training on {len(masks)} masks")
    segmenter.train(masks, films, round=round_.number, tell=tell)
    write_beside(round_.trained_file, b"")


def predict(folder: MineFolder, films: Films, segmenter: Segmenter, round_: Round, tell: Tell) -> None:
    """A cleaned mask and its score for every film of the training part that has none yet in this round."""
    left = set(films.ids) - round_.scores().keys()
    if left:
        tell(f"round {round_.number}: predicting {len(left)} films")
    waiting = dict[int, tuple[Bytes, Known]]()

    def feed() -> Iterator[tuple[int, Bytes]]:
        for film_id, film, known in films.iterate(left):
            waiting[film_id] = film, known
            yield film_id, film

    sure = anchor(folder, films, segmenter, round_) if left else SURE
    accepted = folder.accepted(round_.number - 1)
    for count, (film_id, probability) in enumerate(segmenter.predict(feed(), round=round_.number), start=1):
        film, known = waiting.pop(film_id)
        raw = probability >= sure
        earlier = read_mask(accepted[film_id]) if film_id in accepted else None  # a discarded mask is no witness
        found = score(film, raw, known, probability=probability, before=earlier)
        round_.add_mask(film_id, clean(raw), found)
        if count % 1000 == 0:
            tell(f"round {round_.number}: {count} of {len(left)} films predicted")


def decide_by_rule(folder: MineFolder, round_: Round) -> None:
    """Every film that nobody decided: kept where the rule finds no fault."""
    open_, scores = undecided(round_), round_.scores()
    for film in sorted(open_):
        verdict = Verdict.DISCARD if faults(scores[film], folder.settings.rule) else Verdict.KEEP
        round_.decide(film, verdict, By.RULE)


def undecided(round_: Round) -> set[int]:
    """Films with a mask and no decision; "later" is one."""
    return set(round_.scores()) - round_.decisions().keys()


def _settle(folder: MineFolder, number: int) -> None:
    """Figures of the round before anew: masks may have been corrected or looked through again since."""
    if not folder.round(number + 1).training_file.is_file():
        folder.summarize(folder.round(number))


def _summaries(folder: MineFolder) -> tuple[Summary, ...]:
    return tuple(summary for round_ in folder.rounds() if (summary := round_.summary()) is not None)
