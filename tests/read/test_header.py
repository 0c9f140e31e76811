"""What the header says about the child and the film."""

from __future__ import annotations

from typing import Any

import pytest
from films import film

from boneage.read import read
from boneage.types import Flag, Sex, Side


@pytest.mark.parametrize(
    ("word", "sex", "tolerated"),
    [
        ("M", Sex.MALE, False),
        ("F", Sex.FEMALE, False),
        ("O", None, False),
        ("", None, False),
        ("m", Sex.MALE, False),
        ("X", None, True),
    ],
)
def test_sex(word: str, sex: Sex | None, tolerated: bool) -> None:
    radiograph = read(film(PatientSex=word))
    assert radiograph.sex is sex
    assert (Flag.TOLERATED_HEADER in radiograph.flags) is tolerated


@pytest.mark.parametrize(
    ("elements", "months"),
    [
        ({"PatientAge": "012Y"}, 144),
        ({"PatientAge": "018M"}, 18),
        ({"PatientAge": "052W"}, 11.96),
        ({"PatientAge": "365D"}, 11.99),
        ({"PatientBirthDate": "20040229", "StudyDate": "20140301"}, 120),
        ({"PatientBirthDate": "20040229", "StudyDate": "20140901", "PatientAge": "010Y"}, 126.1),  # the dates are finer
        ({"PatientBirthDate": "20040229"}, None),
        ({"PatientBirthDate": "20150101", "StudyDate": "20140901", "PatientAge": "010Y"}, 120),  # born after the film
        ({"PatientBirthDate": "2004.02.29", "StudyDate": "2014.03.01"}, 120),
        ({"PatientAge": "twelve"}, None),
        ({}, None),
    ],
)
def test_age(elements: dict[str, str], months: float | None) -> None:
    age = read(film(**elements)).chronological_age_months
    assert age == (None if months is None else pytest.approx(months, abs=0.1))


def test_contradicting_ages_are_flagged() -> None:
    dates = {"PatientBirthDate": "20040229", "StudyDate": "20140301"}
    assert Flag.TOLERATED_HEADER in read(film(**dates, PatientAge="015Y")).flags
    assert Flag.TOLERATED_HEADER not in read(film(**dates, PatientAge="010Y")).flags


@pytest.mark.parametrize(
    ("elements", "spacing"),
    [
        ({"PixelSpacing": [0.1, 0.2]}, (0.1, 0.2)),
        ({"ImagerPixelSpacing": [0.15, 0.15]}, (0.15, 0.15)),
        ({"PixelSpacing": [0.1, 0.1], "ImagerPixelSpacing": [0.15, 0.15]}, (0.1, 0.1)),
        ({"ImagerPixelSpacing": [0.15, 0.15], "EstimatedRadiographicMagnificationFactor": 1.5}, (0.1, 0.1)),
        ({"PixelSpacing": [0, 0], "ImagerPixelSpacing": [0.15, 0.15]}, (0.15, 0.15)),
        ({"PixelSpacing": [-1, 1]}, None),
        ({}, None),
    ],
)
def test_spacing(elements: dict[str, Any], spacing: tuple[float, float] | None) -> None:
    radiograph = read(film(**elements))
    assert radiograph.spacing_mm == (None if spacing is None else pytest.approx(spacing))
    assert (Flag.SPACING_UNKNOWN in radiograph.flags) is (spacing is None)


@pytest.mark.parametrize(
    ("elements", "side"),
    [
        ({"ImageLaterality": "L"}, Side.LEFT),
        ({"Laterality": "R"}, Side.RIGHT),
        ({"ImageLaterality": "L", "Laterality": "R"}, Side.LEFT),
        ({"ImageLaterality": "B"}, None),
        ({}, None),
    ],
)
def test_side(elements: dict[str, str], side: Side | None) -> None:
    assert read(film(**elements)).side is side


@pytest.mark.parametrize(
    ("part", "flagged"),
    [
        ("HAND", False),
        ("Bone Age", False),
        ("WRIST", False),
        ("EXTREMITY", False),
        ("LEFT_HAND", False),
        ("", False),
        ("CHEST", True),
    ],
)
def test_body_part(part: str, flagged: bool) -> None:
    assert (Flag.NOT_A_HAND_VIEW in read(film(BodyPartExamined=part)).flags) is flagged


def test_study_date_is_iso() -> None:
    assert read(film(StudyDate="20140301")).study_date == "2014-03-01"
    broken = read(film(StudyDate="2014031X"))
    assert broken.study_date is None
    assert Flag.TOLERATED_HEADER in broken.flags


def test_broken_numbers_are_tolerated() -> None:
    whole = film(RescaleSlope="1.0000", RescaleIntercept="0")
    at = whole.index(b"1.0000")
    for bad in (b"NaN   ", b"1e9999", b"abcdef", b"0.0000"):
        radiograph = read(whole[:at] + bad + whole[at + 6 :])
        assert Flag.TOLERATED_HEADER in radiograph.flags
        assert radiograph.sha256 == read(whole).sha256
