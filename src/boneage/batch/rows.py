"""One film, one row: the record of `boneage assess --json` laid flat, without what differs from run to run."""

from __future__ import annotations

from collections.abc import Mapping
from enum import Enum
from typing import Any

from boneage.combine.calibrate import COVERAGES
from boneage.types import Sex

Cell = str | float | None
Row = Mapping[str, Cell]


class Type(str, Enum):
    """Of a column."""

    TEXT = "text"
    NUMBER = "number"


def columns(*, both: bool) -> dict[str, Type]:
    """In their order. With both sexes' estimates side by side each has its own: `female_bone_age_months` and so on."""
    answers = [f"{sex.value}_{name}" for sex in Sex for name in _ANSWER] if both else list(_ANSWER)
    return {
        "file": Type.TEXT,
        "sha256": Type.TEXT,
        "sex": Type.TEXT,
        "sex_source": Type.TEXT,
        **{name: Type.TEXT if name.endswith("flags") else Type.NUMBER for name in answers},
        "chronological_age_months": Type.NUMBER,
        "presence": Type.NUMBER,
        "system": Type.TEXT,
        "weights": Type.TEXT,
        "error_kind": Type.TEXT,
        "error_message": Type.TEXT,
    }


def to_row(record: Mapping[str, Any], *, both: bool) -> dict[str, Cell]:
    """A film's record (report/record.py) to its row; of a film that was not read most cells are None."""
    error = record["error"] or {"kind": None, "message": None}
    row: dict[str, Cell] = dict.fromkeys(columns(both=both))
    row |= {name: record.get(name) for name in _TOLD} | {"file": as_text(record["file"])}
    row |= {"weights": " ".join(record["weights"]), "error_kind": error["kind"], "error_message": error["message"]}
    if not both:
        return row | _answer(record, record["flags"])
    for one in record.get("estimates", ()):
        answer = _answer(one, sorted({*record["flags"], *one["flags"]}))
        row |= {f"{one['sex']}_{name}": value for name, value in answer.items()}
    return row


def as_text(name: str) -> str:
    """A film's name as its row tells it: what is no Unicode in it, as it can be in a file's name, is written out."""
    return name.encode("utf-8", "surrogateescape").decode("utf-8", "backslashreplace")


def _answer(estimate: Mapping[str, Any], flags: list[str]) -> dict[str, Cell]:
    bounds = {bound: None for name in _BOUNDS for bound in name}
    for interval in estimate.get("intervals") or ():
        bounds |= dict(zip(_bounds(interval["coverage"]), interval["months"], strict=True))
    return {
        "bone_age_months": estimate.get("bone_age_months"),
        **bounds,
        "spread_months": estimate.get("spread_months"),
        "flags": " ".join(flags),
    }


def _bounds(coverage: float) -> tuple[str, str]:
    """The columns of an interval's ends: low_90_months, high_90_months."""
    return f"low_{coverage:.0%}_months".replace("%", ""), f"high_{coverage:.0%}_months".replace("%", "")


_TOLD = ("sha256", "sex", "sex_source", "chronological_age_months", "presence", "system")
_BOUNDS = tuple(map(_bounds, COVERAGES))
_ANSWER = ("bone_age_months", *(name for bounds in _BOUNDS for name in bounds), "spread_months", "flags")
