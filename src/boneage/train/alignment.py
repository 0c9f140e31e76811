"""Every film's way into the common frame, found once by the runtime's own stages and kept on disk."""

from __future__ import annotations

import csv
from pathlib import Path

import numpy as np
import numpy.typing as npt

from boneage import dataset
from boneage.dataset import Film
from boneage.errors import BoneAgeError
from boneage.geometry import PixelMap
from boneage.networks import load_network
from boneage.register import register
from boneage.standardize import standardize
from boneage.standardize.size import standard_bytes, unit
from boneage.systems import HAND_FINDER
from boneage.train.loop import runs_folder
from boneage.types import Flag, Radiograph

Images = dict[int, npt.NDArray[np.uint8]]


def load_alignments(data: Path, films: list[Film]) -> tuple[Images, dict[int, PixelMap]]:
    """The films at the standard size, bone bright, and their maps to the frame; refused films have no map.

    The maps are kept in the runs folder by the finder's dated name and checksum.
    """
    cache = runs_folder() / "alignments" / f"{HAND_FINDER}-{load_network(HAND_FINDER).card.sha256[:12]}.csv"
    known = _read(cache)
    images, maps, fresh = Images(), dict[int, PixelMap](), list[str]()
    for film_id, image in dataset.iterate_images(data, {film.id for film in films}):
        frame = standard_bytes(image)
        if film_id not in known:
            known[film_id] = _align(frame)
            inverted, to_frame = known[film_id]
            values = "" if to_frame is None else ",".join(repr(float(v)) for v in to_frame.matrix[:2].ravel())
            fresh.append(f"{film_id},{int(inverted)},{values}")
        inverted, to_frame = known[film_id]
        images[film_id] = 255 - frame if inverted else frame
        if to_frame is not None:
            maps[film_id] = to_frame
    if fresh:
        cache.parent.mkdir(parents=True, exist_ok=True)
        with cache.open("a") as lines:
            lines.writelines(f"{line}\n" for line in fresh)
    return images, maps


def _align(frame: npt.NDArray[np.uint8]) -> tuple[bool, PixelMap | None]:
    """(polarity was inverted, the map or None where the film was refused)."""
    radiograph = Radiograph(pixels=unit(frame), sha256="")
    try:
        hand = standardize(radiograph, load_network(HAND_FINDER))
        return Flag.POLARITY_INVERTED in hand.flags, register(hand).to_frame
    except BoneAgeError:
        return False, None


def _read(cache: Path) -> dict[int, tuple[bool, PixelMap | None]]:
    if not cache.is_file():
        return {}
    rows = {}
    with cache.open(newline="") as lines:
        for film_id, inverted, *values in csv.reader(lines):
            numbers = [float(value) for value in values if value]
            matrix = None if len(numbers) != 6 else PixelMap(np.vstack([np.reshape(numbers, (2, 3)), (0, 0, 1)]))
            rows[int(film_id)] = (inverted == "1", matrix)
    return rows
