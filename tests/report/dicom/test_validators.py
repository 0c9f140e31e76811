"""Every object passes the validators that archives are tested with: of each kind of film, in each state of a reading."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from pydicom.dataset import Dataset

from boneage.explain.heat import HeatMap
from boneage.geometry import PixelMap
from boneage.read import read
from boneage.report.dicom import (
    MAPS,
    MARKS,
    OVERLAY,
    REPORT,
    Reference,
    capture,
    film_header,
    map_capture,
    presentation_state,
    rejection_note,
    structured_report,
)
from boneage.report.reading import Reading, Status
from boneage.types import Sex

FILMS: dict[str, dict[str, Any]] = {
    "girl": {},
    "boy": {"sex": Sex.MALE},
    "CR": {"modality": "CR"},
    "SC": {"modality": "OT"},
    "dark bone": {"monochrome1": True},
    "implicit little endian": {"implicit": True},
    "no birth date": {"PatientBirthDate": None, "PatientAge": None},
    "no sex": {"PatientSex": ""},
    "order": {"AccessionNumber": "A-2026-000815", "FillerOrderNumberImagingServiceRequest": "F1"},
    "Chinese name": {"SpecificCharacterSet": "GB18030", "PatientName": "Wang^XiaoDong=王^小东"},
    "Japanese name": {"SpecificCharacterSet": ["", "ISO 2022 IR 87"], "PatientName": "Yamada^Tarou=山田^太郎=やまだ^たろう"},
    "time zone": {"TimezoneOffsetFromUTC": "-0330"},
}
Make = Callable[..., Reading]


@pytest.mark.parametrize("changes", FILMS.values(), ids=FILMS)
@pytest.mark.parametrize("status", [Status.UNVERIFIED, Status.AMENDED], ids=lambda status: status.value)
def test_reports_and_states_of_all_films_pass(
    changes: dict[str, Any], status: Status, film: Callable[..., bytes], reading: Make, dciodvfy: Callable[[Dataset], list[str]]
) -> None:
    header = film_header(film(**changes))
    made = reading(header, status=status, months=118.0)
    assert made.changed == (status is Status.AMENDED)
    assert dciodvfy(structured_report(made, header)) == []
    assert dciodvfy(presentation_state(made, header)) == []


@pytest.mark.parametrize("status", list(Status), ids=lambda status: status.value)
def test_reports_in_all_states_pass(
    status: Status, header: Dataset, reading: Make, dciodvfy: Callable[[Dataset], list[str]]
) -> None:
    assert dciodvfy(structured_report(reading(header, status=status), header, organization="Example Clinic")) == []


@pytest.mark.parametrize("changes", [{}, {"modality": "CR"}, {"PatientOrientation": None, "ImageLaterality": None}], ids=str)
def test_captures_and_notes_pass(
    changes: dict[str, Any], film: Callable[..., bytes], reading: Make, dciodvfy: Callable[[Dataset], list[str]]
) -> None:
    data = film(**changes)
    header, pixels = film_header(data), read(data).pixels
    made = reading(header)
    heat = HeatMap("occlusion", np.eye(8, dtype=np.float32), PixelMap.identity(), "a test", "months", ("a-2026-11",))
    assert dciodvfy(capture(made, header, pixels)) == []
    [unknown] = dciodvfy(capture(replace(made, film=replace(made.film, side=None)), header, pixels))
    assert "Laterality" in unknown  # a warning: it may be empty where nobody knows the side, as here
    assert "only permitted to be empty when actually unknown" in unknown
    assert dciodvfy(map_capture(made, header, pixels, heat)) == []
    sent = [Reference.of(one, uid) for uid in ("1.2.3", "1.2.4") for one in (REPORT, OVERLAY, MAPS, MARKS)]
    for status in (Status.WITHDRAWN, Status.AMENDED):
        assert dciodvfy(rejection_note(reading(header, status=status), header, sent=sent)) == []


@pytest.mark.parametrize("state", ["read by hand", "withdrawn", "amended"])
def test_reports_keep_to_the_template(
    state: str, film: Callable[..., bytes], reading: Make, refusal: dict[str, Any], sr_validator: Callable[[Dataset], str]
) -> None:
    header = film_header(film(AccessionNumber="A1", SpecificCharacterSet="GB18030", PatientName="Wang^XiaoDong=王^小东"))
    match state:
        case "read by hand":
            made = reading(header, status=Status.SIGNED, chronological_age_months=None, **refusal)
        case "withdrawn":
            made = reading(header, status=Status.WITHDRAWN)
        case _:
            made = reading(header, status=Status.AMENDED, months=118.0)
            assert made.decision is not None
            made = replace(made, decision=replace(made.decision, plate_months=120.0, reason="epiphyses"))
    said = sr_validator(structured_report(made, header))
    assert "Found Root Template TID_1500" in said
    assert "Error" not in said
    assert "Warning" not in said
