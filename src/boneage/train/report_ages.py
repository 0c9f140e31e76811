"""Ages as radiologists write them: "10 6/12 years", "ten and a half years", "10y6m", "126 months", "12 to 13 1/2 years"."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

# The same length as what they replace, so that a place in the plain text is the same place in the report.
PLAIN = str.maketrans({"–": "-", "—": "-", "‐": "-", "‑": "-", "−": "-", "’": "'", "‘": "'", "\u00a0": " ", "\t": " "})

_ONES = "zero one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen sixteen seventeen eighteen"
_TENS = "twenty thirty forty fifty sixty seventy eighty ninety"
WORDS = {word: value for value, word in enumerate(f"{_ONES} nineteen".split())}
WORDS |= {word: 10 * tens for tens, word in enumerate(_TENS.split(), start=2)}
FRACTIONS = {"½": 1 / 2, "¼": 1 / 4, "¾": 3 / 4, "half": 1 / 2, "quarter": 1 / 4, "quarters": 3 / 4}

_WORD = rf"(?:{'|'.join(sorted(WORDS, key=len, reverse=True))})"
WRITTEN = rf"(?:(?:one|a) hundred[ -](?:and )?)?{_WORD}(?:[ -]{_WORD})?"  # "one hundred twenty", "twenty-one"
FRACTION = r"(?:[½¼¾]|\d{1,2}/(?:12|2|4)(?![\d/])|(?:a|one)[ -](?:half|quarter)|three[ -]quarters)"
NUMBER = rf"(?:\d{{1,3}}(?:[.,]\d{{1,2}})?(?: \({WRITTEN}\))?|{WRITTEN}(?: \(\d{{1,3}}\))?)\+?(?:[\s-]*(?:and[\s-]+)?{FRACTION})?"
YEAR = r"(?:years?|yeras|yeasr|yrs?\b\.?|y\.?/?o\b|ys?\b\.?|y(?=\d))"
MONTH = r"(?:months?|mon?ths|mnths|mths?\b\.?|mos?\b\.?|m\b\.?)"
PART = r"(?:\s+and\s+a\s+half\b|\s*\d{1,2}/12(?![\d/]))"  # of a year, said after its unit
YEARS, MONTHS = rf"{NUMBER}[\s-]*{YEAR}{PART}?", rf"{NUMBER}[\s-]*{MONTH}"
AND = r"[\s,&;/-]*(?:and\s+)?"
TO = r"\s*(?:-|to|through|or)\s*(?:the\s+)?"
AGE = rf"(?:{YEARS}{AND}{MONTHS}|{YEARS}|{MONTHS})"
MIXED = rf"\d{{1,2}}[\s-]*{FRACTION}"  # "10 6/12" alone can only mean years

# tried in this order where a number begins; all are `low` to `high`, or one age
BETWEEN = re.compile(
    rf"(?P<low>{AGE}|{MIXED}|{NUMBER})\s*(?:\([^()\n]*\)\s*)?(?:and|&)\s*(?:the\s+)?(?P<high>{AGE}|{MIXED})", re.I
)
OF_ONE_YEAR = re.compile(rf"(?P<years>{YEARS}){AND}(?P<low>{NUMBER}){TO}(?P<high>{MONTHS})", re.I)  # "10 years 3 to 6 months"
SPAN = re.compile(rf"(?P<low>{AGE}|{MIXED}|{NUMBER}){TO}(?P<high>{AGE}|{MIXED})", re.I)
TO_ADULT = re.compile(rf"(?P<low>{AGE}|{NUMBER}){TO}(?P<high>adult|skeletal(?:ly)? matur(?:e|ity))\b", re.I)
ONE = re.compile(rf"(?P<one>{AGE}|{MIXED})", re.I)
UNIT_AHEAD = re.compile(rf"(?:[(\[]|\bin )(?P<unit>{YEAR}|{MONTH})\s*[)\]]?\s*(?:[:=-]|is|was)?\s*(?P<number>{NUMBER})", re.I)

_START = re.compile(rf"(?<![\w./,])(?=\d|{_WORD}\b|a hundred)", re.I)
_BETWEEN_BEFORE = re.compile(r"\bbetween (?:the )?(?:ages? (?:of )?)?(?:\w+ standards? (?:of|for) )?$", re.I)
_YEARS = re.compile(rf"({NUMBER})[\s-]*{YEAR}({PART})?", re.I)
_MONTHS = re.compile(rf"({NUMBER})[\s-]*{MONTH}", re.I)
_FRACTION = re.compile(rf"[\s-]*(?:and[\s-]+)?({FRACTION})$", re.I)
MATURE_MONTHS = 216.0


@dataclass(frozen=True)
class Age:
    """An age or a range of ages that stands in a text."""

    low_months: float
    high_months: float
    start: int  # where it stands
    end: int
    open_above: bool = False  # "18+ years"

    @property
    def months(self) -> float:
        """The age, or the arithmetic mean of the range (Lee 2017, "Data Categorization")."""
        return (self.low_months + self.high_months) / 2


def find_ages(text: str) -> Iterator[Age]:
    """All ages in the text, in order; numbers without a unit, dates and identifiers are none."""
    place = 0
    while (number := _START.search(text, place)) is not None:
        age = _read_age(text, number.start())
        place = number.end() + 1 if age is None else age.end
        if age is not None:
            yield age


def _read_age(text: str, start: int) -> Age | None:
    if _BETWEEN_BEFORE.search(text, max(0, start - 60), start) and (found := BETWEEN.match(text, start)):
        return _range(found)
    if found := OF_ONE_YEAR.match(text, start):
        base = _months_of(found["years"])
        low, high = (base + _number(_MONTHS.sub(r"\1", found[name])) for name in ("low", "high"))
        return Age(low, high, start, found.end())
    if (found := SPAN.match(text, start)) and (age := _range(found)).low_months < age.high_months:
        return age  # else a hyphen joined years and months
    if found := TO_ADULT.match(text, start):
        return Age(_months_of(found["low"], years=True), MATURE_MONTHS, start, found.end())
    if found := ONE.match(text, start):
        months = _months_of(found["one"])
        return Age(months, months, start, found.end(), open_above="+" in found["one"])
    if (found := UNIT_AHEAD.search(text, max(0, start - 16), start + 16)) and found.start("number") == start:
        months = _number(found["number"]) * (12 if found["unit"][0] in "yY" else 1)
        return Age(months, months, start, found.end())
    return None


def _range(found: re.Match[str]) -> Age:
    """A low end without a unit has that of the high end."""
    in_years = _YEARS.search(found["high"]) is not None or _MONTHS.search(found["high"]) is None
    low = _months_of(found["low"], years=in_years)
    return Age(low, _months_of(found["high"]), found.start(), found.end())


def _months_of(text: str, *, years: bool = True) -> float:
    """Months of one age; a bare number is in years or in months."""
    in_years, rest = _YEARS.match(text), text
    months = 0.0
    if in_years:
        months += 12 * _number(in_years[1]) + (12 * _share(in_years[2]) if in_years[2] else 0)
        rest = text[in_years.end() :]
    if in_months := _MONTHS.search(rest):
        return months + _number(in_months[1])
    return months if in_years else _number(text) * (12 if years else 1)


def _number(text: str) -> float:
    """ "10", "10.5", "10,5", "10 1/2", "ten and a half", "one hundred twenty-six"."""
    text = re.sub(r"\(.*?\)", "", text.lower().replace("+", "")).strip()  # "ten (10)"
    share = 0.0
    if fraction := _FRACTION.search(text):
        share, text = _share(fraction[1]), text[: fraction.start()]
    if text[:1].isdigit():
        return float(text.replace(",", ".")) + share
    hundred = 100 if "hundred" in text else 0
    return hundred + sum(WORDS[word] for word in re.findall(_WORD, text.rpartition("hundred")[2])) + share


def _share(text: str) -> float:
    if "/" in text:
        above, _, below = text.partition("/")
        return int(above) / int(below)
    return FRACTIONS[re.split(r"[\s-]", text)[-1]]
