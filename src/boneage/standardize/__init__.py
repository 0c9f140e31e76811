"""2. Standardize: polarity, size and the hand on the film."""

from __future__ import annotations

import numpy as np

from boneage.errors import BoneAgeError, Kind
from boneage.geometry import PixelMap
from boneage.networks import OnnxNetwork
from boneage.standardize.find import Points, look, second_look_map, spans_hand
from boneage.standardize.refuse import need_one_whole_hand
from boneage.standardize.size import standard_frame
from boneage.types import Flag, Hand, Image, Radiograph

SURE_OF_POLARITY = 0.5  # above: bone came dark
NO_HAND = 0.5  # presence under this: refused
UNCERTAIN = 0.9  # presence under this: flagged


def standardize(radiograph: Radiograph, finder: OnnxNetwork) -> Hand:
    """The film in the standard frame, bone bright, with the hand's points. Raises BoneAgeError where there is not one hand."""
    frame, to_source = standard_frame(radiograph.pixels)
    hand, first = find_twice(frame, finder)
    if hand.presence < NO_HAND:
        raise BoneAgeError(
            Kind.NO_HAND,
            came=f"a picture in which no single hand was found (presence {hand.presence:.2f} of 1)",
            expected="a radiograph of one hand",
            todo="Give one film of one whole hand, in the PA view, not cut off.",
        )
    flags = set(hand.flags)
    if hand.presence < UNCERTAIN:
        flags.add(Flag.HAND_UNCERTAIN)
    found = Hand(hand.pixels, hand.points, hand.confidence, hand.presence, to_source, frozenset(flags))
    need_one_whole_hand(found, first, finder, finder.card.size)
    return found


def find_hand(frame: Image, finder: OnnxNetwork) -> Hand:
    """The hand on a standard frame, whatever the presence; `to_source` is the identity."""
    return find_twice(frame, finder)[0]


def find_twice(frame: Image, finder: OnnxNetwork) -> tuple[Hand, Points]:
    """The same, and the points [21, 2] of the first look."""
    size = finder.card.size
    to_size = PixelMap.resize((frame.shape[0], frame.shape[1]), size)
    points, confidence, whole = look([(frame, to_size)], finder, size)
    flags: set[Flag] = set()
    if whole[0, 1] > SURE_OF_POLARITY:
        frame = (1 - frame).astype(np.float32)
        flags.add(Flag.POLARITY_INVERTED)
        points, confidence, whole = look([(frame, to_size)], finder, size)
    first, presence = points[0], float(whole[0, 0])
    if not spans_hand(first, confidence[0]):  # a second look at points on a line would blur the film without end
        return Hand(frame, first, confidence[0], 0.0, PixelMap.identity(), frozenset(flags)), first
    second = second_look_map(first, confidence[0], size)
    points, confidence, whole = look([(frame, second)], finder, size)
    presence = min(presence, float(whole[0, 0]))
    return Hand(frame, points[0], confidence[0], presence, PixelMap.identity(), frozenset(flags)), first
