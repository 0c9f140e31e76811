"""The three key points of registration (Iglovikov 2018, section 3): the paper's own network, or the hand finder's points.

Both give the same value, so `fit_frame(*points, frame)` takes either.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from boneage.errors import BoneAgeError, Kind
from boneage.geometry import PixelMap
from boneage.networks import OnnxNetwork
from boneage.register.capitate import find_capitate
from boneage.register.frame import PAPER_FRAME
from boneage.standardize.contrast import stretch
from boneage.standardize.letterbox import squashed_map
from boneage.template import MIDDLE_TIP, THUMB_TIP
from boneage.types import Image

Point = npt.NDArray[np.float64]  # [2] as (x, y)
Points = npt.NDArray[np.float64]  # [N, 2]


@dataclass(frozen=True, eq=False)
class KeyPoints:
    """Where the hand lies: three points, (x, y) in one film's pixels."""

    tip: Point  # of the middle finger's distal phalanx
    thumb: Point  # tip of the thumb's distal phalanx
    capitate: Point  # its center

    def __post_init__(self) -> None:
        for name in ("tip", "thumb", "capitate"):
            point = np.array(getattr(self, name), np.float64)  # an own copy
            if point.shape != (2,) or not np.isfinite(point).all():
                raise ValueError(f"{name}: a point (x, y) is expected, not {point!r}")
            point.setflags(write=False)
            object.__setattr__(self, name, point)

    def __iter__(self) -> Iterator[Point]:
        """In the order of `fit_frame`'s parameters."""
        yield from (self.tip, self.thumb, self.capitate)

    def moved(self, by: PixelMap) -> KeyPoints:
        """The same points on another grid."""
        return KeyPoints(*(by.points(point) for point in self))


def from_hand(points: Points, confidence: Points) -> KeyPoints:
    """The hand finder's 21 points [21, 2] on a film, squashed or not, as the three key points there."""
    return KeyPoints(points[MIDDLE_TIP], points[THUMB_TIP], find_capitate(points, confidence))


def find_key_points(film: Image, network: OnnxNetwork, *, aspect: float | None = None) -> KeyPoints:
    """The paper's network on a film [H, W], bone bright. `aspect`: a squashed film's true width : height; None: as it is.

    Nothing in the paper tells the network a hand from anything else: three points come of any picture. Raises BoneAgeError
    where they are not finite.
    """
    size = network.card.size
    to_grid = padded_map((film.shape[0], film.shape[1]), size, aspect=aspect)
    (answer, *_) = network(padded(film, to_grid, size)[None, None])
    if not np.isfinite(answer).all():
        raise BoneAgeError(
            Kind.BAD_PIXELS,
            came="key points that are not numbers",
            expected="finite pixels in 0..1",
            todo="Look for values in the film that are not finite.",
        )
    found = np.asarray(answer[0], np.float64)  # [3, 2]
    return KeyPoints(*(unit_square(size) @ to_grid).inverse().points(found))


def padded(film: Image, to_grid: PixelMap, size: tuple[int, int]) -> Image:
    """The film's gray values in 0..1 on the network's grid, "padded with zeros when necessary".

    Not in the paper: whether the hand's mask is laid over the film before; here it is not, so that no mask's error comes in.
    """
    return to_grid.image(stretch(film), size)


def padded_map(film: tuple[int, int], size: tuple[int, int], *, aspect: float | None = None) -> PixelMap:
    """A film of `film` pixels (height, width) -> the grid of `size` that holds it whole, in true proportions, centered."""
    return squashed_map(film, film[1] / film[0] if aspect is None else aspect, size)


def unit_square(size: tuple[int, int]) -> PixelMap:
    """A grid of `size` over the whole 2080 x 1600 frame -> -1..1: the paper's rescaling of 0..1599 and 0..2079."""
    height, width = PAPER_FRAME.size
    to_unit = PixelMap(np.array([[2 / (width - 1), 0, -1], [0, 2 / (height - 1), -1], [0, 0, 1.0]]))
    return to_unit @ PixelMap.resize(size, PAPER_FRAME.size)
