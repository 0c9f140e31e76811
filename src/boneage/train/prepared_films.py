"""Every film as a published system's networks get to see it: prepared once, kept on disk as bytes."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import numpy.typing as npt

from boneage import dataset
from boneage.claim import alone
from boneage.dataset import Film, Scan
from boneage.errors import BoneAgeError
from boneage.found_hands import runs_folder
from boneage.geometry import PixelMap
from boneage.networks import load_network
from boneage.prepare import Way, prepare
from boneage.prepare.aligned import AlignedHand
from boneage.prepare.attended import AttendedHand
from boneage.prepare.enhanced import EnhancedHand
from boneage.prepare.registered import RegisteredHand
from boneage.prepare.squashed import SquashedFilm
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


def load_prepared(
    data: Path, films: list[Film], way_name: str, scan: Scan = Scan.CHALLENGE, *, tell: Tell = lambda line: None
) -> PreparedFilms:
    """The films prepared in that way. What is not yet kept in the runs folder is made first; a kill loses nothing.

    One folder for each way's options, its networks' checksums, the data set's films and their size; one run at a time fills it.
    """
    way = _kept_way(find_way(way_name))
    there = dataset.scanned(data, scan)
    ids = [film.id for film in dataset.read_films(data) if there is None or film.id in there]
    size = "" if scan is Scan.CHALLENGE else f"-{scan.value}"
    folder = runs_folder() / "prepared" / f"{type(way).__name__}{size}-{_key(way, ids)}"
    kept = _Kept(folder, way, scan, {film_id: row for row, film_id in enumerate(ids)})
    if kept.unknown(films):
        with alone(folder, tell):
            kept.fill(data, films, lambda line: tell(f"{way_name}: {line}"))
    crops = kept.crops()
    return PreparedFilms(crops, _grids(find_way(way_name), crops), kept.ready(films))


def crop_names(way: Way) -> tuple[str, ...]:
    """What a way makes of a film, in its order."""
    match way:
        case AlignedHand(regions=parts) | RegisteredHand(windows=parts):
            return tuple(part.name for part in parts)
        case EnhancedHand():
            return ("hand",)
        case AttendedHand():
            return ("coarse map", "fine map")
        case SquashedFilm():
            return ("film",)


@dataclass(frozen=True)
class _Kept:
    """A folder with a file for each crop of the way, and one for the films' states, each with a row a film."""

    folder: Path
    way: Way
    scan: Scan
    rows: dict[int, int]  # by id

    @property
    def files(self) -> dict[str, Path]:
        """By crop."""
        names = enumerate(crop_names(self.way))
        return {name: self.folder / f"crop-{number}-{name.replace(' ', '-')}.npy" for number, name in names}

    @property
    def state(self) -> Bytes:
        """[N]. Where a crop's file is not there, no film counts as tried."""
        if not all(file.is_file() for file in self.files.values()):
            return np.full(len(self.rows), UNKNOWN, np.uint8)
        return _open(self.folder / "state.npy", (len(self.rows),))

    def unknown(self, films: list[Film]) -> set[int]:
        """Ids of the films that were not tried."""
        state = self.state
        return {film.id for film in films if state[self.rows[film.id]] == UNKNOWN}

    def ready(self, films: list[Film]) -> dict[int, int]:
        """Rows by id."""
        state = self.state
        return {film.id: self.rows[film.id] for film in films if state[self.rows[film.id]] == READY}

    def crops(self) -> dict[str, Bytes]:
        """Those that are there, by name."""
        return {name: _open(file, ()) for name, file in self.files.items() if file.is_file()}

    def fill(self, data: Path, films: list[Film], tell: Tell) -> None:
        """Prepare the films that were not tried."""
        wanted, crops, files = self.unknown(films), self.crops(), self.files
        state = _open(self.folder / "state.npy", (len(self.rows),))
        state[:] = self.state
        for count, (film_id, file) in enumerate(dataset.iterate_files(data, wanted, self.scan) if wanted else (), start=1):
            row = self.rows[film_id]
            try:
                prepared = prepare(read(file), self.way, load=load_network)
            except BoneAgeError:
                state[row] = REFUSED
                continue
            for crop in prepared.crops:
                if crop.name not in crops:
                    crops[crop.name] = _open(files[crop.name], (len(self.rows), *crop.pixels.shape))
                crops[crop.name][row] = np.rint(crop.pixels * 255)
            state[row] = READY
            if count % 500 == 0:
                tell(f"{count} of {len(wanted)} films prepared")


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
