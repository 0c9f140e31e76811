"""The film's header as the reports take it over: patient, study, order, and what a viewer needs to show the film.

Not a copy: a film's header may be broken in any way, so only what is taken over is read, tolerantly, and written anew.
What identifies stays as it came, even where it is too long for the standard: a shortened patient ID is another patient's.
"""

from __future__ import annotations

import re
from collections.abc import Iterable

from pydicom.dataset import Dataset
from pydicom.uid import UID

from boneage.errors import BoneAgeError, Kind
from boneage.read.dataset import parse
from boneage.read.quiet import quiet
from boneage.read.sniff import Format, sniff
from boneage.read.tags import Tags
from boneage.report.dicom.charset import one_line, terms_of
from boneage.report.dicom.grays import take_grays

UIDS = ("SOPClassUID", "SOPInstanceUID", "StudyInstanceUID", "SeriesInstanceUID")
LOSSY = ("LossyImageCompression", "LossyImageCompressionRatio", "LossyImageCompressionMethod")
EXACT = ("PatientName", "PatientID", "IssuerOfPatientID", "AccessionNumber", "StudyID", "ReferringPhysicianName")
_SHORTENED = {"StudyDescription": 64, "InstitutionName": 64}
_DATES = ("PatientBirthDate", "StudyDate")
_CODES = {
    "Modality": r"[A-Z0-9_ ]{1,16}",
    "PatientSex": r"[MFO]",
    "PatientAge": r"\d{3}[DWMY]",
    "Laterality": r"[LR]",
    "ImageLaterality": r"[LRUB]",
    "TimezoneOffsetFromUTC": r"[+-](0\d|1[0-4])[0-5]\d",
}
_MEASURES = {"PatientSize": (0.2, 2.5), "PatientWeight": (0.3, 400.0)}  # m, kg
_TIME = re.compile(r"([01]\d|2[0-3])([0-5]\d([0-5]\d(\.\d{1,6})?)?)?")
_ORDER = ("PlacerOrderNumberImagingServiceRequest", "FillerOrderNumberImagingServiceRequest")
_REQUEST = {"RequestedProcedureID": 16, "RequestedProcedureDescription": 64}
_ORIENTATION = re.compile(r"[APLRHF]{1,3}")


def film_header(data: bytes) -> Dataset:
    """The header of a film's file, without pixels. Type 2 values that are absent or broken are there, empty.

    Raises BoneAgeError where the file is no DICOM image, or lacks a UID without which no report can name it.
    """
    if sniff(data) is not Format.DICOM:
        raise _refused("a file that is not DICOM", "Give the film's DICOM file; the other report formats take any film.")
    with quiet():  # all of it: pydicom parses an element only when it is asked for
        found, cut_off = parse(data)
        tags, film = Tags(found), Dataset()
        if terms := terms_of(found):
            film.SpecificCharacterSet = list(terms)
        _identify(film, tags)
        _describe(film, tags)
        _take_loss(film, tags)
        _take_order(film, tags)
        take_grays(film, tags, cut_off=cut_off)
    return film


def _identify(film: Dataset, tags: Tags) -> None:
    for keyword in UIDS:
        uid = tags.text(keyword)
        if not re.fullmatch(r"[0-9.]{1,64}", uid):
            raise _refused(f"a film without a valid {keyword}", "Export the film again, with its UIDs.")
        setattr(film, keyword, uid)
    if "Image Storage" not in UID(film.SOPClassUID).name:
        raise _refused("a DICOM file of a private or unknown kind, or one that is no image", "Give the film itself.")
    for keyword in EXACT:
        setattr(film, keyword, one_line(tags.text(keyword)))
    issuer = Tags(next(iter(tags.items("IssuerOfAccessionNumberSequence")), Dataset()))
    words = ("LocalNamespaceEntityID", "UniversalEntityID", "UniversalEntityIDType")
    if (item := _item({word: one_line(issuer.text(word)) for word in words})) is not None:
        film.IssuerOfAccessionNumberSequence = [item]


def _describe(film: Dataset, tags: Tags) -> None:
    for keyword, longest in _SHORTENED.items():
        setattr(film, keyword, one_line(tags.text(keyword))[:longest])
    for keyword in _DATES:
        day = tags.day(keyword)
        setattr(film, keyword, "" if day is None else day.strftime("%Y%m%d"))
    time = tags.text("StudyTime").replace(":", "")
    film.StudyTime = time if _TIME.fullmatch(time) else ""
    film.PatientSex = film.Modality = ""
    for keyword, pattern in _CODES.items():
        if re.fullmatch(pattern, word := tags.text(keyword).upper()):
            setattr(film, keyword, word)
    for keyword, (least, most) in _MEASURES.items():
        if (number := tags.number(keyword)) is not None and least <= number <= most:
            setattr(film, keyword, f"{number:.6g}")
    ways = tags.value("PatientOrientation")
    words = [str(one).upper() for one in ways] if isinstance(ways, Iterable) and not isinstance(ways, (str, bytes)) else []
    if len(words) == 2 and all(map(_ORIENTATION.fullmatch, words)):
        film.PatientOrientation = words


def _take_loss(film: Dataset, tags: Tags) -> None:
    """That the film was compressed with loss, for what is made of it."""
    if tags.text("LossyImageCompression") == "01":
        film.LossyImageCompression = "01"
        if (ratio := tags.number("LossyImageCompressionRatio")) is not None and ratio > 0:
            film.LossyImageCompressionRatio = f"{ratio:.6g}"
        if re.fullmatch(r"[A-Z0-9_]{1,16}", method := tags.text("LossyImageCompressionMethod")):
            film.LossyImageCompressionMethod = method


def _take_order(film: Dataset, tags: Tags) -> None:
    """What ties the report to the order that asked for the film."""
    for keyword in _ORDER:
        if text := one_line(tags.text(keyword)):
            setattr(film, keyword, text)
    request = Tags(next(iter(tags.items("RequestAttributesSequence")), Dataset()))
    item = _item({keyword: one_line(request.text(keyword))[:longest] for keyword, longest in _REQUEST.items()})
    if item is not None:
        film.RequestAttributesSequence = [item]


def _item(values: dict[str, str]) -> Dataset | None:
    """A sequence's item of the values that are not empty."""
    item = Dataset()
    for keyword, text in values.items():
        if text:
            setattr(item, keyword, text)
    return item if len(item) else None


def _refused(came: str, todo: str) -> BoneAgeError:
    return BoneAgeError(Kind.UNSUPPORTED, came=came, expected="a film in DICOM, for a report in DICOM", todo=todo)
