"""Anatomy: the bones and the skin of one hand as a function of bone age and sex, with a random shape."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise

import cv2
import numpy as np
import numpy.typing as npt

from boneage.geometry import PixelMap, Points
from boneage.phantom import skeleton, template, timing
from boneage.phantom.bones import Bone
from boneage.types import Sex, Side


@dataclass(frozen=True)
class Shape:
    """What differs from child to child of one bone age. Factors about 1."""

    size: float = 1.0
    broad: float = 1.0  # width of the hand over its length
    stout: float = 1.0  # of the bones
    plump: float = 1.0  # of the skin
    dense: float = 1.0  # mineral
    fingers: tuple[float, ...] = (1.0,) * 5  # lengths, thumb first
    uneven: int = 0  # seed of the bones' small irregularities

    @classmethod
    def drawn(cls, rng: np.random.Generator) -> Shape:
        size, broad, stout, plump, dense = 1 + rng.normal(size=5).clip(-2, 2) * (0.04, 0.025, 0.05, 0.07, 0.08)
        return cls(
            size,
            broad,
            stout,
            plump,
            dense,
            tuple((1 + 0.02 * rng.normal(size=5).clip(-2, 2)).tolist()),
            int(rng.integers(2**31)),
        )


@dataclass(frozen=True)
class Pose:
    """How the hand lies on the film."""

    side: Side = Side.LEFT
    spread: float = 0.0  # -1 fingers together, 0 as in the template, 1 wide open
    thumb_degrees: float = 0.0  # away from the hand
    wrist_degrees: float = 0.0  # of the forearm, 0 in line with the hand
    bends_degrees: tuple[float, ...] = (0.0,) * 14  # sideways, in each finger's MCP, PIP, DIP; thumb first, without CMC
    turn_degrees: float = 0.0  # of the whole hand on the film
    fill: float = 0.8  # share of the film's height or width that the hand takes
    forearm: float = 0.3  # length seen below the wrist, in hand lengths
    offset: tuple[float, float] = (0.0, 0.0)  # -1..1, across the room that is left (x, y)

    @classmethod
    def drawn(cls, rng: np.random.Generator) -> Pose:
        turn = rng.normal() * 5 if rng.random() < 0.85 else rng.uniform(-40, 40)
        return cls(
            spread=float(np.clip(rng.normal(0.35, 0.4), -0.2, 1.4)),
            thumb_degrees=float(np.clip(rng.normal() * 7, -7, 16)),
            wrist_degrees=float(rng.normal(3, 6)),
            bends_degrees=tuple((rng.normal(size=14) * 2.0).tolist()),
            turn_degrees=float(turn),
            fill=float(rng.uniform(0.7, 0.9)),
            forearm=float(rng.uniform(0.12, 0.45)),
            offset=(float(rng.uniform(-0.8, 0.8)), float(rng.uniform(-0.6, 0.6))),
        )


@dataclass(frozen=True, eq=False)
class Tissue:
    """A piece of skin-covered flesh: disks of `radii` strung along `points`, or an outline without radii."""

    points: Points  # [N, 2]
    radii: npt.NDArray[np.float64]  # [N], empty for an outline
    depth: float  # half of its thickness

    def moved(self, to: PixelMap) -> Tissue:
        scale = float(np.sqrt(abs(np.linalg.det(to.matrix[:2, :2]))))
        return Tissue(to.points(self.points), self.radii * scale, self.depth * scale)


@dataclass(frozen=True, eq=False)
class Hand:
    """One hand. Millimeters about the capitate, y down, left hand from the back; or pixels once moved to a film."""

    bones: tuple[Bone, ...]
    flesh: tuple[Tissue, ...]
    points: Points  # [21, 2] in the order of `dataset.POINT_NAMES`
    capitate: npt.NDArray[np.float64]  # [2]
    dense: float

    def moved(self, to: PixelMap) -> Hand:
        return Hand(
            tuple(bone.moved(to) for bone in self.bones),
            tuple(piece.moved(to) for piece in self.flesh),
            to.points(self.points),
            to.points(self.capitate),
            self.dense,
        )

    @property
    def names(self) -> tuple[str, ...]:
        return tuple(bone.name for bone in self.bones)


def grow(bone_age_months: float, sex: Sex, *, shape: Shape, pose: Pose) -> Hand:
    """The hand of one bone age and sex, its fingers and wrist as the pose says; not yet on a film."""
    months = float(np.clip(bone_age_months, 0, 240))
    young = timing.youth(months, sex)
    joints = _joints()
    moves = _moves(joints, shape, pose, young)
    wrist = skeleton.wrist_bones(months, sex)
    bones = [part.moved(moves["forearm" if part.name.startswith(("radius", "ulna")) else "palm"]) for part in wrist]
    for name in template.TUBULAR:
        bones += [part.moved(moves[name]) for part in skeleton.tubular(name, months, sex, stout=shape.stout)]
    bones += [part.moved(moves["mc1"]) for part in skeleton.sesamoid(months, sex)]
    points = _points(moves)
    flesh = _flesh(points, moves, plump=shape.plump * (1 + 0.28 * young))
    size = timing.size_factor(months, sex) * shape.size
    scale = PixelMap.about((0, 0), scale=(size * shape.broad * (1 + 0.15 * young), size))
    rng = np.random.default_rng(shape.uneven)
    bones = [bone.uneven(0.18, rng) for bone in bones]
    hand = Hand(tuple(bones), flesh, points, moves["palm"].points(np.zeros(2)), shape.dense * (1 - 0.25 * young))
    return hand.moved(scale)


# ---- pose: a chain of turns per finger
def _joints() -> dict[str, Points]:
    """Per finger its joints in the grown template: CMC, then each joint, then the tip."""
    joints = {}
    for finger, ray in template.RAYS.items():
        ends = [(template.mm(template.TUBULAR[name][0]), template.mm(template.TUBULAR[name][1])) for name in ray]
        between = [(a[1] + b[0]) / 2 for a, b in pairwise(ends)]
        joints[str(finger)] = np.array([ends[0][0], *between, ends[-1][1]])
    return joints


def _moves(joints: dict[str, Points], shape: Shape, pose: Pose, young: float) -> dict[str, PixelMap]:
    """Where each bone goes: name -> map within the hand's frame."""
    wrist = template.mm(template.WRIST)
    moves = {"palm": PixelMap.identity(), "forearm": PixelMap.about((wrist[0], wrist[1]), degrees=pose.wrist_degrees)}
    fan = {1: 0.0, 2: 0.8, 3: 0.0, 4: -0.8, 5: -1.6}  # degrees of a metacarpal at full spread
    open_ = {1: 0.0, 2: 6.0, 3: -1.0, 4: -6.0, 5: -9.0}  # of a finger on its metacarpal
    wide = pose.spread + 0.6 * young  # plump fingers keep apart
    bends = iter(pose.bends_degrees)
    for finger, ray in template.RAYS.items():
        here = PixelMap.identity()
        for k, name in enumerate(ray):
            if k == 0:
                degrees = pose.thumb_degrees if finger == 1 else fan[finger] * wide
                length = 1.0
            else:
                degrees = next(bends) + (open_[finger] * wide if k == 1 else 0.0)
                length = shape.fingers[finger - 1] * (1 - 0.09 * young) if k == 1 else 1.0
            joint = joints[str(finger)][k]
            here = here @ PixelMap.about((joint[0], joint[1]), degrees=degrees, scale=(length, length))
            moves[name] = here
    return moves


def _points(moves: dict[str, PixelMap]) -> Points:
    """The 21 points of the annotation: wrist; thumb CMC, MCP, IP, tip; each finger's MCP, PIP, DIP, tip."""
    owners = ["forearm"]  # the bone that carries each point: at a joint the one beyond it
    for finger, ray in template.RAYS.items():
        owners += [*(ray if finger == 1 else ray[1:]), ray[-1]]
    return np.array([moves[name].points(point) for name, point in zip(owners, template.mm(template.POINTS), strict=True)])


# ---- flesh
# half widths of a finger at its MCP, PIP, DIP and tip in thousandths of the hand; the thumb's from its CMC
_GIRTH = {1: (55, 52, 48, 40), 2: (50, 46, 40, 36), 3: (50, 48, 43, 38), 4: (49, 45, 39, 35), 5: (48, 38, 33, 29)}


def _flesh(points: Points, moves: dict[str, PixelMap], *, plump: float) -> tuple[Tissue, ...]:
    """Fingers, palm, thenar and forearm around the posed joints."""
    unit = template.MM * plump
    pieces = [
        Tissue(moves["forearm"].points(_wider(template.forearm(), plump)), np.empty(0), 14.0 * plump),
        Tissue(_palm(points, moves["mc1"], plump), np.empty(0), 9.5 * plump),
        Tissue(_wrist(moves["forearm"], plump), np.empty(0), 11.0 * plump),
    ]
    for finger in range(1, 6):
        chain = points[1 + 4 * (finger - 1) : 5 + 4 * (finger - 1)].copy()
        girth = np.array(_GIRTH[finger]) * unit
        back = chain[-2] - chain[-1]
        chain[-1] += back / np.linalg.norm(back) * girth[-1] * 0.62  # the pad reaches a few millimeters beyond the bone
        pieces.append(Tissue(chain, girth, float(girth[1] * 0.92)))
    ball = np.array([points[1] * 0.55 + points[2] * 0.1 + points[0] * 0.35, points[1] * 0.5 + points[2] * 0.5])
    pieces.append(Tissue(ball, np.array([9.0, 8.5]) * plump, 11.0 * plump))
    return tuple(pieces)


def _wider(outline: Points, plump: float) -> Points:
    """Skin of the wrist and of the forearm, wider about their axis; of the palm less and less."""
    axis, top, heel = template.mm((-10, 0))[0], template.mm((0, -200))[1], template.mm((0, -40))[1]
    share = np.interp(outline[:, 1], (top, heel), (0, 1)) * 0.7 * (plump - 1)
    return np.stack([axis + (outline[:, 0] - axis) * (1 + share), outline[:, 1]], axis=1)


def _wrist(forearm: PixelMap, plump: float) -> Points:
    """The skin that spans from the palm's heel to the turned forearm."""
    heel = _wider(template.mm([(215, -70), (190, -30), (-158, -75), (-155, -35)]), plump)
    below = forearm.points(_wider(template.mm([(158, 45), (150, 95), (-163, 90), (-156, 40)]), plump))
    hull = cv2.convexHull(np.vstack([heel, below]).astype(np.float32))
    return np.asarray(hull[:, 0], np.float64)


def _palm(points: Points, thumb: PixelMap, plump: float) -> Points:
    """The palm's outline: the template's, with its upper edge in the webs between the posed fingers."""
    knuckle, pip = points[[5, 9, 13, 17]], points[[6, 10, 14, 18]]
    web = knuckle + 0.36 * (pip - knuckle)
    webs = (web[1:] + web[:-1]) / 2
    first = 0.30 * knuckle[0] + 0.60 * points[2] + 0.10 * points[1]
    upper = [first, knuckle[0] + (7.0, 1.0), *webs, knuckle[3] + (-6.5, 2.0)]
    lower = _wider(template.palm(), plump)[::-1]  # counted from the little finger down and round to the thumb
    lower[-2:] = thumb.points(lower[-2:])
    return np.vstack([upper, lower])
