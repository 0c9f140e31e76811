"""The registration judged: each film into the frame, the judge's points through the same map, their distance from the targets."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from enum import Enum
from itertools import islice
from math import inf, nan
from typing import TypeVar

import numpy as np
import numpy.typing as npt

from boneage.dataset import Part, part_of
from boneage.errors import BoneAgeError
from boneage.evaluate.judge import Judged, judge
from boneage.geometry import PixelMap
from boneage.networks import OnnxNetwork
from boneage.register import register
from boneage.register.aspect import estimate_aspect, unsquash
from boneage.register.fit import fit_frame
from boneage.register.frame import PAPER_FRAME
from boneage.register.keypoints import KeyPoints, from_hand
from boneage.standardize import standardize
from boneage.standardize.size import unit
from boneage.types import Flag, Image, Radiograph

A = TypeVar("A")
B = TypeVar("B")
Bytes = npt.NDArray[np.uint8]

NEAR = 3.0  # % of the frame's height: as near counts as landed
DOUBTFUL = {Flag.HAND_UNCERTAIN, Flag.UNUSUAL_POSE}  # what tells the user that the hand may lie elsewhere
AHEAD = 64  # films in work at once
LEARNED, KNOWN = "aspect learned", "aspect known"


class Turn(str, Enum):
    """What is done to a film to see whether the hand still comes into the same place."""

    MIRRORED = "mirrored"
    QUARTER = "turned by 90 degrees"
    HALF = "turned by 180 degrees"
    THREE_QUARTERS = "turned by 270 degrees"
    MIRRORED_QUARTER = "mirrored and turned by 90 degrees"

    def film(self, film: Image) -> Image:
        """The changed film [H, W]."""
        mirrored = film[:, ::-1] if self in {Turn.MIRRORED, Turn.MIRRORED_QUARTER} else film
        return np.ascontiguousarray(np.rot90(mirrored, QUARTERS[self]))

    def map(self, size: tuple[int, int]) -> PixelMap:
        """Where its pixels went; `size` (height, width) before."""
        moved = PixelMap.mirror(size[1]) if self in {Turn.MIRRORED, Turn.MIRRORED_QUARTER} else PixelMap.identity()
        for _ in range(QUARTERS[self]):
            moved = PixelMap(np.array([[0, 1, 0], [-1, 0, size[1] - 1], [0, 0, 1.0]])) @ moved
            size = (size[1], size[0])
        return moved


QUARTERS = {Turn.MIRRORED: 0, Turn.QUARTER: 1, Turn.HALF: 2, Turn.THREE_QUARTERS: 3, Turn.MIRRORED_QUARTER: 1}


@dataclass(frozen=True, eq=False)
class Placed:
    """A film's hand, and its way into the paper's frame."""

    points: KeyPoints  # on the film
    aspect: float  # width : height, learned from the hand
    flags: frozenset[Flag]

    def to_frame(self, aspect: float | None = None) -> PixelMap:
        """The film's pixels -> the frame's; `aspect`: the true one, where it is known."""
        proportioned = unsquash(self.aspect if aspect is None else aspect)
        tip, thumb, capitate = self.points.moved(proportioned)
        return fit_frame(tip, thumb, capitate, PAPER_FRAME) @ proportioned


@dataclass(frozen=True)
class Landing:
    """Where one film's hand landed. Distances in % of the frame's height; nan: refused, inf: the judge saw no hand."""

    id: int
    part: Part
    group: str
    refused: bool
    flagged: bool
    tip: float
    capitate: float = 0.0
    score: float = nan  # the judge's own
    doubt: float = nan

    @property
    def farther(self) -> float:
        return max(self.tip, self.capitate)

    @property
    def near(self) -> bool:
        """Landed within NEAR; a film that was refused did not."""
        return not self.refused and self.farther <= NEAR


def place(film: Image, finder: OnnxNetwork) -> Placed:
    """A film in the standard frame as the runtime sees it. Raises BoneAgeError where it is refused."""
    hand = standardize(Radiograph(pixels=film, sha256=""), finder)
    flags = hand.flags | register(hand).flags
    points = from_hand(hand.points, hand.confidence)
    placed = Placed(points, estimate_aspect(hand.points, hand.confidence), frozenset(flags))
    placed.to_frame()  # points that make no hand are refused here
    return placed


def landings(
    films: Iterable[tuple[int, Bytes]], *, finder: OnnxNetwork, detector: OnnxNetwork, sizes: dict[int, tuple[int, int]]
) -> Iterator[Landing]:
    """One line per film in the standard frame with the aspect learned; a second for those whose true size is in `sizes`."""

    def look(item: tuple[int, Bytes]) -> list[Landing]:
        film_id, film = item[0], unit(item[1])
        seen, placed = _or_none(judge, film, detector), _or_none(place, film, finder)
        found = [land(film_id, placed, seen)]
        if film_id in sizes:
            height, width = sizes[film_id]
            found.append(land(film_id, placed, seen, aspect=width / height))
        return found

    for lines in side_by_side(look, films):
        yield from lines


def land(film_id: int, placed: Placed | None, seen: Judged | None, *, aspect: float | None = None) -> Landing:
    """The judge's points through the film's map, against their targets. `None`: refused, or the judge saw no hand."""
    group = LEARNED if aspect is None else KNOWN
    if placed is None:
        return Landing(film_id, part_of(film_id), group, True, False, nan, nan)
    flagged = bool(placed.flags & DOUBTFUL)
    if seen is None:
        return Landing(film_id, part_of(film_id), group, False, flagged, inf, inf)
    tip, capitate = placed.to_frame(aspect).points([seen.tip, seen.capitate])
    far = [percent(tip - PAPER_FRAME.tip), percent(capitate - PAPER_FRAME.capitate)]
    return Landing(film_id, part_of(film_id), group, False, flagged, far[0], far[1], seen.score, seen.doubt)


def turned_landings(films: Iterable[tuple[int, Bytes]], *, finder: OnnxNetwork) -> Iterator[tuple[Landing, bool]]:
    """For each film and each turn: how far the key points land from where they landed unturned; whether the side is right.

    Films that are refused unturned are left out: they are counted where they stand upright.
    """

    def look(item: tuple[int, Bytes]) -> list[tuple[Landing, bool]]:
        film_id, film = item[0], unit(item[1])
        upright = _or_none(place, film, finder)
        return [] if upright is None else [turned(film_id, film, upright, turn, finder) for turn in Turn]

    for lines in side_by_side(look, films):
        yield from lines


def turned(film_id: int, film: Image, upright: Placed, turn: Turn, finder: OnnxNetwork) -> tuple[Landing, bool]:
    """One turn of one film. The side is right if the map mirrors where it did not, after a mirror; else as before."""
    again = _or_none(place, turn.film(film), finder)
    if again is None:
        return Landing(film_id, part_of(film_id), turn.value, True, False, nan), False
    moved = turn.map((film.shape[0], film.shape[1]))
    points = np.stack(list(upright.points))
    there, before = again.to_frame(), upright.to_frame()
    far = there.points(moved.points(points)) - before.points(points)
    right = there.mirrors == (before.mirrors != moved.mirrors)
    return Landing(film_id, part_of(film_id), turn.value, False, bool(again.flags & DOUBTFUL), max(map(percent, far))), right


def percent(difference: npt.NDArray[np.float64]) -> float:
    """Frame pixels (x, y) -> % of the frame's height."""
    return float(np.linalg.norm(difference)) / PAPER_FRAME.size[0] * 100


def _or_none(work: Callable[[Image, OnnxNetwork], A], film: Image, network: OnnxNetwork) -> A | None:
    try:
        return work(film, network)
    except BoneAgeError:
        return None


def side_by_side(work: Callable[[A], B], items: Iterable[A], *, threads: int = 2) -> Iterator[B]:
    """`work` over items in their order, on threads (the networks let go of the lock), never more than a few at once."""
    rest = iter(items)
    with ThreadPoolExecutor(threads) as pool:
        while some := list(islice(rest, AHEAD)):
            yield from pool.map(work, some)
