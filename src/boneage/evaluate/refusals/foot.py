"""A foot, from above or from the side: with its five rays the part of the body that is most like a hand."""

from __future__ import annotations

import numpy as np

from boneage.evaluate.refusals.body import Body, blob, expose, limb, mass, oval, tube, way
from boneage.geometry import PixelMap
from boneage.phantom.bones import Bone
from boneage.phantom.hand import Tissue
from boneage.types import Image

# name: start, end, width of base, shaft and head; a grown foot's millimeters over 1.2, heel at (0, 0), great toe to the right
RAYS = {
    1: (((22, -118), (31, -178), (20, 13, 20)), ((32, -181), (34, -208), (18, 12, 15)), ((34, -211), (35, -234), (16, 8, 11))),
    2: (
        ((8, -128), (10, -190), (13, 7, 12)), ((11, -193), (13, -216), (11, 6, 8)), ((13, -218), (14, -228), (8, 6, 7)),
        ((14, -230), (14, -239), (7, 4, 5)),
    ),
    3: (
        ((-5, -124), (-8, -184), (13, 6.5, 11)), ((-9, -187), (-10, -208), (10, 5.5, 8)), ((-10, -210), (-11, -218), (8, 6, 6)),
        ((-11, -220), (-11, -228), (7, 4, 5)),
    ),
    4: (
        ((-17, -117), (-25, -174), (13, 6.5, 11)), ((-27, -177), (-31, -196), (10, 5.5, 7)),
        ((-31, -198), (-33, -205), (7, 5, 6)), ((-33, -207), (-34, -214), (6, 4, 5)),
    ),
    5: (
        ((-29, -104), (-41, -160), (16, 7.5, 11)), ((-43, -163), (-49, -180), (10, 5.5, 7)),
        ((-50, -182), (-52, -187), (7, 5, 6)), ((-52, -189), (-53, -195), (6, 4, 5)),
    ),
}  # fmt: skip
TARSALS = {
    "medial cuneiform": [(14, -118), (30, -116), (32, -100), (24, -92), (14, -94), (12, -106)],
    "middle cuneiform": [(2, -126), (13, -125), (12, -106), (6, -100), (1, -106)],
    "lateral cuneiform": [(-11, -121), (1, -123), (2, -104), (-4, -92), (-11, -100)],
    "cuboid": [(-29, -104), (-13, -114), (-8, -96), (-6, -76), (-20, -70), (-30, -84)],
    "navicular": [(-6, -92), (8, -97), (26, -92), (27, -80), (10, -84), (-4, -80)],
    "talus": [(-3, -78), (10, -82), (22, -76), (20, -60), (24, -40), (10, -28), (-6, -36), (-4, -60)],
    "calcaneus": [(-20, -70), (-8, -66), (2, -50), (10, -20), (8, 0), (-6, 4), (-18, -2), (-20, -30)],
}  # fmt: skip
SIDE_TARSALS = {
    "calcaneus": [(-46, 10), (-40, -16), (-18, -20), (4, -22), (24, -14), (30, 2), (14, 10), (-14, 14), (-34, 22)],
    "talus": [(-10, -24), (-8, -40), (8, -48), (26, -40), (40, -30), (40, -16), (24, -14), (6, -20)],
    "navicular": [(40, -34), (49, -30), (50, -14), (42, -12)],
    "cuneiforms": [(51, -30), (70, -22), (68, -6), (51, -10)],
    "cuboid": [(30, -8), (52, -8), (60, 4), (44, 14), (30, 8)],
}  # fmt: skip


def foot(rng: np.random.Generator) -> Image:
    """A foot from above, one in four from the side; of a child or grown."""
    young = float(rng.uniform(0, 1))
    body = _side(rng, young) if rng.random() < 0.25 else _above(rng, young)
    turned = 180.0 if rng.random() < 0.15 else 6.0
    return expose(body, rng, turn=turned, dense=float(rng.uniform(0.75, 1.1)))


def _above(rng: np.random.Generator, young: float) -> Body:
    """Dorsoplantar: five metatarsals, toes, tarsals, and the heel under the leg."""
    bones, flesh = list[Bone](), list[Tissue]()
    for ray, parts in RAYS.items():
        bend = PixelMap.about(parts[0][0], degrees=float(rng.normal() * 2.5))
        toe = bend @ PixelMap.about(parts[1][0], degrees=float(rng.normal() * (7 if ray == 1 else 5)))
        for k, (start, end, widths) in enumerate(parts):
            move = bend if k == 0 else toe
            bones += _grown(f"ray {ray} {k}", tube("", start, end, widths), young, distal=k == 0 and ray > 1, move=move)
        joints = [move.points(parts[k][j]) for k, j, move in ((0, 0, bend), (1, 0, toe), (-1, 0, toe), (-1, 1, toe))]
        girth = np.array([15, 14, 10, 9] if ray == 1 else [11, 10, 7, 6]) * (1 + 0.25 * young)
        flesh.append(limb(joints, girth, 13 if ray == 1 else 9))
    for name, outline in TARSALS.items():
        bones.append(_center(blob(name, outline, depth=11), young if name not in ("talus", "calcaneus") else 0.4 * young))
    plump = 1 + 0.15 * young
    flesh += [
        mass(
            [
                (38 * plump, -180),
                (36 * plump, -110),
                (30, -60),
                (26, -10),
                (4, 14),
                (-24, -4),
                (-32, -60),
                (-46 * plump, -120),
                (-56 * plump, -172),
                (-20, -190),
                (14, -200),
            ],
            13 * plump,
        ),
        mass(oval((2, -40), (30 * plump, 44)), 26),
    ]
    if rng.random() < 0.6:  # the leg's end, where the beam comes from the front
        flesh.append(limb([(2, -30), (4, 60)], [27, 30], 30))
        bones += [tube("tibia", (8, 80), (8, -44), (26, 24, 34)), tube("fibula", (-16, 80), (-17, -34), (10, 10, 13))]
        return Body(tuple(bones), tuple(flesh), (-75, -255, 65, 30))
    return Body(tuple(bones), tuple(flesh), (-75, -255, 65, 25))


def _side(rng: np.random.Generator, young: float) -> Body:
    """Lateral: heel, talus under the leg, the metatarsals one upon another."""
    bones = [_center(blob(name, outline, depth=13), 0.5 * young) for name, outline in SIDE_TARSALS.items()]
    for ray in range(5):
        base, head = (64 - 3 * ray, -14 + 5 * ray), (122 - 5 * ray + rng.normal(), 22 + 2 * ray)
        toe = (head[0] + 3, head[1] + 1), (head[0] + 24 - 2 * ray, head[1] + 6)
        bones += [
            tube("", base, head, (12, 7, 11)),
            tube("", *toe, (10, 6, 8)),
            tube("", (toe[1][0] + 2, toe[1][1]), (toe[1][0] + 12, toe[1][1] + 3), (7, 5, 6)),
        ]
    bones += [tube("tibia", (4, -190), (10, -50), (26, 22, 36)), tube("fibula", (-10, -190), (-8, -36), (11, 9, 14))]
    flesh = [
        mass(
            way("-58,18 -54,-20 -34,-50 34,-56 70,-36 126,2 160,24 164,38 120,42 40,30 -30,38"),
            16,
        ),
        limb([(0, -200), (2, -110), (2, -40)], [42, 34, 32], 26),
    ]
    return Body(tuple(bones), tuple(flesh), (-75, -150, 175, 55))


def _grown(name: str, whole: Bone, young: float, *, distal: bool, move: PixelMap) -> list[Bone]:
    """The bone, in a child with its growth plate open: a shaft and a cap."""
    bone = Bone(
        name, whole.contour, whole.origin, whole.axis, whole.stations, whole.depth, whole.cortex, whole.sponge, whole.stretch
    )
    along = (whole.contour - whole.origin) @ whole.axis
    length = float(along.max())
    if young < 0.25:
        return [bone.moved(move)]
    cut, gap = length * (0.84 if distal else 0.14), 0.7 + 0.8 * young
    sign = 1 if distal else -1
    pieces = []
    for keep, edge in ((-sign, cut - sign * gap), (sign, cut)):
        contour = whole.contour + np.outer(np.minimum(keep * (along - edge), 0) * -keep, whole.axis)
        pieces.append(
            Bone(
                name,
                contour,
                *(getattr(bone, field) for field in ("origin", "axis", "stations", "depth", "cortex", "sponge", "stretch")),
            )
        )
    pieces[1] = _center(pieces[1], max(young - 0.45, 0))
    return [piece.moved(move) for piece in pieces]


def _center(bone: Bone, young: float) -> Bone:
    """A bone that has not grown out: smaller about its middle."""
    scale = 1 - 0.55 * young
    x, y = bone.contour.mean(0)
    return bone.moved(PixelMap.about((float(x), float(y)), scale=(scale, scale)))
