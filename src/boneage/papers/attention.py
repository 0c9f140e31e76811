"""Attention maps of many films in one frame: laid on the registered hand, averaged, and parted among the bones."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol, TypeVar

import numpy as np

from boneage import dataset
from boneage.dataset import Film, Part
from boneage.errors import BoneAgeError
from boneage.evaluate.average_hands import FEWEST
from boneage.evaluate.hand_regions import FRAME, REGIONS, area_shares, hand_mask, region_masks
from boneage.evaluate.metrics import Array
from boneage.geometry import PixelMap
from boneage.regions import normalize_inside, warp
from boneage.types import Image, Radiograph

T = TypeVar("T")
# the papers: the test part. Not in the papers: no look at test, what trained nothing; select alone has ten films under 3 years
PARTS = (Part.SELECT, Part.CALIBRATE)
SHARES = tuple(name.replace(" ", "_") for name in REGIONS)  # columns
Tell = Callable[[str], None]


class Parted(Protocol):
    """A film's attention."""

    @property
    def shares(self) -> tuple[float, ...]:
        """Of the sum over the hand, in the order of REGIONS; they add up to 1."""


@dataclass(frozen=True, eq=False)
class Cell:
    """The averages of a group of films."""

    films: int
    hand: Array | None = None  # [H, W], 0..1; None: too few films to show
    strength: Array | None = None  # [H, W], 1 on average within the hand


@dataclass
class Sum:
    """Of one group's films so far."""

    films: int = 0
    hand: Array = field(default_factory=lambda: np.zeros(FRAME.size))
    strength: Array = field(default_factory=lambda: np.zeros(FRAME.size))

    def add(self, hand: Image, strength: Array) -> None:
        self.films += 1
        self.hand += hand
        self.strength += strength

    def cell(self) -> Cell:
        """Its means; nothing to show where there are fewer films than may be shown."""
        if self.films < FEWEST:
            return Cell(self.films)
        return Cell(self.films, self.hand / self.films, self.strength / self.films)


def see_each(data: Path, films: Mapping[int, Film], see: Callable[[Film, bytes], T]) -> tuple[list[T], str]:
    """What `see` makes of each film's file, and in words how many were refused, which are left out."""
    seen, refused = list[T](), Counter[str]()
    for film_id, file in dataset.iterate_files(data, set(films)):
        try:
            seen.append(see(films[film_id], file))
        except BoneAgeError as error:
            refused[error.kind.value] += 1
    return seen, f"refused: {dict(refused) or 'none'}"


def registered(radiograph: Radiograph, to_frame: PixelMap) -> Image:
    """The hand in the frame [H, W], 0..1 within its outline."""
    return normalize_inside(warp(radiograph.pixels, to_frame, FRAME.size), hand_mask())


def evened(strength: Array) -> Array:
    """1 on average within the hand, 1 everywhere where it is nowhere strong. Not in the papers: each film counts alike."""
    average = float(strength[hand_mask()].mean())
    return strength / average if average > 0 else np.ones(FRAME.size)


def parts_of(strength: Array) -> tuple[float, ...]:
    """The regions' shares of a map [H, W]."""
    total = float(strength[hand_mask()].sum())
    return tuple(float(strength[mask].sum()) / total for mask in region_masks(FRAME).values())


def densities(rows: Sequence[Parted], *regions: str) -> Array:
    """[N]: the regions' share of the attention over their share of the hand's area; 1: as much as even attention gives."""
    areas = area_shares()
    attention = [sum(row.shares[REGIONS.index(region)] for region in regions) for row in rows]
    return np.array(attention) / sum(areas[region] for region in regions)
