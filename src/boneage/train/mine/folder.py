"""A mining folder on disk: plain files, one per thing, that can be inspected, killed and gone on with."""

from __future__ import annotations

import tomllib
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from functools import cached_property
from pathlib import Path

from boneage.errors import BoneAgeError, Kind
from boneage.train.mine.decide import By, Decision, Verdict, add_decision, read_decisions
from boneage.train.mine.disk import Mask, append, read_mask, read_table, write_beside, write_mask
from boneage.train.mine.score import COLUMNS, Score
from boneage.train.mine.settings import Settings, read_settings, settings_hash


@dataclass(frozen=True)
class Summary:
    """One round in figures: summary.toml, written when the round is complete."""

    round: int
    predicted: int  # films with a mask
    kept: int  # films with an accepted mask after this round, corrected ones among them
    discarded: int
    later: int
    newly_kept: int  # films that had no accepted mask before
    gain_percent: float  # of `kept` over the round before, net; 0 for the first
    settings: str  # hash of mine.toml


class Round:
    """One round's folder: masks, scores, decisions."""

    def __init__(self, path: Path, number: int) -> None:
        self.path, self.number = path, number
        self.scores_file, self.decisions_file = path / "scores.csv", path / "decisions.csv"
        self.trained_file, self.training_file = path / "trained", path / "training.csv"

    def mask_file(self, film: int) -> Path:
        return self.path / "masks" / f"{film}.png"

    def mask(self, film: int) -> Mask | None:
        return read_mask(self.mask_file(film)) if self.mask_file(film).is_file() else None

    def add_mask(self, film: int, mask: Mask, score: Score) -> None:
        """The mask first: a score on disk means that its mask is there."""
        write_mask(self.mask_file(film), mask)
        append(self.scores_file, COLUMNS, [str(film), *score.row()])

    def scores(self) -> dict[int, Score]:
        return {int(row["id"]): Score.of_row(row) for row in read_table(self.scores_file)}

    def decisions(self) -> dict[int, Decision]:
        return read_decisions(self.decisions_file)

    def decide(self, film: int, verdict: Verdict, by: By) -> None:
        self.path.mkdir(parents=True, exist_ok=True)
        add_decision(self.decisions_file, Decision(film, verdict, by, now()))

    def kept(self) -> set[int]:
        return {film for film, decision in self.decisions().items() if decision.verdict is Verdict.KEEP}

    def summary(self) -> Summary | None:
        path = self.path / "summary.toml"
        return Summary(**tomllib.loads(path.read_text())) if path.is_file() else None

    def write_summary(self, summary: Summary) -> None:
        lines = (f"{key} = {value!r}".replace("'", '"') for key, value in asdict(summary).items())
        write_beside(self.path / "summary.toml", ("\n".join(lines) + "\n").encode())


class MineFolder:
    """FOLDER of every `boneage mine` command."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.settings_file, self.points_file = path / "mine.toml", path / "points.csv"
        self.corrected, self.accepted_copy = path / "corrected", path / "accepted"
        self.sheets, self.worst_file = path / "sheets", path / "worst.csv"

    @cached_property
    def settings(self) -> Settings:
        """Raises BoneAgeError where they changed after the first round."""
        settings, begun = read_settings(self.settings_file), self.round(0).summary()
        if begun is not None and begun.settings != settings_hash(self.settings_file):
            raise BoneAgeError(
                Kind.BAD_DATA,
                came=f"{self.settings_file} was changed after the first round",
                expected=f"the settings with hash {begun.settings}, which the rounds on disk were made with",
                todo="Put them back, or start another folder.",
            )
        return settings

    def round(self, number: int) -> Round:
        return Round(self.path / f"round-{number:02}", number)

    def rounds(self) -> list[Round]:
        """Those that are complete, in order."""
        done, number = list[Round](), 0
        while self.round(number).summary() is not None:
            done.append(self.round(number))
            number += 1
        return done

    def latest(self) -> Round:
        """The last complete round. Raises BoneAgeError where not even the first masks are there."""
        rounds = self.rounds()
        if not rounds:
            raise BoneAgeError(
                Kind.BAD_DATA,
                came=f"{self.path} without complete first masks",
                expected="a folder with round-00 and its summary.toml",
                todo=f"Run: boneage mine start {self.path} --data DIR",
            )
        return rounds[-1]

    def in_hand(self) -> Round:
        """The round that waits for decisions, else the last complete one."""
        following = self.round(self.latest().number + 1)
        return following if following.scores_file.is_file() else self.latest()

    def corrected_masks(self) -> dict[int, Path]:
        files = self.corrected.glob("*.png") if self.corrected.is_dir() else ()
        return {int(file.stem): file for file in sorted(files) if file.stem.isdigit()}

    def accepted(self, until: int) -> dict[int, Path]:
        """The mask of every film that is accepted after that round: a corrected one, else a first one, else that round's.

        Each round judges its predictions anew, so those of earlier rounds do not count. A first mask stays, as the paper's
        manual ones do, so that the network cannot drift away from the edges that it began with.
        """
        latest, first = self.round(until), self.round(0)
        files = {film: latest.mask_file(film) for film in latest.kept()}
        files |= {film: first.mask_file(film) for film in first.kept()}
        files |= self.corrected_masks()
        return {film: file for film, file in sorted(files.items()) if file.is_file()}

    def copy_accepted(self, until: int) -> None:
        """The folder `accepted/` with a copy of every accepted mask and no other: what other trainings read."""
        accepted = self.accepted(until)
        for film, file in accepted.items():
            copy = self.accepted_copy / f"{film}.png"
            content = file.read_bytes()
            if not copy.is_file() or copy.read_bytes() != content:
                write_beside(copy, content)
        for copy in self.accepted_copy.glob("*.png"):
            if copy.stem.isdigit() and int(copy.stem) not in accepted:
                copy.unlink()

    def summarize(self, round_: Round) -> Summary:
        """Closes a round."""
        verdicts = [decision.verdict for decision in round_.decisions().values()]
        kept = set(self.accepted(round_.number))
        before = set(self.accepted(round_.number - 1)) if round_.number else set[int]()
        summary = Summary(
            round=round_.number,
            predicted=len(round_.scores()),
            kept=len(kept),
            discarded=verdicts.count(Verdict.DISCARD),
            later=verdicts.count(Verdict.LATER),
            newly_kept=len(kept - before),
            gain_percent=round(100 * (len(kept) - len(before)) / len(before), 2) if before else 0.0,
            settings=settings_hash(self.settings_file),
        )
        self.copy_accepted(round_.number)
        round_.write_summary(summary)
        return summary


def now() -> str:
    return datetime.now(UTC).isoformat(timespec="seconds")
