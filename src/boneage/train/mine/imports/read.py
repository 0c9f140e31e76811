"""Files of masks of any known kind, told by their content; what is bad in them is named and the rest goes on."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import numpy as np
from PIL import Image as Pillow

from boneage.dataset import Part, part_of
from boneage.train.mine.imports import coco, supervisely, via
from boneage.train.mine.imports.entry import LARGEST, BadEntryError, Entry, Fault, checked, film_of, squashed

KNOWN = "COCO, Supervisely or VIA"
GRAY = 0.05  # share of pixels between black and white that a resized mask may have; a radiograph has nearly all


def read_files(paths: list[Path], *, size: tuple[int, int] | None, sizes: via.Sizes) -> Iterator[Entry | Fault]:
    """Every entry of every file; a folder stands for the PNG and JSON files in it. Held-out films are faults."""
    for path in paths:
        if path.is_dir():
            files = sorted(file for file in path.iterdir() if file.suffix.lower() in {".png", ".json"})
            if not files:
                yield Fault(str(path), "a folder without PNG or JSON files")
        else:
            files = [path]
        for file in files:
            for found in _read_file(file, size=size, sizes=sizes):
                yield _of_training(found)


def _read_file(path: Path, *, size: tuple[int, int] | None, sizes: via.Sizes) -> Iterator[Entry | Fault]:
    if path.suffix.lower() == ".png":
        yield _png(path)
        return
    try:
        values = json.loads(path.read_text())
    except (OSError, ValueError, RecursionError) as error:
        yield Fault(str(path), f"cannot be read as JSON or PNG ({type(error).__name__})")
        return
    if coco.is_coco(values):
        yield from coco.read(values, str(path))
    elif supervisely.is_supervisely(values):
        yield from supervisely.read(values, str(path))
    elif via.is_via(values):
        yield from via.read(values, str(path), size=size, sizes=sizes)
    else:
        yield Fault(str(path), f"JSON that is not of {KNOWN}")


def _png(path: Path) -> Entry | Fault:
    """A mask as a picture, `1377.png`: hand where it is brighter than the middle of its range."""
    try:
        film = film_of(path.name)
        with Pillow.open(path, formats=["PNG"]) as picture:
            if max(picture.size) > LARGEST:
                raise BadEntryError(f"a picture of {picture.size[0]} x {picture.size[1]}")
            gray = np.asarray(picture if picture.mode.startswith("I") else picture.convert("L"), np.int64)
    except BadEntryError as error:
        return Fault(str(path), str(error))
    except (OSError, SyntaxError, ValueError, Pillow.DecompressionBombError) as error:
        return Fault(str(path), f"cannot be read as PNG ({type(error).__name__})")
    share = gray / max(int(gray.max()), 1)
    if float(((share > 0.1) & (share < 0.9)).mean()) > GRAY:
        return Fault(str(path), "a picture of many gray values; a mask, black and white, is expected")
    try:
        return Entry(film, checked(squashed(share > 0.5)), str(path))
    except BadEntryError as error:
        return Fault(str(path), str(error))


def _of_training(found: Entry | Fault) -> Entry | Fault:
    if isinstance(found, Entry) and (part := part_of(found.film)) is not Part.TRAIN:
        return Fault(
            found.where, f"film {found.film} is held out ({part.value}); masks come from films of the training part alone"
        )
    return found
