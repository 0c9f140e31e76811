"""The hand's box by Faster R-CNN, on a film whose histogram is matched: hand and a stub of forearm (Ren 2018, section II.B)."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from boneage.errors import BoneAgeError, Kind
from boneage.geometry import PixelMap
from boneage.networks import Batch, Network
from boneage.standardize.size import standard_frame
from boneage.types import Image

Box = tuple[float, float, float, float]  # x0, y0, x1, y1 of the edges; (0, 0) is the center of the top left pixel
EDGE = PixelMap.shift(-0.5, -0.5)  # torchvision counts from the top left pixel's corner


@dataclass(frozen=True)
class HandBox:
    """How the box is found. Not in the paper: the threshold."""

    network: str = "hand-box-2026-11"  # dated name of the weights
    sure: float = 0.5  # a score under this is no hand


@dataclass(frozen=True)
class FoundBox:
    """The best box of a film."""

    box: Box  # in the film's own pixels
    score: float  # 0..1
    second: float  # score of the next box that overlaps it by less than half; 0: none. Near the first: two hands?


def find_box(matched: Image, network: Network, *, size: tuple[int, int], sure: float = HandBox.sure) -> FoundBox:
    """The hand on a film [H, W], bone bright and histogram-matched. Raises BoneAgeError where there is none.

    `size` is the network's input (height, width); the film is squashed onto it.
    """
    grid, to_film = box_grid(matched, size)
    boxes, scores = network(grid[None, None])
    found = best_box(boxes, scores)
    if found is None or found.score < sure:
        raise BoneAgeError(
            Kind.NO_HAND,
            came=f"a film on which no hand's box was found (score {0.0 if found is None else found.score:.2f} of 1)",
            expected="a radiograph of one hand",
            todo="Give one film of one whole hand in the PA view.",
        )
    return FoundBox(to_film.box(found.box), found.score, found.second)


def box_grid(matched: Image, size: tuple[int, int]) -> tuple[Image, PixelMap]:
    """What the network sees of a film, by way of the standard frame as in its training; and the map grid -> film."""
    frame, to_film = standard_frame(matched)
    to_grid = PixelMap.resize((frame.shape[0], frame.shape[1]), size)
    return to_grid.image(frame, size), to_film @ to_grid.inverse()


def best_box(boxes: Batch, scores: Batch) -> FoundBox | None:
    """The best of a network's boxes [N, 4], which it counts from the grid's corner; in the grid's pixels. None: there is none."""
    if len(scores) == 0:
        return None
    order = np.argsort(-scores, kind="stable")
    x0, y0, x1, y1 = (float(value) for value in boxes[order[0]])
    second = float(scores[order[1]]) if len(order) > 1 else 0.0
    return FoundBox(EDGE.box((x0, y0, x1, y1)), float(scores[order[0]]), second)


def box_in(shares: Box, size: tuple[int, int]) -> Box:
    """An annotated box, given in shares of the film's width and height, in the pixels of a frame of `size` (height, width)."""
    x0, y0, x1, y1 = shares
    return x0 * size[1] - 0.5, y0 * size[0] - 0.5, x1 * size[1] - 0.5, y1 * size[0] - 0.5


def overlap(one: Box, two: Box) -> float:
    """Intersection over union of two boxes; 0 where they do not meet."""
    a, b = np.array(one), np.array(two)
    both = float(np.clip(np.minimum(a[2:], b[2:]) - np.maximum(a[:2], b[:2]), 0, None).prod())
    either = float((a[2:] - a[:2]).prod() + (b[2:] - b[:2]).prod()) - both
    return both / either if either > 0 else 0.0
