"""The split is a law of the id; the data set's layout is read or refused with a reason."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
import pytest

from boneage import dataset
from boneage.dataset import LABELS, Film, Part, part_of
from boneage.errors import BoneAgeError, Kind
from boneage.types import Sex

PINNED = ["calibrate", "train", "select", "test", "calibrate", "train"]


def test_the_split_never_changes() -> None:
    """These parts are public; a change of the law would mix test films into training."""
    assert [part_of(film_id).value for film_id in (1377, 1378, 1380, 1384, 1407, 15610)] == PINNED
    counts = {part: sum(part_of(film_id) is part for film_id in range(100_000)) for part in Part}
    assert abs(counts[Part.TEST] / 1e5 - 0.0795) < 0.005
    assert abs(counts[Part.SELECT] / 1e5 - 0.056) < 0.005
    assert abs(counts[Part.CALIBRATE] / 1e5 - 0.056) < 0.005


def test_split_of_the_real_data_set_is_balanced(data: Path) -> None:
    films = dataset.read_films(data)
    male = np.mean([film.sex is Sex.MALE for film in films])
    age = np.mean([film.bone_age_months for film in films])
    for part, about in ((Part.SELECT, 700), (Part.CALIBRATE, 700), (Part.TEST, 1000)):
        some = [film for film in films if film.part is part]
        assert abs(len(some) - about) < 60
        assert abs(np.mean([film.sex is Sex.MALE for film in some]) - male) < 0.02
        assert abs(np.mean([film.bone_age_months for film in some]) - age) < 2
    assert dataset.split_hash(films) == dataset.split_hash(films[::-1])


def test_split_hash_names_ids_and_parts() -> None:
    one, two = Film(1, Sex.MALE, 10), Film(2, Sex.MALE, 10)
    assert dataset.split_hash([one]) != dataset.split_hash([one, two])


@pytest.fixture
def layout(tmp_path: Path) -> Path:
    (tmp_path / LABELS).write_text("id,boneage,male\n7,120,True\n5,60,False\n")
    for film_id, gray in ((5, 50), (7, 70)):
        cv2.imwrite(str(tmp_path / f"{film_id}.png"), np.full((80, 60), gray, np.uint8))
    return tmp_path


def test_loose_files_are_read(layout: Path) -> None:
    assert dataset.read_films(layout) == [Film(5, Sex.FEMALE, 60), Film(7, Sex.MALE, 120)]
    images = dict(dataset.iterate_images(layout, {5, 7}))
    assert images[5].shape == (80, 60)
    assert images[7].max() == 70


def test_an_absent_film_is_told(layout: Path) -> None:
    with pytest.raises(BoneAgeError, match=r"no image for 1 films.*9") as caught:
        list(dataset.iterate_images(layout, {5, 9}))
    assert caught.value.kind is Kind.BAD_DATA


@pytest.mark.parametrize("row", ["x,60,False", "5,old,False", "5,60,perhaps", "5"])
def test_a_bad_row_is_told_with_its_line(tmp_path: Path, row: str) -> None:
    (tmp_path / LABELS).write_text(f"id,boneage,male\n{row}\n")
    with pytest.raises(BoneAgeError, match="line 2"):
        dataset.read_films(tmp_path)


def test_a_folder_without_labels_is_told(tmp_path: Path) -> None:
    with pytest.raises(BoneAgeError, match=LABELS):
        dataset.read_films(tmp_path)


def test_annotated_hands_are_read(data: Path) -> None:
    hands = dataset.read_hands(data)
    assert len(hands) == 568
    assert sum(hand.right for hand in hands) == 29
    assert all(hand.points.shape == (21, 2) for hand in hands)


def test_a_damaged_shard_and_absent_annotations_are_told(layout: Path) -> None:
    (layout / "images-299-0.tar").write_bytes(b"x" * 2000)
    with pytest.raises(BoneAgeError, match=r"images-299-0\.tar"):
        list(dataset.iterate_images(layout, {5}))
    with pytest.raises(BoneAgeError, match=r"hands\.csv"):
        dataset.read_hands(layout)
