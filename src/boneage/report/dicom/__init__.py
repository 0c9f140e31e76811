"""8. A reading in DICOM: structured report, captures, presentation state, and the note that takes a report back.

    film = film_header(data)                      # of the film's file; none for a PNG
    report = structured_report(reading, film)     # a pydicom data set
    data = to_bytes(report)                       # its file

What follows needs the `dicom` extra and says so where it is missing; `film_header` does not.
"""

from __future__ import annotations

from collections.abc import Sequence

from pydicom.dataset import Dataset

from boneage.explain.heat import HeatMap
from boneage.extras import load
from boneage.report.dicom.header import film_header
from boneage.report.dicom.series import MAPS, MARKS, OVERLAY, REJECTION, REPORT, Reference, Series
from boneage.report.reading import Reading
from boneage.types import Image


def structured_report(reading: Reading, film: Dataset, *, organization: str = "") -> Dataset:
    """The reading as Comprehensive SR, its SOP Instance UID the reading's.

    `organization`: whose readers sign; else the film's institution. Raises BoneAgeError, as all here, where the header is
    another film's.
    """
    _need()
    from boneage.report.dicom.sr import make_report

    return make_report(reading, film, organization=organization)


def capture(reading: Reading, film: Dataset, pixels: Image) -> Dataset:
    """The film with its points and regions and the result in words, as Secondary Capture. `pixels`: the Radiograph's."""
    _need()
    from boneage.report.dicom.captures import make_capture

    return make_capture(reading, film, pixels)


def map_capture(reading: Reading, film: Dataset, pixels: Image, heat: HeatMap, *, number: int = 1) -> Dataset:
    """The film under a heat map, as Secondary Capture; `number`: the map's place among the reading's maps."""
    _need()
    from boneage.report.dicom.captures import make_map_capture

    return make_map_capture(reading, film, pixels, heat, number=number)


def presentation_state(reading: Reading, film: Dataset) -> Dataset:
    """Points, regions and result for viewers to lay over the film. Raises BoneAgeError for films stored in color."""
    _need()
    from boneage.report.dicom.presentation import make_marks

    return make_marks(reading, film)


def rejection_note(
    reading: Reading, film: Dataset, *, sent: Sequence[Reference] | None = None, organization: str = ""
) -> Dataset:
    """For archives, what an amended or withdrawn reading takes back.

    `sent`: objects of the versions before it; None: report and capture of its predecessor.
    """
    _need()
    from boneage.report.dicom.rejection import make_note

    return make_note(reading, film, sent=sent, organization=organization)


def to_bytes(made: Dataset) -> bytes:
    """An object's file, explicit little endian. The same object gives the same bytes."""
    _need()
    from boneage.report.dicom.instance import encode

    return encode(made)


def _need() -> None:
    load("highdicom", "dicom")


__all__ = [
    "MAPS",
    "MARKS",
    "OVERLAY",
    "REJECTION",
    "REPORT",
    "Reference",
    "Series",
    "capture",
    "film_header",
    "map_capture",
    "presentation_state",
    "rejection_note",
    "structured_report",
    "to_bytes",
]
