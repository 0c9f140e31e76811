"""Coarse-to-fine attention in the paper's order (Ren 2018, section II.B): match the histogram, box the hand, crop, filter."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

from boneage.geometry import PixelMap
from boneage.networks import Network
from boneage.standardize.detect import Box, FoundBox, HandBox, find_box
from boneage.standardize.hessian import HessianOptions, fine_map
from boneage.standardize.histogram import TRAINING, Reference, match
from boneage.types import Image


@dataclass(frozen=True)
class AttentionOptions:
    """What a recipe chooses. Not in the paper: all of it."""

    size: tuple[int, int] = (299, 299)  # height, width of both maps: Inception-V3's own
    reference: Reference = field(default=TRAINING, repr=False)
    box: HandBox = field(default_factory=HandBox)
    hessian: HessianOptions = field(default_factory=HessianOptions)


@dataclass(frozen=True, eq=False)
class Attention:
    """The regression network's input, and the way back to the film."""

    matched: Image  # [H, W] the whole film, its histogram matched
    coarse: Image  # [H, W] float32, 0..1: the hand, cropped from the matched film
    fine: Image  # [H, W] float32, 0..1: its Hessian filtering
    found: FoundBox  # in the film's own pixels
    to_source: PixelMap  # both maps -> the film's own pixels


def attention(film: Image, network: Network, *, size: tuple[int, int], options: AttentionOptions | None = None) -> Attention:
    """Both attention maps of a film [H, W], bone bright, of any size. Raises BoneAgeError where no hand is found.

    `size` is the box network's input (height, width), as its card says.
    """
    options = options or AttentionOptions()
    matched = match(film, options.reference)  # "before that, an input image must pass histogram matching"
    found = find_box(matched, network, size=size, sure=options.box.sure)
    to_crop = crop_map(found.box, options.size)
    coarse = np.clip(to_crop.image(matched, options.size), 0, 1)
    return Attention(matched, coarse, fine_map(coarse, options.hessian), found, to_crop.inverse())


def crop_map(box: Box, size: tuple[int, int]) -> PixelMap:
    """The film's pixels -> a crop's: the box fills it, edges meet edges.

    Not in the paper: that the box is stretched to fill. So a film squashed to a square gives the crop that the film in true
    proportion gives.
    """
    x0, y0, x1, y1 = box
    sx, sy = size[1] / (x1 - x0), size[0] / (y1 - y0)
    return PixelMap(np.array([[sx, 0, -0.5 - sx * x0], [0, sy, -0.5 - sy * y0], [0, 0, 1.0]]))
