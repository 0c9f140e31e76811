"""Pictures that are not one hand: noise, gradients, text, shuffled films, details, two hands.

They teach the hand finder what to refuse. All are float32 [H, W] in 0..1, made from a generator and films
of the training part.
"""

from __future__ import annotations

from collections.abc import Callable

import cv2
import numpy as np
import numpy.typing as npt

from boneage.types import Image

Films = Callable[[], Image]  # a random training film [299, 299]
Maker = Callable[[np.random.Generator, tuple[int, int], Films], Image]


def clipped(image: npt.ArrayLike) -> Image:
    return np.asarray(np.clip(image, 0, 1), np.float32)


def noise(rng: np.random.Generator, size: tuple[int, int], films: Films) -> Image:
    """White or smooth noise."""
    image = rng.standard_normal(size, np.float32)
    sigma = float(np.exp(rng.uniform(-2, 3)))
    image = np.asarray(cv2.GaussianBlur(image, (0, 0), max(sigma, 0.1)), np.float32)
    return clipped(0.5 + image / (4 * image.std() + 1e-6))


def gradient(rng: np.random.Generator, size: tuple[int, int], films: Films) -> Image:
    """A linear or radial gradient, or a flat field, with a little noise."""
    y, x = np.mgrid[0 : size[0], 0 : size[1]].astype(np.float32)
    if rng.random() < 0.5:
        angle = rng.uniform(0, 2 * np.pi)
        image = np.cos(angle) * x / size[1] + np.sin(angle) * y / size[0]
    else:
        image = np.hypot(x / size[1] - rng.random(), y / size[0] - rng.random())
    image = (image - image.min()) / (np.ptp(image) + 1e-6) * rng.uniform(0, 1)
    return clipped(image + rng.normal(0, 0.02, size))


def shapes(rng: np.random.Generator, size: tuple[int, int], films: Films) -> Image:
    """Ellipses, boxes, lines and letters."""
    canvas = np.full(size, int(rng.integers(80)), np.uint8)
    for _ in range(int(rng.integers(1, 14))):
        a, b = (tuple(int(v) for v in rng.integers(0, size[0], 2)) for _ in range(2))
        gray, thickness = int(rng.integers(256)), int(rng.choice([-1, 1, 2, 5]))
        kind = rng.integers(4)
        if kind == 0:
            axes = tuple(int(v) for v in rng.integers(4, size[0] // 2, 2))
            cv2.ellipse(canvas, a, axes, float(rng.uniform(0, 180)), 0, 360, gray, thickness)
        elif kind == 1:
            cv2.rectangle(canvas, a, b, gray, thickness)
        elif kind == 2:
            cv2.line(canvas, a, b, gray, int(rng.integers(1, 25)))
        else:
            text = "".join(rng.choice(list("ABDEHKLMRS0123459 "), int(rng.integers(2, 12))))
            cv2.putText(canvas, text, a, cv2.FONT_HERSHEY_SIMPLEX, float(rng.uniform(0.4, 3)), gray, int(rng.integers(1, 4)))
    image = canvas.astype(np.float32) / 255
    if rng.random() < 0.7:
        image = np.asarray(cv2.GaussianBlur(image, (0, 0), float(rng.uniform(0.3, 4))), np.float32)
    return clipped(image + rng.normal(0, 0.02, size))


def shuffled(rng: np.random.Generator, size: tuple[int, int], films: Films) -> Image:
    """A film cut into 3 x 3 to 6 x 6 tiles that are put back in another order."""
    parts = int(rng.integers(3, 7))
    film = cv2.resize(films(), (size[1] // parts * parts, size[0] // parts * parts))
    tiles = [tile for row in np.split(film, parts) for tile in np.split(row, parts, axis=1)]
    order = rng.permutation(len(tiles))
    rows = [np.hstack([tiles[k] for k in order[i * parts : (i + 1) * parts]]) for i in range(parts)]
    return np.asarray(cv2.resize(np.vstack(rows), (size[1], size[0])), np.float32)


def detail(rng: np.random.Generator, size: tuple[int, int], films: Films) -> Image:
    """A small part of a film: no whole hand on it."""
    film = films()
    side = int(rng.integers(30, 85))
    y, x = rng.integers(0, film.shape[0] - side), rng.integers(0, film.shape[1] - side)
    return np.asarray(cv2.resize(film[y : y + side, x : x + side], (size[1], size[0])), np.float32)


def two_hands(rng: np.random.Generator, size: tuple[int, int], films: Films) -> Image:
    """Two films side by side, the second often mirrored: both hands of a child."""
    half = (size[1] // 2, size[0])
    left, right = cv2.resize(films(), half), cv2.resize(films(), half)
    right = right[:, ::-1] if rng.random() < 0.8 else right
    return np.asarray(cv2.resize(np.hstack([right, left]), (size[1], size[0])), np.float32)


MAKERS: tuple[Maker, ...] = (noise, gradient, shapes, shuffled, detail, two_hands)


def negative(rng: np.random.Generator, size: tuple[int, int], films: Films) -> Image:
    """One picture that is not one hand, of a random kind."""
    return MAKERS[int(rng.integers(len(MAKERS)))](rng, size, films)
