"""What tells a good mask from a bad one without a look: points inside, one piece, a hand's outline, a sure network."""

from __future__ import annotations

from dataclasses import dataclass, fields
from math import nan
from typing import Any

import cv2
import numpy as np
import numpy.typing as npt

from boneage.standardize.segment import clean, iou
from boneage.template import MIDDLE_TIP, WRIST, fit_template
from boneage.train.mine.outline import edge_along
from boneage.train.mine.points import Known

Bytes = npt.NDArray[np.uint8]
Mask = npt.NDArray[np.bool_]
SURE = 0.5  # probability from which a pixel is hand
SPECK = 20  # pixels; smaller pieces are not counted


@dataclass(frozen=True)
class Score:
    """One film's mask in figures."""

    inside: float  # share of the 21 points inside
    components: int  # pieces of 20 pixels and more before cleaning
    largest: float  # the largest piece's share of all pixels before cleaning
    solidity: float  # area : area of the convex hull, after cleaning
    area: float  # in square hand lengths, in true proportions
    certainty: float  # mean over the mask and its surroundings of |2 p - 1|; nan where there are no probabilities
    agreement: float  # IoU with the mask that was accepted after the round before; nan where there is none
    edge: float  # share of the outline across which the film darkens outward
    gap: int  # the longest stretch of the outline, in pixels, across which it does not
    presence: float  # the finder's, that there is one hand

    def row(self) -> list[str]:
        return [f"{getattr(self, field.name):.4g}" for field in fields(self)]

    @classmethod
    def of_row(cls, row: dict[str, str]) -> Score:
        values: dict[str, Any] = {f.name: (int if f.name in {"components", "gap"} else float)(row[f.name]) for f in fields(cls)}
        return cls(**values)


COLUMNS = ["id", *(field.name for field in fields(Score))]


def score(film: Bytes, raw: Mask, known: Known, *, probability: npt.NDArray[np.float32] | None, before: Mask | None) -> Score:
    """The figures of a mask as it came (`raw`, not cleaned) on a bone-bright film."""
    mask = clean(raw)
    pieces = cv2.connectedComponentsWithStats(raw.astype(np.uint8), connectivity=8)[2][1:, cv2.CC_STAT_AREA]
    edge = edge_along(film, mask)
    return Score(
        inside=_inside(mask, known),
        components=int((pieces >= SPECK).sum()),
        largest=float(pieces.max(initial=0) / max(pieces.sum(), 1)),
        solidity=_solidity(mask),
        area=_area(mask, known),
        certainty=nan if probability is None else _certainty(mask, probability),
        agreement=nan if before is None else iou(mask, before),
        edge=edge.share,
        gap=edge.longest_gap,
        presence=known.presence,
    )


def _inside(mask: Mask, known: Known) -> float:
    """Points at a fingertip may stand a pixel beyond it."""
    grown = cv2.dilate(mask.astype(np.uint8), np.ones((3, 3), np.uint8)) > 0
    x, y = np.rint(known.points).astype(int).T
    within = (x >= 0) & (y >= 0) & (x < mask.shape[1]) & (y < mask.shape[0])
    return float(np.mean(within & grown[np.clip(y, 0, mask.shape[0] - 1), np.clip(x, 0, mask.shape[1] - 1)]))


def _solidity(mask: Mask) -> float:
    lines = cv2.findContours(mask.astype(np.uint8), cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_NONE)[0]
    if not lines:
        return 0.0
    hull = np.zeros(mask.shape, np.uint8)
    cv2.fillConvexPoly(hull, cv2.convexHull(np.concatenate(lines)), 1)
    return float(mask.sum() / max(int(hull.sum()), 1))


def _area(mask: Mask, known: Known) -> float:
    to_template = fit_template(known.points, known.confidence)
    length = float(np.hypot(*np.diff(to_template.points(known.points[[WRIST, MIDDLE_TIP]]), axis=0)[0]))
    return float(mask.sum() * abs(np.linalg.det(to_template.matrix[:2, :2])) / max(length, 1e-6) ** 2)


def _certainty(mask: Mask, probability: npt.NDArray[np.float32]) -> float:
    """Over the mask and as far around as its outline may be disputed: elsewhere every network is sure."""
    around = cv2.dilate(mask.astype(np.uint8), np.ones((9, 9), np.uint8)) > 0
    return float(np.abs(2 * probability[around] - 1).mean()) if around.any() else 0.0
