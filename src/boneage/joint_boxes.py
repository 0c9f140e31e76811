"""The annotated boxes of joints and of the wrist, each given its finger: what the judge of registration learns from.

Two sets with their own conventions, kept apart: `joints.csv` (boxes of joints and phalanges; the distal ones reach the
finger's tip) and `ossification_rois.csv` (joints, the ends of radius and ulna, and all carpals in one "Wrist" box).
"""

from __future__ import annotations

import csv
from collections import defaultdict
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

from boneage.dataset import FINGERS
from boneage.errors import BoneAgeError, Kind

Boxes = npt.NDArray[np.float64]  # [N, 4]: x0, y0, x1, y1
Values = npt.NDArray[np.floating]
NEAR = 3.0  # % of hand length: a center as near as this counts as found
OVERLAP = 0.5  # IoU above which a box counts as found

LONG = FINGERS[1:]  # without the thumb
# The tables' labels, and the fingers their boxes stand for, from the thumb on; () is one bone of the wrist.
JOINTS: dict[str, tuple[str, ...]] = {
    "Radius": (),
    "Ulna": (),
    "MCPFirst": FINGERS[:1],
    "MCP": LONG,
    "ProximalPhalanx": FINGERS,
    "MiddlePhalanx": LONG,
    "DistalPhalanx": FINGERS,
}
OSSIFICATION: dict[str, tuple[str, ...]] = {"Radius": (), "Ulna": (), "Wrist": (), "MCP": FINGERS, "PIP": FINGERS, "DIP": LONG}
JOINTS_FILE, OSSIFICATION_FILE = "joints.csv", "ossification_rois.csv"


def _names(prefix: str, labels: dict[str, tuple[str, ...]]) -> tuple[str, ...]:
    return tuple(f"{prefix}.{label}{f'.{finger}' * bool(finger)}" for label, of in labels.items() for finger in of or ("",))


JOINT_NAMES = _names("joints", JOINTS)  # 21, such as "joints.DistalPhalanx.middle_finger"
OSSIFICATION_NAMES = _names("ossification", OSSIFICATION)  # 17, such as "ossification.Wrist"
BOX_NAMES = (*JOINT_NAMES, *OSSIFICATION_NAMES)
INDEX = {name: index for index, name in enumerate(BOX_NAMES)}


@dataclass(frozen=True, eq=False)
class BoxedFilm:
    """The annotated boxes of one film."""

    id: int
    size: tuple[int, int]  # height, width of the original film, px
    boxes: Boxes  # [38, 4] in the order of BOX_NAMES, fractions of the frame; NaN: not annotated

    @property
    def centers(self) -> Boxes:
        """[38, 2] as (x, y), fractions of the frame."""
        return np.asarray((self.boxes[:, :2] + self.boxes[:, 2:]) / 2)


def read_boxed_films(data: Path) -> list[BoxedFilm]:
    """All films of both tables, by id; boxes of several annotators are averaged. Raises BoneAgeError where a table is bad."""
    sizes: dict[int, tuple[int, int]] = {}
    found: dict[int, list[Boxes]] = defaultdict(list)
    for file, labels, first in ((JOINTS_FILE, JOINTS, 0), (OSSIFICATION_FILE, OSSIFICATION, len(JOINT_NAMES))):
        for (film_id, size, _), rows in _read(data / "annotations" / file).items():
            boxes = np.full((len(BOX_NAMES), 4), np.nan)
            own = give_fingers(rows, labels, size)
            boxes[first : first + len(own)] = own
            sizes[film_id] = size
            found[film_id].append(boxes)
    return [BoxedFilm(film_id, sizes[film_id], _mean(found[film_id])) for film_id in sorted(found)]


def give_fingers(rows: dict[str, list[list[float]]], labels: dict[str, tuple[str, ...]], size: tuple[int, int]) -> Boxes:
    """Boxes by label -> [N, 4], one for each label and finger; NaN where a label has more or fewer boxes than fingers.

    Fingers are told by the angle about the wrist, counted from the thumb's side, which is the radius's: any turn, either hand.
    """
    boxes = [np.full((max(len(of), 1), 4), np.nan) for of in labels.values()]
    named = dict(zip(labels, boxes, strict=True))
    proportion = np.array((size[1], size[0]), np.float64)
    single = {label: np.array(rows[label][0]) for label in ("Radius", "Ulna") if len(rows.get(label, [])) == 1}
    for label, box in single.items():
        named[label][0] = box
    if len(single) == 2:
        radius, ulna = (_center(single[label]) * proportion for label in ("Radius", "Ulna"))
        wrist = (radius + ulna) / 2
        all_centers = np.array([_center(np.array(box)) for label in rows if label not in single for box in rows[label]])
        along = all_centers.mean(0) * proportion - wrist
        thumb_side = np.sign(_cross(along, radius - ulna))
        for label, own in named.items():
            here = rows.get(label, [])
            if label in single or len(here) != len(own):
                continue
            vectors = [_center(np.array(box)) * proportion - wrist for box in here]
            angles = [-thumb_side * np.arctan2(_cross(along, v), along @ v) for v in vectors]
            own[:] = np.array(here)[np.argsort(angles)]
    return np.concatenate(boxes)


def hand_length(centers: Boxes) -> float:
    """About one hand length: from the ends of radius and ulna to the middle finger's last box, in whichever table has them.

    centers: [38, 2] in true proportion.
    """
    spans = []
    for table, last in (("joints", "DistalPhalanx"), ("ossification", "DIP")):
        wrist = (centers[INDEX[f"{table}.Radius"]] + centers[INDEX[f"{table}.Ulna"]]) / 2
        spans.append(float(np.linalg.norm(centers[INDEX[f"{table}.{last}.middle_finger"]] - wrist)))
    known = [span for span in spans if np.isfinite(span)]
    return float(np.mean(known)) if known else float("nan")


def center_errors(guessed: Values, film: BoxedFilm) -> Boxes:
    """Distances [38] of centers (fractions of the frame) from the annotated, in % of hand length; NaN: not annotated."""
    proportion = np.array(film.size[::-1])
    true = film.centers * proportion
    return np.asarray(np.linalg.norm(guessed * proportion - true, axis=1) / hand_length(true) * 100)


def iou(a: tuple[Values, Values], b: tuple[Values, Values]) -> Boxes:
    """Intersection over union [N] of boxes given as (centers [N, 2], sizes [N, 2])."""
    low = np.maximum(a[0] - a[1] / 2, b[0] - b[1] / 2)
    high = np.minimum(a[0] + a[1] / 2, b[0] + b[1] / 2)
    shared = np.clip(high - low, 0, None).prod(1)
    return np.asarray(shared / (a[1].prod(1) + b[1].prod(1) - shared), np.float64)


def _mean(boxes: list[Boxes]) -> Boxes:
    """The mean over annotators, NaN only where nobody drew a box."""
    stack = np.stack(boxes)
    drawn = ~np.isnan(stack)
    sums, counts = np.where(drawn, stack, 0).sum(0), drawn.sum(0)
    return np.asarray(np.where(counts > 0, sums / np.maximum(counts, 1), np.nan))


def _center(box: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    return np.asarray((box[:2] + box[2:]) / 2)


def _cross(a: npt.NDArray[np.float64], b: npt.NDArray[np.float64]) -> float:
    return float(a[0] * b[1] - a[1] * b[0])


def _read(table: Path) -> dict[tuple[int, tuple[int, int], str], dict[str, list[list[float]]]]:
    """(id, size, annotator) -> label -> boxes."""
    if not table.is_file():
        raise BoneAgeError(
            Kind.BAD_DATA,
            came=f"no {table}",
            expected="the annotated boxes of joints",
            todo="The judge of registration needs them; give --data DIR.",
        )
    films: dict[tuple[int, tuple[int, int], str], dict[str, list[list[float]]]] = defaultdict(lambda: defaultdict(list))
    with table.open(newline="") as lines:
        for number, row in enumerate(csv.DictReader(lines), start=2):
            try:
                key = (int(row["id"]), (int(row["height"]), int(row["width"])), row.get("annotator", ""))
                films[key][row["label"]].append([float(row[name]) for name in ("x0", "y0", "x1", "y1")])
            except (KeyError, ValueError, TypeError) as error:
                raise BoneAgeError(
                    Kind.BAD_DATA, came=f"{table}, line {number}: {error!r}", expected="a box", todo="Correct or remove the line."
                ) from error
    return films
