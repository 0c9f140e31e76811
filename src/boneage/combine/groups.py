"""6. Whose errors an interval is fitted on: films of one sex and of predicted ages near by, one hundred or more."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from math import inf

import numpy as np
import numpy.typing as npt

from boneage.types import Sex

BAND_EDGES = (0, 36, 72, 108, 144, 180, 216, inf)  # months; Ren, table III
FEWEST = 100  # calibration films of a group


@dataclass(frozen=True)
class Group:
    """From an age on, up to the next group of that sex."""

    sex: Sex | None  # None: both, or a system that takes none
    from_months: float


def pool(sexes: Sequence[Sex | None], predicted_months: npt.ArrayLike, *, fewest: int = FEWEST) -> tuple[Group, ...]:
    """The groups for calibration films [N], the youngest first within each sex.

    From the youngest band on, bands of one sex are put together until they hold `fewest` films; what is left at the end
    and is fewer joins the group before it. Where either sex has fewer films than that, or none is told, the sexes are put
    together first. So only where there are fewer than `fewest` films in all is a group smaller.
    """
    months = np.asarray(predicted_months, np.float64)
    both = any(sum(sex is one for sex in sexes) < fewest for one in Sex)
    groups = list[Group]()
    for sex in (None,) if both else Sex:
        own = months[[both or one is sex for one in sexes]]
        groups.append(Group(sex, 0.0))
        for _, high in pairwise(BAND_EDGES):
            inside = int(((groups[-1].from_months <= own) & (own < high)).sum())
            if inside >= fewest and int((own >= high).sum()) >= fewest:
                groups.append(Group(sex, float(high)))
    return tuple(groups)


def find_groups(groups: Sequence[Group], sex: Sex | None, predicted_months: float) -> tuple[Group, ...]:
    """The group of a film; two where the groups are of one sex each and the film's is not known."""
    told = [group for group in groups if sex is None or group.sex in (None, sex)]
    last = {group.sex: group for group in told if group.from_months <= max(predicted_months, 0.0)}
    return tuple(last.values())
