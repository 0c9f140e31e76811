"""Each annotated box gets its finger, whichever way the hand lies; annotators are averaged; bad tables are named."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from boneage import dataset
from boneage.dataset import FINGERS
from boneage.errors import BoneAgeError, Kind
from boneage.geometry import PixelMap
from boneage.joint_boxes import (
    BOX_NAMES,
    INDEX,
    JOINT_NAMES,
    OSSIFICATION,
    BoxedFilm,
    center_errors,
    give_fingers,
    iou,
    read_boxed_films,
)
from boneage.template import TEMPLATE

SIZE = (400, 300)
NAMES = [name.removeprefix("ossification.") for name in BOX_NAMES[len(JOINT_NAMES) :]]
JOINT_OF = {"MCP": 0, "PIP": 1, "DIP": 2}


def place(name: str) -> np.ndarray:
    """Where a box's center lies on the template."""
    label, _, finger = name.partition(".")
    if label in {"Radius", "Ulna", "Wrist"}:
        return np.array({"Radius": (0.06, 0.02), "Ulna": (-0.1, 0.03), "Wrist": (0.03, -0.1)}[label])
    return np.asarray(TEMPLATE[1 + 4 * FINGERS.index(finger) + JOINT_OF[label] + (finger == "thumb")])


CENTERS = np.array([place(name) for name in NAMES])


def boxes_on(film: PixelMap) -> np.ndarray:
    """[17, 4] fractions of the frame of a hand that is the template, laid on the film."""
    centers = film.points(CENTERS)
    return np.hstack([centers - 6, centers + 6]) / (SIZE[1], SIZE[0], SIZE[1], SIZE[0])


def rows_of(boxes: np.ndarray, *, seed: int = 0) -> dict[str, list[list[float]]]:
    """The table's rows: labels without fingers, in any order."""
    rows: dict[str, list[list[float]]] = {}
    for k in np.random.default_rng(seed).permutation(len(boxes)):
        rows.setdefault(NAMES[k].split(".")[0], []).append(boxes[k].tolist())
    return rows


@pytest.mark.parametrize("degrees", [0, 30, 90, 180, 250])
@pytest.mark.parametrize("mirrored", [False, True])
def test_fingers_are_told_in_any_turn_of_either_hand(degrees: float, mirrored: bool) -> None:
    film = PixelMap.about((0, 0), degrees=degrees, scale=(-200 if mirrored else 200, 200), shift=(150, 200))
    boxes = boxes_on(film)
    assert np.allclose(give_fingers(rows_of(boxes), OSSIFICATION, SIZE), boxes)


def test_a_label_with_a_box_too_many_is_left_out_and_the_rest_stays() -> None:
    boxes = boxes_on(PixelMap.about((0, 0), scale=(200, 200), shift=(150, 200)))
    rows = rows_of(boxes)
    rows["PIP"].append([0.1, 0.1, 0.2, 0.2])
    given = give_fingers(rows, OSSIFICATION, SIZE)
    unknown = np.isnan(given).all(1)
    assert [NAMES[k].startswith("PIP") for k in range(len(NAMES))] == unknown.tolist()
    assert np.allclose(given[~unknown], boxes[~unknown])


def test_overlap_by_hand() -> None:
    centers, sizes = np.zeros((3, 2), np.float32), np.full((3, 2), 2, np.float32)
    shifted = np.array([[0, 0], [1, 0], [5, 0]], np.float32)
    assert np.allclose(iou((centers, sizes), (shifted, sizes)), (1, 1 / 3, 0))


def test_errors_are_told_in_hand_lengths_of_true_proportion() -> None:
    boxes = np.full((len(BOX_NAMES), 4), np.nan)
    for name, (x, y) in {"Radius": (0.5, 0.9), "Ulna": (0.5, 0.9), "DIP.middle_finger": (0.5, 0.4)}.items():
        boxes[INDEX[f"ossification.{name}"]] = (x, y, x, y)
    film = BoxedFilm(7, SIZE, boxes)  # a hand of 0.5 * 400 = 200 px
    error = center_errors(np.add(film.centers, (0.02, 0)), film)
    assert error[INDEX["ossification.Radius"]] == pytest.approx(0.02 * 300 / 200 * 100)
    assert np.isfinite(error).sum() == 3


def write_tables(folder: Path, ossification: list[str]) -> None:
    annotations = folder / "annotations"
    annotations.mkdir()
    (annotations / "joints.csv").write_text("id,width,height,label,x0,y0,x1,y1\n9,300,400,Radius,0.1,0.1,0.3,0.3\n")
    header = "id,annotator,width,height,label,x0,y0,x1,y1"
    (annotations / "ossification_rois.csv").write_text("\n".join([header, *ossification]) + "\n")


def test_annotators_are_averaged_and_both_tables_meet(tmp_path: Path) -> None:
    write_tables(tmp_path, ["9,expert,300,400,Radius,0.2,0.2,0.4,0.4", "9,other,300,400,Radius,0.4,0.2,0.6,0.4"])
    (film,) = read_boxed_films(tmp_path)
    assert film.size == (400, 300)
    assert np.allclose(film.boxes[INDEX["joints.Radius"]], (0.1, 0.1, 0.3, 0.3))
    assert np.allclose(film.boxes[INDEX["ossification.Radius"]], (0.3, 0.2, 0.5, 0.4))
    assert np.allclose(film.centers[INDEX["ossification.Radius"]], (0.4, 0.3))
    assert np.isnan(film.boxes).all(1).sum() == len(BOX_NAMES) - 2


def test_a_bad_row_is_named(tmp_path: Path) -> None:
    write_tables(tmp_path, ["9,expert,300,400,Radius,wide,0.2,0.4,0.4"])
    with pytest.raises(BoneAgeError, match="line 2") as caught:
        read_boxed_films(tmp_path)
    assert caught.value.kind is Kind.BAD_DATA


def test_without_the_tables_it_says_so(tmp_path: Path) -> None:
    with pytest.raises(BoneAgeError, match=r"joints\.csv"):
        read_boxed_films(tmp_path)


def test_the_fingers_are_those_of_the_annotated_points(data: Path) -> None:
    """On real films: the distal box lies nearest to its own finger's tip."""
    hands = {hand.id: hand for hand in dataset.read_hands(data)}
    right = []
    for film in read_boxed_films(data):
        if film.id not in hands:
            continue
        tips = hands[film.id].points[[4 + 4 * finger for finger in range(5)]]
        for number, finger in enumerate(FINGERS):
            center = film.centers[INDEX[f"joints.DistalPhalanx.{finger}"]]
            if np.isfinite(center).all():
                right.append(np.linalg.norm((tips - center) * film.size[::-1], axis=1).argmin() == number)
    assert len(right) > 1500
    assert np.mean(right) > 0.99
