"""Iglovikov 2018's way (figure 6): U-Net mask, masked and normalized, three key points, one frame, its regions."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

import cv2
import numpy as np

from boneage.geometry import PixelMap
from boneage.networks import OnnxNetwork
from boneage.register.aspect import estimate_aspect, unsquash
from boneage.register.fit import fit_frame
from boneage.register.frame import PAPER_FRAME, HandFrame
from boneage.register.keypoints import KeyPoints, find_key_points, from_hand
from boneage.register.windows import CARPALS, METACARPALS, WHOLE_HAND, Window
from boneage.standardize import standardize
from boneage.standardize.masked import masked_and_normalized
from boneage.standardize.size import STANDARD
from boneage.standardize.unet import unet_mask
from boneage.types import Crop, Flag, Hand, Image, Prepared, Radiograph, Step

QUARTER = PAPER_FRAME.scaled(0.25)  # not the paper: most films at hand are 299 px


@dataclass(frozen=True)
class PaperPoints:
    """The three points by the paper's network."""

    network: str = "key-points-2026-11"


@dataclass(frozen=True)
class FinderPoints:
    """The three points by the hand finder: finer, and they hold at any orientation."""


@dataclass(frozen=True)
class RegisteredHand:
    """What a recipe chooses. Not in the paper: the finder, which tells polarity and a squashed film's proportions."""

    finder: str = "hand-finder-2026-11"
    mask: str = "hand-mask-2026-11"
    points: PaperPoints | FinderPoints = field(default_factory=FinderPoints)
    frame: HandFrame = QUARTER
    windows: tuple[Window, ...] = (WHOLE_HAND, CARPALS, METACARPALS)

    @property
    def networks(self) -> tuple[str, ...]:
        """Dated names of the weights."""
        points = (self.points.network,) if isinstance(self.points, PaperPoints) else ()
        return (self.finder, self.mask, *points)


def register_masked(film: Radiograph, way: RegisteredHand, *, load: Callable[[str], OnnxNetwork]) -> Prepared:
    """The regions of the registered hand, cut from the film's own pixels."""
    hand = standardize(film, load(way.finder))
    bright = (1 - film.pixels).astype(np.float32) if Flag.POLARITY_INVERTED in hand.flags else film.pixels
    network = load(way.mask)
    small = unet_mask(hand.pixels, network, size=network.card.size)
    mask = cv2.resize(small.astype(np.float32), film.size[::-1], interpolation=cv2.INTER_LINEAR) > 0.5
    normalized = masked_and_normalized(bright, mask)
    proportioned = unsquash(aspect) if (aspect := squashed_aspect(film, hand)) is not None else PixelMap.identity()
    points = _points(film, bright, hand, way, aspect=aspect, load=load)
    upright = points.moved(proportioned)
    to_frame = fit_frame(upright.tip, upright.thumb, upright.capitate, way.frame) @ proportioned
    registered = to_frame.image(normalized, way.frame.size)
    back = to_frame.inverse()
    crops = tuple(_cut(normalized, to_frame, window, way.frame) for window in way.windows)
    steps = (
        Step("read", PixelMap.identity(), film.pixels),
        Step("mask", hand.to_source, mask=small),
        Step("masked and normalized", PixelMap.identity(), normalized),
        Step("key points", PixelMap.identity(), points=np.stack([*points])),
        Step("registered", back, registered),
        *(Step(f"region {crop.name}", crop.to_source, crop.pixels) for crop in crops),
    )
    flags = hand.flags | ({Flag.MIRRORED} if to_frame.mirrors else set[Flag]())
    return Prepared(crops, steps, frozenset(flags), hand)


def squashed_aspect(film: Radiograph, hand: Hand) -> float | None:
    """The true width : height of a film that came squashed to the data set's square; None: it has its own proportions."""
    return estimate_aspect(hand.points, hand.confidence) if film.size == STANDARD else None


def _points(
    film: Radiograph, bright: Image, hand: Hand, way: RegisteredHand, *, aspect: float | None, load: Callable[[str], OnnxNetwork]
) -> KeyPoints:
    """The three points in the film's own pixels."""
    match way.points:
        case PaperPoints(name):
            return find_key_points(bright, load(name), aspect=aspect)
        case FinderPoints():
            return from_hand(hand.points, hand.confidence).moved(hand.to_source)


def _cut(normalized: Image, to_frame: PixelMap, window: Window, frame: HandFrame) -> Crop:
    to_window = window.grid(frame) @ to_frame
    return Crop(window.name, to_window.image(normalized, window.size(frame)), to_window.inverse())
