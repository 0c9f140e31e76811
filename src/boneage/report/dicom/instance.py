"""What all objects of a reading share: device, times, order, character set; and the bytes of the file.

Nothing in them depends on the clock: a UID stands for one object, so making it twice gives the same bytes.
"""

from __future__ import annotations

from datetime import datetime, timedelta, timezone
from io import BytesIO
from typing import Any

from highdicom.sr import CodedConcept
from pydicom import dcmwrite
from pydicom.dataset import Dataset
from pydicom.sr.coding import Code

from boneage.errors import BoneAgeError, Kind
from boneage.read.quiet import quiet
from boneage.report.dicom.charset import settle
from boneage.report.dicom.series import Series, derive
from boneage.report.reading import Reading
from boneage.types import Side

MANUFACTURER, MODEL = "boneage project", "boneage"
_PAIRS = (
    ("InstanceCreationDate", "InstanceCreationTime"),
    ("SeriesDate", "SeriesTime"),
    ("ContentDate", "ContentTime"),
    ("PresentationCreationDate", "PresentationCreationTime"),
    ("DateOfSecondaryCapture", "TimeOfSecondaryCapture"),
)


def check_same_film(reading: Reading, film: Dataset) -> None:
    """Refuses to put one film's reading under another film's patient."""
    if reading.identity.sop_uid != film.SOPInstanceUID:
        raise BoneAgeError(
            Kind.BAD_OPTION,
            came="a reading and the header of another film",
            expected="both of one film",
            todo="Give the header of the film that was read.",
        )


def told_to_highdicom(reading: Reading, series: Series, which: str = "") -> dict[str, Any]:
    """The arguments that highdicom's constructors have in common."""
    return {
        "series_instance_uid": series.uid(reading.uid),
        "series_number": series.number,
        "series_description": series.description,
        "sop_instance_uid": series.instance_uid(reading.uid, which),
        "manufacturer": MANUFACTURER,
        "manufacturer_model_name": MODEL,
        "software_versions": reading.version,
    }


def finish(made: Dataset, reading: Reading, film: Dataset) -> Dataset:
    """Sets the times to the reading's own and the character set to one that holds all."""
    at = moment_of(reading, film)
    made.SeriesDate = made.SeriesTime = ""
    for day, time in _PAIRS:
        if day in made:
            setattr(made, day, at.strftime("%Y%m%d"))
            setattr(made, time, at.strftime("%H%M%S"))
    if "TimezoneOffsetFromUTC" in film:
        made.TimezoneOffsetFromUTC = film.TimezoneOffsetFromUTC
    for item in made.get("ContributingEquipmentSequence", []):
        if "ContributionDateTime" in item:
            del item.ContributionDateTime
    settle(made, film)
    return made


def moment_of(reading: Reading, film: Dataset) -> datetime:
    """When this version came to be, on the film's clock where it names one, else on the reading's."""
    at = reading.made_at if reading.decision is None else reading.decision.at
    if (offset := film.get("TimezoneOffsetFromUTC")) is None:
        return at
    minutes = 60 * int(offset[1:3]) + int(offset[3:])
    return at.astimezone(timezone(timedelta(minutes=-minutes if offset[0] == "-" else minutes)))


def written(at: datetime) -> str:
    """A time with its zone, as DT has it."""
    return at.strftime("%Y%m%d%H%M%S%z")


def laterality_of(reading: Reading) -> str:
    """As DICOM's Laterality, empty where nobody said it."""
    return {Side.LEFT: "L", Side.RIGHT: "R", None: ""}[reading.film.side]


def device_uid(reading: Reading) -> str:
    """Of the software that answered: one for each version."""
    return derive("device", MODEL, reading.version)


def request_of(film: Dataset) -> Dataset | None:
    """The order that the film was made for, PS3.3 C.17.2; None: the film names none."""
    asked = film.RequestAttributesSequence[0] if "RequestAttributesSequence" in film else Dataset()
    orders = ("PlacerOrderNumberImagingServiceRequest", "FillerOrderNumberImagingServiceRequest")
    if not (film.AccessionNumber or len(asked) or any(keyword in film for keyword in orders)):
        return None
    item = Dataset()
    item.StudyInstanceUID, item.AccessionNumber = film.StudyInstanceUID, film.AccessionNumber
    item.ReferencedStudySequence = item.RequestedProcedureCodeSequence = []
    for keyword in orders:
        setattr(item, keyword, film.get(keyword, ""))
    for keyword in ("RequestedProcedureID", "RequestedProcedureDescription"):
        setattr(item, keyword, asked.get(keyword, ""))
    return item


def coded(code: Code) -> Dataset:
    """A code as an item of a sequence."""
    return CodedConcept.from_code(code)


def encode(made: Dataset) -> bytes:
    """The object's file, explicit little endian."""
    file = BytesIO()
    with quiet():
        dcmwrite(file, made, enforce_file_format=True)
    return file.getvalue()
