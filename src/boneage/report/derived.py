"""8. What `--report json` writes: the reading as it is kept, and what follows from it, so that nobody has to compute it again."""

from __future__ import annotations

from typing import Any

from boneage.report.language import Language, age, age_range, say, told
from boneage.report.reading import Reading
from boneage.report.reading_json import reading_to_json
from boneage.report.verdict import Verdict, judge


def with_derived(reading: Reading, language: Language = Language.ENGLISH) -> dict[str, Any]:
    """The object of `reading_to_json` with `derived` beside the rest; words in `language`. Reading it back leaves that out."""
    return reading_to_json(reading) | {"derived": derive(reading, language)}


def derive(reading: Reading, language: Language) -> dict[str, Any]:
    """Bone age, interval and age in words, the norm, the score with its category, or the gap that stands for them."""
    verdict, months, estimate = judge(reading), reading.bone_age_months, reading.estimate
    found: dict[str, Any] = {
        "language": language.value,
        "bone_age_months": None if months is None else float(months),
        "bone_age": None if months is None else age(language, months),
        "interval": None if estimate is None else age_range(language, *estimate.interval_months),
        "chronological_age": None,
        "changed": reading.changed,
        "norm": None,
        "sd_score": None,
        "category": None,
        "gap": None,
        "against_norm": told(language, verdict.category if isinstance(verdict, Verdict) else verdict),
        "status": told(language, reading.status),
    }
    if reading.chronological_age_months is not None:
        found["chronological_age"] = age(language, reading.chronological_age_months)
    if not isinstance(verdict, Verdict):
        return found | {"gap": verdict.value}
    norm = {
        "table": say(language, "norm_brush"),
        "mean_months": verdict.norm.mean_months,
        "sd_months": verdict.norm.sd_months,
    }
    return found | {"norm": norm, "sd_score": verdict.score, "category": verdict.category.value}
