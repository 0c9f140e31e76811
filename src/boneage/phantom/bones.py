"""One bone as the renderer needs it, and how its outline is made: tubes with caps, smooth curves, grown centers."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from boneage.geometry import PixelMap, Points

Vector = npt.NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Line:
    """A dense line inside a bone: the scar of a growth plate, the rim of a joint."""

    points: Points  # [N, 2]
    width: float
    mineral: float  # extra length of solid bone in the beam's way

    def moved(self, to: PixelMap) -> Line:
        scale = _scale(to)
        return Line(to.points(self.points), self.width * scale, self.mineral * scale)


@dataclass(frozen=True, eq=False)
class Bone:
    """One ossified piece. Lengths in the unit of its frame: millimeters, or pixels once moved to a film.

    The tables run along the axis: at `stations` (distance from `origin`) the half depth of the bone,
    the thickness of its cortex and the share of solid bone in the sponge inside.
    """

    name: str
    contour: Points  # [N, 2], closed
    origin: Vector  # [2]
    axis: Vector  # [2], unit
    stations: Vector  # [K]
    depth: Vector  # [K]
    cortex: Vector  # [K]
    sponge: Vector  # [K], 0..1
    stretch: float = 1.0  # of the trabeculae along the axis
    lines: tuple[Line, ...] = ()

    def moved(self, to: PixelMap) -> Bone:
        scale = _scale(to)
        axis = to.matrix[:2, :2] @ self.axis
        return replace(
            self,
            contour=to.points(self.contour),
            origin=to.points(self.origin),
            axis=axis / np.linalg.norm(axis),
            stations=self.stations * scale,
            depth=self.depth * scale,
            cortex=self.cortex * scale,
            lines=tuple(line.moved(to) for line in self.lines),
        )

    def uneven(self, amount: float, rng: np.random.Generator) -> Bone:
        """The bone with an outline as irregular as bones are: smooth waves of `amount` along it."""
        way = np.arange(len(self.contour)) / len(self.contour) * 2 * np.pi
        turns = np.arange(2, 9)
        waves = np.cos(np.outer(way, turns) + rng.uniform(0, 2 * np.pi, len(turns))) @ (
            rng.normal(size=len(turns)) / np.sqrt(turns)
        )
        amount = min(amount, 0.02 * float(np.ptp(self.contour, axis=0).min()))
        tangent = np.roll(self.contour, -2, axis=0) - np.roll(self.contour, 2, axis=0)
        normal = np.stack([tangent[:, 1], -tangent[:, 0]], axis=1) / np.maximum(
            np.linalg.norm(tangent, axis=1, keepdims=True), 1e-9
        )
        return replace(self, contour=self.contour + amount * waves[:, None] * normal)

    @property
    def center(self) -> Vector:
        return np.asarray(self.contour.mean(0))


def _scale(to: PixelMap) -> float:
    return float(np.sqrt(abs(np.linalg.det(to.matrix[:2, :2]))))


@dataclass(frozen=True, eq=False)
class Profile:
    """A long bone before it is cut into shaft and epiphysis: half width over the way from `start` to `end`."""

    start: Vector
    end: Vector
    share: Vector  # [K] 0..1 of the way
    width: Vector  # [K] half width

    @property
    def length(self) -> float:
        return float(np.linalg.norm(self.end - self.start))

    @property
    def axis(self) -> Vector:
        return np.asarray((self.end - self.start) / self.length)

    def at(self, distance: Vector) -> Vector:
        return np.interp(distance / self.length, self.share, self.width)

    def outline(
        self, span: tuple[float, float], caps: tuple[float, float], dents: tuple[float, float], *, narrow: float = 1.0
    ) -> Points:
        """The piece between two distances from the start, its ends rounded over `caps` and hollowed by `dents`."""
        a, b = span
        t = a + (b - a) * (1 - np.cos(np.linspace(0, np.pi, 90))) / 2
        width = self.at(t) * narrow * _cap((t - a) / max(caps[0], 1e-6)) * _cap((b - t) / max(caps[1], 1e-6))
        along, across = np.concatenate([t, t[::-1]]), np.concatenate([width, -width[::-1]])
        widest = np.array([self.at(np.array([a]))[0], self.at(np.array([b]))[0]]) * narrow
        for end, dent, reach, sign in ((a, dents[0], caps[0], 1), (b, dents[1], caps[1], -1)):
            half = widest[0] if sign == 1 else widest[1]
            near = np.exp(-np.abs(along - end) / (1.2 * reach + 0.3))
            along = along + sign * dent * near * np.clip(1 - 2 * (across / half) ** 2, -1, 1)
        return self.place(along, across)

    def place(self, along: Vector, across: Vector) -> Points:
        normal = np.array([-self.axis[1], self.axis[0]])
        return np.asarray(self.start + along[:, None] * self.axis + across[:, None] * normal)


def _cap(x: Vector) -> Vector:
    """0 at the end, 1 from one radius on: a superellipse."""
    return np.asarray((1 - (1 - np.clip(x, 0, 1)) ** 2.4) ** (1 / 2.2))


def profile(start: Vector, end: Vector, shares: tuple[float, ...], widths: tuple[float, ...]) -> Profile:
    """A smooth profile through the given half widths."""
    share = np.linspace(0, 1, 121)
    rough = np.interp(share, shares, widths)
    kernel = np.exp(-0.5 * (np.arange(-9, 10) / 4.0) ** 2)
    width = np.convolve(np.pad(rough, 9, mode="edge"), kernel / kernel.sum(), mode="valid")
    return Profile(np.asarray(start, dtype=np.float64), np.asarray(end, dtype=np.float64), share, width)


def smooth(polygon: Points, *, count: int = 160) -> Points:
    """The closed curve through a few points, at `count` even steps: a cubic per side, centripetal, so that it never loops."""
    after = np.roll(polygon, -1, axis=0)
    side = after - polygon
    step = np.sqrt(np.linalg.norm(side, axis=1, keepdims=True))
    before = np.roll(step, 1, axis=0)
    slope = (np.roll(side / step, 1, axis=0) * step + side / step * before) / (step + before)
    u = np.linspace(0, 1, 16, endpoint=False)[:, None, None]
    start, end = slope * step, np.roll(slope, -1, axis=0) * step
    curve = polygon + u * start + u**2 * (3 * side - 2 * start - end) + u**3 * (start + end - 2 * side)
    dense = curve.swapaxes(0, 1).reshape(-1, 2)
    closed = np.vstack([dense, dense[:1]])
    way = np.concatenate([[0], np.cumsum(np.linalg.norm(np.diff(closed, axis=0), axis=1))])
    steps = np.linspace(0, way[-1], count, endpoint=False)
    return np.stack([np.interp(steps, way, closed[:, k]) for k in (0, 1)], axis=1)


def grown(polygon: Points, share: float, *, smallest: float, flat: float = 1.0) -> Points:
    """A center of ossification on its way from a small disk to its adult outline.

    `flat` below 1 lets the height (y) fill its place earlier than the width.
    """
    adult = smooth(polygon)
    center = adult.mean(0)
    offset = adult - center
    extent = np.ptp(adult, axis=0) / 2
    radius = np.full(2, np.sqrt(np.prod(extent))) if flat == 1 else extent * (0.95, 0.55)
    disk = radius * _circle(offset / extent)
    formed = share**1.6 if flat == 1 else share**4
    shape = (1 - formed) * disk + formed * offset
    size = smallest + (1 - smallest) * share
    return np.asarray(center + shape * np.array([size, size**flat]))


def _circle(outline: Points) -> Points:
    """The unit circle, each point as near as can be to its partner of a closed outline at even steps."""
    steps = np.arange(len(outline)) / len(outline) * 2 * np.pi
    rounds = [np.exp(1j * sense * steps) for sense in (1, -1)]
    fits = [np.mean(outline @ np.array([1, 1j]) * ring.conj()) for ring in rounds]
    fit, ring = max(zip(fits, rounds, strict=True), key=lambda pair: float(abs(pair[0])))
    ring = ring * fit / abs(fit)
    return np.stack([ring.real, ring.imag], axis=1)
