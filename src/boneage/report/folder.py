"""A folder of answers: one line per film at once, its pictures beside it, and a page at the end."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import cv2
import numpy as np

from boneage.errors import BoneAgeError, Kind
from boneage.explain.heat import HeatMap, draw_heat
from boneage.explain.maps import explain
from boneage.explain.overlay import crop_picture, draw_overlay, film_picture
from boneage.explain.paint import Picture
from boneage.explain.steps import STEP_PATTERN, write_steps
from boneage.geometry import PixelMap
from boneage.pipeline import Failure
from boneage.read.folder import OUTPUT_MARK
from boneage.report.page import Entry, Shown, read_entry, refused_entry, write_page
from boneage.report.truth import read_truth
from boneage.standardize.contrast import stretch
from boneage.systems import System
from boneage.types import Assessment, Prepared, Radiograph

ANSWERS, PAGE, PICTURES = "assessments.jsonl", "index.html", "pictures"
MAPS = "maps.jsonl"
_OURS = ("[0-9]*-film.jpg", "[0-9]*-crop-*.png", "[0-9]*-map-*.jpg")  # the pictures that an earlier run left
_JPEG = (cv2.IMWRITE_JPEG_QUALITY, 90, cv2.IMWRITE_JPEG_SAMPLING_FACTOR, cv2.IMWRITE_JPEG_SAMPLING_FACTOR_444)


class ReportFolder:
    """Written as the answers come, so that a run that is stopped has lost none of them. It keeps words, never pixels."""

    def __init__(self, path: Path, title: str) -> None:
        """Makes the folder and takes away what an earlier run left in it. Raises BoneAgeError where that cannot be."""
        self.path, self.title = path, title
        self._entries: list[Entry] = []
        claim(path)
        with writing(path):
            (path / PICTURES).mkdir(exist_ok=True)
            (path / PAGE).unlink(missing_ok=True)
            for pattern in _OURS:
                for old in (path / PICTURES).glob(pattern):
                    old.unlink()
            (path / ANSWERS).write_text("")

    def add(self, record: dict[str, Any], outcome: Assessment | Failure, maps: tuple[HeatMap, ...] = ()) -> None:
        """One film: its line first, then its pictures."""
        number = len(self._entries) + 1
        with writing(self.path):
            with (self.path / ANSWERS).open("a", encoding="ascii") as file:
                file.write(json.dumps(record) + "\n")
            self._entries.append(self._entry(number, record, outcome, maps))

    def close(self) -> Path:
        """Writes the page and gives its path."""
        with writing(self.path):
            return write_page(self.path / PAGE, self.title, self._entries, answers=ANSWERS)

    def _entry(self, number: int, record: dict[str, Any], outcome: Assessment | Failure, maps: tuple[HeatMap, ...]) -> Entry:
        if isinstance(outcome, Failure):
            return refused_entry(number, record, outcome)
        film = self._show(draw_overlay(outcome), f"{number:04d}-film.jpg", "film")
        crops = tuple(
            self._show(crop_picture(crop), f"{number:04d}-crop-{place}.png", crop.name)
            for place, crop in enumerate(outcome.prepared.crops, start=1)
        )
        gray, to_picture = film_picture(outcome.radiograph.pixels)
        heat = tuple(
            self._show(draw_heat(gray, to_picture, one), f"{number:04d}-map-{_file_name(one)}.jpg", one.legend) for one in maps
        )
        truth = read_truth(Path(record["file"]))
        return read_entry(number, record, outcome, film=film, crops=crops, maps=heat, truth_months=truth)

    def _show(self, picture: Picture, name: str, what: str) -> Shown:
        stored = picture[..., ::-1] if picture.ndim == 3 else picture  # OpenCV stores blue first
        _, data = cv2.imencode(Path(name).suffix, stored, _JPEG if name.endswith(".jpg") else ())
        (self.path / PICTURES / name).write_bytes(data.tobytes())
        return Shown(f"{PICTURES}/{name}", what, picture.shape[1], picture.shape[0])


class StepsFolder:
    """What each stage made of each film: a folder a film by its place in the batch, a picture a stage."""

    def __init__(self, path: Path) -> None:
        """Makes the folder and takes away what an earlier run left in it. Raises BoneAgeError where that cannot be."""
        self.path, self._films = path, 0
        claim(path)
        with writing(path):
            for old in path.glob(f"[0-9]*/{STEP_PATTERN}"):
                old.unlink()

    def add(self, record: dict[str, Any], outcome: Assessment | Failure) -> None:
        """The next film of the batch; one that was refused has no stages to show."""
        self._films += 1
        if isinstance(outcome, Assessment):
            with writing(self.path):
                write_steps(self.path / f"{self._films:04d}", outcome.radiograph, outcome.prepared.steps)


class MapsFolder:
    """What each film's answer depends on: a folder a film by its place in the batch, a picture a heat map, a line each."""

    def __init__(self, path: Path) -> None:
        """Makes the folder and takes away what an earlier run left in it. Raises BoneAgeError where that cannot be."""
        self.path, self._films = path, 0
        claim(path)
        with writing(path):
            for pattern in ("occlusion*.png", "activation*.png"):
                for old in path.glob(f"[0-9]*/{pattern}"):
                    old.unlink()
            (path / MAPS).write_text("")

    def add(self, record: dict[str, Any], outcome: Assessment | Failure, system: System) -> tuple[HeatMap, ...]:
        """The next film of the batch: makes, writes and gives its maps; one that was refused has none."""
        self._films += 1
        if not isinstance(outcome, Assessment):
            return ()
        maps = explain(outcome, system)
        film = np.asarray(np.rint(255 * stretch(outcome.radiograph.pixels)), np.uint8)
        with writing(self.path), (self.path / MAPS).open("a", encoding="ascii") as lines:
            for one in maps:
                picture = f"{self._films:04d}/{_file_name(one)}.png"
                (self.path / picture).parent.mkdir(exist_ok=True)
                _, data = cv2.imencode(".png", draw_heat(film, PixelMap.identity(), one)[..., ::-1])
                (self.path / picture).write_bytes(data.tobytes())
                line = {"picture": picture, "file": record["file"], "shows": one.shows, "unit": one.unit}
                lines.write(json.dumps(line | {"strongest": round(one.strongest, 4), "networks": list(one.networks)}) + "\n")
        return maps


def _file_name(heat: HeatMap) -> str:
    return heat.name.replace(" ", "-")


def write_prepared(path: Path, film: Radiograph, prepared: Prepared) -> list[Path]:
    """A picture a step in the film's own pixels, and each crop as the networks get it. Raises BoneAgeError as `claim` does."""
    claim(path)
    with writing(path):
        for old in (*path.glob(STEP_PATTERN), *path.glob("input-*.png")):
            old.unlink()
        written = write_steps(path, film, prepared.steps)
        for crop in prepared.crops:
            written.append(path / f"input-{crop.name.replace(' ', '-')}.png")
            cv2.imwrite(str(written[-1]), crop_picture(crop))
    return written


def claim(path: Path) -> None:
    """Makes an output folder, or takes an earlier one. Raises BoneAgeError for a folder that holds something else."""
    with writing(path):
        path.mkdir(parents=True, exist_ok=True)
        if any(path.iterdir()) and not (path / OUTPUT_MARK).exists():
            raise BoneAgeError(
                Kind.BAD_OPTION,
                came=f"the output folder {str(path)!r}, which holds other files",
                expected="a new folder, an empty one, or one of an earlier run",
                todo="Give another folder: nothing of yours is ever overwritten.",
            )
        (path / OUTPUT_MARK).touch()


@contextmanager
def writing(path: Path) -> Iterator[None]:
    """What the disk refuses, as this package's error."""
    try:
        yield
    except OSError as error:
        reason = error.strerror or str(error)
        raise BoneAgeError(
            Kind.BAD_OPTION,
            came=f"the output folder {str(path)!r} ({reason.lower()})",
            expected="a folder that can be written",
            todo="Give another folder, or make room in this one.",
        ) from error
