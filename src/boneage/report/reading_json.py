"""8. A reading as a plain object for JSON and back, nothing lost; schema/reading-1.json is its published form."""

from __future__ import annotations

import json
from datetime import datetime
from typing import Any

import numpy as np

from boneage.errors import BoneAgeError, Kind
from boneage.report.reading import Decision, Drawing, Film, Points, Reading, Refusal, Status
from boneage.types import Estimate, Flag, Identity, Interval, Sex, SexSource, Side

FORMAT = 1  # of the object; a later version reads all earlier ones. Fields and words are added within one, never renamed


def reading_to_json(reading: Reading) -> dict[str, Any]:
    """All of a reading in objects, lists, text and numbers. The patient's identity is in it: it stays where films may be."""
    return {
        "format": FORMAT,
        "uid": reading.uid,
        "made_at": _from_time(reading.made_at),
        "version": reading.version,
        "status": reading.status.value,
        "predecessor": reading.predecessor,
        "identity": {name: getattr(reading.identity, name) for name in Identity.__dataclass_fields__},
        "film": _from_film(reading.film),
        "sex": _word(reading.sex),
        "sex_source": reading.sex_source.value,
        "chronological_age_months": _number(reading.chronological_age_months),
        "height_cm": _number(reading.height_cm),
        "system": reading.system,
        "weights": list(reading.weights),
        "flags": _from_flags(reading.flags),
        "estimate": None if reading.estimate is None else _from_estimate(reading.estimate),
        "refusal": None if reading.refusal is None else _from_refusal(reading.refusal),
        "drawing": None if reading.drawing is None else _from_drawing(reading.drawing),
        "decision": None if reading.decision is None else _from_decision(reading.decision),
    }


def reading_from_json(found: dict[str, Any]) -> Reading:
    """The reading that was written. Raises BoneAgeError where it is none, or of a later format; the error never quotes it."""
    came = found.get("format") if isinstance(found, dict) else None
    if came != FORMAT:
        raise _broken(f"a reading of format {came}" if isinstance(came, int) else "an object without a format")
    try:
        return Reading(
            uid=found["uid"],
            made_at=_to_time(found["made_at"]),
            identity=Identity(**found["identity"]),
            film=_to_film(found["film"]),
            sex=None if found["sex"] is None else Sex(found["sex"]),
            sex_source=SexSource(found["sex_source"]),
            chronological_age_months=_number(found["chronological_age_months"]),
            system=found["system"],
            weights=tuple(found["weights"]),
            estimate=None if found["estimate"] is None else _to_estimate(found["estimate"]),
            refusal=None if found["refusal"] is None else _to_refusal(found["refusal"]),
            drawing=None if found["drawing"] is None else _to_drawing(found["drawing"]),
            flags=_to_flags(found["flags"]),
            version=found["version"],
            status=Status(found["status"]),
            decision=None if found["decision"] is None else _to_decision(found["decision"]),
            predecessor=found["predecessor"],
            height_cm=_number(found["height_cm"]),
        )
    except (KeyError, TypeError, ValueError) as error:
        raise _broken(f"a reading that cannot be understood ({type(error).__name__})") from None


def dump_reading(reading: Reading) -> str:
    """One line of JSON, in ASCII."""
    return json.dumps(reading_to_json(reading), allow_nan=False)


def load_reading(text: str | bytes) -> Reading:
    """As `reading_from_json`, from the line."""
    try:
        found = json.loads(text)
    except ValueError:
        raise _broken("text that is no JSON") from None
    return reading_from_json(found)


def _from_film(film: Film) -> dict[str, Any]:
    spacing = None if film.spacing_mm is None else [float(one) for one in film.spacing_mm]
    return {
        "sha256": film.sha256,
        "size": [int(one) for one in film.size],
        "spacing_mm": spacing,
        "side": _word(film.side),
        "study_date": film.study_date,
    }


def _to_film(found: dict[str, Any]) -> Film:
    height, width = found["size"]
    spacing = None
    if found["spacing_mm"] is not None:
        down, across = found["spacing_mm"]
        spacing = float(down), float(across)
    side = None if found["side"] is None else Side(found["side"])
    return Film(found["sha256"], (int(height), int(width)), spacing, side, found["study_date"])


def _from_estimate(estimate: Estimate) -> dict[str, Any]:
    return {
        "sex": _word(estimate.sex),
        "bone_age_months": float(estimate.bone_age_months),
        "interval_months": [float(one) for one in estimate.interval_months],
        "interval_coverage": float(estimate.interval_coverage),
        "spread_months": float(estimate.spread_months),
        "probabilities": np.asarray(estimate.probabilities, np.float64).tolist(),
        "flags": _from_flags(estimate.flags),
        "intervals": [{name: float(getattr(one, name)) for name in Interval.__dataclass_fields__} for one in estimate.intervals],
    }


def _to_estimate(found: dict[str, Any]) -> Estimate:
    low, high = found["interval_months"]
    return Estimate(
        sex=None if found["sex"] is None else Sex(found["sex"]),
        bone_age_months=float(found["bone_age_months"]),
        interval_months=(float(low), float(high)),
        interval_coverage=float(found["interval_coverage"]),
        spread_months=float(found["spread_months"]),
        probabilities=np.array(found["probabilities"], np.float64),
        flags=_to_flags(found["flags"]),
        intervals=tuple(Interval(**{name: float(value) for name, value in one.items()}) for one in found["intervals"]),
    )


def _from_refusal(refusal: Refusal) -> dict[str, Any]:
    return {"kind": refusal.kind.value, "came": refusal.came, "expected": refusal.expected, "todo": refusal.todo}


def _to_refusal(found: dict[str, Any]) -> Refusal:
    return Refusal(Kind(found["kind"]), found["came"], found["expected"], found["todo"])


def _from_drawing(drawing: Drawing) -> dict[str, Any]:
    regions = [{"name": name, "corners": corners.tolist()} for name, corners in drawing.regions.items()]
    return {"points": np.asarray(drawing.points, np.float64).tolist(), "regions": regions}  # a list: their order is theirs


def _to_drawing(found: dict[str, Any]) -> Drawing:
    return Drawing(_points(found["points"]), {one["name"]: _points(one["corners"]) for one in found["regions"]})


def _from_decision(decision: Decision) -> dict[str, Any]:
    return {
        "reader": decision.reader,
        "at": _from_time(decision.at),
        "bone_age_months": float(decision.bone_age_months),
        "plate_months": _number(decision.plate_months),
        "reason": decision.reason,
    }


def _to_decision(found: dict[str, Any]) -> Decision:
    plate = _number(found["plate_months"])
    return Decision(found["reader"], _to_time(found["at"]), float(found["bone_age_months"]), plate, found["reason"])


def _points(rows: list[list[float]]) -> Points:
    return np.array(rows, np.float64).reshape(-1, 2)


def _from_flags(flags: frozenset[Flag]) -> list[str]:
    return sorted(flag.value for flag in flags)


def _to_flags(words: list[str]) -> frozenset[Flag]:
    return frozenset(map(Flag, words))


def _from_time(at: datetime) -> str:
    if at.tzinfo is None:
        raise ValueError("a time with its zone is expected")
    return at.isoformat()


def _to_time(text: str) -> datetime:
    at = datetime.fromisoformat(text)
    if at.tzinfo is None:
        raise ValueError("a time with its zone is expected")
    return at


def _word(value: Sex | Side | None) -> str | None:
    return None if value is None else value.value


def _number(value: float | None) -> float | None:
    return None if value is None else float(value)


def _broken(came: str) -> BoneAgeError:
    return BoneAgeError(
        Kind.BAD_DATA,
        came=came,
        expected=f"a reading of format {FORMAT} as schema/reading-{FORMAT}.json says",
        todo="Read it with the version that wrote it, or a later one.",
    )
