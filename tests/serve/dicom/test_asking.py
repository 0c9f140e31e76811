"""What is asked for, and what of the answers may be a bone age film: only what nothing speaks against."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest
from pydicom.dataset import Dataset
from pydicom.uid import CTImageStorage

from boneage.errors import BoneAgeError
from boneage.serve.dicom.asking import Asked, by_series, count_of, image_keys, may_count
from boneage.serve.dicom.kinds import FILMS
from boneage.serve.dicom.pull import days_back, pause
from boneage.serve.mapping import DEFAULT, Mapping, Rule

ORDERS = Mapping(
    bone_age=(Rule(name="orders", where={"StudyDescription": "bone age", "Modality": "^(CR|DX)$"}),),
    never=(Rule(name="second views", where={"ViewPosition": "LAT"}),),
)


def answer(**elements: Any) -> Dataset:
    one = Dataset()
    for keyword, value in elements.items():
        setattr(one, keyword, value)
    return one


@pytest.mark.parametrize(
    ("mapping", "told", "may"),
    [
        (DEFAULT, {}, True),  # nothing is told
        (DEFAULT, {"ModalitiesInStudy": ["CT", "DX"]}, True),
        (DEFAULT, {"ModalitiesInStudy": ["CT", "MR"]}, False),
        (DEFAULT, {"ModalitiesInStudy": "CT"}, False),
        (DEFAULT, {"Modality": "DX", "ModalitiesInStudy": ["CT"]}, True),  # the series itself knows better
        (DEFAULT, {"Modality": "DX", "BodyPartExamined": ""}, True),
        (DEFAULT, {"Modality": "DX", "BodyPartExamined": "CHEST"}, False),
        (DEFAULT, {"Modality": "DX", "SOPClassUID": CTImageStorage}, False),
        (DEFAULT, {"Modality": "DX", "SOPClassUID": FILMS[0]}, True),
        (DEFAULT, {"Modality": "OT", "Manufacturer": "boneage project"}, False),  # our own capture
        (ORDERS, {"StudyDescription": "XR hand, BONE AGE", "ModalitiesInStudy": ["SR", "CR"]}, True),
        (ORDERS, {"StudyDescription": "XR hand", "ModalitiesInStudy": ["CR"]}, False),
        (ORDERS, {"Modality": "CR", "ViewPosition": "LAT"}, False),
        (ORDERS, {"Modality": "CR", "ViewPosition": "PA"}, True),
    ],
)
def test_only_what_is_told_counts(mapping: Mapping, told: dict[str, Any], may: bool) -> None:
    assert may_count(mapping, answer(**told)) is may


def test_what_may_count_is_wider_than_what_counts() -> None:
    film = answer(Modality="DX", BodyPartExamined="HAND", Rows=100)
    assert DEFAULT.counts(film)
    for keyword in ("Modality", "BodyPartExamined"):
        part = answer(**{one: film.get(one) for one in ("Modality", "BodyPartExamined") if one != keyword})
        assert may_count(DEFAULT, part)


def test_the_mappings_keywords_are_asked_for() -> None:
    assert "ViewPosition" in image_keys(ORDERS)
    assert "StudyDescription" not in image_keys(ORDERS)  # of the study, which was asked before
    assert len(set(image_keys(DEFAULT))) == len(image_keys(DEFAULT))


@pytest.mark.parametrize("number", ["", "  ", "*", "A?7", "A\\B", "x" * 65])
def test_an_accession_number_that_could_mean_more_is_refused(number: str) -> None:
    with pytest.raises(BoneAgeError) as told:
        Asked(number)
    assert number.strip() == "" or number not in str(told.value)


def test_days_are_a_range() -> None:
    assert Asked(days=days_back(date(2026, 3, 1), 1)).keys() == {"AccessionNumber": "", "StudyDate": "20260228-20260302"}


def test_counts_and_series() -> None:
    assert count_of(answer(NumberOfStudyRelatedInstances="4")) == 4
    assert count_of(answer()) is None
    images = [answer(StudyInstanceUID="1", SeriesInstanceUID=series, SOPInstanceUID=sop) for series, sop in ("12", "13", "45")]
    assert by_series(images) == {("1", "1"): ["2", "3"], ("1", "4"): ["5"]}


def test_an_archive_that_is_away_is_asked_less_and_less_often() -> None:
    pauses = [pause(30, failures) for failures in range(30)]
    assert pauses[:3] == [30, 60, 120]
    assert pauses == sorted(pauses)
    assert pauses[-1] == 600
    assert pause(3600, 5) == 3600
