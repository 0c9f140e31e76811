"""The result as a few lines of plain English, for pictures and marks: ASCII, and never who the patient or the reader is."""

from __future__ import annotations

from boneage.report.language import MINUS, Language, age, age_range, number, say, told
from boneage.report.reading import Reading, Status
from boneage.report.verdict import Gap, judge

_TONGUE = Language.ENGLISH


def result_lines(reading: Reading) -> tuple[str, ...]:
    """What stands beside the film. One of a withdrawn reading says so, and gives no number that could be taken for valid."""
    if reading.status is Status.WITHDRAWN:
        lines = [_line("bone_age", say(_TONGUE, "bone_age_none"))]
    else:
        lines = [*_answer(reading), *_against_norm(reading)]
    return tuple(plain(one) for one in (*lines, _line("status", _status(reading)), say(_TONGUE, "not_a_device")))


def plain(text: str) -> str:
    """Text with a hyphen for the minus, which most character sets lack."""
    return text.replace(MINUS, "-")


def _answer(reading: Reading) -> list[str]:
    months = reading.bone_age_months
    if months is None:
        refusal = reading.refusal
        return [_line("bone_age", say(_TONGUE, "bone_age_none")), *([] if refusal is None else [told(_TONGUE, refusal.kind)])]
    lines = [_line("bone_age", _months(months))]
    if reading.estimate is None:
        return [*lines, say(_TONGUE, "read_by_hand")]
    if reading.changed:
        lines.append(_line("system_answer", _months(reading.estimate.bone_age_months)))
    key = "interval_of_system" if reading.changed else "interval_of"
    name = say(_TONGUE, key, percent=f"{100 * reading.estimate.interval_coverage:.0f}")
    return [*lines, say(_TONGUE, "label", label=name, value=age_range(_TONGUE, *reading.estimate.interval_months))]


def _against_norm(reading: Reading) -> list[str]:
    lines = []
    if reading.chronological_age_months is not None:
        lines.append(_line("chronological_age", age(_TONGUE, reading.chronological_age_months)))
    verdict = judge(reading)
    if isinstance(verdict, Gap):
        return [*lines, told(_TONGUE, verdict)]
    score = say(_TONGUE, "deviations", value=number(_TONGUE, verdict.score, sign=True))
    return [*lines, _line("sd_score", score), told(_TONGUE, verdict.category), _line("norm", say(_TONGUE, "norm_brush"))]


def _status(reading: Reading) -> str:
    status = told(_TONGUE, reading.status)
    return status if reading.decision is None else f"{status} {reading.decision.at.date().isoformat()}"


def _line(key: str, value: str) -> str:
    return say(_TONGUE, "label", label=say(_TONGUE, key), value=value)


def _months(months: float) -> str:
    return f"{age(_TONGUE, months)} ({say(_TONGUE, 'months_decimal', months=number(_TONGUE, months))})"
