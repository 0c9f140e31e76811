"""The hand's box against the annotated ones, on hands that were not trained on: mean IoU, and the share of films above 0.9."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from boneage import dataset
from boneage.dataset import Part
from boneage.errors import BoneAgeError
from boneage.networks import Network, OnnxNetwork
from boneage.read import read
from boneage.standardize import find_hand
from boneage.standardize.detect import Box, box_in, find_box, overlap
from boneage.standardize.histogram import TRAINING, match
from boneage.standardize.size import standard_frame
from boneage.types import Image

HELD_OUT = (Part.SELECT, Part.CALIBRATE, Part.TEST)
GOOD = 0.9  # IoU


@dataclass(frozen=True)
class BoxFigures:
    """One row of the table."""

    part: str  # of the split, or "held out" for all of them
    films: int
    missed: int  # films without a box; they count as an IoU of 0
    mean_iou: float
    median_iou: float
    share_over_90: float

    @classmethod
    def of(cls, part: str, overlaps: Sequence[float]) -> BoxFigures:
        if not overlaps:
            raise ValueError("one film or more is expected")
        values = np.array(overlaps)
        mean, median, share = (float(round(value, 4)) for value in (values.mean(), np.median(values), (values > GOOD).mean()))
        return cls(part, len(values), int((values == 0).sum()), mean, median, share)


def measure_boxes(
    data: Path, network: Network, *, size: tuple[int, int], finder: OnnxNetwork, parts: Sequence[Part] = HELD_OUT
) -> list[BoxFigures]:
    """A row for each part that has annotated hands, and one for all. Shares no film with the training."""
    hands = {hand.id: hand for hand in dataset.read_hands(data) if dataset.part_of(hand.id) in parts}
    found: dict[Part, list[float]] = {}
    for film_id, file in dataset.iterate_files(data, set(hands)):
        frame, _ = standard_frame(read(file).pixels)
        bright = find_hand(frame, finder).pixels  # the polarity settled, as before the paper's first step
        true = box_in(hands[film_id].box, (frame.shape[0], frame.shape[1]))
        answer = _box(match(bright, TRAINING), network, size)
        value = 0.0 if answer is None else overlap(answer, true)
        found.setdefault(dataset.part_of(film_id), []).append(value)
    rows = [BoxFigures.of(part.value, found[part]) for part in parts if part in found]
    return [*rows, BoxFigures.of("held out", [value for values in found.values() for value in values])]


def _box(matched: Image, network: Network, size: tuple[int, int]) -> Box | None:
    try:
        return find_box(matched, network, size=size).box
    except BoneAgeError:
        return None
