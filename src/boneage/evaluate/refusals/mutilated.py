"""Real films that were spoiled: tiles shuffled, the middle blacked out, fingers erased, noise pasted, two on one film."""

from __future__ import annotations

import cv2
import numpy as np

from boneage.evaluate.refusals.films import FINGERS, Films, HandFilm
from boneage.evaluate.refusals.patterns import spectrum
from boneage.types import Image

Mask = np.ndarray[tuple[int, ...], np.dtype[np.bool_]]
HALF = 0.5


def shuffled(rng: np.random.Generator, films: Films) -> Image:
    """Cut into 2 x 3 to 8 x 8 tiles, each of which goes to another place."""
    film = films(rng).pixels
    down, across = int(rng.integers(2, 9)), int(rng.integers(3, 9))
    rows, columns = (np.linspace(0, n, k + 1).astype(int) for n, k in zip(film.shape, (down, across), strict=True))
    tall, wide = film.shape[0] // down, film.shape[1] // across
    tiles = [film[y : y + tall, x : x + wide] for y in rows[:-1] for x in columns[:-1]]
    start = rng.permutation(len(tiles))
    moved = dict(zip(start.tolist(), np.roll(start, 1).tolist(), strict=True))  # one cycle: no tile stays
    return np.vstack([np.hstack([tiles[moved[r * across + c]] for c in range(across)]) for r in range(down)])


def blacked_out(rng: np.random.Generator, films: Films) -> Image:
    """The hand's middle (carpals, metacarpals or the fingers' roots) under a black, gray or white shape."""
    film = films(rng)
    back = film.to_template.inverse()
    center = back.points([rng.uniform(-0.05, 0.1), rng.uniform(-0.55, -0.3)])
    radius = film.length * rng.uniform(0.28, 0.4)
    drawn = np.zeros(film.pixels.shape, np.uint8)
    middle = tuple(int(v) for v in center)
    if rng.random() < HALF:
        cv2.circle(drawn, middle, int(radius), 1, -1)
    else:
        corners = [(int(center[0] + sign * radius), int(center[1] + sign * radius * rng.uniform(0.8, 1.2))) for sign in (-1, 1)]
        cv2.rectangle(drawn, corners[0], corners[1], 1, -1)
    level = np.float32(rng.choice([0.0, 0.0, film.air, 1.0]))
    return np.where(drawn > 0, level, film.pixels)


def fingers_erased(rng: np.random.Generator, films: Films) -> Image:
    """Two to five fingers wiped off from the knuckle on: the film goes on as if they were not there."""
    film = films(rng)
    gone = np.zeros(film.pixels.shape, bool)
    for finger in rng.permutation(5)[: int(rng.integers(2, 6))]:
        chain = film.points[list(FINGERS[finger])]
        root = chain[0] + 0.25 * (chain[1] - chain[0])
        tip = chain[-1] + 0.45 * (chain[-1] - chain[-2])
        gone |= film.hull(np.vstack([root, chain[1:], tip]), grown=0.075)
    grain = 0.012 * rng.standard_normal(film.pixels.shape)
    soft = cv2.GaussianBlur(gone.astype(np.float32), (0, 0), 1.5)
    return _clipped(film.pixels * (1 - soft) + (film.without_hand() + grain) * soft)


def noise_pasted(rng: np.random.Generator, films: Films) -> Image:
    """Patches of noise over a third of the hand or more, anywhere on it."""
    film = films(rng)
    hand, covered = film.hull(), np.zeros(film.pixels.shape, bool)
    image = film.pixels.copy()
    while (covered & hand).sum() < 0.36 * hand.sum():
        side = int(film.length * rng.uniform(0.16, 0.34))
        y, x = (int(v) - side // 2 for v in np.argwhere(hand)[rng.integers(hand.sum())])
        y, x = max(y, 0), max(x, 0)
        here = image[y : y + side, x : x + side]
        here[:] = _clipped(rng.uniform(0.2, 0.7) + 0.2 * spectrum(rng, (side, side), float(rng.uniform(0, 1.2))))[
            : here.shape[0], : here.shape[1]
        ]
        covered[y : y + side, x : x + side] = True
    return image


def two_films(rng: np.random.Generator, films: Films) -> Image:
    """Two films of hands in true proportions on one, beside or over each other, one of them often mirrored."""
    tall, wide = 400, int(rng.integers(280, 340))
    pair = [cv2.resize(film.pixels, (wide, tall), interpolation=cv2.INTER_AREA) for film in (films(rng), films(rng))]
    if rng.random() < 0.75:
        pair[0] = pair[0][:, ::-1]
    return np.asarray(np.hstack(pair) if rng.random() < 0.8 else np.vstack(pair), np.float32)


def small_field(rng: np.random.Generator, films: Films) -> Image:
    """A collimator closed too far: a window with less than half of the hand, black or white around it."""
    film = films(rng)
    height, width = film.pixels.shape
    hand = film.hull(grown=0.06)
    kept = np.zeros(film.pixels.shape, bool)
    while not 0.15 < (kept & hand).sum() / hand.sum() < 0.5:
        center = film.points[rng.integers(21)] + rng.normal(size=2) * 0.1 * film.length
        half = film.length * rng.uniform(0.2, 0.45, 2)
        low, high = np.clip(center - half, 0, (width, height)).astype(int), np.clip(center + half, 0, (width, height)).astype(int)
        kept[:] = False
        kept[low[1] : high[1], low[0] : high[0]] = True
    soft = cv2.GaussianBlur(kept.astype(np.float32), (0, 0), 0.8)
    return _clipped(film.pixels * soft + (1 - soft) * rng.choice([0.0, 0.04, 0.95]))


def _clipped(image: object) -> Image:
    return np.asarray(np.clip(np.asarray(image, np.float32), 0, 1), np.float32)


__all__ = ["HandFilm", "blacked_out", "fingers_erased", "noise_pasted", "shuffled", "small_field", "two_films"]
