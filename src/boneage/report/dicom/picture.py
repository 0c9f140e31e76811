"""The film with what was found on it, and the result in plain words under it, as one picture."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from PIL import Image as Pillow
from PIL import ImageDraw, ImageFont

from boneage.explain.overlay import film_picture
from boneage.explain.paint import CHAINS, FINGER_COLOR, LONGEST, REGION_COLORS, Picture, Stroke, lay_line, lay_points
from boneage.report.reading import Drawing
from boneage.types import Image

NARROWEST = 480  # pixels, so that the lines fit
_SIZE, _GAP, _MARGIN = 17, 7, 14
_INK, _PAPER = (236, 240, 242), (8, 16, 22)


def draw_reading(pixels: Image, drawing: Drawing | None) -> Picture:
    """A film [H, W] as picture [H, W, 3] of a page's size, with the reading's regions and points; neither turned nor mirrored."""
    film, to_picture = film_picture(pixels)
    picture = np.repeat(film[..., None], 3, axis=2).astype(np.float32)
    if drawing is not None:
        stroke = Stroke(max(film.shape) / LONGEST)
        for number, corners in enumerate(drawing.regions.values()):
            outline = to_picture.points(np.concatenate([corners, corners[:1]]))
            color = REGION_COLORS[number % len(REGION_COLORS)]
            lay_line(picture, [outline], color, width=stroke.region, alpha=0.85)
        if len(drawing.points):
            points = to_picture.points(drawing.points)
            lay_line(picture, [points[list(chain)] for chain in CHAINS], FINGER_COLOR, width=stroke.finger, alpha=0.5)
            lay_points(picture, points, sure=np.ones(len(points), np.bool_), radius=stroke.point)
    return np.asarray(np.rint(picture).clip(0, 255), np.uint8)


def with_lines(picture: Picture, lines: Sequence[str]) -> Picture:
    """A picture [H, W, 3] with lines of text under it, never on it: nothing of the film is hidden."""
    height, width = picture.shape[:2]
    wide = max(width, NARROWEST)
    font = ImageFont.load_default(_SIZE)  # Pillow's own, so that it is the same everywhere
    broken = [part for line in lines for part in _broken(line, font, wide - 2 * _MARGIN)]
    sheet = Pillow.new("RGB", (wide, height + 2 * _MARGIN + len(broken) * (_SIZE + _GAP)), _PAPER)
    sheet.paste(Pillow.fromarray(picture), ((wide - width) // 2, 0))
    pen = ImageDraw.Draw(sheet)
    for number, line in enumerate(broken):
        pen.text((_MARGIN, height + _MARGIN + number * (_SIZE + _GAP)), line, fill=_INK, font=font)
    return np.asarray(sheet, np.uint8)


def _broken(line: str, font: ImageFont.FreeTypeFont | ImageFont.ImageFont, width: float) -> list[str]:
    """A line in parts that fit, broken between words."""
    parts: list[str] = []
    for word in line.split():
        longer = f"{parts[-1]} {word}" if parts else word
        if parts and font.getlength(longer) <= width:
            parts[-1] = longer
        else:
            parts.append(word)
    return parts
