"""What each stage made of a film, one picture a stage, in the radiograph's own pixels."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path

import cv2
import numpy as np

from boneage.explain.paint import (
    CHAINS,
    FINGER_COLOR,
    LONGEST,
    REGION_COLORS,
    Color,
    Picture,
    Stroke,
    edge,
    lay_line,
    lay_points,
)
from boneage.geometry import Points
from boneage.standardize.contrast import stretch
from boneage.types import Image, Radiograph, Step

STEP_PATTERN = "[0-9][0-9]-*.png"  # the names of a film's pictures
DIMMED = 0.25  # brightness of the film where a stage has thrown it away
MASK_COLOR: Color = (255, 120, 120)


def draw_step(radiograph: Radiograph, step: Step) -> Picture:
    """A stage's picture [H, W, 3], of the radiograph's size: gray values where the stage kept them, the film dimmed elsewhere."""
    film = stretch(radiograph.pixels)
    gray = film if step.pixels is None else _back(step, film)
    picture = np.repeat(255 * gray[..., None], 3, axis=2).astype(np.float32)
    height, width = radiograph.size
    stroke = Stroke(max(height, width) / LONGEST)
    if step.pixels is not None:
        lay_line(picture, [_corners(step)], REGION_COLORS[0], width=stroke.region, alpha=0.85)
    if step.mask is not None:
        lay_line(picture, list(_outlines(step)), MASK_COLOR, width=stroke.region, alpha=0.9)
    if step.box is not None:
        x0, y0, x1, y1 = step.box
        corners = np.array([(x0, y0), (x1, y0), (x1, y1), (x0, y1), (x0, y0)])
        lay_line(picture, [step.to_source.points(corners)], REGION_COLORS[1], width=stroke.region, alpha=0.9)
    if step.points is not None:
        points = step.to_source.points(step.points)
        if len(points) == 1 + max(max(chain) for chain in CHAINS):
            lay_line(picture, [points[list(chain)] for chain in CHAINS], FINGER_COLOR, width=stroke.finger, alpha=0.5)
        lay_points(picture, points, sure=np.ones(len(points), bool), radius=stroke.point)
    return np.asarray(np.rint(picture).clip(0, 255), np.uint8)


def write_steps(folder: Path, radiograph: Radiograph, steps: Iterable[Step]) -> list[Path]:
    """One numbered PNG a stage; returns their paths."""
    folder.mkdir(parents=True, exist_ok=True)
    written = []
    for number, step in enumerate(steps, start=1):
        path = folder / f"{number:02d}-{step.name.replace(' ', '-')}.png"
        _, data = cv2.imencode(".png", draw_step(radiograph, step)[..., ::-1])
        path.write_bytes(data.tobytes())
        written.append(path)
    return written


def _back(step: Step, film: Image) -> Image:
    """The stage's pixels brought back onto the film; beyond them the film itself, dimmed."""
    assert step.pixels is not None
    size = (film.shape[0], film.shape[1])
    kept = step.to_source.image(np.ones_like(step.pixels), size)
    there = step.to_source.image(np.asarray(step.pixels, np.float32), size)
    return np.asarray(there + (1 - kept) * DIMMED * film, np.float32)


def _corners(step: Step) -> Points:
    assert step.pixels is not None
    corners = step.to_source.points(edge((step.pixels.shape[0], step.pixels.shape[1])))
    return corners


def _outlines(step: Step) -> Iterator[Points]:
    """The mask's contours in the radiograph's pixels, closed."""
    assert step.mask is not None
    found, _ = cv2.findContours(step.mask.astype(np.uint8), cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_NONE)
    for contour in found:
        points = contour[:, 0].astype(np.float64)
        yield step.to_source.points(np.vstack([points, points[:1]]))
