"""What a report on one reading says, in rows of a language: the page, the PDF and the text are three looks of it."""

from __future__ import annotations

import re
from dataclasses import dataclass

from boneage.clinical.height import AdultHeight, HeightGap, adult_height, adult_height_range, check_height
from boneage.clinical.stages import stage_at
from boneage.report.language import MINUS, Language, age, age_range, day, moment, number, say, told
from boneage.report.person import Script, person_names, plain
from boneage.report.reading import Reading, Refusal, Status
from boneage.report.verdict import Category, Gap, Verdict, judge
from boneage.report.words import WARNINGS, flag_order
from boneage.types import SexSource

_DIRECTION = re.compile("[\u061c\u200b\u200e\u200f\u202a-\u202e\u2060-\u2069\ufeff]")  # marks that turn or hide what follows
_DIGITS_OF_SHA = 16  # enough to find the film by


@dataclass(frozen=True)
class Row:
    """One line of a report."""

    key: str  # of its label in the catalog
    label: str
    value: str
    notes: tuple[str, ...] = ()  # what qualifies it
    gap: bool = False  # the value is a sentence that says why there is none


@dataclass(frozen=True)
class Remark:
    """A flag in words."""

    sentence: str
    warns: bool  # it asks for a second look


@dataclass(frozen=True)
class Standing:
    """How far the reading has come, in words."""

    status: Status
    word: str
    sentence: str
    rows: tuple[Row, ...]  # the reason, the predecessor


@dataclass(frozen=True)
class Refused:
    """Why the system gave no bone age: in the report's language, and in the system's own words, which are English."""

    heading: str
    title: str
    details_title: str
    details: tuple[Row, ...]


@dataclass(frozen=True)
class Content:
    """All that is said of one reading."""

    language: Language
    title: str
    exam: str
    standing: Standing
    patient: tuple[Row, ...]
    bone_age: str | None  # in years and months; None: there is none
    months: str
    intervals: tuple[Row, ...]
    told: tuple[str, ...]  # that the reader changed it, or read by hand
    results: tuple[Row, ...]
    height: tuple[Row, ...]
    remarks: tuple[Remark, ...]
    refused: Refused | None
    technical: tuple[Row, ...]

    away: bool = False  # the bone age lies more than 2 SD from the mean

    @property
    def withdrawn(self) -> bool:
        return self.standing.status is Status.WITHDRAWN


def content_of(reading: Reading, language: Language) -> Content:
    """The report's rows. Raises BoneAgeError for a height that no child has.

    Of a withdrawn reading nothing is concluded: its bone age alone is told, as what it was.
    """
    months, withdrawn = reading.bone_age_months, reading.status is Status.WITHDRAWN
    return Content(
        language=language,
        title=say(language, "title"),
        exam=say(language, f"exam_{reading.film.side.value if reading.film.side else 'unknown'}"),
        standing=_standing(reading, language),
        patient=_patient(reading, language),
        bone_age=None if months is None else age(language, months),
        months="" if months is None else _months(language, months),
        intervals=() if withdrawn else _intervals(reading, language),
        told=_told(reading, language),
        results=() if withdrawn else _results(reading, language),
        height=() if withdrawn else _height(reading, language),
        remarks=tuple(Remark(told(language, flag), flag in WARNINGS) for flag in sorted(reading.flags, key=flag_order)),
        refused=None if reading.refusal is None else _refused(reading.refusal, language),
        technical=_technical(reading, language),
        away=isinstance(verdict := judge(reading), Verdict) and verdict.category is not Category.WITHIN,
    )


def shown_name(dicom_name: str) -> str:
    """A DICOM name for a reader's eyes: `Wang, Xiao Dong (王 小东)`; "" where it holds nothing."""
    names = {name.script: name for name in person_names(harmless(dicom_name))}
    latin = names.get(Script.ALPHABETIC)
    shown = [] if latin is None else [", ".join(part for part in (latin.family, _given(latin.text, latin.family)) if part)]
    if (east := names.get(Script.IDEOGRAPHIC)) is not None:
        shown.append(east.text)
    if not shown and (sound := names.get(Script.PHONETIC)) is not None:
        shown.append(sound.text)
    return shown[0] + (f" ({shown[1]})" if len(shown) > 1 else "") if shown else ""


def harmless(text: str) -> str:
    """One line without control characters and without marks that turn the direction of what follows."""
    return " ".join(_DIRECTION.sub("", plain(text)).split())


def method_of(reading: Reading, language: Language) -> str:
    """Who read, and how: the system where its answer was accepted, else the reader."""
    if reading.decision is None or not (reading.changed or reading.estimate is None or reading.decision.plate_months is not None):
        return say(language, "method_text")
    return say(language, "method_reader" if reading.decision.plate_months is None else "method_plate")


def _given(whole: str, family: str) -> str:
    return whole[: -len(family)].strip() if family and whole.endswith(family) else whole.replace(f" {family} ", " ", 1)


def _row(language: Language, key: str, value: str, *notes: str) -> Row:
    return Row(key, say(language, key), value or say(language, "unknown"), tuple(note for note in notes if note))


def _gap(language: Language, key: str, sentence: str, *notes: str) -> Row:
    return Row(key, say(language, key), sentence, notes, gap=True)


def _patient(reading: Reading, language: Language) -> tuple[Row, ...]:
    one, film = reading.identity, reading.film
    issuer = harmless(one.id_issuer)
    sex = say(language, "sex_none") if reading.sex is None else told(language, reading.sex)
    source = "" if reading.sex_source is SexSource.HEADER else told(language, reading.sex_source)
    return (
        _row(language, "patient_name", shown_name(one.patient_name)),
        _row(language, "patient_id", harmless(one.patient_id), say(language, "id_issuer", issuer=issuer) if issuer else ""),
        _row(language, "birth_date", day(language, harmless(one.birth_date))),
        _row(language, "sex", sex, source),
        _row(language, "study_date", day(language, harmless(film.study_date or ""))),
        _row(language, "accession_number", harmless(one.accession_number)),
    )


def _standing(reading: Reading, language: Language) -> Standing:
    key, decision, rows = f"told_{reading.status.value}", reading.decision, []
    if decision is None:
        sentence = say(language, "refused_unread" if reading.estimate is None else key)
        return Standing(reading.status, told(language, reading.status), sentence, ())
    sentence = say(language, key, reader=harmless(decision.reader), at=moment(language, decision.at))
    if reason := harmless(decision.reason):
        rows.append(_row(language, "reason", reason))
    if reading.predecessor is not None:
        rows.append(_row(language, "predecessor", reading.predecessor))
    return Standing(reading.status, told(language, reading.status), sentence, tuple(rows))


def _told(reading: Reading, language: Language) -> tuple[str, ...]:
    if reading.estimate is None and reading.decision is not None:
        return (say(language, "read_by_hand"),)
    return (say(language, "changed"),) if reading.changed else ()


def _intervals(reading: Reading, language: Language) -> tuple[Row, ...]:
    if (estimate := reading.estimate) is None:
        return ()
    percent = number(language, 100 * estimate.interval_coverage, digits=0)
    key = "interval_of_system" if reading.changed else "interval_of"
    low, high = estimate.interval_months
    bounds = say(language, "range", low=number(language, low, digits=0), high=number(language, high, digits=0))
    interval = Row(
        key,
        say(language, key, percent=percent),
        age_range(language, low, high),
        (say(language, "months_decimal", months=bounds),),
    )
    if not reading.changed:
        return (interval,)
    own = estimate.bone_age_months
    return (_row(language, "system_answer", age(language, own), _months(language, own)), interval)


def _results(reading: Reading, language: Language) -> tuple[Row, ...]:
    own, months, verdict = reading.chronological_age_months, reading.bone_age_months, judge(reading)
    rows = [_row(language, "chronological_age", "" if own is None else age(language, own))]
    if own is not None and months is not None:
        rows.append(_row(language, "difference", _difference(language, months - own)))
    if isinstance(verdict, Gap):
        rows.append(_gap(language, "category", told(language, verdict)))
    else:
        rows += _scored(verdict, language)
    if reading.sex is not None and months is not None:
        stage = told(language, stage_at(reading.sex, months))
        rows.append(_row(language, "development_stage", stage, say(language, "stage_source")))
    return tuple(rows)


def _scored(verdict: Verdict, language: Language) -> tuple[Row, ...]:
    norm, score = verdict.norm, number(language, verdict.score, digits=2, sign=True)
    return (
        _row(language, "norm_mean", age(language, norm.mean_months), say(language, "norm_brush")),
        _row(language, "norm_sd", _months(language, norm.sd_months)),
        _row(language, "sd_score", say(language, "deviations", value=score)),
        _row(language, "category", told(language, verdict.category)),
    )


def _height(reading: Reading, language: Language) -> tuple[Row, ...]:
    if (cm := reading.height_cm) is None:
        return ()
    check_height(cm)
    rows = (_row(language, "height", _centimeters(language, cm)),)
    months, own = reading.bone_age_months, reading.chronological_age_months
    if months is None or own is None or reading.sex is None:
        return (*rows, _gap(language, "adult_height", say(language, "height_needs_reading")))
    found = adult_height(reading.sex, cm, bone_age_months=months, chronological_age_months=own)
    if isinstance(found, HeightGap):
        return (*rows, _gap(language, "adult_height", told(language, found)))
    return (*rows, *_grown(reading, found, language))


def _grown(reading: Reading, found: AdultHeight, language: Language) -> tuple[Row, ...]:
    method = say(language, "adult_height_method", percent=number(language, found.percent))
    rows = (_row(language, "adult_height", _centimeters(language, found.cm), method, told(language, found.group)),)
    key = "adult_height_range"
    if reading.estimate is None or reading.changed or reading.sex is None or reading.height_cm is None:
        return (*rows, _gap(language, key, say(language, "adult_height_no_interval")))
    ends = adult_height_range(reading.sex, reading.height_cm, interval_months=reading.estimate.interval_months, group=found.group)
    if ends is None:
        return (*rows, _gap(language, key, say(language, "adult_height_no_range")))
    low, high = (number(language, end) for end in ends)
    both = say(language, "centimeters", value=say(language, "range", low=low, high=high))
    return (*rows, _row(language, key, both, say(language, "adult_height_error")))


def _refused(refusal: Refusal, language: Language) -> Refused:
    details = tuple(_row(language, f"refusal_{key}", harmless(getattr(refusal, key))) for key in ("came", "expected", "todo"))
    return Refused(told(language, refusal.kind), say(language, "refusal"), say(language, "refusal_details"), details)


def _technical(reading: Reading, language: Language) -> tuple[Row, ...]:
    rows = [_row(language, "method", method_of(reading, language))]
    if reading.decision is not None and reading.decision.plate_months is not None:
        rows.append(_row(language, "plate", age(language, reading.decision.plate_months)))
    return (
        *rows,
        _row(language, "system", reading.system),
        _row(language, "weights", say(language, "list_separator").join(reading.weights) or say(language, "not_applicable")),
        _row(language, "version", f"boneage {reading.version}"),
        _row(language, "made_at", moment(language, reading.made_at)),
        _row(language, "report_uid", reading.uid),
        _row(language, "film_sha256", reading.film.sha256[:_DIGITS_OF_SHA]),
    )


def _difference(language: Language, months: float) -> str:
    whole = round(months)
    return ("+" if whole > 0 else MINUS if whole < 0 else "") + age(language, abs(whole))


def _months(language: Language, months: float) -> str:
    return say(language, "months_decimal", months=number(language, months))


def _centimeters(language: Language, cm: float) -> str:
    return say(language, "centimeters", value=number(language, cm))
