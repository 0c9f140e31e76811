"""FHIR: codes, quantities, and the resources that an observation holds within itself: patient, study, the algorithm."""

from __future__ import annotations

from typing import Any

from boneage.report.components import DIGITS, Code, Component, Scheme, Unit
from boneage.report.language import Language, say, told
from boneage.report.person import PersonName, Script, is_oid, person_names, plain
from boneage.report.reading import Reading
from boneage.report.verdict import Category
from boneage.types import Identity, SexSource, Side

Json = dict[str, Any]

UCUM = "http://unitsofmeasure.org"
SYSTEMS = {
    Scheme.LOINC: "http://loinc.org",
    Scheme.SNOMED: "http://snomed.info/sct",
    Scheme.DICOM: "http://dicom.nema.org/resources/ontology/DCM",
    Scheme.OWN: "urn:boneage:component",  # the names of `components`
}
HL7 = "http://terminology.hl7.org/CodeSystem"
NAME_SCRIPT = "http://hl7.org/fhir/StructureDefinition/iso21090-EN-representation"
SCRIPTS = {Script.ALPHABETIC: "ABC", Script.IDEOGRAPHIC: "IDE", Script.PHONETIC: "SYL"}
INTERPRETATIONS = {
    Category.BELOW: ("L", "Low"),
    Category.WITHIN: ("N", "Normal"),
    Category.ABOVE: ("H", "High"),
}
PATIENT, STUDY, DEVICE = "patient", "study", "device"  # ids within a resource


def concept(*codes: Json, text: str = "") -> Json:
    return ({"coding": list(codes)} if codes else {}) | ({"text": text} if text else {})


def coding(system: str, code: str, display: str = "") -> Json:
    return {"system": system, "code": code} | ({"display": display} if display else {})


def coded(code: Code) -> Json:
    return coding(SYSTEMS[code.scheme], code.code, code.display)


def quantity(value: float, unit: Unit) -> Json:
    return {"value": round(float(value), DIGITS), "unit": unit.word, "system": UCUM, "code": unit.value}


def component(found: Component) -> Json:
    """A common code first where there is one, then our own name."""
    codes = [coded(found.code)] if found.code is not None else []
    code: Json = {"code": concept(*codes, coding(SYSTEMS[Scheme.OWN], found.name), text=found.title)}
    if isinstance(found.value, tuple):
        low, high = (quantity(value, found.unit) for value in found.value)
        return code | {"valueRange": {"low": low, "high": high}}
    return code | {"valueQuantity": quantity(found.value, found.unit)}


def interpretation(category: Category, language: Language) -> Json:
    return concept(coding(f"{HL7}/v3-ObservationInterpretation", *INTERPRETATIONS[category]), text=told(language, category))


def body_site(side: Side | None, language: Language) -> Json:
    """The hand; which one, where the film says it."""
    if side is None:
        return concept(coded(Code.HAND), text=say(language, "exam_unknown"))
    code = Code.LEFT_HAND if side is Side.LEFT else Code.RIGHT_HAND
    return concept(coded(code), text=told(language, side))


def uid_identifier(uid: str) -> Json:
    """A DICOM UID, as FHIR writes it."""
    return {"system": "urn:dicom:uid", "value": f"urn:oid:{uid}"}


def contained(reading: Reading) -> list[Json]:
    """Of what is known: a PNG has neither patient nor study."""
    found = [patient(reading), study(reading.identity), device(reading)]
    return [one for one in found if one is not None]


def subject(identity: Identity) -> Json | None:
    """A reference to the patient within, with the identifier by which a server knows the child."""
    if not _is_known(identity):
        return None
    identifier = patient_identifier(identity)
    return {"reference": f"#{PATIENT}"} | ({"identifier": identifier} if identifier else {})


def patient_identifier(identity: Identity) -> Json | None:
    """The ID with its issuer: a system where the issuer is an OID, words where it is a name, nothing where nobody says it."""
    number, issuer = plain(identity.patient_id), plain(identity.id_issuer)
    if not number:
        return None
    if is_oid(issuer):
        return {"system": f"urn:oid:{issuer}", "value": number}
    return {"value": number} | ({"assigner": {"display": issuer}} if issuer else {})


def patient(reading: Reading) -> Json | None:
    identity = reading.identity
    if not _is_known(identity):
        return None
    found: Json = {"resourceType": "Patient", "id": PATIENT}
    if identifier := patient_identifier(identity):
        found["identifier"] = [identifier]
    if names := person_names(identity.patient_name):
        found["name"] = [human_name(name, several=len(names) > 1) for name in names]
    if reading.sex is not None and reading.sex_source is not SexSource.BOTH:  # where both were asked for, nobody said it
        found["gender"] = reading.sex.value
    if identity.birth_date:
        found["birthDate"] = identity.birth_date
    return found


def human_name(name: PersonName, *, several: bool) -> Json:
    found: Json = {"use": "official", "text": name.text}
    if several or name.script is not Script.ALPHABETIC:
        found["extension"] = [{"url": NAME_SCRIPT, "valueCode": SCRIPTS[name.script]}]
    if name.family:
        found["family"] = name.family
    for key, parts in (("given", [name.given, name.middle]), ("prefix", [name.prefix]), ("suffix", [name.suffix])):
        if known := [part for part in parts if part]:
            found[key] = known
    return found


def study(identity: Identity) -> Json | None:
    """The study by its UID and its accession number."""
    identifiers = [uid_identifier(identity.study_uid)] if is_oid(identity.study_uid) else []
    if accession := plain(identity.accession_number):
        identifiers.append({"type": concept(coding(f"{HL7}/v2-0203", "ACSN", "Accession ID")), "value": accession})
    if not identifiers or not _is_known(identity):  # a study has a patient
        return None
    return {
        "resourceType": "ImagingStudy",
        "id": STUDY,
        "identifier": identifiers,
        "status": "available",
        "subject": {"reference": f"#{PATIENT}"},
    }


def device(reading: Reading) -> Json | None:
    """The algorithm: its name, its system, and the versions of software and weights. None where it gave no answer."""
    if reading.estimate is None:
        return None
    versions = [("software", reading.version), *(("weights", name) for name in reading.weights)]
    return {
        "resourceType": "Device",
        "id": DEVICE,
        "deviceName": [{"name": "boneage", "type": "user-friendly-name"}],
        "modelNumber": reading.system,
        "version": [{"type": concept(text=kind), "value": value} for kind, value in versions],
        "note": [{"text": say(Language.ENGLISH, "not_a_device")}],
    }


def _is_known(identity: Identity) -> bool:
    return bool(plain(identity.patient_id) or person_names(identity.patient_name) or identity.birth_date)
