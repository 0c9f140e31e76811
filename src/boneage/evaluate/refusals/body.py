"""A part of the body as the phantom's physics takes it: bones, flesh, air and holes, drawn in millimeters about its middle.

All parts are drawn at a hand's scale, about 200 mm, and so thin that the hand's tube voltage gets through.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import cv2
import numpy as np
import numpy.typing as npt

from boneage.geometry import PixelMap, Points
from boneage.phantom import Look
from boneage.phantom.bones import Bone, profile, smooth
from boneage.phantom.film import develop
from boneage.phantom.hand import Hand, Tissue
from boneage.phantom.render import attenuate, project
from boneage.types import Image, Side

Point = tuple[float, float]
UP = np.array([0.0, 1.0])


@dataclass(frozen=True, eq=False)
class Void:
    """A closed curve [N, 2] within which flesh or bone is thinner by a share."""

    curve: Points
    share: float
    soft: float = 1.5  # of its edge


@dataclass(frozen=True, eq=False)
class Body:
    """What lies on the film, in millimeters, y down."""

    bones: tuple[Bone, ...]
    flesh: tuple[Tissue, ...]
    frame: tuple[float, float, float, float]  # left, top, right, bottom: what the film shows of it
    air: tuple[Void, ...] = ()  # in the flesh
    holes: tuple[Void, ...] = ()  # in the bones


def expose(body: Body, rng: np.random.Generator, *, turn: float = 6.0, dense: float = 1.0) -> Image:
    """One film [H, W] of the body: turned by normal `turn` degrees, perhaps mirrored, in a random look."""
    left, top, right, bottom = body.frame
    tall = int(rng.integers(480, 620))
    size = (tall, round(tall * float(np.clip((right - left) / (bottom - top) * rng.uniform(0.9, 1.15), 0.6, 1.6))))
    spacing = max((bottom - top) / size[0], (right - left) / size[1])
    center = ((right + left) / 2, (bottom + top) / 2)
    middle = PixelMap.shift(size[1] / 2 - center[0] / spacing, size[0] / 2 - center[1] / spacing)
    place = middle @ PixelMap(np.diag((1 / spacing, 1 / spacing, 1.0)))
    side = Side.LEFT if rng.random() < 0.5 else Side.RIGHT
    to_film = place @ PixelMap.about(center, degrees=float(rng.normal() * turn))
    if side is Side.RIGHT:
        to_film = PixelMap.mirror(size[1]) @ to_film
    bones = tuple(bone.uneven(0.6, rng) for bone in body.bones)
    corners = place.points([(left, top), (right, bottom)])
    hand = Hand(bones, body.flesh, np.asarray(center)[None], np.zeros(2), dense).moved(to_film)
    layers = project(hand, size, spacing, rng=rng)
    flesh, bone = layers.flesh_mm, layers.bone_mm
    for void in body.air:
        flesh = flesh * (1 - _within(void, to_film, size))
    for void in body.holes:
        bone = bone * (1 - _within(void, to_film, size))
    shadow = attenuate(replace(layers, flesh_mm=flesh, bone_mm=bone), spacing, rng=rng)
    inner = corners * 0.9 + corners.mean(0) * 0.1
    film, _ = develop(shadow, layers.mask, Look.drawn(rng), points=inner, side=side, spacing_mm=spacing)
    return film


def _within(void: Void, to_film: PixelMap, size: tuple[int, int]) -> Image:
    drawn = np.zeros(size, np.uint8)
    cv2.fillPoly(drawn, [np.round(to_film.points(void.curve) * 16).astype(np.int32)], 255, cv2.LINE_AA, 4)
    soft = void.soft * to_film.scales[0]
    return np.asarray(cv2.GaussianBlur(drawn, (0, 0), max(soft, 0.5)), np.float32) / np.float32(255) * np.float32(void.share)


# ---- bones and flesh
def tube(name: str, start: Point, end: Point, widths: tuple[float, float, float], *, sponge: float = 0.2) -> Bone:
    """A long bone between two points; widths of base, shaft and head."""
    base, shaft, head = (width / 2 for width in widths)
    shares, half = (
        (0, 0.1, 0.28, 0.5, 0.72, 0.88, 1),
        (base, base, 0.4 * base + 0.6 * shaft, shaft, 0.4 * head + 0.6 * shaft, head, head),
    )
    form = profile(np.array(start), np.array(end), shares, half)
    round_ = (0.5 * base, 0.7 * head)
    stations = np.linspace(0, form.length, 25)
    middle = np.interp(stations / form.length, (0.05, 0.3, 0.5, 0.7, 0.95), (0, 0.8, 1, 0.8, 0))
    depth = form.at(stations) * (0.8 + 0.4 * middle)
    cortex = 0.06 * shaft + 0.3 + 0.3 * shaft * middle
    outline = form.outline((0, form.length), round_, (0.06 * base, 0.0))
    return Bone(name, outline, form.start, form.axis, stations, depth, cortex, sponge + 0.1 - 0.15 * middle, 2.2)


def blob(name: str, outline: npt.ArrayLike, *, depth: float | None = None, cortex: float = 0.6, sponge: float = 0.27) -> Bone:
    """A short or flat bone: the closed curve through a few points. `cortex` alone, without sponge, is a shell."""
    contour = smooth(np.asarray(outline, np.float64), count=240)
    half = float(np.ptp(contour, axis=0).min()) / 2 if depth is None else depth
    return Bone(
        name, contour, contour.mean(0), UP, np.array([0.0]), np.array([half]), np.array([min(cortex, half)]), np.array([sponge])
    )


def bow(name: str, along: npt.ArrayLike, width: float, *, depth: float | None = None, sponge: float = 0.2) -> Bone:
    """A bent bone of one width along points [N, 2], such as a rib."""
    points = open_curve(along)
    step = np.gradient(points, axis=0)
    normal = np.stack([-step[:, 1], step[:, 0]], 1) / np.maximum(np.linalg.norm(step, axis=1, keepdims=True), 1e-9)
    contour = np.vstack([points + normal * width / 2, (points - normal * width / 2)[::-1]])
    half = width / 2 if depth is None else depth
    return Bone(name, contour, points.mean(0), UP, np.array([0.0]), np.array([half]), np.array([0.22 * half]), np.array([sponge]))


def way(text: str) -> Points:
    """Points [N, 2] written as "x,y x,y"."""
    return np.array([[float(value) for value in pair.split(",")] for pair in text.split()])


def open_curve(points: npt.ArrayLike, *, count: int = 80) -> Points:
    """A smooth open curve through a few points: Catmull and Rom's."""
    knots = np.asarray(points, np.float64)
    padded = np.vstack([2 * knots[0] - knots[1], knots, 2 * knots[-1] - knots[-2]])
    t = np.linspace(0, len(knots) - 1 - 1e-9, count)
    k, u = t.astype(int), (t % 1)[:, None]
    a, b, c, d = (padded[k + j] for j in range(4))
    return np.asarray(0.5 * (2 * b + (c - a) * u + (2 * a - 5 * b + 4 * c - d) * u**2 + (3 * b - a - 3 * c + d) * u**3))


def oval(center: Point, radii: Point, *, degrees: float = 0.0) -> Points:
    """Twelve points on an ellipse."""
    angle = np.arange(12) * np.pi / 6
    ring = np.stack([np.cos(angle) * radii[0], np.sin(angle) * radii[1]], 1)
    return PixelMap.about((0, 0), degrees=degrees, shift=center).points(ring)


def limb(along: npt.ArrayLike, radii: npt.ArrayLike, depth: float) -> Tissue:
    """Flesh around a line of points."""
    return Tissue(np.asarray(along, np.float64), np.asarray(radii, np.float64), depth)


def mass(outline: npt.ArrayLike, depth: float) -> Tissue:
    """Flesh within a closed curve through a few points."""
    return Tissue(smooth(np.asarray(outline, np.float64)), np.empty(0), depth)


def jitter(points: npt.ArrayLike, rng: np.random.Generator, amount: float) -> Points:
    """Points, each moved by normal `amount` millimeters: no two bodies are alike."""
    array = np.asarray(points, np.float64)
    return array + rng.normal(size=array.shape) * amount
