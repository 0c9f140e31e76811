"""Lee 2017's way (figure 4): 512 x 512 with kept aspect, patch mask, then mask, center, equalize, denoise, sharpen."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

import numpy as np

from boneage.geometry import PixelMap
from boneage.networks import OnnxNetwork
from boneage.read.polarity import corner_polarity
from boneage.register.aspect import estimate_aspect
from boneage.standardize import find_hand
from boneage.standardize.patches import PatchClass, PatchMask, class_scores, hand_of, label_map, need_hand, patch_input
from boneage.standardize.size import STANDARD
from boneage.standardize.vision import VisionOptions, vision_pipeline
from boneage.types import Crop, Flag, Polarity, Prepared, Radiograph, Step


@dataclass(frozen=True)
class EnhancedHand:
    """What a recipe chooses. Polarity is the corners'. Not in the paper: the finder, for squashed films alone."""

    finder: str = "hand-finder-2026-11"
    mask: str = "patch-cnn-2026-11"
    patches: PatchMask = field(default_factory=PatchMask)
    vision: VisionOptions = field(default_factory=VisionOptions)

    @property
    def networks(self) -> tuple[str, ...]:
        """Dated names of the weights."""
        return (self.finder, self.mask)


def enhance(film: Radiograph, way: EnhancedHand, *, load: Callable[[str], OnnxNetwork]) -> Prepared:
    """The enhanced hand in the middle of a black 512 x 512 film. Raises BoneAgeError where no patch looks like a hand."""
    aspect = true_aspect(film, way.finder, load=load)
    dark = corner_polarity(film.pixels) is Polarity.BONE_DARK  # `read` only flags it on pictures without a header
    bright = (1 - film.pixels).astype(np.float32) if dark else film.pixels
    small, to_source = patch_input(bright, aspect, way.patches.size)
    labels = label_map(class_scores(small, load(way.mask), way.patches), way.patches)
    mask = need_hand(hand_of(labels))
    boxed = to_source.inverse().image(bright, way.patches.size)
    pixels, to_boxed = vision_pipeline(boxed, mask, way.vision)
    back = to_source @ to_boxed
    steps = (
        Step("read", PixelMap.identity(), film.pixels),
        Step("polarity", PixelMap.identity(), bright),
        Step("size", to_source, boxed),
        Step("label map", to_source, np.asarray(1 - labels / (len(PatchClass) - 1), np.float32)),
        Step("mask", to_source, mask=mask),
        Step("vision pipeline", back, pixels),
    )
    flags = film.flags | ({Flag.POLARITY_INVERTED} if dark else set[Flag]())  # about 3 % of films, wrongly: white collimation
    return Prepared((Crop("hand", pixels, back),), steps, frozenset(flags))


def true_aspect(film: Radiograph, finder: str, *, load: Callable[[str], OnnxNetwork]) -> float:
    """Width : height; of a film that came squashed to the data set's square, as the hand on it tells."""
    if film.size != STANDARD:
        return film.size[1] / film.size[0]
    hand = find_hand(film.pixels, load(finder))
    return estimate_aspect(hand.points, hand.confidence)
