"""8. A reading as HL7 version 2.5.1: an ORU^R01 message, one OBX a number, in UTF-8.

Not in the standard: the accession number stands as the filler's order number (OBR-3) and, as IHE's radiology profiles have it,
in OBR-18; the placer's number is not known and stays empty.
"""

from __future__ import annotations

import hashlib

from boneage.errors import BoneAgeError, Kind
from boneage.extras import load
from boneage.report.components import (
    DIGITS,
    Code,
    Component,
    Scheme,
    Unit,
    components_of,
    in_brief,
    issued_at,
    need_bone_age,
    verdict_of,
)
from boneage.report.content import method_of
from boneage.report.language import Language, say, told
from boneage.report.person import PersonName, Script, is_oid, person_names, plain, plain_lines
from boneage.report.reading import Reading, Status
from boneage.report.verdict import LIMIT_SD, Category
from boneage.types import Identity, Sex, SexSource

VERSION = "2.5.1"
MEDIA_TYPE = "application/hl7-v2"
STATUSES = {Status.UNVERIFIED: "P", Status.SIGNED: "F", Status.AMENDED: "C", Status.WITHDRAWN: "W"}  # table 0085, OBX-11
# table 0123, OBR-25, knows no withdrawal of a whole report: it is a correction, whose results are wrong
REPORT_STATUSES = STATUSES | {Status.WITHDRAWN: "C"}
ABNORMAL = {Category.BELOW: "L", Category.WITHIN: "N", Category.ABOVE: "H"}  # table 0078
SEXES = {Sex.FEMALE: "F", Sex.MALE: "M"}
SCRIPTS = {Script.ALPHABETIC: "A", Script.IDEOGRAPHIC: "I", Script.PHONETIC: "P"}  # table 0465
_ESCAPES = str.maketrans({char: f"\\{letter}\\" for char, letter in zip("\\|^&~", "EFSTR", strict=True)})


def hl7_message(reading: Reading, *, language: Language = Language.ENGLISH, text: str = "") -> str:
    """The message, its segments ended by carriage returns, checked by hl7apy. `text`: the report in words.

    Raises BoneAgeError for a film without a bone age or without a patient's ID, and where the library is not installed.
    """
    months = need_bone_age(reading, "an HL7 message")
    if not plain(reading.identity.patient_id):
        raise BoneAgeError(
            Kind.UNSUPPORTED,
            came="an HL7 message of a film without a patient's ID",
            expected="a DICOM film with a PatientID",
            todo="Give the film as it comes from the archive, or ask for another format.",
        )
    rows = _results(reading, months, language, text)
    segments = [
        _msh(reading),
        _pid(reading),
        _obr(reading),
        *(_obx(reading, at, row, language) for at, row in enumerate(rows, start=1)),
    ]
    parser = load("hl7apy.parser", "dicom")
    message = parser.parse_message("\r".join(segments), find_groups=True)
    message.validate()
    made: str = message.to_er7()
    return made.rstrip("\r") + "\r"


def escape(text: str) -> str:
    """A value that no receiver takes for structure: one line, the five delimiters escaped."""
    return plain(text).translate(_ESCAPES)


def _fields(name: str, fields: dict[int, str]) -> str:
    return "|".join([name, *(fields.get(place, "") for place in range(1, max(fields) + 1))])


def _parts(*values: str) -> str:
    return "^".join(map(escape, values)).rstrip("^")


def _msh(reading: Reading) -> str:
    """One control ID for one version of a reading, however often it is sent."""
    control = hashlib.sha256(f"{reading.uid}/{reading.status.value}".encode()).hexdigest()[:20].upper()
    fields = {2: "BONEAGE", 6: _time(reading), 8: "ORU^R01^ORU_R01", 9: control, 10: "P", 11: VERSION, 17: "UNICODE UTF-8"}
    return _fields("MSH|^~\\&", {place - 1: value for place, value in fields.items()})


def _pid(reading: Reading) -> str:
    identity = reading.identity
    fields = {1: "1", 3: _patient_id(identity), 5: _names(identity)}
    fields[7] = identity.birth_date.replace("-", "")
    if reading.sex is not None and reading.sex_source is not SexSource.BOTH:  # where both were asked for, nobody said it
        fields[8] = SEXES[reading.sex]
    return _fields("PID", fields)


def _patient_id(identity: Identity) -> str:
    issuer = plain(identity.id_issuer)
    authority = f"&{issuer}&ISO" if is_oid(issuer) else escape(issuer)
    return f"{escape(identity.patient_id)}^^^{authority}".rstrip("^")


def _names(identity: Identity) -> str:
    """Each group a repetition; where no name is known, the field says so (table 0200): it may not be empty."""
    return "~".join(map(_name, person_names(identity.patient_name))) or "^^^^^^U"


def _name(name: PersonName) -> str:
    """HL7 has the suffix before the prefix, DICOM after it."""
    return _parts(name.family, name.given, name.middle, name.suffix, name.prefix, "", "L", SCRIPTS[name.script])


def _obr(reading: Reading) -> str:
    accession = escape(reading.identity.accession_number)
    fields = {1: "1", 3: accession, 4: _parts(Code.EXAMINATION.code, "XR bone age", "LN"), 7: _study_day(reading), 18: accession}
    fields |= {22: _time(reading), 24: "RAD", 25: REPORT_STATUSES[reading.status]}
    if reading.decision is not None:
        fields[32] = f"&{escape(reading.decision.reader)}"  # as the site knows the person: a name, not a number
    return _fields("OBR", fields)


def _results(reading: Reading, months: float, language: Language, text: str) -> list[dict[int, str]]:
    """OBX-2 to OBX-8 of each result."""
    verdict = verdict_of(reading)
    bone_age = {2: "NM", 3: _own(Code.BONE_AGE, "bone-age", say(language, "bone_age")), 5: _number(months), 6: _unit(Unit.MONTHS)}
    if verdict is not None:
        away = LIMIT_SD * verdict.norm.sd_months
        low, high = max(verdict.norm.mean_months - away, 0.0), verdict.norm.mean_months + away
        bone_age |= {7: f"{_number(low)}-{_number(high)}", 8: ABNORMAL[verdict.category]}
    found = [bone_age, *map(_component, components_of(reading, language))]
    if verdict is not None:
        value = _parts(ABNORMAL[verdict.category], told(language, verdict.category), "HL70078")
        found.append({2: "CE", 3: _own(None, "category", say(language, "category")), 5: value})
    lines = plain_lines(text) or in_brief(reading, language).split("\n")
    title = _own(Code.REPORT, "report", say(language, "title"))
    return [*found, {2: "TX", 3: title, 5: "~".join(map(escape, lines))}]  # in TX a repetition is a line


def _component(found: Component) -> dict[int, str]:
    row = {3: _own(found.code, found.name, found.title), 6: _unit(found.unit)}
    if isinstance(found.value, tuple):
        low, high = map(_number, found.value)
        return row | {2: "SN", 5: f"^{low}^-^{high}"}
    return row | {2: "NM", 5: _number(found.value)}


def _obx(reading: Reading, at: int, row: dict[int, str], language: Language) -> str:
    fields = row | {1: str(at), 11: STATUSES[reading.status], 14: _study_day(reading), 19: _time(reading)}
    if reading.decision is not None:
        fields[16] = f"^{escape(reading.decision.reader)}"
    if at == 1:
        code = Code.GREULICH_PYLE
        fields[17] = _parts(code.code, code.display, code.scheme.value, "method", method_of(reading, language), Scheme.OWN.value)
        if reading.estimate is not None:
            fields[18] = _parts(reading.system, "boneage")
    return _fields("OBX", fields)


def _own(code: Code | None, name: str, title: str) -> str:
    """A common code first where there is one, then our own name."""
    common = (code.code, code.display, code.scheme.value) if code is not None else ()
    return _parts(*common, name, title, Scheme.OWN.value)


def _unit(unit: Unit) -> str:
    return _parts(unit.value, unit.word, "UCUM")


def _number(value: float) -> str:
    return f"{round(float(value), DIGITS):.{DIGITS}f}".rstrip("0").rstrip(".")


def _time(reading: Reading) -> str:
    return issued_at(reading).strftime("%Y%m%d%H%M%S%z")


def _study_day(reading: Reading) -> str:
    return (reading.film.study_date or "").replace("-", "")


__all__ = ["MEDIA_TYPE", "escape", "hl7_message"]
