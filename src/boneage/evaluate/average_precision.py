"""Average precision of class probabilities, as scikit-learn defines it: precision summed over the steps of recall."""

from __future__ import annotations

import numpy as np

from boneage.evaluate.metrics import Array


def average_precision(right: Array, scores: Array) -> float:
    """Of one class: `right` [N], 1 where a film is of it, 0 else; `scores` [N], the higher the surer. nan where none is of it.

    The sum over the distinct scores, from the highest on, of (recall gained there) x (precision there). Films with one score
    come together, so that their order does not matter.
    """
    if not right.sum() > 0:
        return float("nan")
    order = np.argsort(-scores, kind="stable")
    hits, ranked = np.cumsum(right[order]), scores[order]
    last = np.flatnonzero(np.append(np.diff(ranked) != 0, True))  # of each group of equal scores
    precision = hits[last] / (last + 1)
    return float((np.diff(hits[last], prepend=0.0) * precision).sum() / hits[-1])


def mean_average_precision(classes: Array, probabilities: Array) -> float:
    """Over the classes that any film is of. `classes`: index of the true one [N]; `probabilities` [N, K]."""
    present = np.unique(classes).astype(int)
    found = [average_precision((classes == one).astype(np.float64), probabilities[:, one]) for one in present]
    return float(np.mean(found)) if found else float("nan")
