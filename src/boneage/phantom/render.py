"""Physics: the posed hand's thickness in flesh and mineral, and what a beam leaves of it on the detector."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
import numpy.typing as npt

from boneage.geometry import Points
from boneage.phantom.bones import Bone, Line
from boneage.phantom.hand import Hand, Tissue
from boneage.types import Image

COARSE = 4  # flesh has no fine detail: its shape is drawn on a grid this much coarser
MU_FLESH = 0.041  # per mm, about 50 kV
MU_BONE = 0.134  # per mm of solid bone, in place of flesh
TILE = 512  # of the trabecular texture, repeated
_SHIFT = 4  # fractional bits of a polygon's corners


@dataclass(frozen=True, eq=False)
class Layers:
    """What lies between source and detector, per pixel."""

    flesh_mm: Image
    bone_mm: Image  # of solid bone
    mask: npt.NDArray[np.bool_]
    labels: npt.NDArray[np.uint8]  # 0 no bone, else 1 + index into the hand's bones


def project(hand: Hand, size: tuple[int, int], spacing_mm: float, *, rng: np.random.Generator) -> Layers:
    """The thickness maps of a hand that was moved to the film, in pixels."""
    flesh, mask = _flesh(hand, size, spacing_mm, rng)
    bone = np.zeros(size, np.float32)
    labels = np.zeros(size, np.uint8)
    tile = _trabeculae(rng)
    for number, piece in enumerate(hand.bones, start=1):
        _add_bone(piece, number, bone, labels, tile, spacing_mm, rng.uniform(0, TILE, 2))
    labels[~mask] = 0
    return Layers(flesh, bone * hand.dense, mask, labels)


def attenuate(layers: Layers, spacing_mm: float, *, rng: np.random.Generator) -> Image:
    """The logarithm of the exposure that is missing behind the hand: Beer-Lambert, scatter, quantum noise, blur."""
    beam = np.exp(-MU_FLESH * layers.flesh_mm - MU_BONE * layers.bone_mm)
    small = cv2.resize(beam, None, fx=1 / 8, fy=1 / 8, interpolation=cv2.INTER_AREA)
    scatter = cv2.resize(cv2.GaussianBlur(small, (0, 0), 12.0 / spacing_mm / 8), beam.shape[::-1], interpolation=cv2.INTER_LINEAR)
    beam = 0.9 * beam + 0.1 * scatter * np.sqrt(beam)
    beam = cv2.GaussianBlur(beam, (0, 0), max(0.11 / spacing_mm, 0.6))  # focal spot and phosphor
    counts = 10 ** rng.uniform(3.2, 4.2)
    noise = rng.standard_normal(beam.shape, dtype=np.float32) / np.sqrt(counts)
    noise = cv2.GaussianBlur(noise, (0, 0), 0.6) * 1.6
    beam += noise * np.sqrt(beam)
    return np.asarray(-np.log(np.maximum(beam, 1e-3)), np.float32)


# ---- flesh
def _flesh(hand: Hand, size: tuple[int, int], spacing_mm: float, rng: np.random.Generator) -> tuple[Image, npt.NDArray[np.bool_]]:
    """Flesh in millimeters and its outline: round fingers, a flatter palm, webs between."""
    margin = 40  # coarse pixels beyond the film, so that a cut forearm keeps its thickness to the edge
    height, width = (-(-n // COARSE) + 2 * margin for n in size)
    unit = spacing_mm * COARSE
    shape = np.zeros((height, width), np.uint8)
    depth = np.zeros((height, width), np.float32)
    for piece in hand.flesh:
        own = np.zeros_like(shape)
        _paint(own, piece, margin)
        np.maximum(depth, own.astype(np.float32) / 255 * piece.depth * spacing_mm, out=depth)
        np.maximum(shape, own, out=shape)
    web = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (odd := 2 * round(1.7 / unit) + 1, odd))
    closed = cv2.morphologyEx(shape, cv2.MORPH_CLOSE, web)
    smooth = cv2.GaussianBlur(closed.astype(np.float32), (0, 0), 1.6 / unit)
    inside = (smooth > 127).astype(np.float32)
    weight = cv2.GaussianBlur(inside, (0, 0), 3.5 / unit) + 1e-3
    depth = cv2.GaussianBlur(depth * inside, (0, 0), 3.5 / unit) / weight
    depth *= 1 + 0.03 * _cloud(depth.shape, 9.0 / unit, rng) + 0.03 * _cloud(depth.shape, 2.5 / unit, rng)
    mask = _fine(np.asarray(smooth, np.float32), size, margin) > 127
    depth = np.maximum(_fine(depth, size, margin), 0.1)
    deep = _deep(mask.astype(np.uint8)) * spacing_mm
    share = 1 - np.clip(deep / depth, 0, 1)
    return np.asarray(2 * depth * np.sqrt(1 - share**2.6), np.float32), np.asarray(mask)


def _paint(canvas: npt.NDArray[np.uint8], piece: Tissue, margin: int) -> None:
    points = (piece.points + 0.5) / COARSE - 0.5 + margin
    if not len(piece.radii):
        cv2.fillPoly(canvas, [_fixed(points)], 255, cv2.LINE_AA, _SHIFT)
        return
    way = np.linspace(0, len(points) - 1, 24 * (len(points) - 1) + 1)
    knots = np.arange(len(points))
    x, y = _bend(way, points[:, 0]), _bend(way, points[:, 1])
    for center, radius in zip(_fixed(np.stack([x, y], axis=1)), np.interp(way, knots, piece.radii) / COARSE, strict=True):
        cv2.circle(canvas, center.tolist(), int(radius * 2**_SHIFT), 255, -1, cv2.LINE_AA, _SHIFT)


def _bend(way: npt.NDArray[np.float64], values: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    return np.interp(way, np.arange(len(values)), values)


def _fine(array: Image, size: tuple[int, int], margin: int) -> Image:
    """A coarse map on the film's grid."""
    cut = array[margin:-margin, margin:-margin]
    big = cv2.resize(cut, None, fx=COARSE, fy=COARSE, interpolation=cv2.INTER_LINEAR)
    return np.asarray(big[: size[0], : size[1]])


def _cloud(size: tuple[int, ...], sigma: float, rng: np.random.Generator) -> Image:
    """Smooth noise of unit variance."""
    noise = rng.standard_normal(size, dtype=np.float32)
    return np.asarray(cv2.GaussianBlur(noise, (0, 0), sigma) * (2 * np.sqrt(np.pi) * sigma), np.float32)


# ---- bone
def _add_bone(
    bone: Bone,
    number: int,
    total: Image,
    labels: npt.NDArray[np.uint8],
    tile: Image,
    spacing_mm: float,
    grain: npt.NDArray[np.float64],
) -> None:
    """Adds one bone's solid path length: a shell of cortex around sponge, and its dense lines."""
    pad = 3
    low = np.maximum(np.floor(bone.contour.min(0)).astype(int) - pad, 0)
    high = np.minimum(np.ceil(bone.contour.max(0)).astype(int) + pad, total.shape[::-1])
    if (high - low < 3).any():
        return
    (x0, y0), (x1, y1) = low, high
    border = 1  # so that a bone cut by the film's edge is not closed there
    filled = np.zeros((y1 - y0, x1 - x0), np.uint8)
    cv2.fillPoly(filled, [_fixed(bone.contour - low)], 255, cv2.LINE_AA, _SHIFT)
    inside = np.pad((filled > 127).astype(np.uint8), border, mode="edge")
    deep = np.maximum(_deep(inside)[border:-border, border:-border] - 0.5, 0)
    x, y = np.meshgrid(np.arange(x0, x1, dtype=np.float32) - bone.origin[0], np.arange(y0, y1, dtype=np.float32) - bone.origin[1])
    along = (x * bone.axis[0] + y * bone.axis[1]).astype(np.float32)
    across = (y * bone.axis[0] - x * bone.axis[1]).astype(np.float32)
    depth, cortex, sponge = (_table(along, bone.stations, values) for values in (bone.depth, bone.cortex, bone.sponge))
    grid = 10 * spacing_mm  # the texture has ten cells to the millimeter
    texture = cv2.remap(
        tile, (across * grid + grain[0]).astype(np.float32), (along * grid / bone.stretch + grain[1]).astype(np.float32),
        cv2.INTER_LINEAR, borderMode=cv2.BORDER_WRAP,
    )  # fmt: skip
    outer, inner = _chord(deep, depth), _chord(deep - cortex, depth - cortex)
    solid = (outer - inner) * (0.92 + 0.08 * texture) + inner * sponge * (1 + 0.36 * texture)
    solid += _lines(bone.lines, low, filled.shape) * (0.8 + 0.3 * texture) * (deep > 0)
    total[y0:y1, x0:x1] += solid * spacing_mm
    labels[y0:y1, x0:x1][filled > 127] = number


def _deep(inside: npt.NDArray[np.uint8]) -> Image:
    """Distance of each pixel from the outside. OpenCV's last bit depends on where the array lies in memory, so
    the square, a whole number, is rounded: the same film must come out to the bit."""
    rough = cv2.distanceTransform(inside, cv2.DIST_L2, cv2.DIST_MASK_PRECISE)
    return np.asarray(np.sqrt(np.rint(rough * rough)), np.float32)


def _table(along: Image, stations: npt.NDArray[np.float64], values: npt.NDArray[np.float64]) -> Image:
    if len(stations) == 1:
        return np.full_like(along, values[0])
    return np.interp(along, stations, values).astype(np.float32)


def _chord(deep: Image, radius: Image) -> Image:
    """The beam's way through a round body of `radius`, `deep` inside its silhouette."""
    radius = np.maximum(radius, 0.1)
    deep = np.clip(deep, 0, radius)
    return 2 * np.sqrt(2 * radius * deep - deep * deep)


def _lines(lines: tuple[Line, ...], low: npt.NDArray[np.int_], size: tuple[int, int]) -> Image:
    total = np.zeros(size, np.float32)
    for line in lines:
        drawn = np.zeros(size, np.uint8)
        cv2.polylines(drawn, [_fixed(line.points - low)], False, 255, max(round(line.width), 1), cv2.LINE_AA, _SHIFT)
        total += cv2.GaussianBlur(drawn, (0, 0), max(line.width * 0.45, 0.7)).astype(np.float32) / 255 * line.mineral
    return total


def _trabeculae(rng: np.random.Generator) -> Image:
    """A tile of spongy bone: ridges of band-limited noise, about -1..1, that repeats without a seam."""
    wave = np.fft.fftfreq(TILE)[:, None] ** 2 + np.fft.fftfreq(TILE)[None] ** 2
    layers = []
    for cycles in (0.095, 0.17):
        band = np.exp(-((np.sqrt(wave) - cycles) ** 2) / (2 * (0.35 * cycles) ** 2))
        noise = np.fft.ifft2(np.fft.fft2(rng.standard_normal((TILE, TILE))) * band).real
        layers.append(1 - 2.2 * np.abs(noise / noise.std()) / 1.6)
    mixed = 0.65 * layers[0] + 0.45 * layers[1]
    return np.asarray(np.clip(mixed - mixed.mean(), -1.4, 1.4), np.float32)


def _fixed(points: Points) -> npt.NDArray[np.int32]:
    """Corners with fractional bits, as OpenCV's `shift` wants them."""
    return np.asarray(np.round(points * 2**_SHIFT), np.int32)
