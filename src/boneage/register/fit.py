"""Three key points to the map into the frame: zoom, rotation, translation, and the mirror by the thumb (Iglovikov 2018)."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from boneage.errors import BoneAgeError, Kind
from boneage.geometry import PixelMap
from boneage.register.frame import HandFrame

SHORTEST = 1e-6  # from tip to capitate, in whatever unit; less is one spot
NARROWEST = 0.02  # of that length: a thumb nearer to the line from capitate to tip does not tell the side


def fit_frame(tip: npt.ArrayLike, thumb: npt.ArrayLike, capitate: npt.ArrayLike, frame: HandFrame) -> PixelMap:
    """The similarity that takes the middle finger's tip and the capitate to their places, the thumb's tip to the right.

    Points as (x, y) in a film of true proportions. Raises BoneAgeError where they do not make a hand.
    """
    a, b, c = (np.asarray(point, np.float64) for point in (tip, thumb, capitate))
    along = a - c
    length = float(np.hypot(*along))
    offset = float(along[0] * (b - c)[1] - along[1] * (b - c)[0]) / max(length, 1e-12)  # of the thumb; positive: right
    if not (np.isfinite([a, b, c]).all() and length >= SHORTEST and abs(offset) >= NARROWEST * length):
        raise BoneAgeError(
            Kind.NO_HAND,
            came="middle finger tip, thumb tip and capitate on one spot or one line",
            expected="the three points of one whole hand with the thumb beside it",
            todo="Give a film in the PA view on which thumb, middle finger and wrist are seen.",
        )
    up = along / length
    right = np.array((-up[1], up[0])) * np.sign(offset)
    zoom = (frame.capitate[1] - frame.tip[1]) / length
    matrix = np.eye(3)
    matrix[:2, :2] = zoom * np.stack([right, -up])
    matrix[:2, 2] = frame.capitate - matrix[:2, :2] @ c
    return PixelMap(matrix)
