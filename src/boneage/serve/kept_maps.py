"""The heat maps of answers as files: kept once made, asked for by a file beside, tried so many times; no line of the database."""

from __future__ import annotations

import io
import json
import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from fcntl import LOCK_EX, LOCK_NB, flock
from pathlib import Path
from typing import Any

import cv2
import numpy as np

from boneage.explain.heat import HeatMap
from boneage.geometry import PixelMap
from boneage.report.reading import Reading
from boneage.serve.disk import PRIVATE_FILE, make_folder, write_whole
from boneage.serve.store.records import Film

MOST_TRIES = 3  # since the service began; maps on which so many workers ended are given up until it begins again
LAYER = 720  # pixels of a side: a map has no finer detail
ASKED = "asked"  # the folder of requests among those of films
_MAPS, _TRIES = ".maps", ".tries"

Maps = tuple[HeatMap, ...]


class NotYet(Exception):
    """The maps are still being made."""


@dataclass(frozen=True)
class KeptMaps:
    """Of one site. A signed reading has the maps of the answer that it was signed on; another sex has another answer."""

    folder: Path  # of all pictures: a folder a film
    system: str  # that reads films here; an earlier system's answers keep the maps that they have

    def of(self, film: Film, reading: Reading) -> Maps | None:
        """None: not made yet. Empty: there are none, as of a film that was refused, or there will be none."""
        if reading.estimate is None:
            return ()
        try:
            return _load(self._path(film, reading, _MAPS).read_bytes())
        except FileNotFoundError:
            given_up = reading.system != self.system or self._tries(film, reading) > MOST_TRIES
            return () if given_up else None

    def keep(self, film: Film, reading: Reading, maps: Maps) -> None:
        """All at once or none."""
        write_whole(self._path(film, reading, _MAPS), _dump(maps))

    def ask(self, film: Film) -> None:
        """This film before all others; asked for again, before those that were asked for since."""
        make_folder(self.folder / ASKED)
        (self.folder / ASKED / film.id).touch(PRIVATE_FILE)

    def asked(self) -> list[str]:
        """Ids of films, the one that was asked for last first."""
        try:
            found = [(one.stat().st_mtime_ns, one.name) for one in os.scandir(self.folder / ASKED)]
        except FileNotFoundError:  # nobody ever asked, or another worker just answered
            return []
        return [name for _, name in sorted(found, reverse=True)]

    def answered(self, film_id: str) -> None:
        """Takes the request back."""
        (self.folder / ASKED / film_id).unlink(missing_ok=True)

    @contextmanager
    def trying(self, film: Film, reading: Reading) -> Iterator[bool]:
        """Holds these maps for one try, which counts however it ends; False: another has them, or they were tried too often.

        The lock ends with its process, so nobody waits for one that was killed.
        """
        path = self._path(film, reading, _TRIES)
        make_folder(path.parent)
        with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, PRIVATE_FILE), "ab", buffering=0) as tries:
            try:
                flock(tries, LOCK_EX | LOCK_NB)
            except BlockingIOError:
                yield False
                return
            if self._tries(film, reading) <= MOST_TRIES:
                tries.write(b".")
            yield self._tries(film, reading) <= MOST_TRIES

    def sweep(self) -> None:
        """Forgets the tries of an earlier run, and what it was still writing: when the service begins, before its workers."""
        for pattern in (f"*/*{_TRIES}", "*/*.part"):
            for path in self.folder.glob(pattern):
                path.unlink(missing_ok=True)

    def _tries(self, film: Film, reading: Reading) -> int:
        try:
            return self._path(film, reading, _TRIES).stat().st_size
        except FileNotFoundError:
            return 0

    def _path(self, film: Film, reading: Reading, suffix: str) -> Path:
        return self.folder / film.id / f"{reading.system}-{reading.sex.value if reading.sex else 'none'}{suffix}"


def small(heat: HeatMap) -> HeatMap:
    """A map on a grid that shows it all: an ensemble's lies on the film's own."""
    size = (heat.values.shape[0], heat.values.shape[1])
    factor = min(1.0, LAYER / max(size))
    target = (max(round(size[0] * factor), 1), max(round(size[1] * factor), 1))
    values = np.asarray(cv2.resize(heat.values, target[::-1], interpolation=cv2.INTER_AREA), np.float32)
    to_source = heat.to_source @ PixelMap.resize(target, size)
    return HeatMap(heat.name, values, to_source, heat.shows, heat.unit, heat.networks)


def _dump(maps: Maps) -> bytes:
    words = [{"name": one.name, "shows": one.shows, "unit": one.unit, "networks": one.networks} for one in maps]
    arrays: dict[str, Any] = {"words": np.array(json.dumps(words))}
    for number, one in enumerate(maps):
        arrays |= {f"values{number}": one.values.astype(np.float16), f"to_source{number}": one.to_source.matrix}
    np.savez_compressed(file := io.BytesIO(), **arrays)
    return file.getvalue()


def _load(data: bytes) -> Maps:
    with np.load(io.BytesIO(data), allow_pickle=False) as kept:
        words = json.loads(str(kept["words"]))
        return tuple(
            HeatMap(
                one["name"],
                kept[f"values{number}"].astype(np.float32),
                PixelMap(kept[f"to_source{number}"]),
                one["shows"],
                one["unit"],
                tuple(one["networks"]),
            )
            for number, one in enumerate(words)
        )
