"""How well the joint detector finds the annotated boxes, label by label: the judge's own qualification."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

from boneage.evaluate.flat import write_flat
from boneage.evaluate.judge import find_joints
from boneage.geometry import PixelMap
from boneage.joint_boxes import BOX_NAMES, NEAR, OVERLAP, BoxedFilm, center_errors, iou
from boneage.networks import OnnxNetwork
from boneage.standardize.size import STANDARD, unit

COLUMNS = ("label", "boxes", "found", "overlap", "near", "median_percent", "p95_percent")


@dataclass(frozen=True)
class LabelRow:
    """One label of one table. Distances of centers in % of hand length."""

    label: str
    boxes: int
    found: float  # share with IoU above OVERLAP or the center within NEAR
    overlap: float
    near: float
    median: float
    p95: float

    @classmethod
    def of(cls, label: str, errors: Sequence[float], overlaps: Sequence[float]) -> LabelRow:
        error, overlap = np.array(errors), np.array(overlaps)
        over, near = overlap > OVERLAP, error < NEAR
        shares = (float((over | near).mean()), float(over.mean()), float(near.mean()))
        return cls(label, len(error), *shares, float(np.median(error)), float(np.percentile(error, 95)))

    def values(self) -> list[str]:
        shares = (f"{share:.4f}" for share in (self.found, self.overlap, self.near))
        return [self.label, str(self.boxes), *shares, f"{self.median:.3f}", f"{self.p95:.3f}"]


def label_rows(
    films: Iterable[tuple[int, npt.NDArray[np.uint8]]], boxed: Sequence[BoxedFilm], detector: OnnxNetwork
) -> list[LabelRow]:
    """One look at each film in the standard frame, as the training scores it; first all labels together."""
    by_id = {film.id: film for film in boxed}
    errors, overlaps = defaultdict[str, list[float]](list), defaultdict[str, list[float]](list)
    whole = PixelMap.resize(STANDARD, detector.card.size)
    for film_id, image in films:
        film, seen = by_id[film_id], find_joints(unit(image), whole, detector)
        frame = np.array(STANDARD[::-1])
        true = (film.centers * frame - 0.5, (film.boxes[:, 2:] - film.boxes[:, :2]) * frame)
        far, over = center_errors((seen.centers + 0.5) / frame, film), iou((seen.centers, seen.sizes), true)
        for index in np.flatnonzero(np.isfinite(far)):
            for label in ("all", ".".join(BOX_NAMES[index].split(".")[:2])):
                errors[label].append(float(far[index]))
                overlaps[label].append(float(over[index]))
    return [LabelRow.of(label, errors[label], overlaps[label]) for label in errors]


def write_labels(path: Path, rows: Iterable[LabelRow], origin: dict[str, str]) -> None:
    """Flat CSV; `origin`: date, split hash, checksum, the same on each line."""
    write_flat(path, [dict(zip(COLUMNS, row.values(), strict=True)) for row in rows], origin)
