"""Phantom hands that lie as no film for bone age does: two of them, from the side."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from boneage.evaluate.refusals.body import Body, expose, limb
from boneage.geometry import PixelMap
from boneage.phantom import Look, Pose, draw
from boneage.phantom.bones import Bone
from boneage.phantom.hand import Shape, grow
from boneage.types import Image, Sex, Side


def two_phantoms(rng: np.random.Generator) -> Image:
    """Both hands of one child on one film: the same age and look, side by side."""
    months, sex, seed = float(rng.uniform(24, 216)), Sex.MALE if rng.random() < 0.5 else Sex.FEMALE, int(rng.integers(2**31))
    look = replace(Look.drawn(rng), border=Look().border.NONE, gradient=(0.0, 0.0))
    pose = Pose.drawn(rng)
    pair = []
    for k, side in enumerate((Side.RIGHT, Side.LEFT)):
        own = replace(pose, side=side, turn_degrees=float(rng.normal() * 5), offset=(0.0, float(rng.uniform(-0.3, 0.3))))
        pair.append(draw(months, sex, seed=seed + k, size=(560, 420), pose=own, look=look).pixels)
    return np.hstack(pair if rng.random() < 0.7 else pair[::-1])


def sideways(rng: np.random.Generator) -> Image:
    """A lateral hand: the palm seen on edge, the fingers one behind the other, bent more and less, the thumb before them."""
    sex = Sex.MALE if rng.random() < 0.5 else Sex.FEMALE
    shape = Shape.drawn(rng)
    hand = grow(float(rng.uniform(24, 216)), sex, shape=shape, pose=Pose())
    bones, flesh = list[Bone](), []
    for finger in range(1, 6):
        chain = hand.points[4 * finger - 3 : 4 * finger + 1]
        bend = float(rng.uniform(-45, -15) if finger == 1 else rng.normal() * 9)
        move = PixelMap.about((0.0, float(chain[0, 1])), degrees=bend) @ _squeezed(chain[0, 0], rng)
        ray = [bone for bone in hand.bones if bone.name[:3] in {f"{kind}{finger}" for kind in ("mc", "pp", "mp", "dp")}]
        base = PixelMap.identity() if finger == 1 else _squeezed(chain[0, 0], rng)
        bones += [bone.moved(base if bone.name.startswith("mc") and finger > 1 else move) for bone in ray]
        flesh.append(limb(move.points(chain), np.array([11, 10, 8.5, 7]), 9))
    wrist = PixelMap.about((0, 0), scale=(0.42, 1.0))
    bones += [bone.moved(wrist) for bone in hand.bones if bone.name[:2] not in ("mc", "pp", "mp", "dp")]
    middle = hand.points[9]
    flesh += [limb([(0, 70), (0, 18), (0, -30), (0, float(middle[1]))], [22, 19, 20, 14], 17)]
    top = float(hand.points[:, 1].min())
    return expose(Body(tuple(bones), tuple(flesh), (-65, top - 14, 65, 60)), rng, turn=8)


def _squeezed(x: float, rng: np.random.Generator) -> PixelMap:
    """A ray brought into the plane of the others, turned on its side."""
    return (
        PixelMap.shift(float(rng.normal() * 3.5), float(rng.normal() * 3))
        @ PixelMap.about((0, 0), scale=(0.75, 1.0))
        @ PixelMap.shift(-x, 0)
    )
