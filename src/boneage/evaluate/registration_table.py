"""The table of the registration's figures, and the judge's own error beside them: it bounds what the judge can tell."""

from __future__ import annotations

import csv
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from math import isfinite
from pathlib import Path

import numpy as np
import numpy.typing as npt

from boneage.dataset import AnnotatedHand, Part, part_of
from boneage.evaluate.flat import write_flat
from boneage.evaluate.judge import CAPITATE, Judged
from boneage.evaluate.registration import KNOWN, LEARNED, NEAR, Landing
from boneage.joint_boxes import INDEX, BoxedFilm
from boneage.register.capitate import find_capitate
from boneage.register.frame import PAPER_FRAME
from boneage.template import MIDDLE_TIP

COLUMNS = ("group", "films", "refused", "within_3_percent", "share_within", "beyond_unflagged", "median_percent", "p95_percent")
FAILING = ("id", "part", "group", "refused", "flagged", "tip_percent", "capitate_percent", "judge_score", "judge_doubt_percent")
HELD_OUT = {Part.SELECT, Part.TEST}


@dataclass(frozen=True)
class Row:
    """One line: distances in % of the frame's height, of the films that were not refused."""

    group: str
    films: int
    refused: int
    within: int
    beyond_unflagged: int  # neither near, nor refused, nor flagged
    median: float
    p95: float

    @classmethod
    def of(cls, group: str, landings: Sequence[Landing], *, point: str = "farther") -> Row:
        """`point`: tip, capitate, or the farther of both."""
        far = [float(getattr(landing, point)) for landing in landings if not landing.refused]
        beyond = sum(not (landing.refused or landing.flagged) and getattr(landing, point) > NEAR for landing in landings)
        within = sum(value <= NEAR for value in far)
        return cls(group, len(landings), len(landings) - len(far), within, beyond, *_percentiles(far))

    @classmethod
    def of_distances(cls, group: str, far: Sequence[float]) -> Row:
        within = sum(value <= NEAR for value in far)
        return cls(group, len(far), 0, within, len(far) - within, *_percentiles(far))

    @property
    def share(self) -> float:
        """Of all films, the refused among them."""
        return self.within / max(self.films, 1)

    def values(self) -> list[str]:
        numbers = (self.median, self.p95)
        return [
            self.group,
            *(str(count) for count in (self.films, self.refused, self.within)),
            f"{self.share:.4f}",
            str(self.beyond_unflagged),
            *(f"{number:.3f}" if isfinite(number) else "" for number in numbers),
        ]


def landing_rows(landings: Sequence[Landing]) -> Iterator[Row]:
    """All films, each point of its own, each part, the judge's sure ones; then the films of known aspect, both ways."""
    learned = [landing for landing in landings if landing.group == LEARNED]
    yield Row.of("all films", learned)
    for point in ("tip", "capitate"):
        yield Row.of(f"all films, {point}", learned, point=point)
    for part in Part:
        yield Row.of(f"{part.value} films", [landing for landing in learned if landing.part is part])
    known = {landing.id for landing in landings if landing.group == KNOWN}
    for group in (LEARNED, KNOWN):
        chosen = [landing for landing in landings if landing.id in known and landing.group == group]
        yield Row.of(f"films of known aspect, {group}", chosen)


def turned_rows(turned: Sequence[tuple[Landing, bool]]) -> Iterator[Row]:
    """Per turn, how far the points land from where they landed upright; and the films whose side is right, as `within`."""
    for group in dict.fromkeys(landing.group for landing, _ in turned):
        here = [(landing, right) for landing, right in turned if landing.group == group]
        yield Row.of(f"select and test films {group}", [landing for landing, _ in here])
        right, refused = sum(right for _, right in here), sum(landing.refused for landing, _ in here)
        wrong = sum(not (right or landing.refused or landing.flagged) for landing, right in here)
        yield Row(f"select and test films {group}, side right", len(here), refused, right, wrong, np.nan, np.nan)


def judge_rows(seen: dict[int, Judged], hands: Iterable[AnnotatedHand], boxed: Iterable[BoxedFilm]) -> Iterator[Row]:
    """The judge against held-out annotations: tips, the capitate's place by key points, and by Wrist boxes.

    `seen` in fractions of the frame. Distances as if the judge's own points were brought to their places in the frame.
    """
    held_out = [hand for hand in hands if part_of(hand.id) in HELD_OUT and hand.id in seen]
    tips = [_off(seen[hand.id], "tip", hand.points[MIDDLE_TIP], hand.size) for hand in held_out]
    yield Row.of_distances("judge's tip from the annotated tip, select and test hands", tips)
    places = [find_capitate(hand.points, np.ones(len(hand.points))) for hand in held_out]
    far = [_off(seen[hand.id], "capitate", at, hand.size) for hand, at in zip(held_out, places, strict=True)]
    yield Row.of_distances("judge's capitate from its place by annotated points, select and test hands", far)
    films = [film for film in boxed if part_of(film.id) in HELD_OUT and film.id in seen]
    blends = [sum(share * film.centers[INDEX[name]] for name, share in CAPITATE.items()) for film in films]
    pairs = [(film, np.asarray(at)) for film, at in zip(films, blends, strict=True) if np.isfinite(at).all()]
    far = [_off(seen[film.id], "capitate", at, film.size) for film, at in pairs]
    yield Row.of_distances("judge's capitate from its place by annotated boxes, select and test films", far)


def _off(seen: Judged, name: str, true: npt.NDArray[np.float64], size: tuple[int, int]) -> float:
    """% of the frame's height."""
    proportion = np.array(size[::-1], np.float64)
    length = float(np.linalg.norm((seen.tip - seen.capitate) * proportion))
    far = float(np.linalg.norm((getattr(seen, name) - true) * proportion))
    return far / length * (PAPER_FRAME.capitate_row - PAPER_FRAME.tip_row) / PAPER_FRAME.size[0] * 100


def write_registration(path: Path, rows: Iterable[Row], origin: dict[str, str]) -> None:
    """Flat CSV; `origin`: date, split hash, checksums, the same on each line."""
    write_flat(path, [dict(zip(COLUMNS, row.values(), strict=True)) for row in rows], origin)


def write_failing(path: Path, landings: Iterable[Landing]) -> None:
    """The films that did not land, worst first: for the eye."""
    failing = sorted((landing for landing in landings if not landing.near), key=lambda landing: (-_rank(landing), landing.id))
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("w", newline="") as lines:
        writer = csv.writer(lines, lineterminator="\n")
        writer.writerow(FAILING)
        for landing in failing:
            numbers = (landing.tip, landing.capitate, landing.score, landing.doubt)
            marks = (int(landing.refused), int(landing.flagged))
            writer.writerow((landing.id, landing.part.value, landing.group, *marks, *(f"{number:.3f}" for number in numbers)))


def _rank(landing: Landing) -> float:
    return landing.farther if isfinite(landing.farther) else 1e9


def _percentiles(far: Sequence[float]) -> tuple[float, float]:
    return (float(np.median(far)), float(np.percentile(far, 95))) if far else (np.nan, np.nan)
