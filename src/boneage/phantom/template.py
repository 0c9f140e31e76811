"""The grown left hand seen from the back, thumb to the right: where bones lie and how wide they are.

In thousandths of a hand length, in the frame of `boneage.template.TEMPLATE`: from the wrist point, y down, to the middle
finger's tip at -1000. Nothing here is of a single film: the annotated points are TEMPLATE itself, the mean of 452 hands; bones
and skin are round figures and curves through few points, drawn over one average picture, that of 61 nearly grown hands of the
training films (both sexes) warped onto TEMPLATE and onto their mean; the forearm beyond its end follows general anatomy.
`mm` turns the drawing into a grown woman's millimeters about the capitate's center.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from boneage.template import TEMPLATE

Points = npt.NDArray[np.float64]  # [N, 2] as (x, y)
HAND_MM = 160.0  # wrist point to middle tip of a grown woman; with `timing.size_factor` a man's is 175
MM = HAND_MM / 1000
ORIGIN = np.array([24.0, -112.0])  # the capitate's center
POINTS = TEMPLATE * 1000  # the 21 points of the annotation
WRIST = (0, 0)  # between lunate and radius, where the hand turns on the forearm

# name: proximal end, distal end, and in percent of the length between them: width of base, shaft and head
TUBULAR: dict[str, tuple[tuple[float, float], tuple[float, float], tuple[float, float, float]]] = {
    "mc1": ((194, -141), (303, -326), (34, 21, 29)),
    "pp1": ((310, -336), (384, -468), (48, 25, 36)),
    "dp1": ((386, -480), (446, -560), (60, 26, 35)),
    "mc2": ((98, -174), (136, -518), (24, 10, 21)),
    "pp2": ((148, -521), (173, -731), (39, 20, 25)),
    "mp2": ((177, -740), (189, -849), (52, 30, 40)),
    "dp2": ((191, -856), (195, -936), (53, 23, 35)),
    "mc3": ((27, -180), (14, -515), (19, 10, 23)),
    "pp3": ((18, -523), (14, -757), (34, 19, 24)),
    "mp3": ((13, -764), (10, -902), (44, 27, 34)),
    "dp3": ((8, -908), (1, -998), (52, 24, 37)),
    "mc4": ((-43, -178), (-89, -466), (20, 9, 21)),
    "pp4": ((-94, -477), (-125, -690), (34, 18, 24)),
    "mp4": ((-133, -695), (-150, -825), (45, 27, 35)),
    "dp4": ((-153, -832), (-161, -924), (49, 23, 36)),
    "mc5": ((-90, -157), (-183, -407), (24, 11, 22)),
    "pp5": ((-191, -415), (-261, -559), (39, 20, 27)),
    "mp5": ((-270, -566), (-300, -649), (51, 30, 42)),
    "dp5": ((-304, -655), (-331, -731), (45, 23, 34)),
}
RAYS = {
    finger: tuple(f"{bone}{finger}" for bone in ("mc", "pp", "mp", "dp") if f"{bone}{finger}" in TUBULAR)
    for finger in range(1, 6)
}

# outlines of the short bones: closed curves through these points
_CURVES: dict[str, list[tuple[float, float]]] = {
    "capitate": [
        (-10, -168), (12, -171), (37, -164), (52, -149), (52, -125), (56, -85), (45, -54), (22, -46), (-2, -51), (-8, -75),
        (-2, -120), (-7, -150),
    ],
    "hamate": [(-98, -138), (-70, -155), (-40, -167), (-18, -158), (-10, -120), (-15, -75), (-30, -64), (-50, -82), (-78, -115)],
    "triquetrum": [(-104, -70), (-98, -100), (-80, -106), (-60, -86), (-38, -60), (-50, -40), (-75, -38), (-96, -50)],
    "pisiform": [(-100, -55), (-75, -80), (-48, -55), (-73, -23)],
    "lunate": [(-57, -14), (-40, -40), (-20, -51), (2, -42), (19, -33), (18, -10), (2, 4), (-20, 6), (-42, 0)],
    "scaphoid": [
        (25, -30), (45, -43), (60, -62), (70, -98), (88, -105), (112, -90), (127, -68), (105, -38), (75, -12), (50, -3),
        (32, -10),
    ],
    "trapezoid": [(63, -145), (75, -166), (92, -171), (108, -161), (106, -135), (90, -118), (70, -125)],
    "trapezium": [
        (108, -152), (122, -174), (140, -180), (153, -162), (160, -143), (175, -122), (162, -96), (138, -86), (115, -102),
        (101, -122),
    ],
    "sesamoid": [(244, -336), (256, -345), (268, -337), (257, -326)],
}  # fmt: skip
CARPALS = ("capitate", "hamate", "triquetrum", "lunate", "scaphoid", "trapezium", "trapezoid", "pisiform")

# of radius and ulna, from the ulnar side to the radial: the joint's end, the growth plate; and back up: the shaft's sides
_ENDS: dict[str, list[tuple[float, float]]] = {
    "radius": [
        (-37, 34), (-36, 18), (-15, 16), (15, 14), (45, 9), (70, -2), (92, -18), (114, -29), (127, -20), (130, 5), (127, 36),
    ],
    "ulna": [(-134, 36), (-131, 12), (-124, -6), (-115, -8), (-108, 6), (-85, 10), (-62, 16), (-51, 25), (-51, 38)],
}  # fmt: skip
_PLATES: dict[str, list[tuple[float, float]]] = {
    "radius": [(-36, 38), (0, 38), (40, 43), (85, 49), (125, 46)],
    "ulna": [(-134, 42), (-105, 40), (-75, 43), (-51, 44)],
}
_SIDES: dict[str, list[tuple[float, float]]] = {
    "radius": [
        (124, 56), (119, 90), (114, 140), (108, 210), (104, 300), (102, 500), (100, 900), (100, 1600), (15, 1600), (15, 900),
        (17, 500), (16, 300), (2, 210), (-15, 150), (-29, 105), (-36, 70), (-37, 48),
    ],
    "ulna": [
        (-52, 52), (-62, 78), (-72, 105), (-78, 140), (-80, 200), (-80, 300), (-78, 500), (-70, 900), (-55, 1600), (-150, 1600),
        (-147, 900), (-145, 500), (-143, 300), (-141, 200), (-139, 120), (-136, 60),
    ],
}  # fmt: skip
_LINES: dict[str, list[tuple[float, float]]] = {
    "radius rim": [(-33, 24), (0, 24), (40, 20), (75, 8), (100, -8)],
    "ulna rim": [(-100, 14), (-80, 17), (-62, 23)],
    "hamate hook": [(-56, -150), (-45, -158), (-35, -150), (-33, -133), (-37, -118), (-46, -112), (-55, -120)],
}

# soft tissue: the palm's edge from the thumb round the wrist to the little finger's knuckle, and the forearm's outline
_PALM = [
    (300, -215), (270, -160), (240, -105), (205, -55), (180, -15), (120, 20), (-120, 20), (-152, -20), (-155, -60), (-162, -100),
    (-178, -150), (-195, -200), (-215, -300), (-232, -400),
]  # fmt: skip
_FOREARM = [
    (-135, -10), (135, -10), (160, 40), (152, 80), (149, 130), (152, 200), (160, 300), (180, 450), (210, 700), (250, 1600),
    (-320, 1600), (-270, 700), (-230, 450), (-200, 300), (-180, 200), (-166, 110), (-156, 40),
]  # fmt: skip


def mm(points: npt.ArrayLike) -> Points:
    """Thousandths of a hand length to millimeters about the capitate's center."""
    return np.asarray((np.asarray(points, dtype=np.float64) - ORIGIN) * MM)


def half_widths(name: str) -> Points:
    """Of a tubular bone's base, shaft and head, in millimeters."""
    start, end, percent = TUBULAR[name]
    length = float(np.linalg.norm(mm(end) - mm(start)))
    return np.array(percent) / 200 * length


def polygon(name: str) -> Points:
    """Points of a short bone's outline, of a forearm bone's shaft or of its epiphysis; millimeters, in order."""
    bone, _, part = name.partition(" ")
    if bone in _CURVES:
        return mm(_CURVES[bone])
    if part == "epiphysis":
        return mm(_ENDS[bone] + [(x, y - 3) for x, y in reversed(_PLATES[bone])])
    return mm([(x, y + 5) for x, y in _PLATES[bone]] + _SIDES[bone])


def whole(name: str) -> Points:
    """Radius or ulna with its epiphysis fused on."""
    return mm(_ENDS[name] + _SIDES[name])


def line(name: str) -> Points:
    """A growth plate, the dorsal rim of a joint or the hamate's hook."""
    bone, _, part = name.partition(" ")
    return mm(_PLATES[bone] if part == "plate" else _LINES[name])


def palm() -> Points:
    return mm(_PALM)


def forearm() -> Points:
    return mm(_FOREARM)
