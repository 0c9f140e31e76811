"""The capitate's center from the hand's 21 points: its place on the template, taken back to the film."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from boneage.template import fit_template

Points = npt.NDArray[np.float64]

# The mean center of the Wrist boxes of 269 films of the training part, brought onto the template by the finder's points.
# Spread 0.011 across and 0.012 along the hand; distance from the mean, median and 95th percentile: 1.3 % and 3.2 % of hand
# length there, 1.1 % and 3.5 % on 19 films of the select part. Along the hand it moves with age from -0.111 (boys of 36-108
# months) to -0.097 (boys of 180 and over), girls -0.104 to -0.097: about the spread, so one place serves all.
WRIST_BOX = np.array((0.0306, -0.1014))

# By eye, on 54 training films of all ages: the box holds all carpals, and its center lies toward the thumb and the forearm of
# the capitate's on nearly all films, by 0.010 and 0.013 hand lengths. With this the point lies in the bone's middle.
BY_EYE = np.array((-0.0100, -0.0130))

CAPITATE = WRIST_BOX + BY_EYE  # template units


def find_capitate(points: Points, confidence: Points) -> npt.NDArray[np.float64]:
    """The capitate's center (x, y) on the film, from the finder's points [21, 2] there. The film may be squashed."""
    return fit_template(points, confidence).inverse().points(CAPITATE)
