"""The film around the hand: display curve, collimated field, lead marker, gradients, noise."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum

import cv2
import numpy as np
import numpy.typing as npt

from boneage.geometry import PixelMap, Points
from boneage.types import Image, Side

LETTERS = "ABCDEFGHJKLMNPRSTW"


class Border(str, Enum):
    """How the film looks outside the collimated field."""

    NONE = "none"  # the whole film is exposed
    RIM = "rim"  # a bright rim that fades outward, as unsharp masking leaves it
    DARK = "dark"  # masked to black
    BRIGHT = "bright"  # unexposed, white


@dataclass(frozen=True)
class Look:
    """How one film was exposed, processed and labeled."""

    black: float = 0.06  # display value of the bare film
    contrast: float = 0.55  # display range of one unit of attenuation
    gamma: float = 1.0
    flatten: float = 0.5  # share of the coarse contrast that multi-frequency processing takes away
    sharpen: float = 0.5  # edge enhancement
    gradient: tuple[float, float] = (0.0, 0.0)  # of the display value across the film (x, y)
    border: Border = Border.RIM
    margins: tuple[float, float, float, float] = (0.03, 0.03, 0.03, 0.03)  # left, top, right, bottom, share of the film
    rim: tuple[float, float, float] = (
        0.06,
        0.4,
        2.2,
    )  # outside the field: display value above black, rim's height, its fade in mm
    field_degrees: float = 0.0  # turn of the collimator
    initials: str = "AB"
    plate: float = 0.05  # display value that the marker's plastic holder adds
    marker_degrees: float = 0.0
    marker_size: float = 1.0
    marker_at: int = 0  # which of the free places the marker takes

    @classmethod
    def drawn(cls, rng: np.random.Generator) -> Look:
        faint = rng.random() < 0.3  # a gray, soft film
        black = rng.uniform(0.2, 0.5) if faint else rng.uniform(0.02, 0.14)
        borders = rng.choice(4, p=(0.22, 0.5, 0.2, 0.08))
        return cls(
            black=float(black),
            contrast=float(rng.uniform(0.18, 0.32) if faint else rng.uniform(0.38, 0.62)),
            gamma=float(rng.uniform(0.85, 1.15)),
            flatten=float(rng.uniform(0.3, 0.65)),
            sharpen=float(rng.uniform(0.1, 0.9)),
            gradient=(float(rng.normal() * 0.02), float(rng.normal() * 0.02)),
            border=list(Border)[int(borders)],
            margins=tuple(rng.uniform(0.005, 0.07, 4).tolist()),
            rim=(float(rng.uniform(-0.02, 0.1)), float(rng.uniform(0.1, 0.45)), float(rng.uniform(1.2, 4.0))),
            field_degrees=float(rng.normal() * 1.5),
            initials="".join(LETTERS[k] for k in rng.integers(len(LETTERS), size=int(rng.integers(0, 4)))),
            plate=float(rng.choice([0.0, rng.uniform(0.02, 0.07)])),
            marker_degrees=float(rng.normal() * 10 if rng.random() < 0.75 else rng.uniform(-100, 100)),
            marker_size=float(rng.uniform(0.8, 1.5)),
            marker_at=int(rng.integers(1000)),
        )


def develop(
    attenuation: Image, mask: npt.NDArray[np.bool_], look: Look, *, points: Points, side: Side, spacing_mm: float
) -> tuple[Image, npt.NDArray[np.bool_]]:
    """The film's pixels, 0..1, and the collimated field; both [H, W]."""
    size = attenuation.shape
    edge = _field(size, look, points, spacing_mm)  # distance into the field in mm, negative outside
    field = edge > 0
    film = _display(attenuation, look, spacing_mm)
    film += _gradient(size, look)
    if look.border is not Border.DARK:
        _mark(film, mask, look, side=side, spacing_mm=spacing_mm, edge=edge)
    if look.border is not Border.NONE:
        film = _collimate(film, edge, look)
    if look.border is Border.DARK:
        _mark(film, mask, look, side=side, spacing_mm=spacing_mm, edge=edge)
    return np.clip(film, 0, 1, dtype=np.float32), field


def _display(attenuation: Image, look: Look, spacing_mm: float) -> Image:
    """Attenuation to display value: coarse contrast is flattened, fine contrast kept."""
    small = cv2.resize(attenuation, None, fx=1 / 8, fy=1 / 8, interpolation=cv2.INTER_AREA)
    coarse = cv2.GaussianBlur(small, (0, 0), 11.0 / spacing_mm / 8)
    coarse = cv2.resize(coarse, attenuation.shape[::-1], interpolation=cv2.INTER_LINEAR)
    value = np.maximum(attenuation - look.flatten * 0.6 * coarse + look.flatten * 0.06, -0.1)
    value += look.sharpen * (value - cv2.GaussianBlur(value, (0, 0), 0.8 / spacing_mm))
    bend = np.sign(value) * np.abs(value) ** look.gamma
    room = 0.98 - look.black  # the curve has a shoulder: nothing of the hand is clipped
    return np.asarray(look.black + room * (1 - np.exp(-1.45 * look.contrast / room * bend)), np.float32)


def _gradient(size: tuple[int, int], look: Look) -> Image:
    x = np.linspace(-1, 1, size[1], dtype=np.float32) * look.gradient[0]
    y = np.linspace(-1, 1, size[0], dtype=np.float32) * look.gradient[1]
    return np.asarray(x[None] + y[:, None], np.float32)


def _field(size: tuple[int, int], look: Look, points: Points, spacing_mm: float) -> Image:
    """Distance in mm from the collimator's edge, positive inside; the field always holds the hand down to the wrist."""
    height, width = size
    if look.border is Border.NONE:
        return np.full(size, 1e3, np.float32)
    turn = PixelMap.about(((width - 1) / 2, (height - 1) / 2), degrees=-look.field_degrees)
    own = turn.points(points)
    room = 12 / spacing_mm
    left, top, right, bottom = look.margins
    low = np.minimum((left * width, top * height), own.min(0) - room)
    high = np.maximum(((1 - right) * width, (1 - bottom) * height), own.max(0) + room)
    y, x = np.mgrid[0:height, 0:width].astype(np.float32)
    m = turn.matrix
    u = (m[0, 0] * x + m[0, 1] * y + m[0, 2]).astype(np.float32)
    v = (m[1, 0] * x + m[1, 1] * y + m[1, 2]).astype(np.float32)
    inside = np.minimum(np.minimum(u - low[0], high[0] - u), np.minimum(v - low[1], high[1] - v))
    return np.asarray(inside * spacing_mm, np.float32)


def _collimate(film: Image, edge: Image, look: Look) -> Image:
    """Outside the field the film is black, white, or gray with a bright rim."""
    open_ = 1 / (1 + np.exp(np.clip(-edge / 0.35, -30, 30)))  # the penumbra
    out = np.maximum(-edge, 0)
    if look.border is Border.DARK:
        outside: Image | float = 0.0
    elif look.border is Border.BRIGHT:
        outside = 0.97
    else:
        level, height, fade = look.rim
        outside = look.black + level + height * np.exp(-out / fade).astype(np.float32)
        film = film - 0.8 * height * look.black * np.exp(-np.maximum(edge, 0) / fade / 1.3).astype(np.float32)
    return np.asarray(open_ * film + (1 - open_) * outside, np.float32)


# ---- marker
def _mark(film: Image, mask: npt.NDArray[np.bool_], look: Look, *, side: Side, spacing_mm: float, edge: Image) -> None:
    """Lays the lead letter of the side, with initials in a holder, where there is no hand."""
    stamp, plate = _stamp("L" if side is Side.LEFT else "R", look, spacing_mm)
    box = stamp.shape
    place = _free_place(mask | (edge < 2), box, look.marker_at)
    if place is None:
        return
    y, x = place
    here = film[y : y + box[0], x : x + box[1]]
    here += plate * look.plate
    here += stamp * (0.97 - here)


def _free_place(taken: npt.NDArray[np.bool_], box: tuple[int, int], choice: int) -> tuple[int, int] | None:
    """The top left corner of one of the places of the film where a box of this size covers nothing."""
    step = 16
    small = cv2.resize(taken.astype(np.uint8), None, fx=1 / step, fy=1 / step, interpolation=cv2.INTER_AREA)
    sums = cv2.integral(small)
    h, w = (-(-n // step) + 2 for n in box)
    if h >= small.shape[0] or w >= small.shape[1]:
        return None
    total = sums[h:, w:] - sums[:-h, w:] - sums[h:, :-w] + sums[:-h, :-w]
    free = np.argwhere(total == 0)
    if len(free) == 0:
        return None
    y, x = free[int(choice / 1000 * len(free))]
    return int((y + 1) * step), int((x + 1) * step)


def _stamp(letter: str, look: Look, spacing_mm: float) -> tuple[Image, Image]:
    """Lead (0..1) and plastic (0..1) of a marker, turned."""
    unit = look.marker_size / spacing_mm  # pixels to the marker's millimeter
    height, width = round(unit * (15 + (8 if look.initials else 0))), round(unit * 15)
    letters, holder = np.zeros((height, width), np.uint8), np.zeros((height, width), np.uint8)
    cv2.rectangle(holder, (2, 2), (width - 3, height - 3), 255, -1)
    _write(letters, letter, (0.5 * width, 7.5 * unit), 10 * unit, 1.7 * unit)
    if look.initials:
        _write(letters, look.initials, (0.5 * width, 18 * unit), 4.6 * unit, 0.8 * unit)
    span = int(np.hypot(height, width)) + 4
    turn = PixelMap.shift((span - width) / 2, (span - height) / 2)
    turn = PixelMap.about((span / 2, span / 2), degrees=look.marker_degrees) @ turn
    pair = [turn.image(np.asarray(layer, np.float32) / np.float32(255), (span, span)) for layer in (letters, holder)]
    lead, plate = (cv2.GaussianBlur(np.asarray(layer, np.float32), (0, 0), 0.25 * unit) for layer in pair)
    return np.asarray(lead, np.float32), np.asarray(plate, np.float32)


def _write(canvas: npt.NDArray[np.uint8], text: str, center: tuple[float, float], height: float, thick: float) -> None:
    face, line = cv2.FONT_HERSHEY_SIMPLEX, max(round(thick), 1)
    scale = cv2.getFontScaleFromHeight(face, round(height), line)
    (w, h), _ = cv2.getTextSize(text, face, scale, line)
    scale *= min(1.0, 0.9 * canvas.shape[1] / w)
    (w, h), _ = cv2.getTextSize(text, face, scale, line)
    cv2.putText(canvas, text, (round(center[0] - w / 2), round(center[1] + h / 2)), face, scale, 255, line, cv2.LINE_AA)
