"""What a DICOM header says about the child and the film: sex, age, spacing, side, date."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import date
from types import MappingProxyType

from boneage.read.tags import Tags
from boneage.types import Flag, Identity, Sex, Side

DAYS_PER_MONTH = 365.25 / 12
MONTHS_PER_UNIT = {"D": 1 / DAYS_PER_MONTH, "W": 7 / DAYS_PER_MONTH, "M": 1.0, "Y": 12.0}
OLDEST_MONTHS = 130 * 12.0
SPACING_MM = (0.01, 2.0)  # a digitizer's finest, a thumbnail's coarsest
ONE_YEAR_ROUNDED = 13.0  # months by which "012Y" and two dates may differ without contradiction
IDENTITY = MappingProxyType(  # the type's fields, and the keywords that they come from
    {
        "patient_name": "PatientName",
        "patient_id": "PatientID",
        "accession_number": "AccessionNumber",
        "study_uid": "StudyInstanceUID",
        "sop_uid": "SOPInstanceUID",
        "series_uid": "SeriesInstanceUID",
        "id_issuer": "IssuerOfPatientID",
    }
)
HAND_VIEWS = ("HAND", "WRIST", "EXTREM", "BONEAGE", "FINGER", "THUMB", "CARP")


@dataclass(frozen=True)
class Header:
    """The part of a Radiograph that comes from the header."""

    sex: Sex | None
    chronological_age_months: float | None
    spacing_mm: tuple[float, float] | None
    side: Side | None
    study_date: str | None
    identity: Identity
    flags: frozenset[Flag]


def read_header(tags: Tags) -> Header:
    """Everything but the pixels. What is broken is left out and flagged."""
    flags = set()
    study = tags.day("StudyDate")
    spacing = _spacing(tags)
    if spacing is None:
        flags.add(Flag.SPACING_UNKNOWN)
    if tags.text("PresentationIntentType").upper() == "FOR PROCESSING":
        flags.add(Flag.FOR_PROCESSING)
    part = re.sub("[^A-Z]", "", tags.text("BodyPartExamined").upper())
    if part and not any(view in part for view in HAND_VIEWS):
        flags.add(Flag.NOT_A_HAND_VIEW)
    sex, age, side = _sex(tags), _age_months(tags, study), _side(tags)
    birth = tags.day("PatientBirthDate")
    texts = {field: tags.text(keyword) for field, keyword in IDENTITY.items()}
    identity = Identity(**texts, birth_date="" if birth is None else birth.isoformat())
    if tags.tolerated:
        flags.add(Flag.TOLERATED_HEADER)
    return Header(sex, age, spacing, side, None if study is None else study.isoformat(), identity, frozenset(flags))


def scanner_of(tags: Tags) -> str:
    """Manufacturer and model of what made the film; "": the header tells neither."""
    return " ".join(filter(None, (tags.text("Manufacturer"), tags.text("ManufacturerModelName"))))


def _sex(tags: Tags) -> Sex | None:
    """M or F; O (other) and whatever else leaves the sex open."""
    word = tags.text("PatientSex").upper()
    if word not in {"", "M", "F", "O"}:
        tags.tolerated = True
    return {"M": Sex.MALE, "MALE": Sex.MALE, "F": Sex.FEMALE, "FEMALE": Sex.FEMALE}.get(word)


def _age_months(tags: Tags, study: date | None) -> float | None:
    """Two dates are exact to the day; PatientAge is mostly in whole years, so it comes second."""
    birth, stated = tags.day("PatientBirthDate"), _stated_age_months(tags)
    exact = None if birth is None or study is None else (study - birth).days / DAYS_PER_MONTH
    if exact is not None and not 0 <= exact <= OLDEST_MONTHS:
        exact, tags.tolerated = None, True
    if exact is None:
        return stated
    if stated is not None and abs(exact - stated) > ONE_YEAR_ROUNDED:
        tags.tolerated = True
    return exact


def _stated_age_months(tags: Tags) -> float | None:
    text = tags.text("PatientAge").upper()
    match = re.fullmatch(r"(\d{1,3})([DWMY])", text)
    if match is None:
        tags.tolerated = tags.tolerated or bool(text)
        return None
    return int(match[1]) * MONTHS_PER_UNIT[match[2]]


def _spacing(tags: Tags) -> tuple[float, float] | None:
    """(row, column) distance in mm in the plane of the hand.

    PixelSpacing comes first: in a projection it exists only where it was calibrated. ImagerPixelSpacing holds at the
    detector; the hand lies on it, and where the header knows the magnification it is divided out.
    """
    for keyword in ("PixelSpacing", "ImagerPixelSpacing", "NominalScannedPixelSpacing"):
        spacing = tags.numbers(keyword)
        if not spacing:
            continue
        if len(spacing) != 2 or not all(SPACING_MM[0] <= one <= SPACING_MM[1] for one in spacing):
            tags.tolerated = True
            continue
        factor = tags.number("EstimatedRadiographicMagnificationFactor") if keyword == "ImagerPixelSpacing" else None
        magnification = factor if factor is not None and 1 <= factor <= 3 else 1.0
        return spacing[0] / magnification, spacing[1] / magnification
    return None


def _side(tags: Tags) -> Side | None:
    """ImageLaterality is of the image, Laterality of the series; B (both) and U (unpaired) name no side."""
    words = [word for word in (tags.text("ImageLaterality").upper(), tags.text("Laterality").upper()) if word]
    if len(set(words)) > 1 or not set(words) <= {"L", "R", "B", "U"}:
        tags.tolerated = True
    return {"L": Side.LEFT, "R": Side.RIGHT}.get(words[0]) if words else None
