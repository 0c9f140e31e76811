"""The anchor: a network that swells is held to the size of the masks that no network made."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any

import cv2
import numpy as np
import numpy.typing as npt

from boneage.train.mine.anchor import THRESHOLDS, anchor
from boneage.train.mine.decide import By, Verdict
from boneage.train.mine.folder import MineFolder
from boneage.train.mine.points import Films
from boneage.train.mine.score import SURE, score


@dataclass
class Swollen:
    """Half sure two pixels outside the hand, and less sure the farther out."""

    hands: dict[int, Any]
    asked: list[int] = field(default_factory=list)

    def train(self, *args: Any, **more: Any) -> None: ...

    def predict(self, films: Iterable[tuple[int, Any]], *, round: int) -> Iterator[tuple[int, npt.NDArray[np.float32]]]:
        for film_id, _ in films:
            self.asked.append(film_id)
            mask = self.hands[film_id].mask.astype(np.uint8)
            outside = cv2.distanceTransform(1 - mask, cv2.DIST_L2, 5) - cv2.distanceTransform(mask, cv2.DIST_L2, 5)
            yield film_id, np.asarray(1 / (1 + np.exp((outside - 2) / 2)), np.float32)


def test_the_size_of_the_first_masks_is_held_and_the_threshold_kept(
    here: MineFolder, films: Films, hands: Any, ids: list[int]
) -> None:
    first = here.round(0)
    for film in ids[:4]:
        hand = hands[film]
        first.add_mask(film, hand.mask, score(hand.film, hand.mask, hand.known, probability=None, before=None))
        first.decide(film, Verdict.KEEP, By.RULE)
    here.round(1).path.mkdir()
    network = Swollen(hands)
    sure = anchor(here, films, network, here.round(1))
    for film, probability in Swollen(hands).predict(((film, None) for film in ids[:4]), round=1):
        areas = [(probability >= threshold).sum() / hands[film].mask.sum() for threshold in (sure, SURE)]
        assert abs(areas[0] - 1) < 0.03 < abs(areas[1] - 1)
    assert anchor(here, films, network, here.round(1)) == sure
    assert sorted(network.asked) == ids[:4], "asked once; then the file says it"


def test_without_other_masks_the_middle_stands(here: MineFolder, films: Films, hands: Any) -> None:
    here.round(1).path.mkdir(parents=True)
    assert anchor(here, films, Swollen(hands), here.round(1)) == SURE
    assert THRESHOLDS[0] < SURE < THRESHOLDS[-1]
