"""Drawn hands with known masks and points, in a data folder of the challenge's layout, and a network that is a threshold."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from itertools import pairwise
from pathlib import Path

import cv2
import numpy as np
import numpy.typing as npt
import pytest

from boneage.dataset import LABELS, Part, part_of
from boneage.template import PALM, TEMPLATE
from boneage.train.mine.disk import append, read_mask
from boneage.train.mine.folder import MineFolder
from boneage.train.mine.points import HEADER, Films, Known, _row
from boneage.train.mine.settings import Settings, write_settings

Bytes = npt.NDArray[np.uint8]
Mask = npt.NDArray[np.bool_]
LENGTH = 170  # pixels, wrist to tip


@dataclass(frozen=True, eq=False)
class Drawn:
    """A film, the truth of it, and its 21 points."""

    film: Bytes
    mask: Mask
    points: npt.NDArray[np.float64]

    @property
    def known(self) -> Known:
        return Known(False, False, 0.99, self.points, np.ones(21))


def draw_hand(brightness: int, *, seed: int = 0, webbed: bool = False) -> Drawn:
    """Fingers, palm and a forearm to the film's edge, flat tissue with brighter bones on a dark film."""
    points = TEMPLATE * LENGTH + np.array([145.0, 215.0])
    whole = [tuple(int(v) for v in np.rint(p)) for p in points]
    mask, bones = np.zeros((299, 299), np.uint8), np.zeros((299, 299), np.uint8)
    for finger in (range(1, 5), range(5, 9), range(9, 13), range(13, 17), range(17, 21)):
        for a, b in pairwise([0, *finger]):
            cv2.line(mask, whole[a], whole[b], 1, 15)
            cv2.line(bones, whole[a], whole[b], 1, 5)
    hull = cv2.convexHull(np.array([whole[i] for i in PALM]))
    cv2.fillConvexPoly(mask, hull, 1)
    cv2.polylines(mask, [hull], True, 1, 15)
    cv2.rectangle(mask, (whole[0][0] - 24, whole[0][1] - 14), (whole[0][0] + 24, 298), 1, -1)
    if webbed:
        cv2.fillConvexPoly(mask, np.array([whole[i] for i in (1, 4, 8, 5)]), 1)
    gray = 20 + mask.astype(float) * (brightness - 20) + bones * 30.0
    noise = np.random.default_rng(seed).normal(0, 2, gray.shape)
    return Drawn(np.clip(gray + noise, 0, 255).astype(np.uint8), mask > 0, points)


@dataclass
class Threshold:
    """A segmenter that learns where the gray values of hand begin: the more masks, the further it looks into the dark."""

    learned: dict[int, float] = field(default_factory=dict)  # threshold of each round
    trained_on: dict[int, list[int]] = field(default_factory=dict)
    predicted: list[int] = field(default_factory=list)
    stop_after: int = 10**9  # films predicted before it is killed
    kill_training: bool = False

    def train(self, masks: Mapping[int, Path], films: Films, *, round: int, tell: Callable[[str], None]) -> None:
        darkest = min(float(np.median(film[read_mask(masks[i])])) for i, film, _ in films.iterate(masks))
        self.trained_on[round] = sorted(masks)
        if self.kill_training:
            raise KeyboardInterrupt
        self.learned[round] = 20 + 0.6 * (darkest - 20)

    def predict(self, films: Iterable[tuple[int, Bytes]], *, round: int) -> Iterator[tuple[int, npt.NDArray[np.float32]]]:
        for film_id, film in films:
            if len(self.predicted) >= self.stop_after:
                raise KeyboardInterrupt
            self.predicted.append(film_id)
            smooth = cv2.medianBlur(film, 5).astype(np.float32)
            yield film_id, 1 / (1 + np.exp(-(smooth - np.float32(self.learned[round]))))


BRIGHT = (150, 148, 146, 112, 110, 108, 80, 78, 76)  # of the drawn hands; each round reaches the next three


@pytest.fixture(scope="session")
def ids() -> list[int]:
    """Of the training part, one per drawn hand."""
    return [film_id for film_id in range(1377, 1500) if part_of(film_id) is Part.TRAIN][: len(BRIGHT)]


@pytest.fixture(scope="session")
def hands(ids: list[int]) -> dict[int, Drawn]:
    return {film_id: draw_hand(level, seed=film_id) for film_id, level in zip(ids, BRIGHT, strict=True)}


@pytest.fixture
def films_folder(tmp_path: Path, hands: dict[int, Drawn]) -> Path:
    """A data folder with the drawn hands, and one film that is held out."""
    data = tmp_path / "data"
    data.mkdir()
    held_out = next(film_id for film_id in range(1377, 1500) if part_of(film_id) is not Part.TRAIN)
    rows = [f"{film_id},100,True\n" for film_id in (*hands, held_out)]
    (data / LABELS).write_text("id,boneage,male\n" + "".join(rows))
    for film_id, hand in hands.items():
        cv2.imwrite(str(data / f"{film_id}.png"), hand.film)
    cv2.imwrite(str(data / f"{held_out}.png"), next(iter(hands.values())).film)
    return data


@pytest.fixture
def here(tmp_path: Path, hands: dict[int, Drawn]) -> MineFolder:
    """A begun folder whose points are known: no finder is asked."""
    folder = MineFolder(tmp_path / "mine")
    write_settings(folder.settings_file, Settings())
    for film_id, hand in hands.items():
        append(folder.points_file, HEADER, _row(film_id, hand.known))
    return folder


@pytest.fixture
def films(films_folder: Path, here: MineFolder) -> Films:
    return Films(films_folder, here.points_file)


@pytest.fixture
def threshold() -> Callable[..., Threshold]:
    return Threshold


@pytest.fixture
def draw() -> Callable[..., Drawn]:
    return draw_hand
