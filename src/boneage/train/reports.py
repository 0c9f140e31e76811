"""Labels from radiology reports: the bone age that a free text states, or the reason why it states none (Lee 2017).

The paper tells keywords, floored years, ranges to their mean and 18 years for the mature ("Data Categorization"); the rules
are not in the paper. What is said of each age is decided by the words nearest to it, and where that leaves a doubt the report
is refused: an excluded film costs less than a wrong label.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from enum import Enum
from itertools import pairwise

from boneage.train.report_ages import MATURE_MONTHS, PLAIN, Age, find_ages
from boneage.train.report_words import (
    AFTER_PATTERNS,
    AGAIN,
    ASIDE_ENDS,
    BEFORE_PATTERNS,
    BOTH_SIDES,
    CANNOT,
    DATE,
    EARLIER_ENDS,
    EITHER,
    HEADING,
    ITS_MATCH,
    JOINED,
    KEYWORD,
    MARK,
    MATURE,
    NO_UNIT,
    NOT_GP,
    NOT_MATURE,
    NOT_THIS_CHILD,
    OF_THIS_FILM,
    OLD_CHILD,
    OR_OVER,
    OVER,
    PROGRESSED,
    SENTENCE_ENDS,
    SENTENCE_ENDS_IN_CAPITALS,
    THIS_CHILD,
    UNDER,
    WAS,
    Says,
)
from boneage.types import YEARS

LONGEST = 20_000  # characters
NEAR = 300  # characters
OLDEST_MONTHS = 30 * 12.0  # a bone age above is a slip of the pen
SAME_MONTHS = 1.0  # "10.5 years" and "127 months" are one age


class Refusal(str, Enum):
    """Why a report gave no bone age."""

    EMPTY = "empty"
    TOO_LONG = "too-long"  # no report of one film
    NO_BONE_AGE = "no-bone-age"  # it speaks of none
    NOT_ASSESSED = "not-assessed"  # it says that there can be none
    NO_FIGURE = "no-figure"  # it speaks of one without saying how much
    NO_UNIT = "no-unit"  # "bone age: 10.5"
    BOUND = "bound"  # "less than 2 years"
    CONFLICT = "conflict"  # two different ones
    IMPLAUSIBLE = "implausible"


@dataclass(frozen=True)
class BoneAge:
    """The bone age that a report states."""

    months: float  # the mean of a range; 216 for all that is mature
    span: tuple[int, int]  # where it stands in the report: text[start:end]
    mature: bool  # 18 years and over, or said in words

    @property
    def year_class(self) -> int | None:
        """Lee's class: years floored, 18 and over is 18; None under 5 years, for which there is no class."""
        years = min(int(self.months // 12), YEARS[-1])
        return years if years >= YEARS[0] else None


@dataclass(frozen=True)
class _Sentence:
    """A sentence and the part of the report it stands in."""

    start: int
    end: int
    decisive: bool


@dataclass(frozen=True)
class _Mark:
    says: Says
    start: int
    end: int


@dataclass(frozen=True)
class _Stated:
    """An age that the report states as the bone age."""

    age: Age
    now: bool
    decisive: bool
    other_method: bool
    over: bool
    under: bool


def read_report(report: str) -> BoneAge | Refusal:
    """The bone age in the text of a radiology report, or why there is none. Never raises."""
    text = report.translate(PLAIN)
    if not text.strip():
        return Refusal.EMPTY
    if len(text) > LONGEST:
        return Refusal.TOO_LONG
    if not KEYWORD.search(text):
        return Refusal.NO_BONE_AGE
    if BOTH_SIDES.search(text):
        return Refusal.CONFLICT
    ages = list(find_ages(text))
    sentences = list(_sentences(text, ages))
    stated = [one for sentence in sentences for one in _stated(text, sentence, ages)]
    mature = next((words for one in sentences if (words := _mature(text, one))), None)
    if stated:
        answer = _decide(stated)
        contradicts = mature is not None and isinstance(answer, BoneAge) and not answer.mature
        return Refusal.CONFLICT if contradicts else answer  # "17 years, skeletally mature"
    if mature is not None:
        return BoneAge(MATURE_MONTHS, mature.span(), mature=True)
    if CANNOT.search(text):
        return Refusal.NOT_ASSESSED
    around = pairwise((0, *(place for age in ages for place in (age.start, age.end)), len(text)))
    rest = "; ".join(text[start:end] for start, end in list(around)[::2])  # all but the ages
    return Refusal.NO_UNIT if NO_UNIT.search(rest) else Refusal.NO_FIGURE


def _decide(stated: list[_Stated]) -> BoneAge | Refusal:
    """One out of all that were stated: that of now, the atlas's before another method's, else the impression's.

    The impression chooses among what the findings say; an age beside theirs is a slip in one of the two.
    """
    stated = [one for one in stated if one.now] or stated
    stated = [one for one in stated if not one.other_method] or stated
    found = [one.age for one in stated if not one.decisive]
    stated = [one for one in stated if one.decisive] or stated
    months = [one.age.months for one in stated]
    if max(months) > OLDEST_MONTHS:
        return Refusal.IMPLAUSIBLE
    if min(months) >= MATURE_MONTHS and not any(one.under for one in stated):
        return BoneAge(MATURE_MONTHS, (stated[0].age.start, stated[0].age.end), mature=True)
    if any(one.over or one.under for one in stated):
        return Refusal.BOUND
    lowest = min((age.low_months for age in found), default=months[0]) - SAME_MONTHS
    highest = max((age.high_months for age in found), default=months[0]) + SAME_MONTHS
    if max(months) - min(months) > SAME_MONTHS or not lowest <= months[0] <= highest:
        return Refusal.CONFLICT
    return BoneAge(months[0], (stated[0].age.start, stated[0].age.end), mature=False)


def _sentences(text: str, ages: list[Age]) -> Iterator[_Sentence]:
    """All sentences of the parts that may state the bone age of this film; an age is never cut in two."""
    within = {place for age in ages for place in range(age.start + 1, age.end + _goes_on(text, age.end))}
    ends = SENTENCE_ENDS if re.search("[a-z]", text) else SENTENCE_ENDS_IN_CAPITALS
    cuts = [cut.end() for cut in ends.finditer(text) if cut.end() not in within]
    for start, end, decisive in _parts(text):
        inner = [start, *(cut for cut in cuts if start < cut < end), end]
        for first, last in pairwise(inner):
            yield _Sentence(first, last, decisive)


def _goes_on(text: str, end: int) -> bool:
    """Whether the dot of "6 mos." is an abbreviation's alone."""
    return text[end : end + 3].lstrip()[:1].islower()


def _parts(text: str) -> Iterator[tuple[int, int, bool]]:
    """(start, end, decisive) of all parts but history, comparison and the like."""
    headings = list(HEADING.finditer(text))
    yield 0, headings[0].start() if headings else len(text), False
    for number, heading in enumerate(headings):
        start, end = heading.end(), headings[number + 1].start() if number + 1 < len(headings) else len(text)
        if heading["aside"] or heading["earlier"]:
            filled = re.compile(r"\S").search(text, start, end)
            more = any(later["body"] or later["decisive"] for later in headings[number + 1 :])
            ends = ASIDE_ENDS if heading["aside"] and not more else EARLIER_ENDS
            over = ends.search(text, filled.start() if filled else end, end)
            start = over.end() if over else end
        yield start, end, heading["decisive"] is not None


def _stated(text: str, sentence: _Sentence, everything: list[Age]) -> Iterator[_Stated]:
    """The ages of a sentence that are the bone age."""
    if NOT_THIS_CHILD.search(text, sentence.start, sentence.end):
        return
    ages = [age for age in everything if sentence.start <= age.start < sentence.end]
    marks = [
        _Mark(Says[found.lastgroup or ""], found.start(), found.end())
        for found in MARK.finditer(text, sentence.start, sentence.end)
    ]
    used, says = set[_Mark](), None
    for place, age in enumerate(ages):
        again = place and AGAIN.fullmatch(text, ages[place - 1].end, age.start) and not _beside(text, age, sentence)
        says = says if again else _meaning(text, sentence, marks, used, ages, place)
        if says not in (Says.BONE, Says.MATCH) or (again and _same(ages[place - 1], age)):
            continue
        before = _before(text, sentence, age)
        if PROGRESSED.search(before):
            age = replace(age, low_months=age.high_months)
        ends = (replace(age, high_months=age.low_months), replace(age, low_months=age.high_months))
        over = age.open_above or OVER.search(before) or OR_OVER.match(text, age.end)
        now = any(mark.says is Says.NOW and mark.end <= age.start for mark in marks)
        method = NOT_GP.search(text, sentence.start, sentence.end)
        for one in ends if EITHER.search(before) else (age,):
            yield _Stated(one, now, sentence.decisive, method is not None, bool(over), bool(UNDER.search(before)))


def _same(one: Age, again: Age) -> bool:
    """ "10 years 6 months (126 months)"; of a range its end is said again, or its mean."""
    return any(abs(months - again.months) <= SAME_MONTHS for months in (one.low_months, one.high_months, one.months))


def _before(text: str, sentence: _Sentence, age: Age) -> str:
    """The sentence up to an age; of an endless one the last words."""
    return text[max(sentence.start, age.start - NEAR) : age.start]


def _beside(text: str, age: Age, sentence: _Sentence) -> Says | None:
    """What the words that touch an age say of it."""
    before = _before(text, sentence, age)
    if OLD_CHILD.match(text, age.end) and THIS_CHILD.search(before):
        return Says.CHRONOLOGICAL
    for says, words in AFTER_PATTERNS:
        if words.match(text, age.end, sentence.end):
            return says
    return next((says for says, words in BEFORE_PATTERNS if words.search(before)), None)


def _meaning(text: str, sentence: _Sentence, marks: list[_Mark], used: set[_Mark], ages: list[Age], place: int) -> Says | None:
    """What an age is: by the words that touch it, else by the nearest mark before it that has no age yet."""
    age = ages[place]
    if (says := _beside(text, age, sentence)) is not None:
        return says
    if (mark := _paired(text, marks, ages, place)) is not None:
        return mark.says
    before = [mark for mark in marks if mark.end <= age.start and mark not in used]
    if not before:
        return None
    nearest = before[-1]
    same = OF_THIS_FILM if nearest.says in OF_THIS_FILM else {nearest.says}
    used.update(mark for mark in before if mark.says in same)
    if nearest.says is Says.NOW:
        return Says.BONE if any(mark.says in (Says.BONE, Says.PRIOR) and mark.end <= age.start for mark in marks) else None
    since = max(sentence.start, *(one.end for one in ages[:place])) if place else sentence.start
    if nearest.says in (Says.BONE, Says.MATCH) and _was_earlier(text, since, sentence, marks, age):
        return Says.PRIOR
    subject = next((mark for mark in reversed(before) if mark.says is not Says.MATCH), nearest)
    if nearest.says is Says.MATCH and subject.says not in OF_THIS_FILM and ITS_MATCH.fullmatch(text, subject.end, nearest.start):
        return subject.says  # "height age corresponds to 7 years"
    return nearest.says


def _paired(text: str, marks: list[_Mark], ages: list[Age], place: int) -> _Mark | None:
    """ "Chronological age and bone age are 10 years 2 months and 9 years 9 months": as many marks as ages, in the same order."""
    for first in range(max(0, place - 2), place + 1):
        run = [ages[first]]
        for age in ages[first + 1 : first + 3]:
            if not JOINED.fullmatch(text, run[-1].end, age.start):
                break
            run.append(age)
        before = [mark for mark in marks if mark.end <= run[0].start][-len(run) :]
        joined = all(JOINED.fullmatch(text, one.end, other.start) for one, other in pairwise(before))
        if len(run) > 1 and place - first < len(run) == len(before) and joined:
            return before[place - first]
    return None


def _was_earlier(text: str, since: int, sentence: _Sentence, marks: list[_Mark], age: Age) -> bool:
    """Past tense after the last age, beside an earlier study, a date, or what is now."""
    before = _before(text, sentence, age)
    if not WAS.search(text, since, age.start):
        return False
    earlier = any(mark.says is Says.PRIOR and mark.end <= age.start for mark in marks) or DATE.search(before)
    return bool(earlier) or any(mark.says is Says.NOW and mark.start >= age.end for mark in marks)


def _mature(text: str, sentence: _Sentence) -> re.Match[str] | None:
    """The words that say so, if nothing in the sentence takes them back."""
    if NOT_MATURE.search(text, sentence.start, sentence.end):
        return None
    return MATURE.search(text, sentence.start, sentence.end)
