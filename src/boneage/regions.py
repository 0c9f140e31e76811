"""4. Regions: windows of the common frame, cut out ready for a network."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import lru_cache

import cv2
import numpy as np
import numpy.typing as npt

from boneage.geometry import PixelMap
from boneage.template import TEMPLATE, WHOLE_HAND, Frame
from boneage.types import Aligned, Crop, Image

FOREARM = ((-0.12, 0.14), (0.12, 0.14))  # hand lengths: radius and ulna belong to the gray values that count
LOW, HIGH = 2.0, 99.8  # percentiles of the gray values inside the hand that become 0 and 1


@dataclass(frozen=True)
class Region:
    """One window of the frame at the size a network takes."""

    name: str
    frame: Frame
    size: tuple[int, int]  # height, width

    def cut(self, aligned: Aligned) -> Crop:
        grid = self.frame.grid(self.size) @ aligned.to_frame
        return Crop(self.name, normalize(warp(aligned.pixels, grid, self.size), self.frame), aligned.to_source @ grid.inverse())


WHOLE = Region("whole hand", WHOLE_HAND, (256, 192))
# of the same proportions, so that one network takes them side by side; not in the papers: where they lie
CARPALS = Region("carpals", Frame(-0.20, -0.3933, 0.23, 0.18), (256, 192))  # with the epiphyses of radius and ulna
METACARPALS = Region("metacarpals", Frame(-0.29, -0.80, 0.23, -0.1067), (256, 192))  # with the proximal phalanges
REGIONS = {region.name: region for region in (WHOLE, CARPALS, METACARPALS)}


def sized(name: str, size: tuple[int, int], *, fine: bool = False) -> Region:
    """The region of that name at another size, with a name of its own so that networks of several sizes go together."""
    region = REGIONS[name]
    if size == region.size and not fine:
        return region
    return replace(region, name=f"{name} {size[0]} x {size[1]}{' fine' if fine else ''}", size=size)


def cut(aligned: Aligned, regions: tuple[Region, ...]) -> tuple[Crop, ...]:
    """Every region of an aligned hand."""
    return tuple(region.cut(aligned) for region in regions)


def warp(pixels: Image, grid: PixelMap, size: tuple[int, int]) -> Image:
    """Pixels on a grid; beyond the film's edge the film's darkest tenth goes on."""
    return grid.image(pixels, size, fill=float(np.percentile(pixels[::4, ::4], 10)))


def normalize(crop: Image, frame: Frame) -> Image:
    """Gray values by percentiles inside the hand's outline, so that borders and markers do not matter."""
    return normalize_inside(crop, _outline(frame, (crop.shape[0], crop.shape[1])))


def normalize_inside(crop: Image, inside: npt.NDArray[np.bool_]) -> Image:
    """The same with an outline of one's own [H, W]."""
    low, high = np.percentile(crop[inside], (LOW, HIGH))
    if high - low < 1e-6:
        return np.zeros_like(crop)
    return np.asarray(np.clip((crop - np.float32(low)) / np.float32(high - low), 0, 1), np.float32)


def outline(grid: PixelMap, size: tuple[int, int]) -> npt.NDArray[np.bool_]:
    """The convex hull of the template's points and the forearm's end; `grid`: template units -> pixels of `size`."""
    hull = cv2.convexHull(grid.points([*TEMPLATE, *FOREARM]).astype(np.float32))
    mask = np.zeros(size, np.uint8)
    cv2.fillConvexPoly(mask, hull.astype(np.int32), 1)
    return mask.astype(bool)


@lru_cache(maxsize=32)
def _outline(frame: Frame, size: tuple[int, int]) -> npt.NDArray[np.bool_]:
    return outline(frame.grid(size), size)
