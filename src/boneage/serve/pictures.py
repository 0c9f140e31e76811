"""The pixels of a film for the reading page: its grays as read, and the kept heat maps of its answer to be laid over it."""

from __future__ import annotations

import shutil
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
import numpy.typing as npt

from boneage.explain.heat import HeatMap, draw_heat
from boneage.explain.overlay import film_picture
from boneage.geometry import PixelMap
from boneage.read import read
from boneage.report.reading import Reading
from boneage.serve.disk import make_folder, write_whole
from boneage.serve.kept_maps import ASKED, LAYER, KeptMaps
from boneage.serve.spool import Spool
from boneage.serve.store.records import Film
from boneage.serve.store.worklist import Worklist
from boneage.serve.worker import known
from boneage.systems import System
from boneage.types import Radiograph

LONGEST = 2048  # pixels of a side that the page shows; a larger film is shrunk
THUMB = 176  # of the worklist's pictures
_JPEG = (cv2.IMWRITE_JPEG_QUALITY, 82)


@dataclass(frozen=True)
class Grays:
    """A film as bytes: [height, width] little-endian uint16, bone bright."""

    height: int
    width: int
    scale: float  # of the film's own pixels
    data: bytes


@dataclass(frozen=True)
class Pictures:
    """Of one site."""

    spool: Spool
    kept: Path
    system: System

    def film(self, film: Film) -> Radiograph:
        """Read from the spool. Raises BoneAgeError where it cannot be."""
        return known(read(self.spool.read(film.file)), film)

    def grays(self, film: Film) -> Grays:
        """For the viewer's window and level."""
        pixels = self.film(film).pixels
        height, width = pixels.shape
        scale = min(1.0, LONGEST / max(height, width))
        if scale < 1:
            size = (round(width * scale), round(height * scale))
            pixels = np.asarray(cv2.resize(pixels, size, interpolation=cv2.INTER_AREA), np.float32)
        data = np.rint(pixels.clip(0, 1) * 65535).astype("<u2").tobytes()
        return Grays(pixels.shape[0], pixels.shape[1], scale, data)

    def preview(self, film: Film) -> bytes:
        """A small PNG for the worklist and the first look."""
        picture, _ = film_picture(self.film(film).pixels)
        return _png(picture)

    def thumb(self, film: Film) -> bytes:
        """A JPEG of a few kilobytes for a line of the worklist, made once."""
        kept = self._folder(film) / "thumb.jpg"
        if not kept.is_file():
            picture, _ = film_picture(self.film(film).pixels)
            factor = THUMB / max(picture.shape)
            small = cv2.resize(picture, None, fx=factor, fy=factor, interpolation=cv2.INTER_AREA)
            _, data = cv2.imencode(".jpg", small, _JPEG)
            write_whole(kept, data.tobytes())
        return kept.read_bytes()

    @property
    def maps(self) -> KeptMaps:
        """The heat maps of this site's answers."""
        return KeptMaps(self.kept, self.system.name)

    def map(self, film: Film, reading: Reading, number: int) -> bytes | None:
        """A heat map to be laid over the film, as PNG, clear where it is weak; None: there is none of that number."""
        found = self.maps.of(film, reading) or ()
        return _png(layer(found[number], reading.film.size)) if 0 <= number < len(found) else None

    def _folder(self, film: Film) -> Path:
        folder = self.kept / film.id
        make_folder(folder)
        return folder

    def keep_only(self, worklist: Worklist) -> None:
        """Takes away the pictures of films that the worklist has forgotten, and what was asked for of them."""
        for folder in self.kept.glob("*"):
            if folder.name != ASKED and worklist.film(folder.name) is None:
                shutil.rmtree(folder)
        for film_id in self.maps.asked():
            if worklist.film(film_id) is None:
                self.maps.answered(film_id)


def layer(heat: HeatMap, size: tuple[int, int]) -> npt.NDArray[np.uint8]:
    """A heat map of a film of that size as [H, W, 4] (blue, green, red, cover): the paint of the reports, without the film.

    Paint of cover a over gray g is g + a (paint - g): what black and white become under it tells both.
    """
    factor = min(1.0, LAYER / max(size))
    small = (max(round(size[0] * factor), 1), max(round(size[1] * factor), 1))
    to_picture = PixelMap.resize(size, small)
    black, white = (draw_heat(np.full(small, gray, np.uint8), to_picture, heat).astype(np.float32) for gray in (0, 255))
    cover = (1 - (white - black).mean(axis=2, keepdims=True) / 255).clip(0, 1)
    paint = (black / np.maximum(cover, 1 / 255)).clip(0, 255)
    return np.asarray(np.rint(np.concatenate([paint[..., ::-1], 255 * cover], axis=2)), np.uint8)


def _png(picture: npt.NDArray[np.uint8]) -> bytes:
    _, data = cv2.imencode(".png", picture)
    return data.tobytes()
