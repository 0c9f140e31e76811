"""Refuse what is not one whole hand, however sure the finder's network is that it is one: how its points lie tells.

Not in the papers. The presence that the network gives was learned on a few kinds of pictures; a foot, a hand without fingers or
under patches of noise passes it. On those the points do not fit the template, the two looks of the finder disagree and its
confidence is low, all at once, as on no real film. All thresholds were chosen on the select part and on the half `choose` of
`boneage measure refusals`; results/refusals.csv has the figures.
"""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
import numpy.typing as npt

from boneage.errors import BoneAgeError, Kind
from boneage.geometry import PixelMap
from boneage.networks import Network
from boneage.standardize.find import border_level, look
from boneage.template import MIDDLE_TIP, TEMPLATE, WRIST, fit_template, palm_residual
from boneage.types import Hand, Image

Points = npt.NDArray[np.float64]

# Median and standard deviation of the logarithms of Signs (palm, whole, moved, doubt) on 1,200 films of the train part.
USUAL = np.log([0.01389, 0.02549, 0.006652, 0.08835])
SPREAD = np.array([0.393, 0.4207, 0.3424, 0.3771])
LEAST_SURE = 5  # points whose confidence is averaged into the doubt
ODD = 3.3  # deviations; of 2,581 films of train, select and calibrate 0.35 % are beyond, the others under 3.21
ODD_AT_EDGE = 1.5  # deviations, where a point lies on the film's edge
EDGE = 2 / 299  # share of the film's width or height; one of those films has a point so near to its edge
SMALLEST_HAND_PX = 60.0  # wrist to middle tip on the film itself; the smallest of those films has 77
ROOM = 0.35  # share of the film beside the hand's points: less has no place for another hand
SECOND_HAND = 0.42  # mean confidence of the points with the hand blanked; no film is over 0.34, a second hand is mostly over 0.9
BLANKED = 0.1  # hand lengths about the points that are blanked


@dataclass(frozen=True)
class Signs:
    """How far the points are from lying as a hand's do. Distances are root mean squares in hand lengths."""

    palm: float  # wrist and knuckles from the template
    whole: float  # all points from the template
    moved: float  # of all points between the first and the second look
    doubt: float  # 1 minus the mean confidence of the least sure points

    @property
    def oddness(self) -> float:
        """The mean of the four, each in deviations from the usual."""
        values = np.log(np.maximum([self.palm, self.whole, self.moved, self.doubt], 1e-4))
        return float(((values - USUAL) / SPREAD).mean())


def signs(points: Points, confidence: Points, first: Points) -> Signs:
    """Of the second look's points [21, 2] and confidence [21], and the first look's points, all in the same pixels."""
    to_template = fit_template(points, confidence)
    here, before = to_template.points(points), to_template.points(first)
    return Signs(
        palm=palm_residual(points, to_template),
        whole=_rms(here - TEMPLATE),
        moved=_rms(here - before),
        doubt=1 - float(np.sort(confidence)[:LEAST_SURE].mean()),
    )


def need_one_whole_hand(hand: Hand, first: Points, finder: Network, size: tuple[int, int]) -> None:
    """Raises BoneAgeError where the hand is too small, cut off, no hand, or one of two. `size`: the finder's grid."""
    length = float(np.linalg.norm(np.diff(hand.to_source.points(hand.points[[WRIST, MIDDLE_TIP]]), axis=0)))
    if length < SMALLEST_HAND_PX:
        raise BoneAgeError(
            Kind.TOO_SMALL,
            came=f"a hand of {length:.0f} pixels from wrist to fingertip",
            expected=f"at least {SMALLEST_HAND_PX:.0f} pixels",
            todo="Give the film itself, not a thumbnail.",
        )
    oddness = signs(hand.points, hand.confidence, first).oddness
    if oddness > ODD_AT_EDGE and _to_edge(hand) < EDGE:
        raise _no_hand(f"a hand that is cut off (a point on the film's edge, oddness {oddness:.1f})", "wrist and all fingers")
    if oddness > ODD:
        raise _no_hand(f"points that do not lie as a hand's do (oddness {oddness:.1f}, at most {ODD})", "one whole hand, PA view")
    if _has_room(hand) and second_hand(hand, finder, size):
        raise _no_hand("two hands (another is seen beside the first)", "a radiograph of one hand")


def second_hand(hand: Hand, finder: Network, size: tuple[int, int]) -> bool:
    """Whether the finder is as sure of its points once the hand is blanked.

    Not the presence: that was taught to be low where a hand fills half of the film, as beside another one.
    """
    rest = blanked(hand)
    _, confidence, _ = look([(rest, PixelMap.resize((rest.shape[0], rest.shape[1]), size))], finder, size)
    return bool(confidence.mean() > SECOND_HAND)


def blanked(hand: Hand) -> Image:
    """The film with the hand and the begin of the forearm under the border's gray."""
    back = fit_template(hand.points, np.ones(len(hand.points))).inverse()
    around = np.vstack([hand.points, back.points([(-0.25, 0.35), (0.25, 0.35), (-0.22, 0.0), (0.22, 0.0)])])
    mask = np.zeros(hand.pixels.shape, np.uint8)
    cv2.fillPoly(mask, [cv2.convexHull(around.astype(np.float32)).astype(np.int32)], 1)
    radius = max(int(BLANKED * np.sqrt(abs(np.linalg.det(back.matrix[:2, :2])))), 1)
    kernel = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (2 * radius + 1, 2 * radius + 1))
    return np.where(cv2.dilate(mask, kernel) > 0, np.float32(border_level(hand.pixels)), hand.pixels)


def _has_room(hand: Hand) -> bool:
    """Whether a side of the film beyond the hand's points is wide enough for another hand."""
    return bool(_margins(hand).max() > ROOM)


def _to_edge(hand: Hand) -> float:
    """Of the outermost point from the film's nearest edge, as a share of the film; below 0 beyond it."""
    return float(_margins(hand).min())


def _margins(hand: Hand) -> Points:
    """The film's left, top, right and bottom margin beyond the points, as shares of its width or height."""
    shares = (hand.points + 0.5) / hand.pixels.shape[::-1]
    return np.concatenate([shares.min(0), 1 - shares.max(0)])


def _rms(distances: Points) -> float:
    return float(np.sqrt((distances**2).sum(1).mean()))


def _no_hand(came: str, expected: str) -> BoneAgeError:
    return BoneAgeError(
        Kind.NO_HAND, came=came, expected=expected, todo="Give one film of one whole hand, in the PA view, not cut off."
    )
