"""Keep, discard or later: what is decided of a mask, by whom, and the rules that decide without a look."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum
from math import isnan
from pathlib import Path

from boneage.train.mine.disk import append, read_table
from boneage.train.mine.score import Score
from boneage.train.mine.settings import Easy, Rule

HEADER = ["id", "decision", "by", "when"]


class Verdict(str, Enum):
    """What becomes of a mask."""

    KEEP = "keep"
    DISCARD = "discard"
    LATER = "later"  # no answer yet; it is not trained on
    OPEN = "open"  # a decision taken back


class By(str, Enum):
    """Who decided."""

    RULE = "rule"
    PAGE = "page"
    IMPORT = "import"


@dataclass(frozen=True)
class Decision:
    """One line of decisions.csv; the last line of a film holds."""

    film: int
    verdict: Verdict
    by: By
    when: str  # ISO 8601, UTC


def faults(score: Score, rule: Rule) -> list[str]:
    """Why the rule does not keep a predicted mask; nothing where it does."""
    checks = (
        (score.presence >= rule.presence, f"presence {score.presence:.2f}"),
        (score.inside >= rule.inside, f"{score.inside:.0%} of the points inside"),
        (score.largest >= rule.largest, f"{score.components} pieces"),
        (rule.solidity[0] <= score.solidity <= rule.solidity[1], f"solidity {score.solidity:.2f}"),
        (rule.area[0] <= score.area <= rule.area[1], f"area {score.area:.2f}"),
        (score.certainty >= rule.certainty, f"certainty {score.certainty:.2f}"),
        (isnan(score.agreement) or score.agreement >= rule.agreement, f"agreement {score.agreement:.2f}"),
        (score.edge >= rule.edge, f"edge along {score.edge:.0%}"),
        (score.gap <= rule.gap, f"no edge for {score.gap} px"),
    )
    return [text for fine, text in checks if not fine]


def badness(score: Score, rule: Rule) -> float:
    """How far a mask is from what the rule keeps: 0 and more, 1 for each figure that is wholly wrong; then how unsure it is."""
    short = (
        _short(score.inside, rule.inside),
        _short(score.largest, rule.largest),
        _short(score.solidity, rule.solidity[0]) + _short(rule.solidity[1], score.solidity),
        _short(score.area, rule.area[0]) + _short(rule.area[1], score.area),
        _short(score.certainty, rule.certainty),
        _short(score.agreement, rule.agreement),
        _short(score.edge, rule.edge),
        _short(rule.gap, score.gap),
        _short(score.presence, rule.presence),
    )
    unsure = sum(1 - value for value in (score.certainty, score.agreement, score.edge) if not isnan(value))
    return sum(short) + 0.01 * unsure


def _short(value: float, wanted: float) -> float:
    """By which share a figure misses what is wanted; 0 where it does not, or is not known."""
    return 0.0 if isnan(value) else min(1.0, max(0.0, (wanted - value) / max(wanted, 1e-6)))


def is_easy(score: Score, easy: Easy) -> bool:
    """Whether a first mask is good enough to begin with."""
    return (
        score.presence >= easy.presence
        and score.inside >= easy.inside
        and score.edge >= easy.edge
        and score.gap <= easy.gap
        and easy.solidity[0] <= score.solidity <= easy.solidity[1]
        and easy.area[0] <= score.area <= easy.area[1]
    )


def read_decisions(path: Path) -> dict[int, Decision]:
    """The last decision of each film; none where it was taken back."""
    rows = (Decision(int(row["id"]), Verdict(row["decision"]), By(row["by"]), row["when"]) for row in read_table(path))
    last = {decision.film: decision for decision in rows}
    return {film: decision for film, decision in last.items() if decision.verdict is not Verdict.OPEN}


def add_decision(path: Path, decision: Decision) -> None:
    """At once on disk."""
    append(path, HEADER, [str(decision.film), decision.verdict.value, decision.by.value, decision.when])
