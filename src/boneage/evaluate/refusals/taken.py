"""Real films taken badly: the hand cut off, too dark, too small."""

from __future__ import annotations

import cv2
import numpy as np

from boneage.evaluate.refusals.films import Films, HandFilm
from boneage.types import Image

LOST = (0.34, 0.55)  # share of the hand's length that is not on the film


def fingers_cut_off(rng: np.random.Generator, films: Films) -> Image:
    """The film ends across the fingers: a third of the hand's length or more is not on it."""
    return _cut(films(rng), float(rng.uniform(*LOST)), from_tip=True)


def wrist_cut_off(rng: np.random.Generator, films: Films) -> Image:
    """The film ends across the palm: wrist, carpals and part of the metacarpals are not on it."""
    return _cut(films(rng), float(rng.uniform(*LOST)), from_tip=False)


def too_dark(rng: np.random.Generator, films: Films) -> Image:
    """So few grays over the noise that no growth plate is seen: exposed too little, or burnt out but for the densest bone."""
    pixels = films(rng).pixels
    if rng.random() < 0.6:
        share = rng.uniform(0.05, 0.12)
        image = share * pixels + rng.normal(0, share * rng.uniform(0.35, 0.6), pixels.shape) + rng.uniform(0, 0.02)
    else:
        burnt = float(np.quantile(pixels, rng.uniform(0.95, 0.98)))
        image = np.maximum(pixels - burnt, 0) * rng.uniform(0.3, 0.8) + np.abs(rng.normal(0, 0.01, pixels.shape))
    return np.asarray(np.clip(image, 0, 1), np.float32)


def too_small(rng: np.random.Generator, films: Films) -> Image:
    """A thumbnail, or a hand far away on a large film: 18 to 50 pixels from wrist to tip."""
    film = films(rng)
    shrink = rng.uniform(18, 50) / film.length
    size = tuple(max(round(n * shrink), 8) for n in film.pixels.shape)
    small = np.asarray(cv2.resize(film.pixels, size[::-1], interpolation=cv2.INTER_AREA), np.float32)
    if rng.random() < 0.5:
        return small
    tall = int(rng.integers(200, 400))
    canvas = np.full((tall, round(0.8 * tall)), film.air, np.float32) + rng.normal(0, 0.006, (tall, round(0.8 * tall)))
    y, x = (int(rng.integers(0, n - m + 1)) for n, m in zip(canvas.shape, size, strict=True))
    canvas[y : y + size[0], x : x + size[1]] = small
    return np.asarray(np.clip(canvas, 0, 1), np.float32)


def _cut(film: HandFilm, lost: float, *, from_tip: bool) -> Image:
    """Cropped at the film's row or column, whichever lies across the hand, where the middle ray has lost that share."""
    wrist, tip = film.points[0], film.points[12]
    at = tip + lost * (wrist - tip) if from_tip else wrist + lost * (tip - wrist)
    axis = int(abs(tip[1] - wrist[1]) > abs(tip[0] - wrist[0]))  # 1: the hand stands
    keep_high = (tip[axis] < wrist[axis]) == from_tip
    line = round(float(at[axis]))
    pixels = film.pixels if axis else film.pixels.T
    kept = pixels[line:] if keep_high else pixels[:line]
    return np.ascontiguousarray(kept if axis else kept.T)
