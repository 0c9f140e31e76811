"""`boneage measure atlas`: the pictures of all plates of enough films, and a table of how many films each is of."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import cv2
import numpy as np

from boneage import dataset
from boneage.clinical.plates import ATLAS
from boneage.dataset import Scan
from boneage.errors import BoneAgeError, Kind
from boneage.evaluate.atlas.average import Average, average
from boneage.evaluate.atlas.films import FEWEST, Plate, place, plates
from boneage.evaluate.flat import write_flat
from boneage.evaluate.run import today
from boneage.networks import load_network
from boneage.systems import HAND_FINDER

TABLE = "films.csv"


def make_atlas(data: Path, out: Path = ATLAS, *, tell: Callable[[str], None] = lambda line: None) -> list[dict[str, Any]]:
    """Writes `<sex>-<months>.png` and films.csv; a plate of fewer than FEWEST films has a line and no picture.

    Raises BoneAgeError for a data folder that is none. CPU time: a quarter of a minute for each picture.
    """
    films = dataset.read_films(data)
    out.mkdir(parents=True, exist_ok=True)
    lines = list[dict[str, Any]]()
    for plate in plates(films, dataset.scanned(data, Scan.HALF)):
        found = _make(data, plate)
        path = out / f"{plate.name}.png"
        if found is None:
            path.unlink(missing_ok=True)
        else:
            _write(path, found)
        lines.append(_line(plate, found))
        tell("  ".join(f"{name} {value}" for name, value in lines[-1].items() if value is not None))
    finder = load_network(HAND_FINDER).card.sha256[:12]
    origin = {"date": today(), "split_hash": dataset.split_hash(films), "weights": finder}
    write_flat(out / TABLE, lines, origin | {"command": "boneage measure atlas --data DIR"})
    return lines


def _make(data: Path, plate: Plate) -> Average | None:
    """None: too few films, or too few on which the hand is found."""
    if len(plate.films) < FEWEST:
        return None
    placed = list(place(data, plate.films))
    return average(placed) if len(placed) >= FEWEST else None


def _line(plate: Plate, found: Average | None) -> dict[str, Any]:
    ages = [film.bone_age_months for film in plate.films]
    return {
        "sex": plate.sex.value,
        "months": f"{plate.months:g}",
        "films": len(ages) if found is None else found.films,
        "picture": "no" if found is None else "yes",
        "mean_months": round(float(np.mean(ages)), 1) if found is not None else None,  # of their labels
        "sharpness": None if found is None else found.sharpness,
        "plain_agreement": None if found is None else found.plain_agreement,
        "agreement": None if found is None else found.agreement,
    }


def _write(path: Path, found: Average) -> None:
    grays = np.asarray(np.round(found.pixels * 255), np.uint8)
    if not cv2.imwrite(str(path), grays, [cv2.IMWRITE_PNG_COMPRESSION, 9]):
        raise BoneAgeError(
            Kind.BAD_OPTION, came=f"the file {str(path)!r}", expected="a place to write to", todo="Give another --out."
        )
