"""From which probability a pixel is hand in a round: so that its masks are as large as those that no network made.

A network's masks come out a percent or more larger than what it was trained on, and the next round learns from them: five
rounds grew the masks by 4.5 %. First and corrected masks hold the size (EXPERIMENTS.md, 2026-11-21).
"""

from __future__ import annotations

import tomllib

import numpy as np

from boneage.standardize.segment import clean
from boneage.train.mine.disk import read_mask, write_beside
from boneage.train.mine.folder import MineFolder, Round
from boneage.train.mine.points import Films
from boneage.train.mine.score import SURE
from boneage.train.mine.segmenter import Segmenter

MOST = 150  # films that hold the size
THRESHOLDS = np.round(np.arange(0.3, 0.81, 0.02), 2)


def anchor(folder: MineFolder, films: Films, segmenter: Segmenter, round_: Round) -> float:
    """The round's threshold, found once and kept in `threshold.toml`. SURE where no mask is of other making."""
    path = round_.path / "threshold.toml"
    if not path.is_file():
        threshold, ratio = _find(folder, films, segmenter, round_)
        write_beside(path, f"threshold = {threshold}\nmedian_area_ratio = {ratio:.4f}\n".encode())
    return float(tomllib.loads(path.read_text())["threshold"])


def _find(folder: MineFolder, films: Films, segmenter: Segmenter, round_: Round) -> tuple[float, float]:
    """The threshold, and the median area of its masks against those that hold the size."""
    files = {film: folder.round(0).mask_file(film) for film in folder.round(0).kept()} | folder.corrected_masks()
    if not files:
        return SURE, 1.0
    ids = sorted(files)[:: max(1, len(files) // MOST)]
    feed = ((film_id, film) for film_id, film, _ in films.iterate(ids))
    ratios = [
        [clean(probability >= threshold).sum() / max(int(read_mask(files[film_id]).sum()), 1) for threshold in THRESHOLDS]
        for film_id, probability in segmenter.predict(feed, round=round_.number)
    ]
    medians = np.median(ratios, axis=0)
    best = np.flatnonzero(np.abs(medians - 1) <= np.abs(medians - 1).min() + 1e-9)
    chosen = best[np.argmin(np.abs(THRESHOLDS[best] - SURE))]  # of equals the one in the middle
    return float(THRESHOLDS[chosen]), float(medians[chosen])
