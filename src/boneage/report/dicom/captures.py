"""Pictures for any viewer: DICOM Secondary Capture with the overlay or a heat map, and the result in words under the film.

PS3.3 A.8.1. The words are of the result alone; who the patient is stands in the header, never in the pixels. Burned In
Annotation is YES all the same: text is in the pixels, the film's own may be among it, and a de-identifier must look.
"""

from __future__ import annotations

from highdicom.sc import SCImage
from pydicom.dataset import Dataset
from pydicom.sr.coding import Code
from pydicom.uid import ExplicitVRLittleEndian

from boneage.explain.heat import HeatMap, draw_heat
from boneage.explain.overlay import film_picture
from boneage.explain.paint import Picture
from boneage.read.quiet import quiet
from boneage.report.dicom.header import LOSSY
from boneage.report.dicom.instance import check_same_film, coded, finish, laterality_of, told_to_highdicom
from boneage.report.dicom.lines import plain, result_lines
from boneage.report.dicom.picture import draw_reading, with_lines
from boneage.report.dicom.series import MAPS, OVERLAY, Series
from boneage.report.reading import Reading
from boneage.types import Image

_SOURCE = Code("121322", "DCM", "Source image for image processing operation")
_DERIVED = Code("113085", "DCM", "Spatial resampling")
_COPIED = (
    "IssuerOfPatientID",
    "StudyDescription",
    "PatientAge",
    "PatientSize",
    "PatientWeight",
    "IssuerOfAccessionNumberSequence",
)


def make_capture(reading: Reading, film: Dataset, pixels: Image) -> Dataset:
    """The film with points and regions. As `boneage.report.dicom.capture`."""
    picture = with_lines(draw_reading(pixels, reading.drawing), result_lines(reading))
    return _captured(reading, film, picture, OVERLAY, "Points of the hand and regions that were read")


def make_map_capture(reading: Reading, film: Dataset, pixels: Image, heat: HeatMap, *, number: int = 1) -> Dataset:
    """The film under a heat map. As `boneage.report.dicom.map_capture`."""
    gray, to_picture = film_picture(pixels)
    picture = with_lines(draw_heat(gray, to_picture, heat), (plain(heat.legend), *result_lines(reading)))
    return _captured(reading, film, picture, MAPS, heat.name.capitalize(), which=heat.name, number=number)


def _captured(
    reading: Reading, film: Dataset, picture: Picture, series: Series, what: str, *, which: str = "", number: int = 1
) -> Dataset:
    check_same_film(reading, film)
    with quiet():
        made = SCImage(
            pixel_array=picture,
            photometric_interpretation="RGB",
            bits_allocated=8,
            coordinate_system="PATIENT",
            patient_orientation=("L", "H"),  # highdicom wants one; the film's own follows below
            study_instance_uid=film.StudyInstanceUID,
            instance_number=number,
            patient_id=film.PatientID,
            patient_name=film.PatientName,
            patient_birth_date=film.PatientBirthDate,
            patient_sex=film.PatientSex,
            study_id=film.StudyID,
            accession_number=film.AccessionNumber,
            study_date=film.StudyDate,
            study_time=film.StudyTime,
            referring_physician_name=film.ReferringPhysicianName,
            transfer_syntax_uid=ExplicitVRLittleEndian,
            **told_to_highdicom(reading, series, which),
        )
        for keyword in _COPIED:
            if keyword in film:
                setattr(made, keyword, film[keyword].value)
        _describe(made, reading, film, what)
        return finish(made, reading, film)


def _describe(made: Dataset, reading: Reading, film: Dataset, what: str) -> None:
    made.PatientOrientation = film.get("PatientOrientation", "")  # the picture lies as the film does
    made.Laterality = laterality_of(reading)
    made.BodyPartExamined = "HAND"
    made.BurnedInAnnotation = "YES"
    for keyword in LOSSY:
        if keyword in film:  # what was lost stays lost
            setattr(made, keyword, film[keyword].value)
    made.ImageComments = what
    made.DerivationDescription = what
    made.DerivationCodeSequence = [coded(_DERIVED)]
    source = Dataset()
    source.ReferencedSOPClassUID, source.ReferencedSOPInstanceUID = film.SOPClassUID, film.SOPInstanceUID
    source.PurposeOfReferenceCodeSequence = [coded(_SOURCE)]
    made.SourceImageSequence = [source]
