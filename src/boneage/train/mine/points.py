"""The hand's points on every training film: annotated where they are, else the hand finder's; kept in one CSV file."""

from __future__ import annotations

import csv
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

from boneage import dataset
from boneage.dataset import POINT_NAMES, Part, part_of
from boneage.errors import BoneAgeError, Kind
from boneage.networks import load_network
from boneage.standardize import find_hand
from boneage.standardize.size import STANDARD, standard_bytes, unit
from boneage.systems import HAND_FINDER
from boneage.train.mine.disk import append, whole_lines
from boneage.types import Flag

Bytes = npt.NDArray[np.uint8]
Points = npt.NDArray[np.float64]
HEADER = ["id", "annotated", "inverted", "presence", *(f"{name}_{axis}" for name in POINT_NAMES for axis in ("x", "y", "c"))]


@dataclass(frozen=True, eq=False)
class Known:
    """What is known of a film before any mask."""

    annotated: bool  # a person set the points
    inverted: bool  # bone is dark in the stored film
    presence: float  # 0..1, the finder's, that there is one hand
    points: Points  # [21, 2] (x, y) on the standard frame
    confidence: Points  # [21], 0..1; 1 for annotated points


class Films:
    """The training part's films, bone bright in the standard frame, with what is known of each."""

    def __init__(self, data: Path, cache: Path) -> None:
        self.data = data
        self.ids = [film.id for film in dataset.read_films(data) if film.part is Part.TRAIN]
        self._cache = cache
        self._known = _read(cache)
        self._annotated = {hand.id: hand.points * np.array(STANDARD[::-1]) - 0.5 for hand in annotated(data)}

    @property
    def annotated_ids(self) -> list[int]:
        return sorted(self._annotated)

    @property
    def inverted(self) -> dict[int, bool]:
        """Of the films whose points are known: whether bone is dark in the stored film."""
        return {film_id: known.inverted for film_id, known in self._known.items()}

    def iterate(self, ids: Iterable[int]) -> Iterator[tuple[int, Bytes, Known]]:
        """The wanted films; points that are not yet known are found and kept. Refuses films that are held out."""
        wanted = set(ids)
        refuse_held_out(wanted)
        for film_id, image in dataset.iterate_images(self.data, wanted):
            frame = standard_bytes(image)
            if film_id not in self._known:
                self._known[film_id] = self._find(film_id, frame)
                append(self._cache, HEADER, _row(film_id, self._known[film_id]))
            known = self._known[film_id]
            yield film_id, (255 - frame if known.inverted else frame), known

    def _find(self, film_id: int, frame: Bytes) -> Known:
        hand = find_hand(unit(frame), load_network(HAND_FINDER))
        inverted = Flag.POLARITY_INVERTED in hand.flags
        points = self._annotated.get(film_id)
        if points is not None:
            return Known(True, inverted, hand.presence, points, np.ones(len(points)))
        return Known(False, inverted, hand.presence, hand.points, hand.confidence)


def refuse_held_out(ids: set[int]) -> None:
    """Raises BoneAgeError where a film is not of the training part."""
    held_out = sorted(film_id for film_id in ids if part_of(film_id) is not Part.TRAIN)
    if held_out:
        raise BoneAgeError(
            Kind.BAD_DATA,
            came=f"{len(held_out)} held-out films, among them {held_out[0]} ({part_of(held_out[0]).value})",
            expected="films of the training part",
            todo="Masks for training come from training films alone; leave these out.",
        )


def annotated(data: Path) -> list[dataset.AnnotatedHand]:
    """The annotated hands of the training part; none where the table is absent."""
    if not (data / "annotations" / "hands.csv").is_file():
        return []
    return [hand for hand in dataset.read_hands(data) if part_of(hand.id) is Part.TRAIN]


def _row(film_id: int, known: Known) -> list[str]:
    values = np.column_stack([known.points, known.confidence]).ravel()
    return [
        str(film_id),
        str(int(known.annotated)),
        str(int(known.inverted)),
        f"{known.presence:.4f}",
        *(f"{value:.3f}" for value in values),
    ]


def _read(cache: Path) -> dict[int, Known]:
    rows = {}
    for film_id, annotated_, inverted, presence, *values in csv.reader(whole_lines(cache)[1:]):
        table = np.array([float(value) for value in values]).reshape(-1, 3)
        rows[int(film_id)] = Known(annotated_ == "1", inverted == "1", float(presence), table[:, :2].copy(), table[:, 2].copy())
    return rows
