"""The demo's films: readable, of both sexes, with their truth, and accepted as hands."""

from pathlib import Path

import pydicom
import pytest

from boneage.errors import BoneAgeError, Kind
from boneage.networks import load_network
from boneage.read import read
from boneage.register import register
from boneage.report import demo
from boneage.report.truth import read_truth
from boneage.standardize import standardize
from boneage.systems import HAND_FINDER
from boneage.types import Flag, Radiograph, Sex, Side


@pytest.fixture(scope="module")
def films(tmp_path_factory: pytest.TempPathFactory) -> list[Path]:
    folder = tmp_path_factory.mktemp("demo") / "films"
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(demo, "SIZE", (800, 600))
        return list(demo.draw_films(folder))


@pytest.fixture(scope="module")
def radiographs(films: list[Path]) -> list[Radiograph]:
    return [read(path) for path in films]


def test_sex_age_and_truth_are_those_of_the_name(films: list[Path], radiographs: list[Radiograph]) -> None:
    assert len(set(films)) == len(films) >= 8
    for path, radiograph in zip(films, radiographs, strict=True):
        word, age = path.stem.split("-")
        assert radiograph.sex is (Sex.FEMALE if word == "girl" else Sex.MALE)
        assert read_truth(path) == 12 * int(age[:2]) + int(age[3:5])
        assert radiograph.chronological_age_months is not None
        assert radiograph.spacing_mm is not None
        assert Flag.POLARITY_DISAGREES not in radiograph.flags


def test_they_vary(films: list[Path], radiographs: list[Radiograph]) -> None:
    assert {radiograph.sex for radiograph in radiographs} == set(Sex)
    assert {radiograph.side for radiograph in radiographs} == set(Side)
    headers = [pydicom.dcmread(path, stop_before_pixels=True) for path in films]
    assert {str(header.PhotometricInterpretation) for header in headers} == {"MONOCHROME1", "MONOCHROME2"}
    assert {str(header.Modality) for header in headers} == {"DX", "CR"}
    assert all("ynthetic" in str(header.PatientComments) for header in headers)


def test_the_shipped_finder_takes_each_for_one_hand(radiographs: list[Radiograph]) -> None:
    finder = load_network(HAND_FINDER)
    for child, radiograph in zip(demo.CHILDREN, radiographs, strict=True):
        hand = standardize(radiograph, finder)
        aligned = register(hand)
        assert hand.presence > 0.95, child.name
        assert Flag.POLARITY_INVERTED not in hand.flags, child.name
        assert (Flag.MIRRORED in aligned.flags) == (radiograph.side is Side.RIGHT), child.name
        turned = child.pose is not None and abs(child.pose.turn_degrees) > 45
        assert (Flag.TURNED in aligned.flags) == turned, child.name


def test_drawn_twice_they_are_the_same(films: list[Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(demo, "SIZE", (800, 600))
    again = next(demo.draw_films(tmp_path))
    assert again.name == films[0].name
    assert again.read_bytes() == films[0].read_bytes()


def test_a_folder_that_cannot_be_made_is_told(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("x")
    with pytest.raises(BoneAgeError) as caught:
        next(demo.draw_films(tmp_path / "file" / "films"))
    assert caught.value.kind is Kind.BAD_OPTION
