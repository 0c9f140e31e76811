"""The template: the mean hand of the annotated training films, upright, thumb to the right.

Unit: one hand length, from the wrist point to the middle finger's tip. Origin: the wrist point. True proportions.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from boneage.dataset import POINT_NAMES
from boneage.geometry import PixelMap

Points = npt.NDArray[np.float64]

# Generalized Procrustes mean (similarity, the weights below) of the 452 annotated hands of the training part.
TEMPLATE = np.array(
    [
        *((0.0, 0.0),),  # wrist
        *((0.1851, -0.1467), (0.3143, -0.3333), (0.3894, -0.4716), (0.4470, -0.5616)),  # thumb
        *((0.1504, -0.5302), (0.1780, -0.7350), (0.1895, -0.8529), (0.1952, -0.9381)),  # forefinger
        *((0.0205, -0.5307), (0.0149, -0.7617), (0.0082, -0.9060), (0.0000, -1.0000)),  # middle finger
        *((-0.0911, -0.4823), (-0.1306, -0.6947), (-0.1512, -0.8322), (-0.1610, -0.9273)),  # ring finger
        *((-0.1890, -0.4207), (-0.2651, -0.5660), (-0.3025, -0.6548), (-0.3279, -0.7346)),  # little finger
    ]
)


def _weight(name: str) -> float:
    """The palm is stiff, the fingers spread and bend: 1, 1/2, 1/4, 1/5 from the knuckle to the tip, the thumb less."""
    by_joint = {"1": 1.0, "2": 0.5, "3": 0.25, "4": 0.2}.get(name[-1], 1.0)
    return by_joint * (0.3 if name.startswith("thumb") and name != "thumb1" else 1.0)


WEIGHTS = np.array([_weight(name) for name in POINT_NAMES])
WRIST, THUMB_TIP, MIDDLE_TIP = (POINT_NAMES.index(name) for name in ("wrist", "thumb4", "middle_finger4"))
PALM = np.flatnonzero(np.array([name == "wrist" or name.endswith("1") for name in POINT_NAMES]))


@dataclass(frozen=True)
class Frame:
    """A window on the template: left, top, right, bottom in hand lengths."""

    left: float = -0.42
    top: float = -1.06
    right: float = 0.51
    bottom: float = 0.18

    def grid(self, size: tuple[int, int]) -> PixelMap:
        """Template units -> pixels of a grid of `size` (height, width); edges meet edges."""
        sx, sy = size[1] / (self.right - self.left), size[0] / (self.bottom - self.top)
        return PixelMap(np.array([[sx, 0, -self.left * sx - 0.5], [0, sy, -self.top * sy - 0.5], [0, 0, 1.0]]))


WHOLE_HAND = Frame()


def fit_template(points: Points, confidence: Points) -> PixelMap:
    """Points [21, 2] -> template units, in least squares weighted by stiffness and confidence.

    The full affine map: films squashed to a square get their proportions back with it.
    """
    return PixelMap.fit(points, TEMPLATE, WEIGHTS * np.clip(confidence, 0.05, 1))


def palm_residual(points: Points, to_template: PixelMap) -> float:
    """Root mean square distance of wrist and knuckles from the template, in hand lengths."""
    distances = to_template.points(points[PALM]) - TEMPLATE[PALM]
    return float(np.sqrt((distances**2).sum(1).mean()))
