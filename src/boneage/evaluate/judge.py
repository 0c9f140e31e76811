"""The judge of registration: middle finger's tip and capitate from boxes of joints. No weights and no labels of the hand finder.

Twice, as the hand finder looks: once on the whole film, once on the hand brought upright, there as it is and mirrored. All
points rest on box centers by affine laws (shares that sum to 1), so that no squash, turn or mirror changes them.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from boneage.dataset import POINT_NAMES
from boneage.errors import BoneAgeError, Kind
from boneage.geometry import PixelMap
from boneage.joint_boxes import INDEX, LONG
from boneage.networks import OnnxNetwork
from boneage.register.capitate import WRIST_BOX
from boneage.standardize.contrast import stretch
from boneage.standardize.find import LOOK, border_level
from boneage.template import TEMPLATE
from boneage.types import Image

Points = npt.NDArray[np.float64]  # [N, 2] as (x, y)
JOINT_DETECTOR = "joint-detector-2026-11"

# The tip lies beyond the distal box's center, on the line from the proximal box: by this share of the way between them. Least
# sum of distances on the 451 annotated hands of the training part: median 0.87 %, 95th percentile 2.0 % of hand length there.
TIP = {"joints.DistalPhalanx.middle_finger": 1.138, "joints.ProximalPhalanx.middle_finger": -0.138}
# From the Wrist box's center to the capitate's own: the shift found by eye (register/capitate.py), written in knuckles.
CAPITATE = {
    "ossification.Wrist": 1 - 0.0375,
    "ossification.MCP.middle_finger": 0.0375,
    "ossification.MCP.forefinger": -0.0284,
    "ossification.MCP.pinky_finger": 0.0284,
}
# Boxes whose centers have a place on the template; they bring the hand upright for the second look. No thumb: it may be hidden,
# or another's hand may lend its own.
ANCHORS = {"ossification.Wrist": WRIST_BOX} | {
    f"ossification.{label}.{finger}": TEMPLATE[POINT_NAMES.index(f"{finger}{joint}")]
    for label, joint in (("MCP", 1), ("PIP", 2), ("DIP", 3))
    for finger in LONG
}
ROBUST = 0.03  # hand lengths: farther off the fit, a box weighs less
ROUNDS = 10
WORST_SQUASH = 6.0  # width against height; more is no hand


@dataclass(frozen=True, eq=False)
class Joints:
    """All boxes that the detector gives, in one film's pixels."""

    centers: Points  # [C, 2] in the order of joint_boxes.BOX_NAMES
    sizes: Points  # [C, 2] width, height
    scores: npt.NDArray[np.float64]  # [C], 0..1

    def blend(self, law: dict[str, float]) -> Points:
        """The point [2] that rests on box centers by shares that sum to 1."""
        return np.asarray(sum(share * self.centers[INDEX[name]] for name, share in law.items()))


@dataclass(frozen=True, eq=False)
class Judged:
    """Where the judge sees the two points, in the film's pixels."""

    tip: Points  # [2]
    capitate: Points  # [2]
    score: float  # 0..1, the least of the boxes that mainly carry the points
    doubt: float  # how far the mirrored look puts a point from the other's, in % of the length from capitate to tip

    def moved(self, by: PixelMap) -> Judged:
        """The same on another grid."""
        return Judged(by.points(self.tip), by.points(self.capitate), self.score, self.doubt)


def find_joints(film: Image, to_size: PixelMap, network: OnnxNetwork) -> Joints:
    """The detector's boxes on a film [H, W] of either polarity, brought to the network's grid by a map."""
    size = network.card.size
    grid = stretch(to_size.image(film, size, fill=border_level(film)))
    centers, scores, sizes = (np.asarray(value[0], np.float64) for value in network(grid[None, None]))
    back = to_size.inverse()
    return Joints(back.points(centers), np.sqrt(sizes**2 @ (back.matrix[:2, :2] ** 2).T), scores)


def judge(film: Image, network: OnnxNetwork) -> Judged:
    """The two points on a film [H, W], squashed or not, in any turn, either side, either polarity.

    Raises BoneAgeError where the boxes do not make a hand.
    """
    size = network.card.size
    first = find_joints(film, PixelMap.resize((film.shape[0], film.shape[1]), size), network)
    upright = LOOK.grid(size) @ to_template(first)
    looks = [find_joints(film, to_size, network) for to_size in (upright, PixelMap.mirror(size[1]) @ upright)]
    tips, capitates = (np.stack([look.blend(law) for look in looks]) for law in (TIP, CAPITATE))
    tip, capitate = tips.mean(0), capitates.mean(0)
    apart = max(float(np.linalg.norm(pair[0] - pair[1])) for pair in (tips, capitates))
    carriers = [INDEX[max(law, key=lambda name: law[name])] for law in (TIP, CAPITATE)]
    score = min(float(look.scores[carriers].min()) for look in looks)
    return Judged(tip, capitate, score, 100 * apart / max(float(np.linalg.norm(tip - capitate)), 1e-6))


def to_template(joints: Joints) -> PixelMap:
    """The film's pixels -> template units."""
    places = [INDEX[name] for name in ANCHORS]
    centers, targets = joints.centers[places], np.stack(list(ANCHORS.values()))
    weights = np.clip(joints.scores[places], 0.05, 1)
    there = PixelMap.fit(centers, targets, weights)
    for _ in range(ROUNDS):
        off = np.linalg.norm(there.points(centers) - targets, axis=1)
        there = PixelMap.fit(centers, targets, weights * (ROBUST / np.maximum(off, ROBUST)) ** 2)
    larger, smaller = there.scales
    if not smaller > 1e-6 or larger / smaller > WORST_SQUASH:
        raise BoneAgeError(
            Kind.NO_HAND, came="boxes of joints that do not make a hand", expected="one whole hand", todo="Look at the film."
        )
    return there
