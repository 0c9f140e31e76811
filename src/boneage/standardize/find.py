"""Find the hand: 21 points, whether it is one hand, and whether bone came dark.

Twice: once on the whole frame, once on the hand brought upright and to a common size, where the points are finer.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from boneage.geometry import PixelMap
from boneage.networks import Network
from boneage.standardize.contrast import stretch
from boneage.template import Frame, fit_template
from boneage.types import Image

Points = npt.NDArray[np.float64]
SMALLEST_SCALE, FLATTEST = 1e-3, 10.0  # hand lengths to a pixel; the longer way to the shorter
LOOK = Frame(left=-0.62, top=-1.14, right=0.71, bottom=0.26)  # the second look: the hand with a margin


def look(frames: list[tuple[Image, PixelMap]], finder: Network, size: tuple[int, int]) -> tuple[Points, Points, Points]:
    """The finder on images, each brought to its grid by a map.

    Gives points [B, 21, 2] in each image's own pixels, confidence [B, 21] and probabilities [B, 2] (one hand; bone dark).
    """
    batch = np.stack([stretch(to_size.image(image, size, fill=border_level(image))) for image, to_size in frames])
    points, confidence, whole = finder(batch[:, None])
    own = [to_size.inverse().points(p) for (_, to_size), p in zip(frames, points, strict=True)]
    return np.stack(own), confidence.astype(np.float64), whole.astype(np.float64)


def second_look_map(points: Points, confidence: Points, size: tuple[int, int]) -> PixelMap:
    """The map that brings a hand, as first seen, upright into the second look's grid."""
    return LOOK.grid(size) @ fit_template(points, confidence)


def spans_hand(points: Points, confidence: Points) -> bool:
    """Whether points span a plane as a hand does, however squashed: not all on a line, on one spot or far beyond the film."""
    wide, narrow = np.linalg.svd(points - points.mean(0), compute_uv=False)
    larger, smaller = fit_template(points, confidence).scales
    return bool(narrow * FLATTEST > wide > 1 and smaller > SMALLEST_SCALE and larger < FLATTEST * smaller)


def border_level(image: Image) -> float:
    """The gray value that goes on beyond the film's edge."""
    return float(np.median(np.concatenate([image[0], image[-1], image[:, 0], image[:, -1]])))
