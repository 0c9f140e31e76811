"""8. The record: one film's answer, or its failure, as a plain object for JSON. Fields are added, never renamed."""

from __future__ import annotations

from typing import Any

from boneage.combine.estimate import COVERAGE
from boneage.errors import BoneAgeError
from boneage.pipeline import Failure
from boneage.systems import System
from boneage.types import Assessment, Estimate

DIGITS = 2  # of months; finer is noise


def to_record(file: str, outcome: Assessment | Failure, system: System) -> dict[str, Any]:
    """One film's line. `file` stands in it exactly as given; no identity does."""
    if isinstance(outcome, Failure):
        return _failed(file, outcome, system)
    one = outcome.estimates[0] if len(outcome.estimates) == 1 else None
    record = _empty(file, system, outcome.seconds)
    record |= {
        "sha256": outcome.radiograph.sha256,
        "sex": _sex(one) if one else "both",
        "sex_source": outcome.sex_source.value,
        "flags": sorted(flag.value for flag in outcome.flags | (one.flags if one else frozenset())),
        "estimates": [_estimate(estimate) for estimate in outcome.estimates],
        "chronological_age_months": _rounded(outcome.radiograph.chronological_age_months),
        "presence": round(outcome.prepared.hand.presence, 4) if outcome.prepared.hand else None,
    }
    return record | (_answer(one) if one else {})


def years_and_months(months: float) -> str:
    """87.4 -> "7 years 3 months"; whole months, the nearest."""
    years, rest = divmod(round(months), 12)
    return f"{years} {'year' if years == 1 else 'years'} {rest} {'month' if rest == 1 else 'months'}"


def _empty(file: str, system: System, seconds: float) -> dict[str, Any]:
    return {
        "file": file,
        "sha256": None,
        "sex": None,
        "sex_source": None,
        "bone_age_months": None,
        "bone_age": None,
        "interval_months": None,
        "interval_coverage": COVERAGE,
        "intervals": None,
        "flags": [],
        "system": system.name,
        "weights": list(system.weights),
        "seconds": round(seconds, 4),
        "error": None,
    }


def _failed(file: str, failure: Failure, system: System) -> dict[str, Any]:
    return _empty(file, system, failure.seconds) | {"error": error_record(failure.error)}


def error_record(error: BoneAgeError) -> dict[str, str]:
    return {"kind": error.kind.value, "message": str(error)}


def _answer(estimate: Estimate) -> dict[str, Any]:
    low, high = estimate.interval_months
    return {
        "bone_age_months": _rounded(estimate.bone_age_months),
        "bone_age": years_and_months(estimate.bone_age_months),
        "interval_months": [_rounded(low), _rounded(high)],
        "interval_coverage": estimate.interval_coverage,
        "intervals": [
            {"coverage": one.coverage, "months": [_rounded(one.low_months), _rounded(one.high_months)]}
            for one in estimate.intervals
        ],
        "spread_months": _rounded(estimate.spread_months),
    }


def _estimate(estimate: Estimate) -> dict[str, Any]:
    return {"sex": _sex(estimate), **_answer(estimate), "flags": sorted(flag.value for flag in estimate.flags)}


def _sex(estimate: Estimate) -> str | None:
    return estimate.sex.value if estimate.sex else None


def _rounded(months: float | None) -> float | None:
    return None if months is None else round(float(months), DIGITS)
