"""A pelvis and a skull: large shells with holes."""

from __future__ import annotations

import numpy as np

from boneage.evaluate.refusals.body import Body, Void, blob, bow, expose, jitter, limb, mass, oval, tube, way
from boneage.phantom.bones import Bone, smooth
from boneage.types import Image


def pelvis(rng: np.random.Generator) -> Image:
    """Iliac wings, sacrum, hips and thighs from the front."""
    bones: list[Bone] = [blob(f"vertebra {k}", oval((0, -104 + 22 * k), (17, 9)), depth=9) for k in range(3)]
    bones.append(
        blob(
            "sacrum",
            jitter(way("-24,-42 0,-46 24,-42 18,-14 6,14 -6,14 -18,-14"), rng, 1),
            depth=7,
            sponge=0.2,
        )
    )
    holes = []
    for side in (-1, 1):
        wing = way("20,-40 40,-74 70,-80 88,-60 84,-34 70,-14 70,10 48,12 34,-8")
        ring = way("44,4 70,6 72,24 56,34 46,60 30,62 8,46 4,30 22,26")
        bones += [
            blob("ilium", [(side * x, y) for x, y in jitter(wing, rng, 1)], depth=4, sponge=0.2),
            blob("pubis", [(side * x, y) for x, y in jitter(ring, rng, 1)], depth=6, sponge=0.25),
            blob("femoral head", oval((side * 68, 14), (16, 16)), depth=13),
            bow("neck", [(side * 68, 14), (side * 84, 28), (side * 96, 44)], 19, depth=9),
            tube("femur", (side * 97, 34), (side * 92, 150), (30, 20, 20)),
        ]
        holes.append(Void(smooth(oval((side * 36, 38), (13, 9), degrees=side * -35)), 0.9, 1.0))
    flesh = (
        mass(
            way("-84,-130 84,-130 100,-60 122,20 124,140 16,140 0,66 -16,140 -124,140 -122,20 -100,-60"),
            24,
        ),
    )
    bowel = tuple(
        Void(smooth(oval((float(rng.normal() * 40), float(rng.uniform(-110, -10))), (float(rng.uniform(6, 16)), 8.0))), 0.3, 3.0)
        for _ in range(7)
    )
    return expose(
        Body(tuple(bones), flesh, (-122, -112, 122, 96), bowel, tuple(holes)), rng, turn=3, dense=float(rng.uniform(0.6, 1.0))
    )


def skull(rng: np.random.Generator) -> Image:
    """Lateral or frontal: a shell, the face below, teeth, the neck's vertebrae."""
    return expose(_skull_side(rng) if rng.random() < 0.6 else _skull_front(rng), rng, turn=4, dense=float(rng.uniform(0.7, 1.1)))


def _skull_side(rng: np.random.Generator) -> Body:
    vault = way("-78,-20 -70,-60 -40,-86 0,-92 42,-84 72,-52 78,-10 66,22 36,34 0,30 -40,24 -66,18")
    bones = [
        blob("vault", jitter(vault, rng, 1.5), depth=74, cortex=2.6, sponge=0.0),
        blob("petrous", jitter(oval((12, 22), (20, 11), degrees=15), rng, 1), depth=10, sponge=0.5),
        blob("face", jitter([(-70, 6), (-40, 14), (-28, 40), (-44, 62), (-70, 60), (-76, 30)], rng, 1.2), depth=5, sponge=0.25),
        bow("mandible", jitter([(12, 30), (8, 60), (-6, 80), (-44, 94), (-68, 92)], rng, 1), 15, depth=6),
        *(blob("tooth", oval((-70 + 7 * k, 65 + y), (2.8, 6)), depth=4, sponge=0.8) for k in range(6) for y in (-3, 12)),
        *(blob("vertebra", oval((30 + 3 * k, 48 + 17 * k), (12, 7), degrees=10), depth=8) for k in range(5)),
    ]
    holes = (Void(smooth(oval((-62, 16), (11, 10))), 0.7, 1.5), Void(smooth(oval((-58, 44), (10, 8))), 0.7, 1.5))
    flesh = (
        mass(way("-92,-10 -78,-70 -40,-98 6,-104 54,-94 86,-56 90,-6 76,40 78,130 -4,130 -30,108 -84,104 -86,70 -102,44"), 14),
    )
    return Body(tuple(bones), flesh, (-112, -116, 104, 118), holes=holes)


def _skull_front(rng: np.random.Generator) -> Body:
    vault = way("0,-94 36,-84 62,-54 66,-14 56,20 30,34 -30,34 -56,20 -66,-14 -62,-54 -36,-84")
    bones = [
        blob("vault", jitter(vault, rng, 1.5), depth=74, cortex=2.6, sponge=0.01),
        blob("face", jitter([(-48, 10), (48, 10), (44, 44), (24, 66), (-24, 66), (-44, 44)], rng, 1.2), depth=10, sponge=0.3),
        bow("mandible", jitter([(-52, 34), (-48, 68), (-20, 96), (20, 96), (48, 68), (52, 34)], rng, 1), 14, depth=7),
        *(blob("tooth", oval((-24 + 6.6 * k, 66 + y), (2.8, 6)), depth=4, sponge=0.8) for k in range(8) for y in (0, 14)),
        *(blob("vertebra", oval((0, 84 + 15 * k), (14, 6)), depth=8) for k in range(3)),
    ]
    holes = tuple(
        Void(smooth(oval((x, y), (w, h))), 0.75, 1.5) for x, y, w, h in ((-27, 8, 16, 13), (27, 8, 16, 13), (0, 34, 9, 13))
    )
    flesh = (limb([(0, 60), (0, 140)], [46, 44], 16), mass(oval((0, 0), (76, 108)), 13))
    return Body(tuple(bones), flesh, (-92, -112, 92, 122), holes=holes)
