"""The structured report says what the reading says, read back by highdicom from its bytes."""

from __future__ import annotations

import sys
from collections.abc import Callable
from dataclasses import replace
from io import BytesIO
from itertools import pairwise
from typing import Any

import pytest
from pydicom.dataset import Dataset
from pydicom.uid import UID

from boneage import __version__
from boneage.clinical.norms import brush_mean_and_sd
from boneage.errors import BoneAgeError, Kind
from boneage.report.dicom import MAPS, MARKS, OVERLAY, REPORT, Reference, film_header, rejection_note, structured_report, to_bytes
from boneage.report.reading import Reading, Status
from boneage.types import Sex, Side

pytest.importorskip("highdicom", reason="needs the dicom extra")
from highdicom.sr import ContentItem, srread
from highdicom.sr.utils import find_content_items

Make = Callable[..., Reading]
BONE_AGE, SYSTEM_ANSWER = ("85151-9", "LN"), ("system-answer", "99BONEAGE")


def reread(report: Dataset) -> Dataset:
    return srread(BytesIO(to_bytes(report)))


def items(report: Dataset, kind: str) -> dict[tuple[str, str], list[ContentItem]]:
    """All content items of a value type by their names."""
    found: dict[tuple[str, str], list[ContentItem]] = {}
    for item in find_content_items(report, value_type=kind, recursive=True):
        name = item.ConceptNameCodeSequence[0]
        found.setdefault((name.CodeValue, name.CodingSchemeDesignator), []).append(item)
    return found


def numbers(report: Dataset) -> dict[tuple[str, str], tuple[float, str]]:
    """Values with units."""
    return {
        name: (
            float(item.MeasuredValueSequence[0].NumericValue),
            item.MeasuredValueSequence[0].MeasurementUnitsCodeSequence[0].CodeValue,
        )
        for name, [item] in items(report, "NUM").items()
    }


def coded(report: Dataset) -> dict[str, tuple[str, str]]:
    values = {name[0]: many[0].ConceptCodeSequence[0] for name, many in items(report, "CODE").items()}
    return {name: (value.CodeValue, value.CodingSchemeDesignator) for name, value in values.items()}


def texts(report: Dataset) -> dict[str, list[str]]:
    return {name[0]: [item.TextValue for item in many] for name, many in items(report, "TEXT").items()}


@pytest.mark.parametrize(("sex", "code"), [(Sex.FEMALE, "F"), (Sex.MALE, "M")])
def test_every_value_of_an_unverified_reading(sex: Sex, code: str, film: Callable[..., bytes], reading: Make) -> None:
    header = film_header(film(sex=sex, AccessionNumber="A1"))
    made = reading(header)
    report = reread(structured_report(made, header))
    norm = brush_mean_and_sd(sex, 110.0)
    assert norm is not None
    assert numbers(report) == {
        BONE_AGE: (99.0, "mo"),
        ("interval-low", "99BONEAGE"): (81.25, "mo"),
        ("interval-high", "99BONEAGE"): (116.75, "mo"),
        ("coverage", "99BONEAGE"): (90.0, "%"),
        ("121033", "DCM"): (110.0, "mo"),
        ("373098007", "SCT"): (round(norm.mean_months, 2), "mo"),
        ("121414", "DCM"): (round(norm.sd_months, 2), "mo"),
        ("121416", "DCM"): (round(norm.score(99.0), 2), "1"),
    }
    codes = coded(report)
    assert codes["363698007"] == ("85562004", "SCT")
    assert codes["272741003"] == ("7771000", "SCT")
    assert codes["121032"] == (code, "DCM")
    assert codes["370129005"] == ("252956001", "SCT")
    assert codes["category"] == ("within", "99BONEAGE")
    assert codes["121402"] == ("17621005", "SCT")
    assert codes["121058"] == ("363679005", "SCT")
    [bone_age] = items(report, "NUM")[BONE_AGE]
    assert [item.TextValue for item in bone_age.ContentSequence if item.ValueType == "TEXT"] == [
        "reference-2026-11",
        __version__,
        "a-2026-11",
        "b-2026-11",
    ]
    said = texts(report)
    assert said["statement"] == ["This is the system's answer; no reader has confirmed it."]
    assert "Research use, not a medical device" in said["limits"][0]
    assert "American children of the 1930s" in said["limits"][0]
    assert len(said["remark"]) == 1
    [image] = [one for many in items(report, "IMAGE").values() for one in many]
    assert image.ReferencedSOPSequence[0].ReferencedSOPInstanceUID == header.SOPInstanceUID
    assert (report.CompletionFlag, report.VerificationFlag, report.PreliminaryFlag) == ("COMPLETE", "UNVERIFIED", "PRELIMINARY")
    assert report.ReferencedRequestSequence[0].AccessionNumber == report.AccessionNumber == "A1"
    assert "PredecessorDocumentsSequence" not in report


def test_the_header_of_the_report(header: Dataset, reading: Make) -> None:
    made = reading(header)
    report = reread(structured_report(made, header))
    assert report.SOPInstanceUID == made.uid
    for keyword in ("PatientName", "PatientID", "PatientBirthDate", "PatientSex", "StudyInstanceUID", "StudyDate", "StudyTime"):
        assert report[keyword].value == header[keyword].value
    assert (report.Modality, report.SeriesNumber, report.SeriesDescription) == ("SR", REPORT.number, REPORT.description)
    assert (report.Manufacturer, report.ManufacturerModelName) == ("boneage project", "boneage")
    assert report.SoftwareVersions == __version__
    assert (report.ContentDate, report.ContentTime) == ("20261121", "100203")
    assert (report.SeriesDate, report.InstanceCreationTime) == ("20261121", "100203")
    evidence = report.CurrentRequestedProcedureEvidenceSequence[0].ReferencedSeriesSequence[0]
    assert evidence.SeriesInstanceUID == header.SeriesInstanceUID
    assert report.CodingSchemeIdentificationSequence[0].CodingSchemeDesignator == "99BONEAGE"


def test_a_signed_report_names_who_signed(header: Dataset, reading: Make) -> None:
    report = reread(structured_report(reading(header, status=Status.SIGNED), header, organization="Example Clinic"))
    assert (report.CompletionFlag, report.VerificationFlag, report.PreliminaryFlag) == ("COMPLETE", "VERIFIED", "FINAL")
    [observer] = report.VerifyingObserverSequence
    assert (observer.VerifyingObserverName, observer.VerifyingOrganization) == ("Holm^Greta", "Example Clinic")
    assert observer.VerificationDateTime == "20261121110506+0000"
    assert report.ContentTime == "110506"
    [person] = items(report, "PNAME")[("121008", "DCM")]
    assert person.PersonName == "Holm^Greta"
    assert [item.ConceptCodeSequence[0].CodeMeaning for item in items(report, "CODE")[("121005", "DCM")]] == ["Person", "Device"]


def test_the_systems_answer_stays_where_the_reader_changed_it(header: Dataset, reading: Make) -> None:
    made = reading(header, status=Status.SIGNED, months=118.0)
    assert made.decision is not None
    made = replace(made, decision=replace(made.decision, plate_months=120.0, reason="  epiphyses "))
    report = reread(structured_report(made, header))
    assert numbers(report)[BONE_AGE] == (118.0, "mo")
    assert numbers(report)[SYSTEM_ANSWER] == (99.0, "mo")
    assert numbers(report)[("plate", "99BONEAGE")] == (120.0, "mo")
    assert texts(report)["reason"] == ["epiphyses"]
    [bone_age], [system] = items(report, "NUM")[BONE_AGE], items(report, "NUM")[SYSTEM_ANSWER]
    assert [item.ValueType for item in bone_age.ContentSequence] == ["CODE"]  # the method; no algorithm measured it
    assert "111001" in {item.ConceptNameCodeSequence[0].CodeValue for item in system.ContentSequence}
    accepted = reread(structured_report(reading(header, status=Status.SIGNED), header))
    assert SYSTEM_ANSWER not in numbers(accepted)


def test_successors_name_their_predecessor_and_keep_its_tracking_uid(header: Dataset, reading: Make) -> None:
    first = reading(header)
    signed = reading(header, status=Status.SIGNED, predecessor=first.uid)
    amended = reading(header, status=Status.AMENDED, predecessor=signed.uid, months=118.0)
    withdrawn = reading(header, status=Status.WITHDRAWN, predecessor=amended.uid)
    chain = [
        structured_report(first, header),
        structured_report(signed, header),
        structured_report(amended, header),
        structured_report(withdrawn, header),
    ]
    for earlier, later in pairwise(chain):
        [study] = reread(later).PredecessorDocumentsSequence
        [series] = study.ReferencedSeriesSequence
        [named] = series.ReferencedSOPSequence
        assert study.StudyInstanceUID == earlier.StudyInstanceUID
        assert series.SeriesInstanceUID == earlier.SeriesInstanceUID
        assert (named.ReferencedSOPClassUID, named.ReferencedSOPInstanceUID) == (earlier.SOPClassUID, earlier.SOPInstanceUID)
    assert len({one.SeriesInstanceUID for one in chain}) == len({one.SOPInstanceUID for one in chain}) == 4
    assert len({items(one, "UIDREF")[("112040", "DCM")][0].UID for one in chain}) == 1


def test_a_withdrawn_report_has_no_numbers(header: Dataset, reading: Make) -> None:
    report = reread(structured_report(reading(header, status=Status.WITHDRAWN), header))
    assert numbers(report) == {}
    assert coded(report)["status"] == ("withdrawn", "99BONEAGE")
    assert "must not be used" in texts(report)["statement"][0]
    assert report.CompletionFlagDescription == "Withdrawn, entered in error"
    assert (report.CompletionFlag, report.VerificationFlag) == ("COMPLETE", "VERIFIED")


def test_a_rejection_note_names_what_was_sent(header: Dataset, reading: Make) -> None:
    withdrawn = reading(header, status=Status.WITHDRAWN)
    note = rejection_note(withdrawn, header)
    assert note.ConceptNameCodeSequence[0].CodeValue == "113037"
    [study] = note.CurrentRequestedProcedureEvidenceSequence
    named = {series.SeriesInstanceUID: series.ReferencedSOPSequence[0] for series in study.ReferencedSeriesSequence}
    assert withdrawn.predecessor is not None
    for series in (REPORT, OVERLAY):
        one = named[series.uid(withdrawn.predecessor)]
        assert one.ReferencedSOPClassUID == series.sop_class
        assert one.ReferencedSOPInstanceUID == series.instance_uid(withdrawn.predecessor)
    with pytest.raises(ValueError, match="withdrawn"):
        rejection_note(reading(header), header)


def test_a_rejection_note_names_all_that_it_is_given(header: Dataset, reading: Make) -> None:
    amended = reading(header, status=Status.AMENDED)
    sent = [Reference.of(series, uid) for uid in ("1.2.3", "1.2.4") for series in (REPORT, OVERLAY, MAPS, MARKS)]
    note = rejection_note(amended, header, sent=sent)
    [study] = note.CurrentRequestedProcedureEvidenceSequence
    evidence = {
        (one.ReferencedSOPClassUID, series.SeriesInstanceUID, one.ReferencedSOPInstanceUID)
        for series in study.ReferencedSeriesSequence
        for one in series.ReferencedSOPSequence
    }
    assert evidence == {(one.sop_class, one.series_uid, one.sop_uid) for one in sent}
    items = [one for one in note.ContentSequence if one.ValueType in ("IMAGE", "COMPOSITE")]
    kinds = {(one.ReferencedSOPSequence[0].ReferencedSOPInstanceUID, one.ValueType) for one in items}
    assert kinds == {(one.sop_uid, "IMAGE" if one.sop_class == OVERLAY.sop_class else "COMPOSITE") for one in sent}
    assert to_bytes(note) == to_bytes(rejection_note(amended, header, sent=sent[::-1]))
    other = rejection_note(amended, header, sent=sent[1:])  # another archive got less
    assert other.SOPInstanceUID != note.SOPInstanceUID


def test_refused_and_read_by_hand(header: Dataset, reading: Make, refusal: dict[str, Any]) -> None:
    unread = reread(structured_report(reading(header, **refusal), header))
    assert BONE_AGE not in numbers(unread)
    assert coded(unread)["85151-9"] == ("114006", "DCM")
    assert texts(unread)["refusal"] == ["a film without one hand; expected a radiograph of one hand."]
    by_hand = reread(structured_report(reading(header, status=Status.SIGNED, **refusal), header))
    assert numbers(by_hand)[BONE_AGE] == (99.0, "mo")
    assert ("interval-low", "99BONEAGE") not in numbers(by_hand)
    assert ("111001", "DCM") not in items(by_hand, "TEXT")


def test_without_a_birth_date_there_is_no_score_and_a_reason(film: Callable[..., bytes], reading: Make) -> None:
    header = film_header(film(PatientBirthDate=None, PatientAge=None))
    report = reread(structured_report(reading(header, chronological_age_months=None), header))
    assert report.PatientBirthDate == ""
    assert not {("121033", "DCM"), ("121416", "DCM")} & set(numbers(report))
    assert "category" not in coded(report)
    assert "date of birth" in texts(report)["121106"][0]


@pytest.mark.parametrize(("side", "code"), [(Side.RIGHT, "24028007"), (None, None)])
def test_the_side_is_the_films(side: Side | None, code: str | None, header: Dataset, reading: Make) -> None:
    made = reading(header)
    report = reread(structured_report(replace(made, film=replace(made.film, side=side)), header))
    assert coded(report).get("272741003", (None,))[0] == code


@pytest.mark.parametrize(
    ("reader", "name"),
    [("Holm^Greta", "Holm^Greta"), ("Dr. G. Holm", "Dr. G. Holm^"), ("王医生", "=王医生^"), ("a\\b\n=c", "a b  c^")],
)
def test_readers_names_become_person_names(reader: str, name: str, header: Dataset, reading: Make) -> None:
    made = reading(header, status=Status.SIGNED)
    assert made.decision is not None
    report = reread(structured_report(replace(made, decision=replace(made.decision, reader=reader)), header))
    assert report.VerifyingObserverSequence[0].VerifyingObserverName == name


def test_the_same_reading_gives_the_same_bytes(film: Callable[..., bytes], reading: Make) -> None:
    data = film()
    made = reading(film_header(data), status=Status.SIGNED)
    one, two = (to_bytes(structured_report(made, film_header(data))) for _ in range(2))
    assert one == two


def test_times_are_on_the_films_clock_where_it_names_one(film: Callable[..., bytes], reading: Make) -> None:
    header = film_header(film(TimezoneOffsetFromUTC="-0330"))
    report = structured_report(reading(header, status=Status.SIGNED), header)
    assert (report.ContentTime, report.TimezoneOffsetFromUTC) == ("073506", "-0330")
    assert report.VerifyingObserverSequence[0].VerificationDateTime == "20261121073506-0330"


def test_another_films_header_is_refused(film: Callable[..., bytes], header: Dataset, reading: Make) -> None:
    other = film_header(film(SOPInstanceUID=UID("1.2.3.4")))
    with pytest.raises(BoneAgeError) as caught:
        structured_report(reading(header), other)
    assert caught.value.kind is Kind.BAD_OPTION
    assert str(header.PatientID) not in str(caught.value)


def test_without_the_extra_the_error_names_it(film: Callable[..., bytes], reading: Make, monkeypatch: pytest.MonkeyPatch) -> None:
    header = film_header(film())  # needs none
    monkeypatch.setitem(sys.modules, "highdicom", None)
    with pytest.raises(BoneAgeError, match=r"boneage\[dicom\]") as caught:
        structured_report(reading(header), header)
    assert caught.value.kind is Kind.MISSING_EXTRA
