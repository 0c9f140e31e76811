"""Captures and presentation states: where things are drawn, what the words say, and what they never say."""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Callable
from copy import deepcopy
from dataclasses import replace
from io import BytesIO
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image as Pillow
from pydicom import dcmread
from pydicom.dataset import Dataset

from boneage.errors import BoneAgeError, Kind
from boneage.explain.heat import HeatMap
from boneage.geometry import PixelMap
from boneage.read import read
from boneage.report.dicom import (
    MAPS,
    MARKS,
    OVERLAY,
    capture,
    film_header,
    map_capture,
    presentation_state,
    rejection_note,
    structured_report,
    to_bytes,
)
from boneage.report.dicom.lines import result_lines
from boneage.report.reading import Drawing, Reading, Status

pytest.importorskip("highdicom", reason="needs the dicom extra")
from boneage.report.dicom.picture import draw_reading, with_lines
from boneage.report.dicom.presentation import clip

Make = Callable[..., Reading]
HEAT = HeatMap("occlusion", np.eye(8, dtype=np.float32), PixelMap.identity(), "a test", "months", ("a-2026-11",))


def test_a_capture_shows_the_film_with_the_overlay_above_the_words(film: Callable[..., bytes], reading: Make) -> None:
    data = film()
    header, pixels = film_header(data), read(data).pixels
    made = reading(header)
    shown = dcmread(BytesIO(to_bytes(capture(made, header, pixels))))
    picture = draw_reading(pixels, made.drawing)
    height, width = picture.shape[:2]
    assert np.array_equal(shown.pixel_array[:height, :width], picture)
    assert shown.pixel_array.shape[0] > height
    assert (picture != draw_reading(pixels, None)).any(axis=2).mean() > 0.01
    assert (shown.Modality, shown.SeriesNumber, shown.SeriesDescription) == ("OT", OVERLAY.number, OVERLAY.description)
    assert (shown.BurnedInAnnotation, shown.Laterality, shown.PatientID) == ("YES", "L", header.PatientID)
    assert shown.PatientOrientation == header.PatientOrientation
    assert shown.SourceImageSequence[0].ReferencedSOPInstanceUID == header.SOPInstanceUID


def test_a_map_is_a_capture_of_its_own(film: Callable[..., bytes], reading: Make) -> None:
    data = film()
    header, pixels = film_header(data), read(data).pixels
    made = reading(header)
    one = map_capture(made, header, pixels, HEAT)
    two = map_capture(made, header, pixels, replace(HEAT, name="activation"), number=2)
    assert one.SeriesInstanceUID == two.SeriesInstanceUID == MAPS.uid(made.uid)
    assert one.SOPInstanceUID != two.SOPInstanceUID
    assert (one.InstanceNumber, two.InstanceNumber) == (1, 2)


def test_no_pixel_depends_on_who_the_patient_is(film: Callable[..., bytes], reading: Make) -> None:
    one, two = film(), film(PatientName="Other^Name", PatientID="4711", AccessionNumber="A9", PatientBirthDate="20110101")
    pictures = [capture(reading(film_header(data)), film_header(data), read(data).pixels).PixelData for data in (one, two)]
    assert pictures[0] == pictures[1]


@pytest.mark.parametrize("status", list(Status), ids=lambda status: status.value)
def test_the_words_are_ascii_and_of_the_result_alone(
    status: Status, header: Dataset, reading: Make, refusal: dict[str, Any]
) -> None:
    for changes in ({}, refusal, {"chronological_age_months": 130.0}):
        lines = result_lines(reading(header, status=status, **changes))
        assert all(map(str.isascii, lines))
        assert not any(word in line for line in lines for word in ("PHANTOM", "Holm"))
        assert lines[-1] == "Research use, not a medical device"
        assert any(status.value.capitalize() in line for line in lines)


def test_the_words_say_the_result(header: Dataset, reading: Make) -> None:
    assert result_lines(reading(header, chronological_age_months=130.0)) == (
        "Bone age: 8 years 3 months (99.0 months)",
        "90% prediction interval: 6 years 9 months to 9 years 9 months",
        "Chronological age: 10 years 10 months",
        "SD score: -3.1 SD",  # (99 - 135.83) / 11.905
        "More than 2 SD below the mean (delayed)",
        "Norm: Brush Foundation (American children of the 1930s)",
        "Status: Unverified",
        "Research use, not a medical device",
    )
    changed = result_lines(reading(header, status=Status.SIGNED, months=118.0))
    assert changed[0] == "Bone age: 9 years 10 months (118.0 months)"
    assert "The system's own answer: 8 years 3 months (99.0 months)" in changed
    assert "Status: Signed 2026-11-21" in changed
    withdrawn = result_lines(reading(header, status=Status.WITHDRAWN))
    assert withdrawn[0] == "Bone age: No bone age"
    assert not any("months" in line for line in withdrawn)


def test_lines_stand_under_the_picture_and_narrow_ones_are_widened() -> None:
    picture = np.full((50, 100, 3), 77, np.uint8)
    sheet = with_lines(picture, ["word " * 60])
    left = (sheet.shape[1] - 100) // 2
    assert np.array_equal(sheet[:50, left : left + 100], picture)
    assert sheet.shape[1] == 480
    assert (sheet[50:].max(axis=(1, 2)) > 200).sum() > 30  # several lines of light ink


def test_marks_lie_where_the_drawing_says(header: Dataset, reading: Make) -> None:
    made = reading(header)
    state = dcmread(BytesIO(to_bytes(presentation_state(made, header))))
    layers = {item.GraphicLayer: item for item in state.GraphicAnnotationSequence}
    assert set(layers) == {item.GraphicLayer for item in state.GraphicLayerSequence} == {"REGIONS", "POINTS", "RESULT"}
    objects = layers["POINTS"].GraphicObjectSequence
    points = np.array([item.GraphicData for item in objects if item.GraphicType == "POINT"])
    assert made.drawing is not None
    assert np.allclose(points - 0.5, made.drawing.points[:20], atol=1e-3)  # the last one lies beside the film
    whole, carpals = (np.array(item.GraphicData).reshape(-1, 2) for item in layers["REGIONS"].GraphicObjectSequence)
    assert whole.min() >= 0
    assert np.all(whole <= (750, 1000))
    assert {tuple(one) for one in carpals - 0.5} == {tuple(one) for one in made.drawing.regions["carpals"]}
    assert np.array_equal(carpals[0], carpals[-1])
    text = layers["RESULT"].TextObjectSequence[0].UnformattedTextValue
    assert tuple(text.split("\r\n")) == result_lines(made)
    assert (state.Modality, state.SeriesNumber, state.Laterality) == ("PR", MARKS.number, "L")
    assert state.ReferencedSeriesSequence[0].ReferencedImageSequence[0].ReferencedSOPInstanceUID == header.SOPInstanceUID


def test_a_reading_without_a_drawing_still_shows_its_result(header: Dataset, reading: Make, refusal: dict[str, Any]) -> None:
    for changes in (refusal, {"drawing": Drawing(np.empty((0, 2)), {})}):
        state = presentation_state(reading(header, **changes), header)
        assert [item.GraphicLayer for item in state.GraphicLayerSequence] == ["RESULT"]


def test_clipping_keeps_what_lies_inside_and_cuts_the_rest() -> None:
    inside = np.array([(1.0, 1.0), (5, 1), (5, 5), (1, 5)])
    assert {tuple(one) for one in clip(inside, (10, 8))} == {tuple(one) for one in inside}
    assert {tuple(one) for one in clip(inside + 4, (7, 8))} == {(5, 5), (8, 5), (8, 7), (5, 7)}
    assert len(clip(inside + 20, (10, 8))) == 0


@pytest.mark.parametrize("monochrome1", [False, True])
def test_the_film_looks_the_same_under_the_state(
    monochrome1: bool, film: Callable[..., bytes], reading: Make, tmp_path: Path
) -> None:
    """DCMTK renders the film through the state; the picture is ours of the film without it, bone bright."""
    if shutil.which("dcmp2pgm") is None:
        pytest.skip("dcmp2pgm is not installed (Debian: dcmtk)")
    data = film(monochrome1=monochrome1)
    header = film_header(data)
    (tmp_path / "film.dcm").write_bytes(data)
    (tmp_path / "state.dcm").write_bytes(to_bytes(presentation_state(reading(header), header)))
    subprocess.run(["dcmp2pgm", "-p", "state.dcm", "film.dcm", "out.pgm"], check=True, cwd=tmp_path, capture_output=True)
    shown = np.asarray(Pillow.open(tmp_path / "out.pgm"), np.float64)
    assert np.corrcoef(shown.ravel(), read(data).pixels.ravel())[0, 1] > 0.999


def test_color_films_get_no_grayscale_state(header: Dataset, reading: Make) -> None:
    made, color = reading(header), deepcopy(header)
    color.PhotometricInterpretation = "RGB"
    with pytest.raises(BoneAgeError) as caught:
        presentation_state(made, color)
    assert caught.value.kind is Kind.UNSUPPORTED


def test_the_same_reading_gives_the_same_bytes_and_another_one_other_uids(film: Callable[..., bytes], reading: Make) -> None:
    data = film()
    header, pixels = film_header(data), read(data).pixels
    before = deepcopy(header)

    def made(one: Reading) -> list[Dataset]:
        objects = [structured_report(one, header), capture(one, header, pixels), presentation_state(one, header)]
        return [*objects, map_capture(one, header, pixels, HEAT), rejection_note(one, header)]

    first, second = reading(header, status=Status.WITHDRAWN), reading(header, status=Status.WITHDRAWN)
    assert list(map(to_bytes, made(first))) == list(map(to_bytes, made(first)))
    uids = [
        {one.SOPInstanceUID for one in made(which)} | {one.SeriesInstanceUID for one in made(which)} for which in (first, second)
    ]
    assert len(uids[0]) == len(uids[1]) == 10
    assert not uids[0] & uids[1]
    assert {one.StudyInstanceUID for one in made(first)} == {header.StudyInstanceUID}
    assert header == before


def test_what_the_film_lost_is_said_of_the_capture(film: Callable[..., bytes], reading: Make) -> None:
    lossy = {"LossyImageCompression": "01", "LossyImageCompressionRatio": "12.5", "LossyImageCompressionMethod": "ISO_10918_1"}
    data = film(**lossy)
    header, pixels = film_header(data), read(data).pixels
    shown = capture(reading(header), header, pixels)
    assert (shown.LossyImageCompression, shown.LossyImageCompressionRatio) == ("01", 12.5)
    assert shown.LossyImageCompressionMethod == "ISO_10918_1"
    plain = film()
    assert "LossyImageCompression" not in capture(reading(film_header(plain)), film_header(plain), read(plain).pixels)
