"""The reading as a DICOM Comprehensive SR: TID 1500 Measurement Report, by highdicom.

How far a reading has come stands in the flags of PS3.3 C.17.2:

    unverified  COMPLETE  UNVERIFIED  PRELIMINARY
    signed      COMPLETE  VERIFIED    FINAL
    amended     COMPLETE  VERIFIED    FINAL  names its predecessor, which it replaces
    withdrawn   COMPLETE  VERIFIED    FINAL  names its predecessor, and has no numbers

The standard has no flag for a report that was entered in error. A withdrawn one is not PARTIAL: that would promise more
to come, and implementations refuse a verified document that is not complete. So a document that says it takes the earlier
one back takes its place in the chain, in the completion flag's description, by a code and in words; and `rejection`
makes the note by which archives that follow IHE IOCM hide the earlier one.
"""

from __future__ import annotations

from copy import deepcopy

from highdicom import sr
from pydicom.dataset import Dataset
from pydicom.sr.codedict import codes as dicom
from pydicom.uid import ExplicitVRLittleEndian

from boneage.read.quiet import quiet
from boneage.report.dicom import codes
from boneage.report.dicom.charset import one_line
from boneage.report.dicom.content import evaluations, measurement_group
from boneage.report.dicom.instance import (
    MANUFACTURER,
    MODEL,
    check_same_film,
    device_uid,
    finish,
    moment_of,
    request_of,
    told_to_highdicom,
    written,
)
from boneage.report.dicom.series import REPORT
from boneage.report.reading import Reading, Status

NOT_STATED = "not stated"  # the standard wants an organization of everybody who verifies


def make_report(reading: Reading, film: Dataset, *, organization: str = "") -> Dataset:
    """The report of a reading. As `boneage.report.dicom.structured_report`."""
    check_same_film(reading, film)
    decision, before = reading.decision, reading.predecessor
    organization = organization or film.InstitutionName or NOT_STATED
    with quiet():
        report = sr.ComprehensiveSR(
            evidence=[deepcopy(film)],  # highdicom shares its elements with the report
            content=_content(reading, film, organization)[0],
            is_complete=True,
            is_final=decision is not None,
            is_verified=decision is not None,
            verifying_observer_name=None if decision is None else person_name(decision.reader),
            verifying_organization=organization,
            performed_procedure_codes=[codes.PROCEDURE],
            requested_procedures=None if (asked := request_of(film)) is None else [asked],
            previous_versions=None if before is None else [report_of(before, film)],
            coding_schemes=[codes.scheme()],
            specific_character_set=None,
            instance_number=1,
            transfer_syntax_uid=ExplicitVRLittleEndian,
            **told_to_highdicom(reading, REPORT),
        )
        if decision is not None:
            report.VerifyingObserverSequence[0].VerificationDateTime = written(moment_of(reading, film))
        if reading.status is Status.WITHDRAWN:
            report.CompletionFlagDescription = codes.WITHDRAWN.meaning
        return finish(report, reading, film)


def report_of(uid: str, film: Dataset) -> Dataset:
    """What names the report of an earlier reading of a film: all follows from that reading's UID."""
    earlier = Dataset()
    earlier.SOPClassUID, earlier.SOPInstanceUID = REPORT.sop_class, REPORT.instance_uid(uid)
    earlier.StudyInstanceUID, earlier.SeriesInstanceUID = film.StudyInstanceUID, REPORT.uid(uid)
    return earlier


def person_name(reader: str) -> str:
    """A reader as the site writes the name, as DICOM's PN; a name without carets is a family name, PS3.5 6.2.1."""
    kept = one_line(reader)
    if not kept:
        raise ValueError("a reader's name is expected")
    if "^" in kept:
        return kept[:64]
    kept = kept.replace("=", " ")[:62]
    east_asian = any(letter >= "\u2e80" for letter in kept)  # ideographs, kana, hangul: the name's second group
    return f"={kept}^" if east_asian else f"{kept}^"


def _content(reading: Reading, film: Dataset, organization: str) -> sr.MeasurementReport:
    report = sr.MeasurementReport(
        observation_context=sr.ObservationContext(*contexts(reading, organization)),
        procedure_reported=codes.PROCEDURE,
        imaging_measurements=[measurement_group(reading, film)],
        title=dicom.DCM.ImagingMeasurementReport,
    )
    report[0].ContentSequence.append(evaluations(reading))
    return report


def contexts(reading: Reading, organization: str) -> tuple[sr.ObserverContext | None, sr.ObserverContext]:
    """Who observed: the reader once signed, and the software."""
    device = sr.DeviceObserverIdentifyingAttributes(
        device_uid(reading),
        name=f"{MODEL} {reading.version}",
        manufacturer_name=MANUFACTURER,
        model_name=MODEL,
    )
    person = None
    if reading.decision is not None:
        name = person_name(reading.decision.reader)
        attributes = sr.PersonObserverIdentifyingAttributes(name, organization_name=organization or None)
        person = sr.ObserverContext(dicom.DCM.Person, attributes)
    return person, sr.ObserverContext(dicom.DCM.Device, device)
