"""A squashed film's true proportions, told from the hand: the full affine fit, corrected for what is the hand's own shape."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from boneage.errors import BoneAgeError, Kind
from boneage.geometry import PixelMap
from boneage.template import MIDDLE_TIP, TEMPLATE, WRIST, fit_template

Points = npt.NDArray[np.float64]

SIDEWAYS = 1.73  # across : along the film; 60 degrees
TYPICAL = 0.757  # width : height, the median of the 1,103 training films of known size

# Broad and slender hands fit the template by a squash too, which is not the film's. The affine fit leaves residuals that no
# squash, turn or mirror changes, and they tell it: log (width : height) of the hand against the template, affine in the
# residuals (x and y of each point, in hand lengths). Ridge regression (0.01) on the same films.
OWN_OFFSET = -0.0065
OWN_SHAPE = np.array(
    [
        *((0.32, 0.034),),  # wrist
        *((-0.193, -0.869), (-0.54, 0.877), (-0.306, -0.05), (-0.108, 0.558)),  # thumb
        *((-0.85, 0.006), (0.485, 0.574), (-0.012, 0.35), (0.065, -0.055)),  # forefinger
        *((1.266, -1.309), (-0.661, 0.408), (-0.388, 0.184), (0.6, -0.273)),  # middle finger
        *((0.409, -0.854), (-0.234, 0.56), (-0.259, -0.634), (-0.091, -0.412)),  # ring finger
        *((0.706, 1.05), (-0.23, 0.082), (-0.242, 0.131), (-0.073, 0.037)),  # little finger
    ]
)

# Toward the typical film: the share of the log aspect's deviation that is kept, chosen by cross-validation on those films.
# Relative error of the aspect, median and 95th percentile: typical film alone 4.6 % and 24.5 %, affine fit alone 7.4 % and
# 19.6 %; this 2.6 % and 8.2 % there in 5-fold cross-validation, 2.7 % and 8.1 % on the 81 films of the select part.
KEPT = 0.9


def estimate_aspect(points: Points, confidence: Points) -> float:
    """The film's true width : height, from the finder's 21 points on the film squashed to a square. Any turn, either side.

    Raises BoneAgeError where the points do not span a hand.
    """
    to_template = fit_template(points, confidence)
    larger, smaller = to_template.scales
    if not smaller > 1e-6 or larger / smaller > 10:
        raise BoneAgeError(
            Kind.NO_HAND,
            came="points that lie on a line or on one spot",
            expected="the 21 points of one whole hand",
            todo="Give a film on which wrist and fingers are seen whole.",
        )
    own = OWN_OFFSET + float(((to_template.points(points) - TEMPLATE) * OWN_SHAPE).sum())
    # The hand's own stretch taken away, film -> hand is a similarity after a squash along the film's rows and columns.
    to_hand = np.diag((np.exp(own / 2), np.exp(-own / 2))) @ to_template.matrix[:2, :2]
    across, down = np.linalg.norm(to_hand, axis=0)
    typical = 1 / TYPICAL if _lies(to_template) else TYPICAL
    return float(typical * (across / down / typical) ** KEPT)


def _lies(to_template: PixelMap) -> bool:
    """Whether the hand points sideways: films lie as hands do. Hands of 45 to 60 degrees mostly stand on upright films."""
    wrist, tip = to_template.inverse().points(TEMPLATE[[WRIST, MIDDLE_TIP]])
    return bool(abs(tip[0] - wrist[0]) > SIDEWAYS * abs(tip[1] - wrist[1]))


def unsquash(aspect: float) -> PixelMap:
    """A film squashed to a square -> true proportions of `aspect` (width : height), same height. Edges stay edges."""
    if not (np.isfinite(aspect) and aspect > 0):
        raise ValueError(f"an aspect is a positive width : height, not {aspect!r}")
    return PixelMap(np.array([[aspect, 0, (aspect - 1) / 2], [0, 1, 0], [0, 0, 1.0]]))
