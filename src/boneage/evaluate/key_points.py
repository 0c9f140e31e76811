"""How near the three key points come on annotated hands that were held out: the hand finder and the paper's network."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

from boneage import dataset
from boneage.dataset import AnnotatedHand
from boneage.errors import BoneAgeError
from boneage.evaluate.masks import HELD_OUT
from boneage.networks import load_network
from boneage.register import register
from boneage.register.keypoints import KeyPoints, find_key_points, from_hand
from boneage.standardize import standardize
from boneage.standardize.size import STANDARD, unit
from boneage.template import MIDDLE_TIP, WRIST
from boneage.types import Image, Radiograph

NAMES = ("middle finger tip", "thumb tip", "capitate")
Finder = Callable[[Image, float], KeyPoints]  # a film in the standard frame and its true width : height


@dataclass(frozen=True)
class PointFigures:
    """One point's row, in % of hand length (wrist to middle finger's tip), in true proportions."""

    point: str
    hands: int
    refused: int  # of them, by the runtime
    median_percent: float
    p95_percent: float
    largest_percent: float


def by_finder(name: str) -> Finder:
    """The hand finder's 21 points, and the capitate by the template."""
    network = load_network(name)

    def find(frame: Image, aspect: float) -> KeyPoints:
        hand = standardize(Radiograph(frame, ""), network)
        register(hand)  # refuses points that make no hand
        return from_hand(hand.points, hand.confidence)

    return find


def by_paper(name: str) -> Finder:
    """Iglovikov's network. It is given the true proportions."""
    network = load_network(name)
    return lambda frame, aspect: find_key_points(frame, network, aspect=aspect)


def measure_key_points(finder: Finder, data: Path, *, hands: list[AnnotatedHand] | None = None) -> list[PointFigures]:
    """A row per point. The capitate's truth is its place by the template on the annotated points: it is not annotated."""
    known = held_out(data) if hands is None else hands
    answers = [_errors(finder, hand, frame) for hand, frame in _frames(known, data)]
    errors = np.array([answer for answer in answers if answer is not None]) * 100
    refused = len(answers) - len(errors)
    return [
        PointFigures(name, len(answers), refused, float(np.median(e)), float(np.percentile(e, 95)), float(e.max()))
        for name, e in zip(NAMES, errors.T, strict=True)
    ]


def held_out(data: Path) -> list[AnnotatedHand]:
    return [hand for hand in dataset.read_hands(data) if dataset.part_of(hand.id) in HELD_OUT]


def _frames(hands: list[AnnotatedHand], data: Path) -> Iterator[tuple[AnnotatedHand, Image]]:
    by_id = {hand.id: hand for hand in hands}
    for film_id, image in dataset.iterate_images(data, set(by_id)):
        yield by_id[film_id], unit(image)


def _errors(finder: Finder, hand: AnnotatedHand, frame: Image) -> npt.NDArray[np.float64] | None:
    """Distances [3] in hand lengths; None where the film is refused."""
    points = hand.points * np.array(STANDARD[::-1]) - 0.5
    truth = from_hand(points, np.ones(len(points)))
    try:
        found = finder(frame, hand.size[1] / hand.size[0])
    except BoneAgeError:
        return None
    proportion = np.array(hand.size[::-1]) / np.array(STANDARD[::-1])
    length = np.linalg.norm((points[WRIST] - points[MIDDLE_TIP]) * proportion)
    distances = np.linalg.norm((np.array([*found]) - np.array([*truth])) * proportion, axis=1)
    return np.asarray(distances / length)
