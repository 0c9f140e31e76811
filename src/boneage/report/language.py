"""What the reports say, in each language: one catalog of sentences a language, its numbers, its dates, its ages.

The catalogs are sentences/<code>.toml: one flat table, the same keys in all. An Enum's value has the key `<what>_<value>`,
hyphens and spaces as underscores: Flag.LOW_RESOLUTION -> `flag_low_resolution`.
"""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from datetime import date, datetime
from enum import Enum
from functools import lru_cache
from pathlib import Path
from types import MappingProxyType

from boneage.clinical.height import Group, HeightGap
from boneage.clinical.stages import Stage
from boneage.errors import Kind
from boneage.report.reading import Status
from boneage.report.verdict import Category, Gap
from boneage.types import Flag, Sex, SexSource, Side

SENTENCES = Path(__file__).parent / "sentences"
MINUS = "\u2212"
_COMMA = frozenset({"de", "fr", "es"})  # languages that write 1,5


class Language(str, Enum):
    """A language of the reports, by its code (BCP 47)."""

    ENGLISH = "en"
    GERMAN = "de"
    FRENCH = "fr"
    SPANISH = "es"
    CHINESE = "zh"  # simplified

    @property
    def tag(self) -> str:
        """For `lang` of a page: the script where the code leaves it open."""
        return "zh-Hans" if self is Language.CHINESE else self.value


# What an Enum's keys start with.
PREFIXES: Mapping[type[Enum], str] = MappingProxyType(
    {
        Category: "category",
        Flag: "flag",
        Gap: "gap",
        Group: "height_group",
        HeightGap: "height_gap",
        Kind: "refused",
        Sex: "sex",
        SexSource: "sex_source",
        Side: "side",
        Stage: "stage",
        Status: "status",
    }
)


def say(language: Language, key: str, **values: object) -> str:
    """The sentence of a key, its placeholders filled. KeyError: no such sentence, or a placeholder without its value."""
    return sentences(language)[key.replace("-", "_")].format(**values)


def told(language: Language, value: Enum) -> str:
    """The sentence of an Enum's value, such as a flag or a gap."""
    return say(language, key_of(value))


def key_of(value: Enum) -> str:
    """Flag.LOW_RESOLUTION -> `flag_low_resolution`."""
    return f"{PREFIXES[type(value)]}_{value.value}".replace("-", "_").replace(" ", "_")


def age(language: Language, months: float) -> str:
    """87.4 -> `7 years 3 months`, to the nearest whole month; under a year the months alone."""
    years, rest = divmod(round(months), 12)
    parts = {"years": _counted(language, "year", years), "months": _counted(language, "month", rest)}
    return say(language, "age_years_months", **parts) if years else parts["months"]


def age_short(language: Language, months: float) -> str:
    """87.4 -> `7 y 3 m`, for tables."""
    years, rest = divmod(round(months), 12)
    return say(language, "age_short", years=years, months=rest)


def age_range(language: Language, low: float, high: float) -> str:
    """Two ages, from the lower to the higher. Months."""
    return say(language, "range", low=age(language, low), high=age(language, high))


def number(language: Language, value: float, *, digits: int = 1, sign: bool = False) -> str:
    """A number with the language's decimal mark; `sign`: a plus where it is above 0. The minus is U+2212."""
    written = f"{value:{'+' if sign else ''}.{digits}f}"
    if not float(written):  # neither -0.0 nor +0.0
        written = written.lstrip("+-")
    written = written.replace("-", MINUS)
    return written.replace(".", ",") if language.value in _COMMA else written


def day(language: Language, iso: str) -> str:
    """`2026-11-21` -> `21 November 2026`; what is no ISO date is given back as it came."""
    try:
        return _day(language, date.fromisoformat(iso))
    except ValueError:
        return iso


def moment(language: Language, at: datetime) -> str:
    """The day and the time, with its distance from UTC. ValueError: a time without its zone."""
    if at.tzinfo is None:
        raise ValueError("a time with its zone is expected")
    zone = at.strftime("%z")
    return say(language, "moment", date=_day(language, at.date()), time=at.strftime("%H:%M"), zone=f"UTC{zone[:3]}:{zone[3:5]}")


@lru_cache(maxsize=len(Language))
def sentences(language: Language) -> Mapping[str, str]:
    """The whole catalog of a language."""
    return MappingProxyType(tomllib.loads((SENTENCES / f"{language.value}.toml").read_text(encoding="utf-8")))


def _counted(language: Language, unit: str, count: int) -> str:
    return say(language, f"{unit}_one" if count == 1 else f"{unit}_many", count=count)


def _day(language: Language, at: date) -> str:
    first = say(language, "first_day") if at.day == 1 else str(at.day)
    return say(language, "date", day=first, month=say(language, f"name_of_month_{at.month}"), year=at.year)
