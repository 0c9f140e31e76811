"""8. A reading as FHIR R4: an Observation and the DiagnosticReport that points to it, in one transaction.

R4 (4.0.1) is what hospitals run. fhir.resources has R5, R4B and STU3; what is written here is checked by its R4B (4.3.0), which
differs from R4 in none of the elements used. The transaction can be sent to a server's base as it stands: each entry is an
update by identifier, so that sending it twice changes nothing, and an amended or withdrawn reading takes the place of the one
before it, under whose identifier the server knows it.
"""

from __future__ import annotations

import base64
import uuid
from urllib.parse import quote

from boneage.extras import load
from boneage.report import fhir_parts as parts
from boneage.report.components import (
    Code,
    Unit,
    components_of,
    in_brief,
    issued_at,
    need_bone_age,
    notes_of,
    verdict_of,
)
from boneage.report.content import method_of
from boneage.report.fhir_parts import Json
from boneage.report.language import Language, say, told
from boneage.report.person import plain, plain_lines
from boneage.report.reading import Reading, Status
from boneage.report.verdict import LIMIT_SD, Verdict

STATUSES = {
    Status.UNVERIFIED: "preliminary",
    Status.SIGNED: "final",
    Status.AMENDED: "amended",
    Status.WITHDRAWN: "entered-in-error",
}
MEDIA_TYPE = "application/fhir+json"


def fhir_bundle(
    reading: Reading,
    *,
    language: Language = Language.ENGLISH,
    text: str = "",
    pdf: bytes | None = None,
) -> str:
    """The bundle's JSON, checked against FHIR's models.

    `text`: the report in words. Raises BoneAgeError for a film without a bone age, and where the library is not installed.
    """
    need_bone_age(reading, "a FHIR observation")
    bundles = load("fhir.resources.R4B.bundle", "dicom")
    resources = (_observation(reading, language), _report(reading, language, text=text, pdf=pdf))
    bundle = {
        "resourceType": "Bundle",
        "identifier": parts.uid_identifier(reading.uid),
        "type": "transaction",
        "timestamp": _issued(reading),
        "entry": [_entry(reading, resource) for resource in resources],
    }
    made: str = bundles.Bundle.model_validate(bundle).model_dump_json(indent=2)
    return made


def full_url(reading: Reading, kind: str) -> str:
    """The same for the same reading, whenever it is made."""
    return f"urn:uuid:{uuid.uuid5(uuid.NAMESPACE_OID, f'{reading.uid}/{kind}')}"


def _entry(reading: Reading, resource: Json) -> Json:
    """An update by the UID under which the server has it: the predecessor's, which the new version names too, so for ever."""
    kind, wanted = resource["resourceType"], reading.uid if reading.predecessor is None else reading.predecessor
    return {
        "fullUrl": full_url(reading, kind),
        "resource": resource,
        "request": {"method": "PUT", "url": f"{kind}?identifier={quote(f'urn:dicom:uid|urn:oid:{wanted}', safe=':')}"},
    }


def _common(reading: Reading, language: Language) -> Json:
    """What observation and report share."""
    found: Json = {
        "language": language.tag,
        "identifier": [parts.uid_identifier(uid) for uid in (reading.uid, reading.predecessor) if uid is not None],
        "status": STATUSES[reading.status],
        "issued": _issued(reading),
    }
    if subject := parts.subject(reading.identity):
        found["subject"] = subject
    if reading.film.study_date is not None:
        found["effectiveDateTime"] = reading.film.study_date
    if reading.decision is not None and (reader := plain(reading.decision.reader)):
        found["performer"] = [{"display": reader}]
    return found


def _observation(reading: Reading, language: Language) -> Json:
    held = parts.contained(reading)
    ids = {one["id"] for one in held}
    found: Json = {"resourceType": "Observation"} | _common(reading, language)
    if held:
        found["contained"] = held
    found |= {
        "category": [parts.concept(parts.coding(f"{parts.HL7}/observation-category", "imaging", "Imaging"))],
        "code": parts.concept(parts.coded(Code.BONE_AGE), parts.coded(Code.EXAMINATION), text=say(language, "bone_age")),
        "valueQuantity": parts.quantity(need_bone_age(reading, "an observation"), Unit.MONTHS),
        "bodySite": parts.body_site(reading.film.side, language),
        "method": parts.concept(parts.coded(Code.GREULICH_PYLE), text=method_of(reading, language)),
        "component": [parts.component(one) for one in components_of(reading, language)],
        "note": [{"text": text} for text in notes_of(reading, language)],
    }
    if not found["component"]:
        del found["component"]
    if parts.DEVICE in ids:
        found["device"] = {"reference": f"#{parts.DEVICE}"}
    if parts.STUDY in ids:
        found["derivedFrom"] = [{"reference": f"#{parts.STUDY}"}]
    return found | _against_norm(reading, language)


def _against_norm(reading: Reading, language: Language) -> Json:
    if (verdict := verdict_of(reading)) is None:
        return {}
    return {
        "interpretation": [parts.interpretation(verdict.category, language)],
        "referenceRange": [_range(reading, verdict, language)],
    }


def _range(reading: Reading, verdict: Verdict, language: Language) -> Json:
    norm, away = verdict.norm, LIMIT_SD * verdict.norm.sd_months
    found: Json = {
        "low": parts.quantity(max(norm.mean_months - away, 0.0), Unit.MONTHS),
        "high": parts.quantity(norm.mean_months + away, Unit.MONTHS),
        "type": parts.concept(parts.coding(f"{parts.HL7}/referencerange-meaning", "normal", "Normal Range")),
        "text": f"{say(language, 'norm_brush')}, {say(language, 'category_within')}",
    }
    if reading.sex is not None:
        code = parts.coding("http://hl7.org/fhir/administrative-gender", reading.sex.value)
        found["appliesTo"] = [parts.concept(code, text=told(language, reading.sex))]
    return found


def _report(reading: Reading, language: Language, *, text: str, pdf: bytes | None) -> Json:
    held = [one for one in parts.contained(reading) if one["id"] != parts.DEVICE]
    found: Json = {"resourceType": "DiagnosticReport"} | _common(reading, language)
    if held:
        found["contained"] = held
    found |= {
        "category": [parts.concept(parts.coding(f"{parts.HL7}/v2-0074", "RAD", "Radiology"))],
        "code": parts.concept(parts.coded(Code.EXAMINATION), text=say(language, "title")),
        "result": [{"reference": full_url(reading, "Observation")}],
        "conclusion": "\n".join(plain_lines(text)) or in_brief(reading, language),
    }
    if any(one["id"] == parts.STUDY for one in held):
        found["imagingStudy"] = [{"reference": f"#{parts.STUDY}"}]
    if "performer" in found:
        found["resultsInterpreter"] = found["performer"]
    if pdf is not None:
        form = {"contentType": "application/pdf", "language": language.tag, "title": say(language, "title")}
        data = base64.b64encode(pdf).decode("ascii")
        found["presentedForm"] = [form | {"data": data, "creation": _issued(reading)}]
    return found


def _issued(reading: Reading) -> str:
    return issued_at(reading).isoformat(timespec="seconds")
