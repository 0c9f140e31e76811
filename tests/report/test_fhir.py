"""FHIR: valid for its models whatever the header holds, every number with its unit, the status that the reading has."""

from __future__ import annotations

import base64
import json
import re
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import datetime, timedelta, timezone
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from boneage.errors import BoneAgeError, Kind
from boneage.report.fhir import STATUSES, fhir_bundle, full_url
from boneage.report.language import Language
from boneage.report.reading import Decision, Reading, Status
from boneage.types import Estimate, Flag, Identity, Sex, SexSource, Side

bundles = pytest.importorskip("fhir.resources.R4B.bundle", reason="FHIR needs the dicom extra")
MakeReading = Callable[..., Reading]
WANG = Identity("Wang^XiaoDong=王^小东", "0007", "A-1", "1.2.840.1", "1.2.840.2", "1.2.840.3", "1.2.840.99", "2019-05-21")
UNITS = {
    "interval": "mo",
    "chronological-age": "mo",
    "norm-mean": "mo",
    "norm-sd": "mo",
    "sd-score": "{SD}",
    "system-answer": "mo",
    "height": "cm",
    "adult-height": "cm",
}  # fmt: skip


def made(reading: Reading, **options: Any) -> tuple[dict[str, Any], dict[str, Any]]:
    """Observation and report of the bundle, that its models have taken."""
    text = fhir_bundle(reading, **options)
    bundles.Bundle.model_validate_json(text)
    bundle = json.loads(text)
    assert bundle["type"] == "transaction"
    observation, report = (entry["resource"] for entry in bundle["entry"])
    assert (observation["resourceType"], report["resourceType"]) == ("Observation", "DiagnosticReport")
    return observation, report


def quantities(found: Any) -> Iterator[dict[str, Any]]:
    if isinstance(found, dict):
        if "value" in found and "unit" in found:
            yield found
        for value in found.values():
            yield from quantities(value)
    elif isinstance(found, list):
        for value in found:
            yield from quantities(value)


def held(resource: dict[str, Any], kind: str) -> dict[str, Any] | None:
    return next((one for one in resource.get("contained", []) if one["resourceType"] == kind), None)


def components(observation: dict[str, Any]) -> dict[str, dict[str, Any]]:
    return {one["code"]["coding"][-1]["code"]: one for one in observation.get("component", [])}


@pytest.mark.parametrize(
    ("status", "word"),
    [
        (Status.UNVERIFIED, "preliminary"),
        (Status.SIGNED, "final"),
        (Status.AMENDED, "amended"),
        (Status.WITHDRAWN, "entered-in-error"),
    ],
)
def test_both_resources_have_the_readings_status(reading: MakeReading, status: Status, word: str) -> None:
    observation, report = made(reading(status))
    assert observation["status"] == report["status"] == word == STATUSES[status]
    assert ("performer" in observation) == (status is not Status.UNVERIFIED) == ("resultsInterpreter" in report)


def test_the_bone_age_its_codes_and_every_unit(reading: MakeReading) -> None:
    observation, report = made(reading(Status.SIGNED, height_cm=120.0))
    codes = {(one["system"], one["code"]) for one in observation["code"]["coding"]}
    assert codes == {("http://loinc.org", "85151-9"), ("http://loinc.org", "37362-1")}
    assert observation["valueQuantity"] == {"value": 93.0, "unit": "months", "system": "http://unitsofmeasure.org", "code": "mo"}
    found = components(observation)
    assert set(found) == set(UNITS)
    for name, one in found.items():
        assert {unit["code"] for unit in quantities(one)} == {UNITS[name]}, name
    assert all(one["system"] == "http://unitsofmeasure.org" for one in quantities([observation, report]))
    bounds = found["interval"]["valueRange"]
    assert (bounds["low"]["value"], bounds["high"]["value"]) == (81.0, 117.0)
    assert found["interval"]["code"]["text"].startswith("90% prediction interval of the system")
    assert found["system-answer"]["valueQuantity"]["value"] == 99.0
    assert found["chronological-age"]["valueQuantity"]["value"] == 90.0
    assert observation["method"]["coding"][0]["code"] == "252956001"
    assert observation["effectiveDateTime"] == "2026-11-20"
    assert observation["issued"] == "2026-11-21T12:30:05+01:00"


@pytest.mark.parametrize(("months", "letter"), [(40.0, "L"), (95.0, "N"), (180.0, "H")])
def test_the_interpretation_and_the_range_it_is_of(reading: MakeReading, months: float, letter: str) -> None:
    observation, _ = made(reading(Status.SIGNED, months=months))
    assert observation["interpretation"][0]["coding"][0]["code"] == letter
    (bounds,) = observation["referenceRange"]
    assert bounds["appliesTo"][0]["coding"][0]["code"] == "female"
    expected = "L" if months < bounds["low"]["value"] else "H" if months > bounds["high"]["value"] else "N"
    assert letter == expected


@pytest.mark.parametrize("change", [{"chronological_age_months": None}, {"sex": None}, {"chronological_age_months": 230.0}])
def test_a_gap_is_said_and_no_number_takes_its_place(reading: MakeReading, change: dict[str, Any]) -> None:
    observation, _ = made(reading(**change))
    assert not {"norm-mean", "norm-sd", "sd-score"} & set(components(observation))
    assert "interpretation" not in observation
    assert "referenceRange" not in observation
    assert any("no SD score" in note["text"] for note in observation["note"])


def test_of_a_withdrawn_reading_nothing_is_concluded(reading: MakeReading) -> None:
    observation, report = made(reading(Status.WITHDRAWN))
    assert not {"component", "interpretation", "referenceRange"} & set(observation)
    assert "Withdrawn" in report["conclusion"]


def test_the_patient_with_both_names_and_no_identifier_that_nobody_gave(reading: MakeReading) -> None:
    observation, report = made(reading(identity=WANG))
    patient = held(observation, "Patient")
    assert patient == held(report, "Patient")
    assert patient is not None
    assert [name["family"] for name in patient["name"]] == ["Wang", "王"]
    assert [name["extension"][0]["valueCode"] for name in patient["name"]] == ["ABC", "IDE"]
    assert patient["identifier"] == [{"system": "urn:oid:1.2.840.99", "value": "0007"}]
    assert (patient["gender"], patient["birthDate"]) == ("female", "2019-05-21")
    assert observation["subject"] == {"reference": "#patient", "identifier": patient["identifier"][0]}
    study = held(observation, "ImagingStudy")
    assert study is not None
    assert {one["value"] for one in study["identifier"]} == {"urn:oid:1.2.840.1", "A-1"}
    assert observation["derivedFrom"] == [{"reference": "#study"}]
    unknown, _ = made(reading(identity=replace(WANG, id_issuer="")))
    assert unknown["subject"]["identifier"] == {"value": "0007"}
    named, _ = made(reading(identity=replace(WANG, id_issuer="HOSPITAL")))
    assert named["subject"]["identifier"] == {"value": "0007", "assigner": {"display": "HOSPITAL"}}


def test_where_both_sexes_were_asked_for_the_patient_has_none(reading: MakeReading) -> None:
    observation, _ = made(reading(identity=WANG, sex_source=SexSource.BOTH))
    assert "gender" not in (held(observation, "Patient") or {})


def test_a_film_without_identity_has_no_patient_and_no_study(reading: MakeReading) -> None:
    observation, report = made(reading(identity=Identity()))
    for one in (observation, report):
        assert "subject" not in one
        assert {inner["resourceType"] for inner in one.get("contained", [])} <= {"Device"}


def test_the_algorithm_is_named_with_its_versions_where_it_answered(reading: MakeReading) -> None:
    observation, _ = made(reading())
    device = held(observation, "Device")
    assert device is not None
    assert device["modelNumber"] == "reference-2026-11"
    assert {one["value"] for one in device["version"]} >= {"a-2026-11", "b-2026-11"}
    by_hand, _ = made(reading(Status.SIGNED, refused=True))
    assert held(by_hand, "Device") is None
    assert "device" not in by_hand
    assert "interval" not in components(by_hand)


@pytest.mark.parametrize(("side", "code"), [(Side.LEFT, "85151006"), (Side.RIGHT, "78791008"), (None, "85562004")])
def test_which_hand(reading: MakeReading, side: Side | None, code: str) -> None:
    made_reading = reading()
    observation, _ = made(replace(made_reading, film=replace(made_reading.film, side=side)))
    assert observation["bodySite"]["coding"][0]["code"] == code


def test_every_reference_is_to_something_in_the_bundle(reading: MakeReading) -> None:
    bundle = json.loads(fhir_bundle(reading(Status.AMENDED, identity=WANG)))
    urls = {entry["fullUrl"] for entry in bundle["entry"]}
    for entry in bundle["entry"]:
        within = {f"#{one['id']}" for one in entry["resource"]["contained"]}
        used = set(re.findall(r'"reference": "([^"]+)"', json.dumps(entry["resource"])))
        assert used <= urls | within
        assert within <= used  # FHIR's dom-3


def test_a_new_version_takes_the_place_of_the_one_before(reading: MakeReading) -> None:
    first = json.loads(fhir_bundle(reading(Status.SIGNED)))
    again = json.loads(fhir_bundle(reading(Status.AMENDED)))
    assert [entry["request"]["url"] for entry in first["entry"]] == [
        "Observation?identifier=urn:dicom:uid%7Curn:oid:1.2.826.7.1",
        "DiagnosticReport?identifier=urn:dicom:uid%7Curn:oid:1.2.826.7.1",
    ]
    for entry in again["entry"]:
        assert entry["request"] == {
            "method": "PUT",
            "url": f"{entry['resource']['resourceType']}?identifier=urn:dicom:uid%7Curn:oid:1.2.826.7.0",
        }
        known = {one["value"] for one in entry["resource"]["identifier"]}
        assert known == {"urn:oid:1.2.826.7.0", "urn:oid:1.2.826.7.1"}  # so that sending it again finds it


def test_the_same_reading_makes_the_same_bundle(reading: MakeReading) -> None:
    assert fhir_bundle(reading()) == fhir_bundle(reading())
    assert full_url(reading(), "Observation") != full_url(reading(uid="1.2.826.7.2"), "Observation")
    assert full_url(reading(), "Observation") != full_url(reading(), "DiagnosticReport")


def test_the_report_carries_text_and_pdf(reading: MakeReading) -> None:
    _, report = made(reading(), text="Bone age\n  7 years\x0b\x00", pdf=b"%PDF-1.7", language=Language.CHINESE)
    assert report["conclusion"] == "Bone age\n7 years"
    (form,) = report["presentedForm"]
    assert base64.b64decode(form["data"]) == b"%PDF-1.7"
    assert form["contentType"] == "application/pdf"
    assert report["language"] == "zh-Hans"
    assert "presentedForm" not in made(reading())[1]


def test_a_film_that_nobody_read_has_no_observation(reading: MakeReading) -> None:
    with pytest.raises(BoneAgeError) as caught:
        fhir_bundle(reading(refused=True))
    assert caught.value.kind is Kind.UNSUPPORTED


hostile = st.text(st.characters() | st.sampled_from("<>&\"'\\\n\x00|^~="), max_size=30)


@settings(max_examples=40)
@given(
    identity=st.builds(Identity, *[hostile] * 7, st.just("") | st.dates().map(str)),
    reader=hostile,
    reason=hostile,
    offset=st.integers(-86399, 86399),
    text=hostile,
    flags=st.frozensets(st.sampled_from(Flag)),
)
def test_whatever_the_header_holds_the_bundle_is_valid(
    reading: MakeReading, identity: Identity, reader: str, reason: str, offset: int, text: str, flags: frozenset[Flag]
) -> None:
    at = datetime(2026, 11, 21, 12, tzinfo=timezone(timedelta(seconds=offset)))
    decision = Decision(reader, at, 93.0, reason=reason)
    signed = reading(Status.SIGNED, identity=identity, decision=decision, flags=flags)
    observation, _ = made(signed, text=text)
    assert datetime.fromisoformat(observation["issued"]) == at


@pytest.mark.parametrize("sex", [None, *Sex])
@pytest.mark.parametrize("language", Language)
def test_every_language(estimate: Callable[..., Estimate], reading: MakeReading, sex: Sex | None, language: Language) -> None:
    observation, _ = made(reading(sex=sex, estimate=estimate(sex, 99.0)), language=language)
    assert observation["language"] == language.tag
