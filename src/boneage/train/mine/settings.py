"""The settings of a mining folder, `mine.toml`: written once, frozen as soon as a round has begun."""

from __future__ import annotations

import hashlib
import tomllib
from dataclasses import dataclass, field, fields
from pathlib import Path
from typing import Any, TypeVar

from boneage.errors import BoneAgeError, Kind
from boneage.train.mine.disk import write_beside


@dataclass(frozen=True)
class Easy:
    """When a first mask is good enough to begin with; strict, since everything is learned from these."""

    films: int = 600  # tried beside the annotated hands, evenly over the training part
    presence: float = 0.95  # at least; so sure was the finder on 97 % of the training films
    inside: float = 1.0  # all 21 points
    edge: float = 0.98  # share of the outline that lies on an edge; seen on 72 annotated hands: 51 pass, all good by eye
    gap: int = 6  # pixels; a web across two fingers or a forearm cut short leaves 8 and more
    solidity: tuple[float, float] = (0.5, 0.9)  # spread hands 0.57, closed ones 0.82; over 0.9 the fingers are one
    area: tuple[float, float] = (0.4, 1.1)  # square hand lengths; by how much forearm is on the film


@dataclass(frozen=True)
class Rule:
    """When a predicted mask is kept without a look. Set on sheets of round 1, a U-Net after 855 first masks and 200 steps."""

    inside: float = 0.95  # share of the key points: 20 of 21, as a tip may stand a pixel outside
    largest: float = 0.98  # one piece: what cleaning takes away is no more; of 24 masks with crumbs 22 were good by eye
    solidity: tuple[float, float] = (0.5, 0.93)  # as for first masks; closed fingers may touch
    area: tuple[float, float] = (0.38, 1.3)
    certainty: float = 0.8  # over the hand and 4 pixels around; under it 1 % of the films, masks at 0.84 were good by eye
    agreement: float = 0.92  # IoU with the mask accepted in the round before, where there was one; the median is 0.97
    edge: float = 0.95  # of the outline
    gap: int = 11  # pixels; of 24 masks with 7-12 all were good by eye, of 24 with 13-20 half had forearms cut or other faults
    presence: float = 0.9  # the finder's; under it the points themselves are in doubt


@dataclass(frozen=True)
class Settings:
    """All of it."""

    rounds: int = 6  # Iglovikov 2018: "we repeat this procedure 6 times"
    least_gain_percent: float = 0.5  # a round that adds less is the last
    worst: int = 100  # Iglovikov 2018: "we manually label approximately 100 of the corner cases"
    easy: Easy = field(default_factory=Easy)
    rule: Rule = field(default_factory=Rule)


HEAD = "# Positive mining. Change it before the first round, not after: the rounds on disk were made with it.\n"
T = TypeVar("T")


def write_settings(path: Path, settings: Settings) -> None:
    """As TOML, two tables deep."""
    top = [f"{f.name} = {getattr(settings, f.name)}" for f in fields(settings) if f.name not in {"easy", "rule"}]
    lines = [HEAD, *top]
    for name in ("easy", "rule"):
        lines += [
            "",
            f"[{name}]",
            *(f"{f.name} = {_value(getattr(getattr(settings, name), f.name))}" for f in fields(getattr(settings, name))),
        ]
    write_beside(path, ("\n".join(lines) + "\n").encode())


def read_settings(path: Path) -> Settings:
    """Raises BoneAgeError where the file is absent, or a key is unknown, missing or of the wrong type."""
    try:
        values = tomllib.loads(path.read_text())
        easy, rule = _table(Easy, values.pop("easy")), _table(Rule, values.pop("rule"))
        return _table(Settings, values | {"easy": easy, "rule": rule})
    except (OSError, KeyError, TypeError, ValueError) as error:
        raise BoneAgeError(
            Kind.BAD_DATA,
            came=f"{path}: {error!r}",
            expected="the settings that `boneage mine start` wrote, with all keys",
            todo="Give the folder that was started, or write the key anew.",
        ) from error


def settings_hash(path: Path) -> str:
    """Twelve hex digits that stand in every round's summary."""
    return hashlib.sha256(path.read_bytes()).hexdigest()[:12]


def _table(kind: type[T], values: dict[str, Any]) -> T:
    names = {f.name for f in fields(kind)}  # type: ignore[arg-type]
    if values.keys() != names:
        raise ValueError(f"keys {sorted(values.keys() ^ names)}")
    return kind(**{key: tuple(value) if isinstance(value, list) else value for key, value in values.items()})


def _value(value: Any) -> str:
    return str(list(value)) if isinstance(value, tuple) else str(value)
