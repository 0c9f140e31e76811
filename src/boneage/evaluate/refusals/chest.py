"""A chest: ribs, spine, clavicles, two lungs and a heart."""

from __future__ import annotations

import numpy as np

from boneage.evaluate.refusals.body import Body, Void, blob, bow, expose, jitter, limb, mass, open_curve, oval, tube, way
from boneage.phantom.bones import Bone, smooth
from boneage.types import Image


def chest(rng: np.random.Generator) -> Image:
    """A frontal film of the chest."""
    wide, tall = rng.uniform(0.9, 1.1, 2)
    bones: list[Bone] = [blob(f"vertebra {k}", oval((0, -92 + 15.5 * k), (8.5, 6.2)), depth=9) for k in range(13)]
    for side in (-1, 1):
        bones += [rib for k in range(10) for rib in _rib(k, side * wide, tall, rng)]
        clavicle = [(side * 8, -78), (side * 30, -86), (side * 52, -84), (side * 78 * wide, -94)]
        bones.append(bow("clavicle", jitter(clavicle, rng, 1), 6.5))
        blade = [(side * 62, -84), (side * 84, -86), (side * 86, -60), (side * 74, -22), (side * 68, -30)]
        bones.append(blob("scapula", jitter(blade, rng, 1.5), depth=1.6, sponge=0.15))
        bones.append(tube("humerus", (side * 90, -88), (side * 102, 50), (20, 12, 16)))
    lungs = tuple(Void(smooth(jitter(_lung(side, wide, tall), rng, 1.2)), float(rng.uniform(0.6, 0.8)), 2.0) for side in (-1, 1))
    windpipe = Void(smooth(oval((0, -80), (4.5, 26))), 0.35, 1.5)
    flesh = (
        mass(
            way("-70,-96 -24,-104 24,-104 70,-96 92,-70 90,20 86,120 -86,120 -90,20 -92,-70"),
            21,
        ),
        limb([(0, -130), (0, -100)], [26, 28], 16),
        limb([(-96, -84), (-108, 20)], [20, 18], 13),
        limb([(96, -84), (108, 20)], [20, 18], 13),
        mass(oval((0, 70), (84, 46)), 25),
    )
    heart = _heart(rng)
    return expose(
        Body((*bones, heart), flesh, (-106, -112, 106, 92), (*lungs, windpipe)), rng, turn=2.5, dense=float(rng.uniform(0.5, 0.9))
    )


def _rib(k: int, side: float, tall: float, rng: np.random.Generator) -> list[Bone]:
    """Back and front arc of one rib."""
    y = (-84 + 14.5 * k) * tall
    reach = (34, 50, 60, 67, 72, 76, 79, 80, 80, 78)[k]
    back = [(side * 8, y), (side * 0.45 * reach, y - 5), (side * 0.85 * reach, y + 5), (side * reach, y + 18 + k)]
    front = [(side * reach, y + 18 + k), (side * 0.9 * reach, y + 34 + k), (side * 0.6 * reach, y + 46 + 1.5 * k)]
    drawn = [bow("rib", jitter(back, rng, 0.6), 5.2, depth=1.9)]
    return drawn if k > 6 else [*drawn, bow("rib", jitter(front, rng, 0.6), 6, depth=1.3)]


def _lung(side: int, wide: float, tall: float) -> list[tuple[float, float]]:
    inner = 15 if side < 0 else 22  # the heart lies to the left: on the right of the film
    points = [
        (12, -70),
        (20, -92),
        (38, -88),
        (62, -60),
        (74, -10),
        (76, 40),
        (70, 58),
        (44, 40),
        (inner + 4, 44),
        (inner, 10),
        (12, -30),
    ]
    return [(side * x * wide, y * tall) for x, y in points]


def _heart(rng: np.random.Generator) -> Bone:
    """Water is no bone, but a homogeneous body without cortex looks as one."""
    outline = jitter(way("-14,-34 10,-42 18,-20 34,8 46,34 36,46 0,44 -22,40 -24,10"), rng, 1.5)
    body = blob("heart", outline, depth=20, cortex=0.01, sponge=0.13)
    return Bone(
        body.name,
        open_curve(np.vstack([body.contour, body.contour[:1]])[::6], count=200),
        *(getattr(body, field) for field in ("origin", "axis", "stations", "depth", "cortex", "sponge")),
    )
