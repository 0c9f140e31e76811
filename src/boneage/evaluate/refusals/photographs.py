"""What a camera may have seen: scenery, a lit hand on a table, faces, textures. In color or in gray, [H, W, 3] or [H, W]."""

from __future__ import annotations

import cv2
import numpy as np
import numpy.typing as npt

from boneage.evaluate.refusals.patterns import frame_size, spectrum
from boneage.phantom import draw
from boneage.types import Image, Sex

Color = npt.NDArray[np.float32]  # [H, W, 3], 0..1
SKIN = ((0.95, 0.78, 0.67), (0.87, 0.65, 0.5), (0.62, 0.42, 0.3), (0.4, 0.26, 0.18))
GRAY_SHARE = 0.5  # are black and white, or a color photograph turned to gray: these the color test lets through


def single(values: npt.ArrayLike) -> Color:
    """A color, or a row of values, in single precision."""
    return np.asarray(values, np.float32)


def scenery(rng: np.random.Generator) -> Image:
    """Natural statistics: things of all sizes that hide each other ("dead leaves"), each with a texture; or sky over land."""
    size = frame_size(rng)
    image = np.empty((*size, 3), np.float32)
    palette = np.clip(rng.uniform(0.1, 0.9, (12, 1)) + rng.normal(0, 0.1, (12, 3)) + rng.normal(0, 0.06, 3), 0, 1)
    image[:] = palette[0]
    radii = 5 / rng.uniform(0.01, 1, 500) ** 0.75
    for radius in radii[np.argsort(-radii * rng.uniform(0.2, 1, 500))]:
        center = rng.uniform(0, 1, 2) * size[::-1]
        color = palette[rng.integers(12)] + rng.normal(0, 0.04)
        axes = radius * rng.uniform(0.5, 1.5, 2)
        box = ((float(center[0]), float(center[1])), (float(axes[0]), float(axes[1])), float(rng.uniform(0, 180)))
        cv2.ellipse(image, box, color.tolist(), -1, cv2.LINE_AA)
    if rng.random() < 0.4:
        skyline = (0.45 + 0.06 * spectrum(rng, (1, size[1]), 1.2)[0]) * size[0]
        sky = np.mgrid[: size[0], : size[1]][0] < skyline
        ramp = np.linspace(1.1, 0.8, size[0], dtype=np.float32)[:, None, None]
        image = np.where(sky[..., None], ramp * single([0.55, 0.7, 0.9]), image)
    image = image * (1 + 0.15 * spectrum(rng, size, 1.0)[..., None])
    return _taken(rng, image)


def photographed_hand(rng: np.random.Generator) -> Image:
    """A hand lit from above on a table: the phantom's outline, round and skin-colored, without bones."""
    phantom = draw(float(rng.uniform(30, 220)), Sex.MALE, seed=int(rng.integers(2**31)), size=(480, 380))
    mask = phantom.mask.astype(np.uint8)
    deep = cv2.distanceTransform(mask, cv2.DIST_L2, cv2.DIST_MASK_PRECISE)
    height = cv2.GaussianBlur(np.sqrt(np.minimum(deep, 26)), (0, 0), 2.5)
    slope_y, slope_x = np.gradient(height)
    angle = rng.uniform(0, 2 * np.pi)
    light = 0.85 + 0.35 * (np.cos(angle) * slope_x + np.sin(angle) * slope_y) + 0.02 * spectrum(rng, mask.shape, 1.2)
    skin = single(SKIN[rng.integers(len(SKIN))]) * light[..., None] * (0.8 + 0.04 * height[..., None])
    table = single(rng.uniform(0.05, 0.9) + rng.normal(0, 0.08, 3)) * (1 + 0.06 * spectrum(rng, mask.shape, 1.3)[..., None])
    shadow = cv2.GaussianBlur(np.roll(mask, (7, 6), (0, 1)).astype(np.float32), (0, 0), 6)[..., None]
    edge = cv2.GaussianBlur(mask.astype(np.float32), (0, 0), 0.8)[..., None]
    image = table * (1 - 0.5 * shadow) * (1 - edge) + skin * edge
    for knuckle in phantom.points[[2, 3, 6, 7, 10, 11, 14, 15, 18, 19]]:
        crease = tuple(int(v) for v in knuckle)
        cv2.ellipse(image, crease, (7, 2), float(rng.normal() * 15), 0, 360, (skin.mean((0, 1)) * 0.55).tolist(), 1, cv2.LINE_AA)
    return _taken(rng, cv2.GaussianBlur(image, (0, 0), 0.7))


def face(rng: np.random.Generator) -> Image:
    """A drawn and shaded face with hair, eyes, nose and mouth before a wall."""
    size = (int(rng.integers(380, 520)), int(rng.integers(320, 420)))
    image = np.empty((*size, 3), np.float32)
    image[:] = rng.uniform(0.1, 0.9) + rng.normal(0, 0.08, 3)
    skin, hair = single(SKIN[rng.integers(len(SKIN))]), single(rng.uniform(0.02, 0.5) * np.array([1, 0.8, 0.6]))
    x, y, r = 0.5 * size[1] + rng.normal() * 15, 0.48 * size[0], 0.26 * size[1] * rng.uniform(0.85, 1.15)

    def oval(
        dx: float, dy: float, w: float, h: float, color: npt.NDArray[np.float32], ends: tuple[int, int] = (0, 360), line: int = -1
    ) -> None:
        center, axes = (round(x + dx * r), round(y + dy * r)), (max(round(w * r), 1), max(round(h * r), 1))
        cv2.ellipse(image, center, axes, 0, *ends, color.tolist(), line, cv2.LINE_AA)

    oval(0, 2.3, 1.9, 1.0, single(rng.uniform(0, 0.8, 3)))
    oval(0, 1.2, 0.42, 0.7, skin * 0.8)
    oval(0, -0.3, 1.14, 1.3, hair)
    oval(0, 0, 0.95, 1.3, skin)
    oval(0, -0.95, 0.85, 0.4, hair)
    for side in (-1, 1):
        oval(side * 0.38, -0.12, 0.19, 0.1, single([0.95, 0.95, 0.95]))
        oval(side * 0.38, -0.12, 0.085, 0.09, single([0.2, 0.15, 0.1]))
        oval(side * 0.38, -0.28, 0.24, 0.1, hair, (200, 340), 4)
        oval(side * 0.97, 0.05, 0.12, 0.25, skin * 0.85)
    oval(0.03, 0.22, 0.13, 0.26, skin * 0.85, (20, 200), 3)
    oval(0, 0.62, 0.3, 0.12, skin * single([0.75, 0.5, 0.5]), (0, int(rng.integers(180, 361))))
    light = (
        1 + rng.normal() * 0.25 * (np.mgrid[-1 : 1 : size[1] * 1j])[None, :, None] + 0.04 * spectrum(rng, size, 1.3)[..., None]
    )
    return _taken(rng, cv2.GaussianBlur(image, (0, 0), 2.0) * light)


def texture(rng: np.random.Generator) -> Image:
    """Bricks, wood, weave, stripes or tiles."""
    size = frame_size(rng)
    y, x = np.mgrid[: size[0], : size[1]].astype(np.float32)
    cell, noise = float(rng.uniform(14, 60)), spectrum(rng, size, 1.2)
    match int(rng.integers(4)):
        case 0:  # bricks
            row = y // cell
            column = (x + cell * (row % 2)) / (2 * cell)
            joint = (y % cell < 0.1 * cell) | (column % 1 < 0.05)
            image = np.where(joint, 0.75, 0.4 + 0.1 * np.sin(99 * np.floor(column) + 37 * row))
        case 1:  # wood
            image = 0.5 + 0.3 * np.sin((x + 0.25 * cell * noise + 0.1 * y) / cell * 6)
        case 2:  # weave
            image = 0.5 + 0.2 * np.sin(x / cell * 12) * np.sign(np.sin(y / cell * 12))
        case _:  # tiles
            image = ((x // cell + y // cell) % 2) * 0.6 + 0.2
    tint = single(rng.uniform(0.5, 1.0) + rng.normal(0, 0.09, 3))
    return _taken(rng, (image + 0.06 * noise)[..., None] * tint)


def _taken(rng: np.random.Generator, image: npt.ArrayLike) -> Image:
    """As a camera gives it: slightly unsharp, in color or gray."""
    picture = np.clip(np.asarray(image, np.float32) + rng.normal(0, 0.01, np.shape(image)), 0, 1)
    if rng.random() < GRAY_SHARE:
        picture = picture @ np.array([0.299, 0.587, 0.114])
    return np.asarray(picture, np.float32)
