"""3. Register: one common frame for every hand."""

from __future__ import annotations

from math import atan2, degrees

import numpy as np

from boneage.errors import BoneAgeError, Kind
from boneage.geometry import PixelMap
from boneage.template import MIDDLE_TIP, TEMPLATE, WRIST, fit_template, palm_residual
from boneage.types import Aligned, Flag, Hand

WORST_RESIDUAL = 0.12  # hand lengths; set by hand: of 652 calibrate films 99 % are under 0.034, the largest is 0.104
TURNED = 45.0  # degrees
# Of 12,602 films 0.4 % are flagged by one of these; among them most of those whose tip or wrist an independent detector
# sees elsewhere (results/registration.csv). Hand lengths, and the finder's confidence.
UNUSUAL_PALM, UNUSUAL_TIP, UNUSUAL_CONFIDENCE = 0.04, 0.06, 0.8
SHORTEST_HAND_PX = 125.0  # wrist to middle tip on the film; 0.5 % of the calibrate hands are shorter


def register(hand: Hand) -> Aligned:
    """The map from the hand's pixels to the template's frame. Raises BoneAgeError where the points do not make a hand."""
    to_frame = fit_template(hand.points, hand.confidence)
    residual = palm_residual(hand.points, to_frame)
    larger, smaller = to_frame.scales
    if residual > WORST_RESIDUAL or smaller < 1e-6 or larger / smaller > 4:
        raise BoneAgeError(
            Kind.NO_HAND,
            came=f"points that do not fit a hand (residual {residual:.2f} hand lengths)",
            expected="a radiograph of one whole hand in the PA view",
            todo="Give a film on which wrist and fingers are seen whole.",
        )
    flags: set[Flag] = set()
    if residual > UNUSUAL_PALM or _tip_offset(hand, to_frame) > UNUSUAL_TIP or hand.confidence.mean() < UNUSUAL_CONFIDENCE:
        flags.add(Flag.UNUSUAL_POSE)
    if to_frame.mirrors:
        flags.add(Flag.MIRRORED)
    up = np.diff(to_frame.inverse().points(TEMPLATE[[WRIST, MIDDLE_TIP]]), axis=0)[0]
    if abs(degrees(atan2(up[0], -up[1]))) > TURNED:
        flags.add(Flag.TURNED)
    if np.linalg.norm(np.diff(hand.to_source.points(hand.points[[WRIST, MIDDLE_TIP]]), axis=0)) < SHORTEST_HAND_PX:
        flags.add(Flag.LOW_RESOLUTION)
    return Aligned(hand.pixels, to_frame, hand.to_source, residual, frozenset(flags))


def _tip_offset(hand: Hand, to_frame: PixelMap) -> float:
    """How far the middle finger's tip lies from the template's along the hand: a bent finger is short."""
    return float(abs(to_frame.points(hand.points[MIDDLE_TIP])[1] - TEMPLATE[MIDDLE_TIP, 1]))
