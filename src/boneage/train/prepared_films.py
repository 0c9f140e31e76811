"""Every film as a published system's networks get to see it: prepared once, kept on disk as bytes."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import numpy.typing as npt

from boneage import dataset
from boneage.dataset import Film
from boneage.errors import BoneAgeError
from boneage.found_hands import runs_folder
from boneage.geometry import PixelMap
from boneage.networks import load_network
from boneage.prepare import Way, prepare
from boneage.prepare.registered import RegisteredHand
from boneage.read import read
from boneage.register.frame import PAPER_FRAME
from boneage.register.windows import Window
from boneage.systems import find_way

Bytes = npt.NDArray[np.uint8]
Tell = Callable[[str], None]
UNKNOWN, READY, REFUSED = 0, 1, 2
WHOLE_FRAME = Window("registered frame", 0.0, 0.0, *PAPER_FRAME.size)


@dataclass(frozen=True, eq=False)
class PreparedFilms:
    """The crops of one way, film by film; a refused film has none."""

    crops: dict[str, Bytes]  # by crop: [N, H, W], on disk
    grids: dict[str, tuple[str, PixelMap, tuple[int, int]]]  # by region: the crop it is cut from, the map to it, its size
    row_of: dict[int, int]  # by id of a film that was not refused

    def region(self, film_id: int, name: str) -> tuple[Bytes, PixelMap, tuple[int, int]]:
        """A film's pixels [H, W], the map from them to the region as the runtime cuts it, and that region's size."""
        crop, to_region, size = self.grids[name]
        return self.crops[crop][self.row_of[film_id]], to_region, size


def load_prepared(data: Path, films: list[Film], way_name: str, *, tell: Tell = lambda line: None) -> PreparedFilms:
    """The films prepared in that way. What is not yet kept in the runs folder is made first; a kill loses nothing.

    One folder for each way's options, its networks' checksums and the data set's films.
    """
    way = _kept_way(find_way(way_name))
    ids = [film.id for film in dataset.read_films(data)]
    folder = runs_folder() / "prepared" / f"{type(way).__name__}-{_key(way, ids)}"
    rows = {film_id: row for row, film_id in enumerate(ids)}
    state = _open(folder / "state.npy", (len(ids),))
    wanted = {film.id for film in films if state[rows[film.id]] == UNKNOWN}
    crops = {path.stem: _open(path, ()) for path in sorted(folder.glob("crop-*.npy"))}
    for count, (film_id, file) in enumerate(dataset.iterate_files(data, wanted) if wanted else (), start=1):
        row = rows[film_id]
        try:
            prepared = prepare(read(file), way, load=load_network)
        except BoneAgeError:
            state[row] = REFUSED
            continue
        for number, crop in enumerate(prepared.crops):
            name = f"crop-{number}-{crop.name.replace(' ', '-')}"
            if name not in crops:
                crops[name] = _open(folder / f"{name}.npy", (len(ids), *crop.pixels.shape))
            crops[name][row] = np.rint(crop.pixels * 255)
        state[row] = READY
        if count % 500 == 0:
            tell(f"{way_name}: {count} of {len(wanted)} films prepared")
    by_name = {name.split("-", 2)[2].replace("-", " "): crop for name, crop in crops.items()}
    ready = {film.id: rows[film.id] for film in films if state[rows[film.id]] == READY}
    return PreparedFilms(by_name, _grids(find_way(way_name), by_name), ready)


def _kept_way(way: Way) -> Way:
    """Registered films are kept whole: a region's surroundings come into it when it is turned or shifted."""
    return replace(way, windows=(WHOLE_FRAME,)) if isinstance(way, RegisteredHand) else way


def _grids(way: Way, crops: dict[str, Bytes]) -> dict[str, tuple[str, PixelMap, tuple[int, int]]]:
    if isinstance(way, RegisteredHand):
        return {window.name: (WHOLE_FRAME.name, window.grid(way.frame), window.size(way.frame)) for window in way.windows}
    return {name: (name, PixelMap.identity(), (crop.shape[1], crop.shape[2])) for name, crop in crops.items()}


def _key(way: Way, ids: list[int]) -> str:
    """Twelve hex digits over the way's options, its networks' checksums and the data set's films."""
    sums = [load_network(name).card.sha256 for name in way.networks]
    return hashlib.sha256("\n".join([repr(way), *sums, *map(str, ids)]).encode()).hexdigest()[:12]


def _open(path: Path, shape: tuple[int, ...]) -> Bytes:
    """The array of bytes on disk; made, all zeros, where it is not there."""
    if path.is_file():
        return np.lib.format.open_memmap(path, mode="r+")
    path.parent.mkdir(parents=True, exist_ok=True)
    return np.lib.format.open_memmap(path, mode="w+", dtype=np.uint8, shape=shape)
