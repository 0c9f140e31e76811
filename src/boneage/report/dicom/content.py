"""What the structured report says: TID 1500 with one measurement group, TID 1501. PS3.16."""

from __future__ import annotations

from collections.abc import Iterator

from highdicom.sr import (
    AlgorithmIdentification,
    CodeContentItem,
    ContainerContentItem,
    ContentSequence,
    FindingSite,
    Measurement,
    MeasurementsAndQualitativeEvaluations,
    RelationshipTypeValues,
    SourceImageForMeasurementGroup,
    TextContentItem,
    TrackingIdentifier,
)
from pydicom.dataset import Dataset
from pydicom.sr.coding import Code

from boneage.report.dicom import codes
from boneage.report.dicom.lines import plain
from boneage.report.dicom.series import derive
from boneage.report.language import Language, moment, say, told
from boneage.report.reading import Reading, Status
from boneage.report.record import DIGITS
from boneage.report.verdict import Gap, Verdict, judge

_TONGUE, _CONTAINS = Language.ENGLISH, RelationshipTypeValues.CONTAINS


def measurement_group(reading: Reading, film: Dataset) -> MeasurementsAndQualitativeEvaluations:
    """The numbers of one reading. A withdrawn one has none: nobody may take one for valid."""
    withdrawn = reading.status is Status.WITHDRAWN
    return MeasurementsAndQualitativeEvaluations(
        TrackingIdentifier(tracking_uid(reading), "bone age"),
        finding_sites=[FindingSite(codes.HAND, None if reading.film.side is None else codes.SIDES[reading.film.side])],
        measurements=[] if withdrawn else list(_measurements(reading)),
        source_images=[SourceImageForMeasurementGroup(film.SOPClassUID, film.SOPInstanceUID)],
    )


def evaluations(reading: Reading) -> ContainerContentItem:
    """What is no number, in codes and words: rows 12 to 14 of TID 1500."""
    container = ContainerContentItem(codes.EVALUATIONS, relationship_type=_CONTAINS)
    container.ContentSequence = ContentSequence(
        [
            *(CodeContentItem(name, value, _CONTAINS) for name, value in _coded(reading)),
            *(TextContentItem(name, plain(text), _CONTAINS) for name, text in _said(reading)),
        ]
    )
    return container


def tracking_uid(reading: Reading) -> str:
    """One for all versions of a film's reading for one sex, so that a viewer knows them as the same thing."""
    return derive("tracking", reading.identity.sop_uid, reading.sex.value if reading.sex else "")


def _measurements(reading: Reading) -> Iterator[Measurement]:
    months, estimate, decision = reading.bone_age_months, reading.estimate, reading.decision
    if months is not None:
        by_system = estimate is not None and not reading.changed
        yield _measured(codes.BONE_AGE, months, by=reading if by_system else None, method=codes.GREULICH_PYLE)
    if estimate is not None:
        if reading.changed:
            yield _measured(codes.SYSTEM_ANSWER, estimate.bone_age_months, by=reading, method=codes.GREULICH_PYLE)
        low, high = estimate.interval_months
        yield _measured(codes.INTERVAL_LOW, low, by=reading)
        yield _measured(codes.INTERVAL_HIGH, high, by=reading)
        yield _measured(codes.INTERVAL_COVERAGE, 100 * estimate.interval_coverage, unit=codes.PERCENT, by=reading)
    if decision is not None and decision.plate_months is not None:
        yield _measured(codes.PLATE, decision.plate_months)
    if reading.chronological_age_months is not None:
        yield _measured(codes.CHRONOLOGICAL_AGE, reading.chronological_age_months)
    # The norm belongs under the bone age (TID 310, 311), but validators take it there for something it was inferred from.
    if isinstance(verdict := judge(reading), Verdict):
        yield _measured(codes.NORM_MEAN, verdict.norm.mean_months)
        yield _measured(codes.NORM_SD, verdict.norm.sd_months)
        yield _measured(codes.SD_SCORE, verdict.score, unit=codes.NO_UNITS)


def _measured(
    name: Code, value: float, *, unit: Code = codes.MONTHS, by: Reading | None = None, method: Code | None = None
) -> Measurement:
    """A number; `by`: the system of that reading measured it, TID 4019."""
    algorithm = None if by is None else AlgorithmIdentification(by.system, by.version, parameters=by.weights)
    return Measurement(name, round(float(value), DIGITS), unit, algorithm_id=algorithm, method=method)


def _coded(reading: Reading) -> Iterator[tuple[Code, Code]]:
    if reading.status is Status.WITHDRAWN:
        yield codes.STATUS, codes.WITHDRAWN
        return
    if reading.bone_age_months is None:  # a code, for a NUM without a number stops highdicom from reading the report
        yield codes.BONE_AGE, codes.FAILED
    if reading.sex is not None:
        yield codes.SUBJECT_SEX, codes.SEXES[reading.sex]  # the one whose networks and norm were asked
    if isinstance(verdict := judge(reading), Verdict):
        yield codes.NORMALITY, codes.NORMALITIES[verdict.category]
        yield codes.CATEGORY, codes.CATEGORIES[verdict.category]


def _said(reading: Reading) -> Iterator[tuple[Code, str]]:
    decision = reading.decision
    signed = {} if decision is None else {"reader": decision.reader, "at": moment(_TONGUE, decision.at)}
    yield codes.STATEMENT, say(_TONGUE, f"told_{reading.status.value}", **signed)
    if decision is not None and decision.reason.strip():
        yield codes.REASON, decision.reason.strip()
    if reading.status is not Status.WITHDRAWN:
        yield from _remarks(reading)
    yield codes.LIMITS, say(_TONGUE, "limits")


def _remarks(reading: Reading) -> Iterator[tuple[Code, str]]:
    verdict = judge(reading)
    if isinstance(verdict, Gap):
        yield codes.COMMENT, told(_TONGUE, verdict)
    else:
        yield codes.NORM, say(_TONGUE, "norm_brush")
    if (refusal := reading.refusal) is not None:
        yield codes.COMMENT, say(_TONGUE, "refused_unread" if reading.decision is None else "read_by_hand")
        yield codes.REFUSAL, f"{refusal.came}; expected {refusal.expected}."
    for flag in sorted(reading.flags, key=lambda one: one.value):
        yield codes.REMARK, told(_TONGUE, flag)
