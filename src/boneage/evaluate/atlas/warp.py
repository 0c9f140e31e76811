"""A film bent onto a mean shape: a thin-plate spline through the hand's points, then a small smooth flow to the average.

Bookstein 1989 (thin-plate splines) with smoothing, since the points are found and not set by hand; Kroeger 2016 (DIS optical
flow) as OpenCV has it, smoothed far beyond what it says.
"""

from __future__ import annotations

import cv2
import numpy as np
import numpy.typing as npt

from boneage.types import Image

Points = npt.NDArray[np.float64]
Bytes = npt.NDArray[np.uint8]
Field = npt.NDArray[np.float32]  # [H, W, 2]: for each pixel of the picture the place (x, y) that it shows

STEP = 12  # pixels between the places at which the spline is worked out
SHRINK = 4  # what is smooth is worked out so much smaller


def spline_field(target: Points, source: Points, size: tuple[int, int], *, smooth: float) -> Field:
    """The smoothed thin-plate spline that takes `target` [N, 2], in a picture of `size`, to `source` [N, 2].

    `smooth`: 0 goes through all points; as it grows the map becomes affine. In units of target pixels squared.
    """
    scale = float(np.ptp(target, axis=0).max())
    own = target / scale
    count = len(own)
    system = np.zeros((count + 3, count + 3))
    system[:count, :count] = _kernel(own, own) + smooth / scale**2 * np.eye(count)
    system[:count, count:] = np.column_stack([np.ones(count), own])
    system[count:, :count] = system[:count, count:].T
    solved = np.linalg.solve(system, np.vstack([source, np.zeros((3, 2))]))
    rows, columns = (np.linspace(0, length - 1, -(-length // STEP) + 1) for length in size)
    x, y = np.meshgrid(columns, rows)
    grid = np.stack([x, y], -1).reshape(-1, 2) / scale
    coarse = _kernel(grid, own) @ solved[:count] + np.column_stack([np.ones(len(grid)), grid]) @ solved[count:]
    return _spread(coarse.reshape(len(rows), len(columns), 2).astype(np.float32), size)


def show(film: Image, field: Field) -> Image:
    """The film as the field says; beyond its edge its darkest tenth goes on."""
    fill = float(np.percentile(film[::4, ::4], 10))
    x, y = field[..., 0], field[..., 1]
    shown = cv2.remap(film, x, y, cv2.INTER_LINEAR, borderMode=cv2.BORDER_CONSTANT, borderValue=fill)
    return np.asarray(shown, np.float32)


def flow_to(average: Bytes, film: Bytes, *, smooth: float, most: float) -> Field:
    """Where in `film`, by (dx, dy), each pixel of `average` lies, both as `detail` gives them.

    Smooth over `smooth` pixels, at most `most` pixels far.
    """
    height, width = average.shape
    finder = cv2.DISOpticalFlow.create(cv2.DISOPTICAL_FLOW_PRESET_FAST)
    moved = finder.calc(average, film, np.zeros((height, width, 2), np.float32))
    coarse = cv2.resize(np.clip(moved, -most, most), (width // SHRINK, height // SHRINK), interpolation=cv2.INTER_AREA)
    coarse = cv2.GaussianBlur(coarse, (0, 0), smooth / SHRINK)
    return np.asarray(cv2.resize(coarse, (width, height), interpolation=cv2.INTER_CUBIC), np.float32)


def moved_field(field: Field, flow: Field) -> Field:
    """First the flow, in the picture, then the field, into the film."""
    height, width = flow.shape[:2]
    y, x = np.mgrid[0:height, 0:width].astype(np.float32)
    there = cv2.remap(field, x + flow[..., 0], y + flow[..., 1], cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
    return np.asarray(there, np.float32)


def _kernel(a: Points, b: Points) -> Points:
    """r^2 log r, 0 at 0."""
    squared = ((a[:, None] - b[None]) ** 2).sum(-1)
    return np.asarray(0.5 * squared * np.log(np.maximum(squared, 1e-12)))


def _spread(coarse: Field, size: tuple[int, int]) -> Field:
    """A coarse grid, its outer rows and columns on those of a picture of `size`, on every pixel.

    By products, not by `cv2.remap`: that knows places to 1/32 of a coarse pixel only.
    """
    down, across = (_between(length, count) for length, count in zip(size, coarse.shape[:2], strict=True))
    return np.stack([down @ coarse[..., axis] @ across.T for axis in (0, 1)], -1).astype(np.float32)


def _between(length: int, count: int) -> Points:
    """[length, count]: the shares of `count` places, spread from end to end, at each pixel."""
    at = np.linspace(0, count - 1, length)
    return np.asarray(np.maximum(1 - np.abs(at[:, None] - np.arange(count)), 0.0))


def detail(picture: Image) -> Bytes:
    """Local contrast: what exposure and soft tissue do to a film shall not move it."""
    apart = picture - _soft(picture)
    spread = np.sqrt(_soft(apart * apart)) + np.float32(0.03)
    return np.asarray(np.clip(128 + 48 * apart / spread, 0, 255), np.uint8)


def _soft(picture: Image) -> Image:
    """Over 14 pixels, by way of a smaller picture."""
    height, width = picture.shape
    small = cv2.resize(picture, (width // SHRINK, height // SHRINK), interpolation=cv2.INTER_AREA)
    small = cv2.GaussianBlur(small, (0, 0), 14 / SHRINK)
    return np.asarray(cv2.resize(small, (width, height), interpolation=cv2.INTER_LINEAR), np.float32)
