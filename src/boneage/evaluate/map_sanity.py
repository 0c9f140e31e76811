"""Do heat maps show what the answer comes from? Bones and what lies beside the hand taken away, and networks of shuffled weights.

The checks are those of Adebayo 2018, "Sanity Checks for Saliency Maps" (a map must depend on what the network learned), and
of covering by anatomy: the answer must come from carpals and epiphyses, not from a marker.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from enum import Enum
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import cv2
import numpy as np
import numpy.typing as npt

from boneage import dataset
from boneage.combine.ensemble import combine
from boneage.dataset import FINGERS, POINT_NAMES, Film, Part, evenly
from boneage.errors import BoneAgeError
from boneage.evaluate.average_hands import template_in
from boneage.evaluate.hand_regions import CARPAL, FRAME, hand_mask, region_masks, to_common_frame
from boneage.explain.heat import HeatMap
from boneage.explain.maps import explain
from boneage.explain.occlusion import QUICK
from boneage.extras import load
from boneage.geometry import PixelMap, Points
from boneage.networks import find_weights, load_network, weights_from
from boneage.pipeline import assess
from boneage.systems import System
from boneage.types import Assessment, Crop, Hand, Image, Sex
from boneage.vote import vote

Mask = npt.NDArray[np.bool_]
DISC = 0.035  # hand lengths: the radius of what is taken away at a joint or a shaft
REACH = 3.0  # px from which what is taken away is painted over
MARGIN = 0.06  # hand lengths about the hand's outline that count as hand
BESIDE = "beside the hand"  # where markers and letters are
AREAS = ("carpals", "joints of the fingers", "shafts", BESIDE)


class Shuffled(Enum):
    """Which weights are put in random places. With all of them a network may say the same of every film: its map is empty."""

    HEAD = "the dense layers"
    ALL = "all weights"


@dataclass(frozen=True)
class Sanity:
    """One check over all films. Changes are of the answer, signs left out."""

    check: str
    films: int
    median: float
    p95: float
    unit: str  # "months", "rank correlation", "share"


@dataclass(frozen=True)
class Seen:
    """What one film gave."""

    changes: Mapping[str, float]  # months, by area
    beside: float  # the share of the occlusion map's strength that lies beside the hand
    shuffled: Mapping[str, float]  # by what was shuffled: the rank correlation of its occlusion map with that network's


def measure_sanity(system: System, data: Path, part: Part, *, most: int, seed: int = 1) -> list[Sanity]:
    """At most so many films of the part, at even steps of bone age; those refused are left out."""
    films = sorted((film for film in dataset.read_films(data) if film.part is part), key=lambda film: film.bone_age_months)
    chosen = {film.id: film for film in evenly(films, most) if system.reads(film.sex)}
    read = []
    for film_id, file in dataset.iterate_files(data, set(chosen)):
        try:
            read.append(_ask(system, file, chosen[film_id]))
        except BoneAgeError:
            continue
    others = {}
    for what in Shuffled:
        with shuffled_weights(system, seed, what):
            others[what.value] = [_map(system, assessment) for assessment, _ in read]
    return summed(
        [
            Seen(
                months_without(system, assessment),
                _beside(assessment, own),
                {what: rank_correlation(own.values, maps[number].values) for what, maps in others.items()},
            )
            for number, (assessment, own) in enumerate(read)
        ]
    )


def summed(seen: list[Seen]) -> list[Sanity]:
    """The checks' figures. Raises ValueError without films."""
    if not seen:
        raise ValueError("at least one film is expected")
    rows = [_row(f"{area} taken away", [one.changes[area] for one in seen], "months") for area in AREAS]
    rows.append(_row("map beside the hand", [one.beside for one in seen], "share"))
    return rows + [
        _row(f"map after shuffling {what.value}", [one.shuffled[what.value] for one in seen], "rank correlation")
        for what in Shuffled
    ]


def months_without(system: System, assessment: Assessment) -> dict[str, float]:
    """How far the answer moves when an area is taken away in every crop, in months, by area."""
    hand, crops, sex = assessment.prepared.hand, assessment.prepared.crops, assessment.estimates[0].sex
    assert hand is not None  # perceive looks for it
    whole = _months(system, crops, sex)
    found = {}
    for area, mask in areas(hand).items():
        bare = tuple(without(crop, hand, mask, inside=area != BESIDE) for crop in crops)
        found[area] = abs(_months(system, bare, sex) - whole)
    return found


def areas(hand: Hand) -> dict[str, Mask]:
    """Masks in the common frame, FRAME.size each, by the names of AREAS."""
    around = _grown(hand_mask(), MARGIN)
    return {
        "carpals": region_masks(FRAME)[CARPAL],
        "joints of the fingers": _discs(hand, _joints()),
        "shafts": _discs(hand, _shafts()),
        BESIDE: ~around,
    }


def without(crop: Crop, hand: Hand, mask: Mask, *, inside: bool) -> Crop:
    """The crop with an area of the hand painted over from its edge, or one beside it made black; `mask`: in the common frame."""
    covered = _laid(mask, hand, crop.to_source, (crop.pixels.shape[0], crop.pixels.shape[1])) > 0.5
    if inside:
        levels = np.rint(255 * crop.pixels).astype(np.uint8)  # it paints noise in floats of 0..1
        instead = cv2.inpaint(levels, covered.astype(np.uint8), REACH, cv2.INPAINT_TELEA) / np.float32(255)
    else:
        instead = np.zeros_like(crop.pixels)
    return replace(crop, pixels=np.where(covered, instead, crop.pixels))


@contextmanager
def shuffled_weights(system: System, seed: int, what: Shuffled) -> Iterator[None]:
    """Within it the networks that vote have their own weights in random places, each tensor's within itself."""
    random = np.random.default_rng(seed)
    with TemporaryDirectory() as folder:
        for name in {member.network: None for member in system.members}:
            _shuffle(name, Path(folder), random, what)
        with weights_from(Path(folder)):
            yield


def rank_correlation(one: npt.NDArray[np.floating], other: npt.NDArray[np.floating]) -> float:
    """Spearman's, of the strengths of two maps on one grid; 0 where one is nowhere strong."""
    if np.ptp(np.abs(one)) == 0 or np.ptp(np.abs(other)) == 0:
        return 0.0
    return float(load("scipy.stats").spearmanr(np.abs(one).ravel(), np.abs(other).ravel()).statistic)


def _ask(system: System, file: bytes, film: Film) -> tuple[Assessment, HeatMap]:
    assessment = assess(file, system, sex=film.sex if system.takes_sex else None)
    return assessment, _map(system, assessment)


def _map(system: System, assessment: Assessment) -> HeatMap:
    return explain(assessment, system, options=QUICK, load=load_network)[0]  # occlusion comes first


def _months(system: System, crops: tuple[Crop, ...], sex: Sex | None) -> float:
    return combine(vote(system.members, crops, sex, load=load_network)).months


def _beside(assessment: Assessment, heat: HeatMap) -> float:
    hand, size = assessment.prepared.hand, (heat.values.shape[0], heat.values.shape[1])
    assert hand is not None
    share = _laid(areas(hand)[BESIDE], hand, heat.to_source, size)
    strength = np.abs(heat.values)
    return float((strength * share).sum() / max(float(strength.sum()), 1e-9))


def _laid(mask: Mask, hand: Hand, to_source: PixelMap, size: tuple[int, int]) -> Image:
    """A mask of the common frame on the grid of a crop or a map, 0..1; beyond the frame as in its corner."""
    grid = (to_common_frame(hand) @ to_source).inverse()
    return grid.image(mask.astype(np.float32), size, fill=float(mask[0, 0])).clip(0, 1)


def _joints() -> Points:
    """Weights [N, 21] of the hand's points: all of the fingers but the tips."""
    return np.eye(len(POINT_NAMES))[[POINT_NAMES.index(f"{finger}{joint}") for finger in FINGERS for joint in (1, 2, 3)]]


def _shafts() -> Points:
    """Weights [M, 21] of the hand's points: half way between two joints of a finger, two thirds from the wrist to a knuckle."""
    points, knuckles = np.eye(len(POINT_NAMES)), [POINT_NAMES.index(f"{finger}1") for finger in FINGERS]
    phalanges = [(points[first + step] + points[first + step + 1]) / 2 for first in knuckles for step in (0, 1)]
    return np.array([*phalanges, *((points[0] + 2 * points[knuckle]) / 3 for knuckle in knuckles[1:])])


def _discs(hand: Hand, weights: Points) -> Mask:
    """Discs about weighted means of the hand's points."""
    centers = weights @ to_common_frame(hand).points(hand.to_source.points(hand.points))
    drawn = np.zeros(FRAME.size, np.uint8)
    for x, y in np.rint(centers).astype(int).tolist():
        cv2.circle(drawn, (x, y), round(DISC * _hand_length()), 1, cv2.FILLED)
    return drawn.astype(bool)


def _hand_length() -> float:
    """Of the common frame, in its pixels."""
    return float(np.linalg.norm(np.diff(template_in(FRAME).points(np.array([[0.0, 0.0], [0.0, -1.0]])), axis=0)))


def _grown(mask: Mask, margin: float) -> Mask:
    reach = round(margin * _hand_length())
    disc = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (2 * reach + 1, 2 * reach + 1))
    return cv2.dilate(mask.astype(np.uint8), disc).astype(bool)


def _shuffle(name: str, folder: Path, random: np.random.Generator, what: Shuffled) -> None:
    """The network's file with weight tensors' values in random places, and a card that fits it."""
    onnx = load("onnx")
    numpy_helper = load("onnx.numpy_helper")
    model: Any = onnx.load(str(find_weights(f"{name}.onnx")))
    for tensor in model.graph.initializer:
        values = numpy_helper.to_array(tensor)
        if values.ndim == 2 or (values.ndim > 2 and what is Shuffled.ALL):
            shuffled = random.permutation(values.ravel()).reshape(values.shape)
            tensor.CopyFrom(numpy_helper.from_array(shuffled, tensor.name))
    data = model.SerializeToString()
    (folder / f"{name}.onnx").write_bytes(data)
    card = find_weights(f"{name}.toml").read_text()
    own = load_network(name).card.sha256
    (folder / f"{name}.toml").write_text(card.replace(own, hashlib.sha256(data).hexdigest()))


def _row(check: str, values: list[float], unit: str) -> Sanity:
    return Sanity(check, len(values), float(np.median(values)), float(np.percentile(values, 95)), unit)
