"""Regression activation maps (Ren 2018, section II.D): the last feature maps, weighted as the regression weights them.

The sum is made inside the network's file (models/regression_cnn.py), which answers it beside the months.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from boneage.explain.heat import HeatMap, spread
from boneage.explain.occlusion import seen_to_source
from boneage.geometry import PixelMap
from boneage.networks import OnnxNetwork
from boneage.systems import Member
from boneage.types import Crop, Sex
from boneage.vote import channels, sex_input

NAME = "activation"  # of the map, and of the output that holds it
# where Inception-V3's last cells look, in pixels of its input: its unpadded layers shift the first by 37, steps of two make 32
FIRST, STEP = 37.0, 32.0
_TO_SEEN = PixelMap(np.array([[STEP, 0, FIRST], [0, STEP, FIRST], [0, 0, 1.0]]))


def activate(member: Member, crops: Sequence[Crop], sex: Sex | None, network: OnnxNetwork) -> HeatMap | None:
    """One network's map of the film as it is; None: its file does not hold one. `crops`: the member's, all on one grid.

    Not in the paper: how a cell of the map finds its place on the film. Here it lies where the cell's field of view has
    its center, and the outer cells go on to the edge.
    """
    names = network.card.values["output"]["names"]
    if NAME not in names:
        return None
    image = channels(list(crops), network.size)
    cells = network(image[None], **sex_input(member, sex, 1))[names.index(NAME)][0]
    values = spread(cells, _TO_SEEN, network.size)
    shows = "how much each place adds to the months, or takes from them; its mean is what the picture as a whole adds"
    return HeatMap(NAME, values, seen_to_source(crops[0], network.size), shows, "months", (member.network,))
