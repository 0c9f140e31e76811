"""The codes of a bone age result. DICOM's own dictionary has no bone age, LOINC has; what neither has is of our own scheme."""

from __future__ import annotations

from highdicom.coding_schemes import CodingSchemeIdentificationItem
from pydicom.sr.codedict import codes
from pydicom.sr.coding import Code

from boneage.report.verdict import Category
from boneage.types import Sex, Side

SCHEME = "99BONEAGE"  # "99": a private scheme, PS3.16 8.2

BONE_AGE = Code("85151-9", "LN", "XR Bone age")
GREULICH_PYLE = Code("252956001", "SCT", "Greulich and Pyle method")
HAND = Code("85562004", "SCT", "Hand")
SIDES = {Side.LEFT: Code("7771000", "SCT", "Left"), Side.RIGHT: Code("24028007", "SCT", "Right")}
SEXES = {Sex.FEMALE: Code("F", "DCM", "Female"), Sex.MALE: Code("M", "DCM", "Male")}

MONTHS, PERCENT, NO_UNITS = codes.UCUM.Month, codes.UCUM.Percent, codes.UCUM.NoUnits
CHRONOLOGICAL_AGE, SUBJECT_SEX = codes.DCM.SubjectAge, codes.DCM.SubjectSex
NORM_MEAN = Code("373098007", "SCT", "Mean Value of population")
NORM_SD = Code("121414", "DCM", "Standard deviation of population")
SD_SCORE = Code("121416", "DCM", "Z-Score of measurement")
NORMALITY = Code("121402", "DCM", "Normality")
NORMALITIES = {
    Category.BELOW: Code("371880002", "SCT", "Abnormally Low"),
    Category.WITHIN: Code("17621005", "SCT", "Normal"),
    Category.ABOVE: Code("371879000", "SCT", "Abnormally High"),
}
FAILED = Code("114006", "DCM", "Measurement failure")
EVALUATIONS = Code("C0034375", "UMLS", "Qualitative Evaluations")
COMMENT = Code("121106", "DCM", "Comment")
PROCEDURE = Code("363679005", "SCT", "Imaging procedure")  # of CID 100; the LOINC codes are not, and validators object

INTERVAL_LOW = Code("interval-low", SCHEME, "Lower end of the prediction interval")
INTERVAL_HIGH = Code("interval-high", SCHEME, "Upper end of the prediction interval")
INTERVAL_COVERAGE = Code("coverage", SCHEME, "Coverage of the prediction interval")
SYSTEM_ANSWER = Code("system-answer", SCHEME, "Bone age of the system, changed by the reader")
PLATE = Code("plate", SCHEME, "Bone age of the reference plate chosen")
CATEGORY = Code("category", SCHEME, "Bone age against the norm")
CATEGORIES = {
    Category.BELOW: Code("below", SCHEME, "More than 2 SD below the mean"),
    Category.WITHIN: Code("within", SCHEME, "Within 2 SD of the mean"),
    Category.ABOVE: Code("above", SCHEME, "More than 2 SD above the mean"),
}
STATUS = Code("status", SCHEME, "Status of the reading")
WITHDRAWN = Code("withdrawn", SCHEME, "Withdrawn, entered in error")
STATEMENT = Code("statement", SCHEME, "Statement of the status")
REASON = Code("reason", SCHEME, "Reason")
REFUSAL = Code("refusal", SCHEME, "Why the system gave no bone age")
NORM = Code("norm", SCHEME, "Norm")
REMARK = Code("remark", SCHEME, "Remark of the system")
LIMITS = Code("limits", SCHEME, "Limits")


def scheme() -> CodingSchemeIdentificationItem:
    """What our own scheme is, for the objects that use it."""
    return CodingSchemeIdentificationItem(designator=SCHEME, name="boneage", responsible_organization="boneage project")
