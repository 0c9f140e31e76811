"""Regions of the registered hand by the bones they lie nearest to: what a map's attention is counted in."""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache
from pathlib import Path

import cv2
import numpy as np
import numpy.typing as npt

from boneage.evaluate.average_hands import template_in
from boneage.evaluate.plots import INK, STYLE, canvas
from boneage.extras import load
from boneage.geometry import PixelMap, Points
from boneage.phantom.template import CARPALS, MM, ORIGIN, TUBULAR, half_widths, polygon, whole
from boneage.regions import outline
from boneage.register import register
from boneage.register.frame import PAPER_FRAME, HandFrame
from boneage.types import Hand

Mask = npt.NDArray[np.bool_]
FRAME = PAPER_FRAME.scaled(0.125)
RADIUS_ULNA, CARPAL, METACARPALS, PHALANGES = REGIONS = ("radius and ulna", "carpals", "metacarpals", "phalanges")
COLORS = {RADIUS_ULNA: "#2a6f97", CARPAL: "#d1495b", METACARPALS: "#edae49", PHALANGES: "#7fb7be"}
FINE = 4  # bits of the fraction of a pixel in OpenCV's drawing


def bones() -> Mapping[str, tuple[Points, ...]]:
    """Outlines of the grown hand's bones by region, in template units."""
    tubes: dict[str, list[Points]] = {METACARPALS: [], PHALANGES: []}
    for name in TUBULAR:
        tubes[METACARPALS if name.startswith("mc") else PHALANGES].append(_tube(name))
    return {
        RADIUS_ULNA: tuple(_from_mm(whole(name)) for name in ("radius", "ulna")),
        CARPAL: tuple(_from_mm(polygon(name)) for name in CARPALS),
        **{region: tuple(outlines) for region, outlines in tubes.items()},
    }


@lru_cache(maxsize=4)
def region_masks(frame: HandFrame) -> Mapping[str, Mask]:
    """[H, W] each; together the hand's outline, each pixel the region's whose bone is nearest. Not in the paper."""
    grid = template_in(frame)
    away = []
    for outlines in bones().values():
        bare = np.full(frame.size, 255, np.uint8)
        for one in outlines:
            cv2.fillPoly(bare, [np.rint(grid.points(one) * 2**FINE).astype(np.int32)], 0, cv2.LINE_8, FINE)
        distance = cv2.distanceTransform(bare, cv2.DIST_L2, cv2.DIST_MASK_PRECISE)
        away.append(np.rint(distance**2).astype(np.int64))  # a whole number of pixels squared: rounding decides no tie
    nearest = np.argmin(np.stack(away), axis=0)
    inside = outline(grid, frame.size)
    return {name: inside & (nearest == number) for number, name in enumerate(REGIONS)}


@lru_cache(maxsize=4)
def hand_mask(frame: HandFrame = FRAME) -> Mask:
    """All regions together, [H, W]."""
    return np.asarray(np.any(np.stack(list(region_masks(frame).values())), axis=0))


def area_shares(frame: HandFrame = FRAME) -> dict[str, float]:
    """How much of the hand's outline each region is, 0..1."""
    whole_hand = hand_mask(frame).sum()
    return {name: float(mask.sum() / whole_hand) for name, mask in region_masks(frame).items()}


def to_common_frame(hand: Hand) -> PixelMap:
    """The radiograph's own pixels -> the frame's, by the hand's 21 points. Raises BoneAgeError where they make no hand."""
    return template_in(FRAME) @ register(hand).to_frame @ hand.to_source.inverse()


def plot_regions(path: Path) -> None:
    """The regions in color with the bones they are made of; a drawing, no film."""
    frame = PAPER_FRAME.scaled(0.25)
    grid, masks = template_in(frame), region_masks(frame)
    to_rgb = load("matplotlib.colors").to_rgb
    colored = np.ones((*frame.size, 3))
    for name, mask in masks.items():
        colored[mask] = np.array(to_rgb(COLORS[name])) * 0.55 + 0.45
    with load("matplotlib").rc_context(STYLE):
        figure, axes = canvas((4.2, 5.4))
        axes.imshow(colored)
        for name, outlines in bones().items():
            for one in outlines:
                axes.fill(*grid.points(one).T, facecolor=COLORS[name], edgecolor=INK, linewidth=0.6)
            axes.fill([], [], color=COLORS[name], label=name)
        axes.set(xlim=(0, frame.size[1]), ylim=(frame.size[0], 0))
        axes.axis("off")
        figure.legend(loc="outside lower center", ncols=4, fontsize=8)
        figure.savefig(path, dpi=90)


def _tube(name: str) -> Points:
    """Base, shaft and head as one outline [6, 2]."""
    start, end, _ = TUBULAR[name]
    ends = np.array([start, end], np.float64) / 1000
    along = (ends[1] - ends[0]) / np.linalg.norm(ends[1] - ends[0])
    across = np.array([-along[1], along[0]])
    places = np.linspace(ends[0], ends[1], 3)
    sides = np.asarray(half_widths(name) / MM / 1000)[:, None] * across
    return np.asarray(np.concatenate([places + sides, (places - sides)[::-1]]), np.float64)


def _from_mm(points: Points) -> Points:
    """Millimeters about the capitate's center -> hand lengths from the wrist point."""
    return np.asarray((points / MM + ORIGIN) / 1000, np.float64)
