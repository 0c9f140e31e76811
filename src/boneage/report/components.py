"""What a reading says in numbers and sentences, each number with its unit and code: FHIR and HL7 version 2 both carry it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from enum import Enum

from boneage.clinical.height import AdultHeight, adult_height
from boneage.errors import BoneAgeError, Kind
from boneage.report.language import Language, number, say, told
from boneage.report.person import plain
from boneage.report.reading import Reading, Status
from boneage.report.verdict import Gap, Verdict, judge

DIGITS = 2  # of what is sent; finer is noise


class Unit(str, Enum):
    """UCUM."""

    MONTHS = "mo"
    DEVIATIONS = "{SD}"  # a pure number, with its annotation
    CENTIMETERS = "cm"

    @property
    def word(self) -> str:
        """As it is said."""
        return {"mo": "months", "{SD}": "SD", "cm": "cm"}[self.value]


class Scheme(str, Enum):
    """Where a code comes from, as HL7 (table 0396) and DICOM name it."""

    LOINC = "LN"
    SNOMED = "SCT"
    DICOM = "DCM"
    OWN = "99BONEAGE"


class Code(Enum):
    """Scheme, code and name; the structured report (DICOM) has the same."""

    BONE_AGE = (Scheme.LOINC, "85151-9", "XR Bone age")
    EXAMINATION = (Scheme.LOINC, "37362-1", "")  # bone age by X-ray; its name changed over the years
    REPORT = (Scheme.LOINC, "18748-4", "Diagnostic imaging study")
    AGE = (Scheme.LOINC, "30525-0", "Age")
    HEIGHT = (Scheme.LOINC, "8302-2", "Body height")
    NORM_MEAN = (Scheme.SNOMED, "373098007", "Mean value of population")
    NORM_SD = (Scheme.DICOM, "121414", "Standard deviation of population")
    SD_SCORE = (Scheme.DICOM, "121416", "Z-Score of measurement")
    GREULICH_PYLE = (Scheme.SNOMED, "252956001", "Greulich and Pyle method")
    HAND = (Scheme.SNOMED, "85562004", "Hand structure")
    LEFT_HAND = (Scheme.SNOMED, "85151006", "Structure of left hand")
    RIGHT_HAND = (Scheme.SNOMED, "78791008", "Structure of right hand")

    @property
    def scheme(self) -> Scheme:
        return self.value[0]

    @property
    def code(self) -> str:
        return self.value[1]

    @property
    def display(self) -> str:
        return self.value[2]


@dataclass(frozen=True)
class Component:
    """A number, or a range, that stands beside the bone age."""

    name: str  # our own code; never renamed
    title: str
    value: float | tuple[float, float]
    unit: Unit
    code: Code | None = None


def components_of(reading: Reading, language: Language = Language.ENGLISH) -> tuple[Component, ...]:
    """All but the bone age itself; what is not known is left out. Of a withdrawn reading nothing is concluded.

    Where a reader changed the system's answer, that stands here.
    """
    if reading.status is Status.WITHDRAWN:
        return ()
    found = list(_system(reading, language))
    if (age := reading.chronological_age_months) is not None:
        found.append(Component("chronological-age", say(language, "chronological_age"), age, Unit.MONTHS, Code.AGE))
    if (verdict := verdict_of(reading)) is not None:
        norm = verdict.norm
        found += (
            Component("norm-mean", say(language, "norm_mean"), norm.mean_months, Unit.MONTHS, Code.NORM_MEAN),
            Component("norm-sd", say(language, "norm_sd"), norm.sd_months, Unit.MONTHS, Code.NORM_SD),
            Component("sd-score", say(language, "sd_score"), verdict.score, Unit.DEVIATIONS, Code.SD_SCORE),
        )
    if reading.height_cm is not None:
        found.append(Component("height", say(language, "height"), reading.height_cm, Unit.CENTIMETERS, Code.HEIGHT))
        if isinstance(adult := _adult_height(reading), AdultHeight):
            found.append(Component("adult-height", say(language, "adult_height"), adult.cm, Unit.CENTIMETERS))
    return tuple(found)


def need_bone_age(reading: Reading, what: str) -> float:
    """The reading's months. Raises BoneAgeError where it has none: nothing is sent of a film that nobody read."""
    if reading.bone_age_months is None:
        raise BoneAgeError(
            Kind.UNSUPPORTED,
            came=f"{what} of a film without a bone age",
            expected="a film that was read by the system or by hand",
            todo="Read the film by hand, or ask for text, html or json.",
        )
    return reading.bone_age_months


def verdict_of(reading: Reading) -> Verdict | None:
    """The score; None where there is none, and of a withdrawn reading."""
    verdict = judge(reading)
    return verdict if isinstance(verdict, Verdict) and reading.status is not Status.WITHDRAWN else None


def in_brief(reading: Reading, language: Language) -> str:
    """The answer in a few lines: bone age, against the norm or why not, status."""
    months = number(language, need_bone_age(reading, "a report"))
    answer = say(language, "label", label=say(language, "bone_age"), value=say(language, "months_decimal", months=months))
    if reading.status is Status.WITHDRAWN:
        return "\n".join((say(language, "withdrawn_value", value=answer), told(language, reading.status)))
    verdict = judge(reading)
    against = told(language, verdict.category if isinstance(verdict, Verdict) else verdict)
    return "\n".join((answer, against, told(language, reading.status)))


def notes_of(reading: Reading, language: Language) -> list[str]:
    """What must not be overlooked: the status, why there is no score, the flags, the reason of a change, the limits."""
    verdict = judge(reading)
    found = [told(language, reading.status)]
    found += [told(language, verdict)] if isinstance(verdict, Gap) else []
    found += [told(language, flag) for flag in sorted(reading.flags, key=lambda flag: flag.value)]
    if reading.decision is not None and (reason := plain(reading.decision.reason)):
        found.append(say(language, "label", label=say(language, "reason"), value=reason))
    return [*found, say(language, "limits")]


def issued_at(reading: Reading) -> datetime:
    """When this version came about; in UTC where its zone is of no whole minutes or beyond 14 hours: FHIR cannot write it."""
    at = reading.made_at if reading.decision is None else reading.decision.at
    offset = at.utcoffset()
    return at if offset is not None and abs(offset) <= timedelta(hours=14) and not offset.seconds % 60 else at.astimezone(UTC)


def _system(reading: Reading, language: Language) -> tuple[Component, ...]:
    if (estimate := reading.estimate) is None:
        return ()
    key = "interval_of_system" if reading.changed else "interval_of"
    title = say(language, key, percent=number(language, 100 * estimate.interval_coverage, digits=0))
    interval = Component("interval", title, estimate.interval_months, Unit.MONTHS)
    answer = Component("system-answer", say(language, "system_answer"), estimate.bone_age_months, Unit.MONTHS)
    return (answer, interval) if reading.changed else (interval,)


def _adult_height(reading: Reading) -> AdultHeight | None:
    bone_age, age = reading.bone_age_months, reading.chronological_age_months
    if bone_age is None or age is None or reading.sex is None or reading.height_cm is None:
        return None
    found = adult_height(reading.sex, reading.height_cm, bone_age_months=bone_age, chronological_age_months=age)
    return found if isinstance(found, AdultHeight) else None
