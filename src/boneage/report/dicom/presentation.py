"""Points, regions and the result over the film itself: a DICOM Grayscale Softcopy Presentation State. PS3.3 A.33.1.

Better than a segmentation here: what was found are points and outlines, and viewers show a state over the film in full
resolution, to be switched off by layers.
"""

from __future__ import annotations

from copy import deepcopy

import cv2
import numpy as np
from highdicom import pr
from pydicom.dataset import Dataset
from pydicom.uid import ExplicitVRLittleEndian

from boneage.errors import BoneAgeError, Kind
from boneage.explain.paint import CHAINS
from boneage.read.grayheader import GRAY
from boneage.read.quiet import quiet
from boneage.report.dicom.grays import MODALITY, VOI
from boneage.report.dicom.instance import check_same_film, finish, laterality_of, told_to_highdicom
from boneage.report.dicom.lines import result_lines
from boneage.report.dicom.series import MARKS
from boneage.report.reading import Drawing, Points, Reading

_TEXT_BOX = (0.01, 0.01, 0.7, 0.2)  # left, top, right, bottom; shares of what is shown
_SMALLEST = 1.0  # square pixels of a region that is worth drawing


def make_marks(reading: Reading, film: Dataset) -> Dataset:
    """The state for a reading's film. As `boneage.report.dicom.presentation_state`."""
    check_same_film(reading, film)
    if film.get("PhotometricInterpretation") not in GRAY:
        raise BoneAgeError(
            Kind.UNSUPPORTED,
            came="a film that is not stored in gray, or whose pixels cannot be read",
            expected="a gray film, for a grayscale presentation state",
            todo="Use the capture with the overlay.",
        )
    with quiet():
        bare = deepcopy(film)
        for keyword in (*MODALITY, *VOI):  # written below from the film's header; highdicom takes not all that occurs
            if keyword in bare:
                del bare[keyword]
        layers, annotations = _annotations(reading, bare)
        made = pr.GrayscaleSoftcopyPresentationState(
            referenced_images=[bare],
            instance_number=1,
            device_serial_number="",
            content_label="BONE_AGE",
            content_description="Points, regions and result of a bone age reading",
            graphic_layers=layers,
            graphic_annotations=annotations,
            specific_character_set=None,
            transfer_syntax_uid=ExplicitVRLittleEndian,
            **told_to_highdicom(reading, MARKS),
        )
        del made.DeviceSerialNumber  # software has none
        made.Laterality = laterality_of(reading)  # highdicom leaves it out
        _add_grays(made, film)
        return finish(made, reading, film)


def _add_grays(made: Dataset, film: Dataset) -> None:
    """The film's own gray steps, so that it looks as without the state; a state puts its own in the film's place."""
    for keyword in MODALITY:
        if keyword in film:
            made[keyword] = film[keyword]
    window = Dataset()
    for keyword in VOI:
        if keyword in film:
            window[keyword] = film[keyword]
    if len(window):
        made.SoftcopyVOILUTSequence = [window]
    # A state does not look at the film's photometric interpretation: the inversion is its own to say, PS3.3 C.11.6.1.
    made.PresentationLUTShape = "INVERSE" if film.PhotometricInterpretation == "MONOCHROME1" else "IDENTITY"


def _annotations(reading: Reading, film: Dataset) -> tuple[list[pr.GraphicLayer], list[pr.GraphicAnnotation]]:
    drawing = reading.drawing or Drawing(np.empty((0, 2)), {})
    size = (film.Rows, film.Columns)
    text = pr.TextObject("\r\n".join(result_lines(reading)), "DISPLAY", _TEXT_BOX, text_justification="LEFT")
    wanted = (
        ("REGIONS", "What the networks read", {"graphic_objects": _outlines(drawing, size)}),
        ("POINTS", "Points of the hand", {"graphic_objects": _hand(drawing.points, size)}),
        ("RESULT", "The bone age", {"text_objects": [text]}),
    )
    layers: list[pr.GraphicLayer] = []
    annotations: list[pr.GraphicAnnotation] = []
    for name, description, objects in wanted:
        if any(objects.values()):
            layers.append(pr.GraphicLayer(name, len(layers) + 1, description=description))
            annotations.append(pr.GraphicAnnotation([film], layers[-1], **objects))
    return layers, annotations


def _outlines(drawing: Drawing, size: tuple[int, int]) -> list[pr.GraphicObject]:
    """Each region's part on the film, closed; regions reach beyond it."""
    return [
        pr.GraphicObject("POLYLINE", np.concatenate([outline, outline[:1]]), "PIXEL")
        for corners in drawing.regions.values()
        if len(outline := clip(corners + 0.5, size)) >= 3
    ]


def _hand(points: Points, size: tuple[int, int]) -> list[pr.GraphicObject]:
    """The points on the film, and the fingers as lines through them."""
    placed = points + 0.5  # DICOM counts from the outer corner of the first pixel, we from its center
    inside = np.all((placed >= 0) & (placed <= size[::-1]), axis=1)
    fingers = [[one for one in chain if one < len(placed) and inside[one]] for chain in CHAINS]
    lines = [pr.GraphicObject("POLYLINE", placed[chain], "PIXEL") for chain in fingers if len(chain) > 1]
    return lines + [pr.GraphicObject("POINT", one[None], "PIXEL") for one in placed[inside]]


def clip(polygon: Points, size: tuple[int, int]) -> Points:
    """The part of a convex polygon [N, 2] within (0, 0) to (width, height); [0, 2] where there is none."""
    height, width = size
    film = np.array([(0, 0), (width, 0), (width, height), (0, height)], np.float32)
    area, common = cv2.intersectConvexConvex(np.asarray(polygon, np.float32), film)
    if area < _SMALLEST or common is None:
        return np.empty((0, 2))
    return np.asarray(common.reshape(-1, 2).clip((0, 0), (width, height)), np.float64)
