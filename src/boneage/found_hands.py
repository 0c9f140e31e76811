"""Every film's hand as the runtime's own stages find it: once, kept on disk."""

from __future__ import annotations

import csv
import os
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

from boneage import dataset
from boneage.dataset import Film, Scan
from boneage.errors import BoneAgeError
from boneage.geometry import PixelMap
from boneage.networks import load_network
from boneage.register import register
from boneage.standardize import NO_HAND, find_hand
from boneage.standardize.size import standard_bytes, unit
from boneage.systems import HAND_FINDER
from boneage.types import Flag, Hand

Bytes = npt.NDArray[np.uint8]
Images = dict[int, Bytes]
POINTS = 21


def runs_folder() -> Path:
    """Where runs and what they keep live: BONEAGE_RUNS, else the user's cache folder."""
    if "BONEAGE_RUNS" in os.environ:
        return Path(os.environ["BONEAGE_RUNS"])
    from platformdirs import user_cache_path

    return user_cache_path("boneage") / "runs"


@dataclass(frozen=True, eq=False)
class FoundHand:
    """What the hand finder says of one film in the standard frame."""

    inverted: bool  # bone came dark
    presence: float
    points: npt.NDArray[np.float64]  # [21, 2] px of the standard frame
    confidence: npt.NDArray[np.float64]  # [21]

    @classmethod
    def on(cls, frame: Bytes) -> FoundHand:
        hand = find_hand(unit(frame), load_network(HAND_FINDER))
        return cls(Flag.POLARITY_INVERTED in hand.flags, hand.presence, hand.points, hand.confidence)

    @classmethod
    def parse(cls, values: list[str]) -> FoundHand:
        numbers = np.array([float(value) for value in values])
        return cls(numbers[0] == 1, float(numbers[1]), numbers[2 : 2 + 2 * POINTS].reshape(POINTS, 2), numbers[2 + 2 * POINTS :])

    def values(self) -> list[str]:
        return [repr(float(value)) for value in (self.inverted, self.presence, *self.points.ravel(), *self.confidence)]

    def bright(self, frame: Bytes) -> Bytes:
        """The film with bone bright."""
        return 255 - frame if self.inverted else frame

    def to_frame(self) -> PixelMap | None:
        """The map standard frame -> template; None where the runtime refuses the film."""
        if self.presence < NO_HAND:
            return None
        flat = np.zeros((1, 1), np.float32)
        try:
            return register(Hand(flat, self.points, self.confidence, self.presence, PixelMap.identity())).to_frame
        except BoneAgeError:
            return None


def load_found(data: Path, films: list[Film], scan: Scan = Scan.CHALLENGE) -> tuple[Images, dict[int, FoundHand]]:
    """The films in the standard frame, bone bright, and the hand on each.

    Kept in the runs folder by the finder's dated name and checksum, and the scan.
    """
    size = "" if scan is Scan.CHALLENGE else f"-{scan.value}"
    cache = runs_folder() / "found" / f"{HAND_FINDER}-{load_network(HAND_FINDER).card.sha256[:12]}{size}.csv"
    known = _read(cache)
    images, found, fresh = Images(), dict[int, FoundHand](), list[list[str]]()
    for film_id, image in dataset.iterate_images(data, {film.id for film in films}, scan):
        frame = standard_bytes(image)
        if film_id not in known:
            known[film_id] = FoundHand.on(frame)
            fresh.append([str(film_id), *known[film_id].values()])
        found[film_id] = known[film_id]
        images[film_id] = known[film_id].bright(frame)
    if fresh:
        cache.parent.mkdir(parents=True, exist_ok=True)
        with cache.open("a", newline="") as lines:
            csv.writer(lines).writerows(fresh)
    return images, found


def load_alignments(data: Path, films: list[Film]) -> tuple[Images, dict[int, PixelMap]]:
    """The films in the standard frame, bone bright, and their maps to the template; refused films have no map."""
    images, found = load_found(data, films)
    maps = {film_id: hand.to_frame() for film_id, hand in found.items()}
    return images, {film_id: to_frame for film_id, to_frame in maps.items() if to_frame is not None}


def _read(cache: Path) -> dict[int, FoundHand]:
    if not cache.is_file():
        return {}
    with cache.open(newline="") as lines:
        return {int(film_id): FoundHand.parse(values) for film_id, *values in csv.reader(lines)}
