"""A knee and an elbow: long bones that meet, the simplest look-alikes."""

from __future__ import annotations

import numpy as np

from boneage.evaluate.refusals.body import Body, blob, expose, jitter, limb, oval, tube, way
from boneage.phantom.bones import Bone
from boneage.types import Image


def knee(rng: np.random.Generator) -> Image:
    """Frontal or lateral: femur, tibia, fibula, kneecap."""
    body = _knee_front(rng) if rng.random() < 0.6 else _knee_side(rng)
    return expose(body, rng, dense=float(rng.uniform(0.7, 1.0)))


def _knee_front(rng: np.random.Generator) -> Body:
    femur = way("-13,-150 13,-150 14,-70 20,-44 38,-26 40,-4 26,3 6,-5 -6,-5 -26,3 -40,-4 -38,-26 -20,-44 -14,-70")
    tibia = way("-39,9 -22,12 -4,6 4,6 22,12 39,9 38,24 24,44 14,74 12,150 -12,150 -13,74 -26,44 -38,24")
    bones: list[Bone] = [
        blob("femur", jitter(femur, rng, 0.8), depth=16, cortex=2.6, sponge=0.12),
        blob("tibia", jitter(tibia, rng, 0.8), depth=15, cortex=2.6, sponge=0.12),
        tube("fibula", (34, 26), (31, 150), (15, 9, 9)),
        blob("kneecap", jitter(oval((2, -32), (18, 19)), rng, 0.8), depth=6),
    ]
    flesh = (limb([(0, -170), (0, -60), (0, 0), (2, 60), (2, 170)], [60, 54, 50, 47, 44], float(rng.uniform(20, 28))),)
    return Body(tuple(bones), flesh, (-75, -115, 75, 115))


def _knee_side(rng: np.random.Generator) -> Body:
    femur = way("-40,-140 -18,-146 2,-70 18,-40 24,-16 14,4 -12,8 -28,-6 -26,-30 -22,-60")
    tibia = way("-26,14 0,16 22,12 24,26 16,44 2,150 -22,150 -18,60 -26,34")
    bones = (
        blob("femur", jitter(femur, rng, 0.8), depth=16, cortex=2.6, sponge=0.14),
        blob("tibia", jitter(tibia, rng, 0.8), depth=14, cortex=2.6, sponge=0.14),
        tube("fibula", (-26, 32), (-36, 150), (14, 9, 9)),
        blob("kneecap", jitter([(30, -48), (42, -42), (42, -18), (32, -12), (28, -30)], rng, 0.8), depth=12),
    )
    flesh = (limb([(-34, -160), (-10, -50), (4, -8), (-4, 50), (-14, 160)], [54, 50, 46, 44, 42], 26),)
    return Body(bones, flesh, (-80, -115, 70, 115))


def elbow(rng: np.random.Generator) -> Image:
    """Straight from the front, or bent from the side."""
    bent = rng.random() < 0.5
    if bent:
        bones: tuple[Bone, ...] = (
            tube("humerus", (-2, -150), (0, 6), (24, 19, 30), sponge=0.25),
            blob("ulna", jitter(way("-16,-6 -20,10 -8,24 30,26 150,30 150,42 20,44 -18,34 -28,14 -26,-6"), rng, 0.6), depth=8),
            tube("radius", (20, 14), (150, 12), (21, 12, 14)),
        )
        arms = (limb([(0, -170), (0, -60), (2, 8)], [42, 38, 34], 20), limb([(0, 14), (60, 24), (170, 26)], [34, 34, 30], 18))
        return expose(Body(bones, arms, (-60, -110, 120, 70)), rng, turn=25, dense=float(rng.uniform(0.7, 1.0)))
    humerus = way("-10,-150 10,-150 10,-60 18,-34 34,-12 28,4 12,0 2,4 -10,0 -24,6 -28,-8 -18,-34 -10,-60")
    bones = (
        blob("humerus", jitter(humerus, rng, 0.7), depth=9, cortex=2.4, sponge=0.18),
        tube("radius", (-17, 10), (-20, 150), (22, 12, 15)),
        tube("ulna", (9, -14), (14, 150), (26, 15, 12)),
    )
    flesh = (limb([(0, -170), (0, -60), (0, 0), (-2, 60), (-2, 170)], [40, 42, 42, 38, 30], 18),)
    return expose(Body(bones, flesh, (-62, -110, 62, 120)), rng, dense=float(rng.uniform(0.7, 1.0)))
