"""Films as a reference network's training needs them: bone bright, with the map to the template, at one scan or several."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence, Set
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

from boneage import dataset
from boneage.dataset import Film, Part, Scan
from boneage.found_hands import Bytes, load_found
from boneage.geometry import PixelMap
from boneage.regions import REGIONS, normalize, warp
from boneage.standardize.size import STANDARD, fine_bytes
from boneage.train.acquisition import Acquired
from boneage.train.augment import Change
from boneage.train.reference import AlignedFilms, Fold
from boneage.types import Image


@dataclass(frozen=True, eq=False)
class AlignedFilm:
    """One scan of a film."""

    film: Film
    scan: Scan
    pixels: Bytes  # [H, W] bone bright
    to_frame: PixelMap  # pixels -> template
    points: npt.NDArray[np.float64]  # [21, 2] of the hand, in `pixels`

    def crops(self, views: Sequence[str], change: Change, acquired: Acquired, size: tuple[int, int]) -> Image:
        """The regions [V, H, W] as the runtime cuts them, all changed alike."""
        pixels = acquired.film(self.pixels)
        grids = [change.map(size) @ REGIONS[view].frame.grid(size) @ self.to_frame for view in views]
        plain = [normalize(warp(pixels, grid, size), REGIONS[view].frame) for view, grid in zip(views, grids, strict=True)]
        return np.stack([acquired.crop(change.tone(crop)) for crop in plain])

    def points_on(self, view: str, change: Change, size: tuple[int, int]) -> npt.NDArray[np.float32]:
        """The hand's points [21, 2] on a crop, -1..1 from edge to edge."""
        there = (change.map(size) @ REGIONS[view].frame.grid(size) @ self.to_frame).points(self.points)
        return np.asarray((there + 0.5) * 2 / np.array(size[::-1]) - 1, np.float32)


def load_aligned(data: Path, choice: AlignedFilms, parts: Set[Part]) -> list[AlignedFilm]:
    """Every scan of the parts' films that is there and not refused, scan by scan, by id. A fold leaves out training films."""
    films = [film for film in dataset.read_films(data) if film.part in parts and not _left_out(film, choice.fold)]
    return [aligned for scan in choice.scans for aligned in _load(data, films, scan, fine=choice.detail == "film")]


def in_fold(film_id: int, fold: Fold) -> bool:
    """Whether the fold leaves that film out: a law of its id."""
    digest = hashlib.sha256(f"fold:{film_id}".encode()).digest()
    return int.from_bytes(digest[:8], "big") % fold.of == fold.left_out


def _left_out(film: Film, fold: Fold | None) -> bool:
    return fold is not None and film.part is Part.TRAIN and in_fold(film.id, fold)


def _load(data: Path, films: list[Film], scan: Scan, *, fine: bool) -> list[AlignedFilm]:
    there = dataset.scanned(data, scan)
    wanted = [film for film in films if there is None or film.id in there]
    frames, found = load_found(data, wanted, scan)
    to_frame = {film_id: place for film_id, hand in found.items() if (place := hand.to_frame()) is not None}
    usable = [film for film in wanted if film.id in to_frame]
    if not fine:
        return [AlignedFilm(film, scan, frames[film.id], to_frame[film.id], found[film.id].points) for film in usable]
    frames.clear()
    own = {}
    for film_id, image in dataset.iterate_images(data, {film.id for film in usable}, scan):
        own[film_id] = found[film_id].bright(fine_bytes(image))
    aligned = []
    for film in usable:
        pixels = own[film.id]
        size = (pixels.shape[0], pixels.shape[1])
        to_own = PixelMap.resize(STANDARD, size)
        points = to_own.points(found[film.id].points)
        aligned.append(AlignedFilm(film, scan, pixels, to_frame[film.id] @ to_own.inverse(), points))
    return aligned
