"""Which films are bone age films: a site's rules, the default, and those of the docs."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import films
import numpy as np
import pytest
from pydicom.dataset import Dataset

from boneage.errors import BoneAgeError
from boneage.report.dicom import instance
from boneage.serve.mapping import DEFAULT, OURS, Mapping, Rule, read_mapping

DOCS = Path(__file__).parents[2] / "docs" / "settings.md"


def film(**elements: Any) -> Dataset:
    return films.dataset(np.zeros((64, 64), np.uint8), bits=8, **elements)


def read(tmp_path: Path, text: str) -> Mapping:
    (tmp_path / "mapping.toml").write_text(text, encoding="utf-8")
    return read_mapping(tmp_path / "mapping.toml")


@pytest.mark.parametrize(
    ("elements", "counts"),
    [
        ({"Modality": "DX", "BodyPartExamined": "HAND"}, True),
        ({"Modality": "CR", "BodyPartExamined": "left wrist"}, True),
        ({"Modality": "DX", "BodyPartExamined": "BONE AGE"}, True),
        ({"Modality": "DX", "BodyPartExamined": "BONE_AGE"}, True),
        ({"Modality": "DX", "BodyPartExamined": "BONEAGE"}, True),
        ({"Modality": "DX"}, True),
        ({"Modality": "DX", "BodyPartExamined": "CHEST"}, False),
        ({"Modality": "DX", "BodyPartExamined": "FOOT"}, False),
        ({"Modality": "MR", "BodyPartExamined": "HAND"}, False),
        ({"Modality": "SR"}, False),
        ({"BodyPartExamined": "HAND"}, False),
    ],
)
def test_the_default(elements: dict[str, Any], counts: bool) -> None:
    assert DEFAULT.counts(film(**elements)) is counts


def test_what_has_no_pixels_or_is_ours_never_counts() -> None:
    everything = Mapping(bone_age=(Rule(name="all", where={"PatientID": ""}),))
    assert everything.counts(film())
    without = film()
    del without.Rows
    assert not everything.counts(without)
    assert not everything.counts(film(Manufacturer=OURS[0], ManufacturerModelName=OURS[1]))
    assert everything.counts(film(Manufacturer="boneage.phantom"))
    assert OURS == (instance.MANUFACTURER, instance.MODEL)


def test_all_patterns_of_a_rule_and_none_of_the_exceptions() -> None:
    mapping = Mapping(
        bone_age=(
            Rule(name="by study", where={"StudyDescription": "bone age", "Modality": "^DX$"}),
            Rule(name="by series", where={"SeriesDescription": "knochenalter"}),
        ),
        never=(Rule(name="foot", where={"BodyPartExamined": "FOOT"}),),
    )
    assert mapping.counts(film(StudyDescription="XR BONE AGE LEFT", Modality="DX"))
    assert not mapping.counts(film(StudyDescription="XR BONE AGE LEFT", Modality="CR"))
    assert mapping.counts(film(SeriesDescription="Knochenalter li."))
    assert not mapping.counts(film(SeriesDescription="Knochenalter li.", BodyPartExamined="Foot"))


def test_a_rule_looks_at_all_values_of_a_keyword() -> None:
    rule = Rule(name="derived", where={"ImageType": "SECONDARY"})
    mapping = Mapping(bone_age=(rule,))
    assert mapping.counts(film(ImageType=["DERIVED", "SECONDARY"]))
    assert not mapping.counts(film(ImageType=["ORIGINAL", "PRIMARY"]))


def test_broken_values_are_absent_ones() -> None:
    assert DEFAULT.counts(film(Modality="DX", BodyPartExamined="\0"))


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("", "bone_age"),
        ("bone_age = []", "bone_age"),
        ("[[bone_age]]\nname = 'a'\nwhere = {}", "bone_age.0.where"),
        ("[[bone_age]]\nname = 'a'\nwhere = { StudyDescripton = 'x' }", "StudyDescripton is no DICOM keyword"),
        ("[[bone_age]]\nname = 'a'\nwhere = { Modality = '(' }", "no regular expression"),
        ("[[bone_age]]\nname = 'a'\nwhere = { Modality = 'DX' }\n[[nevr]]", "nevr: unknown key, did you mean 'never'"),
        ("bone_age", "TOMLDecodeError"),
    ],
)
def test_what_is_wrong_is_told_with_its_place(tmp_path: Path, text: str, told: str) -> None:
    with pytest.raises(BoneAgeError, match=re.escape(told)):
        read(tmp_path, text)


def test_no_file_is_the_default(tmp_path: Path) -> None:
    assert read_mapping(None) is DEFAULT
    with pytest.raises(BoneAgeError, match="FileNotFoundError"):
        read_mapping(tmp_path / "none.toml")


def test_the_examples_of_the_docs(tmp_path: Path) -> None:
    blocks = [
        one for one in re.findall(r"```toml\n(.*?)```", DOCS.read_text(encoding="utf-8"), re.DOTALL) if "[[bone_age]]" in one
    ]
    by_description, by_code, by_sender = (read(tmp_path, block) for block in blocks)
    assert by_description.counts(film(StudyDescription="XR Knochenalter links", Modality="DX"))
    assert not by_description.counts(film(StudyDescription="XR Hand links", Modality="DX"))
    assert by_code.counts(film(RequestedProcedureID="KA-1", Modality="CR"))
    assert not by_code.counts(film(RequestedProcedureID="HAND-1", Modality="CR"))
    assert by_sender.counts(film(StationName="PAED-RX2", BodyPartExamined="HAND", Modality="DX"))
    assert not by_sender.counts(film(StationName="PAED-RX2", BodyPartExamined="HAND", Modality="DX", SeriesDescription="Trauma"))
    assert not by_sender.counts(film(StationName="ER-1", BodyPartExamined="HAND", Modality="DX"))
