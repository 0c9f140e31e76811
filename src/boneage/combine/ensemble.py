"""6. Several votes, one distribution: the mean of their probabilities, and how far the votes lie apart."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import fsum

import numpy as np

from boneage.errors import BoneAgeError, Kind
from boneage.types import Vote


@dataclass(frozen=True, eq=False)
class Combined(Vote):
    """One distribution out of several votes; `months` and `spread_months` are its own."""

    disagreement_months: float  # standard deviation of the votes' months; 0 for a single vote


def combine(votes: Sequence[Vote]) -> Combined:
    """The mean distribution. Its months are the mean of the votes' months; the votes' order does not matter to the bit.

    The spread holds both the networks' own doubt and their disagreement: its square is the mean of the votes'
    squared spreads plus the squared disagreement.
    """
    _check(votes)
    count = len(votes)
    # fsum rounds once, so a sum does not depend on the order
    mean = [fsum(column) / count for column in zip(*(vote.probabilities.tolist() for vote in votes), strict=True)]
    months = sorted(vote.months for vote in votes)
    return Combined(
        network=" + ".join(sorted(vote.network for vote in votes)),
        probabilities=np.array(mean, np.float64),
        disagreement_months=float(np.std(months)),
    )


def _check(votes: Sequence[Vote]) -> None:
    if not votes:
        raise BoneAgeError(
            Kind.BAD_WEIGHTS, came="no vote to combine", expected="at least one network", todo="Name a network in the system."
        )
    for vote in votes:
        p = vote.probabilities
        alike = p.ndim == 1 and p.shape == votes[0].probabilities.shape
        if not (alike and np.isfinite(p).all() and (p >= 0).all() and abs(float(p.sum()) - 1) < 1e-3):
            raise BoneAgeError(
                Kind.BAD_WEIGHTS,
                came=f"a vote of {vote.network} with shape {p.shape} and sum {float(p.sum()):g}",
                expected=f"probabilities {votes[0].probabilities.shape} that sum to 1",
                todo="Check the network's file against its card.",
            )
