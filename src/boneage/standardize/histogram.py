"""Histogram matching: a film's gray values brought to the distribution of a reference (Ren 2018, section II.B)

"An input image must pass histogram matching [24] to normalize its intensity appearance. All images thus share similar
histogram distributions": the first step, on the whole film, before the hand's box is looked for.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from boneage.types import Image

LEVELS = 129  # of a reference made here: 0, 1/128 ... 1
FEWEST_FILMS = 20  # behind a reference: the mean of so many shows no single film
SAMPLE = 2**18  # pixels that tell a film's distribution
Values = npt.NDArray[np.float32]


@dataclass(frozen=True)
class Reference:
    """A distribution of gray values: its quantiles at evenly spaced levels from 0 (the darkest) to 1 (the brightest)."""

    quantiles: tuple[float, ...]  # rising, 0..1

    def __post_init__(self) -> None:
        values = np.array(self.quantiles)
        if len(values) < 2 or np.any(np.diff(values) < 0) or values[0] < 0 or values[-1] > 1:
            raise ValueError(f"two or more rising quantiles in 0..1 are expected, not {self.quantiles!r}")

    @classmethod
    def of(cls, films: Iterable[Image], *, levels: int = LEVELS) -> Reference:
        """The mean of the films' quantile functions, each film with equal weight.

        Not in the paper: which reference. One film would do, but could not be published; the mean of many quantile
        functions is the distribution nearest to all of them (in the transport distance).
        """
        rows = [_quantiles(film, levels) for film in films]
        if len(rows) < FEWEST_FILMS:
            raise ValueError(f"{FEWEST_FILMS} films or more are expected, not {len(rows)}")
        return cls(tuple(np.round(np.stack(rows).astype(np.float64).mean(0), 4).tolist()))


# The mean of 1,975 films: every fifth of the training part by id, where the corners are dark (see read/polarity.py).
# fmt: off
TRAINING = Reference(
    (
        0.0168, 0.0353, 0.0418, 0.0455, 0.0481, 0.0499, 0.0512, 0.0522, 0.0532, 0.0543, 0.0554, 0.0563, 0.0570, 0.0578,
        0.0586, 0.0595, 0.0604, 0.0612, 0.0621, 0.0630, 0.0637, 0.0645, 0.0654, 0.0662, 0.0670, 0.0679, 0.0687, 0.0694,
        0.0702, 0.0710, 0.0720, 0.0727, 0.0735, 0.0745, 0.0754, 0.0764, 0.0773, 0.0780, 0.0788, 0.0796, 0.0803, 0.0811,
        0.0821, 0.0829, 0.0837, 0.0845, 0.0852, 0.0861, 0.0869, 0.0877, 0.0885, 0.0893, 0.0903, 0.0912, 0.0922, 0.0933,
        0.0942, 0.0952, 0.0961, 0.0970, 0.0980, 0.0989, 0.1000, 0.1011, 0.1022, 0.1033, 0.1045, 0.1058, 0.1071, 0.1086,
        0.1101, 0.1117, 0.1134, 0.1153, 0.1173, 0.1195, 0.1219, 0.1245, 0.1272, 0.1302, 0.1336, 0.1373, 0.1413, 0.1459,
        0.1508, 0.1563, 0.1622, 0.1685, 0.1752, 0.1823, 0.1898, 0.1979, 0.2062, 0.2147, 0.2237, 0.2330, 0.2426, 0.2522,
        0.2621, 0.2719, 0.2817, 0.2913, 0.3008, 0.3100, 0.3190, 0.3278, 0.3365, 0.3454, 0.3544, 0.3637, 0.3735, 0.3838,
        0.3948, 0.4067, 0.4193, 0.4328, 0.4470, 0.4616, 0.4764, 0.4916, 0.5070, 0.5229, 0.5396, 0.5577, 0.5781, 0.6035,
        0.6394, 0.7003, 0.9861,
    )
)
# fmt: on


def match(image: Image, reference: Reference, mask: npt.NDArray[np.bool_] | None = None) -> Image:
    """The image through the one rising curve that gives it the reference's distribution.

    The curve is fitted to the pixels of `mask` (all, where there is none) and applied to every pixel. Gray values that
    cover many levels, as a black background does, go to the mean of what the reference has there.
    """
    values = image if mask is None else image[mask]
    if values.size == 0:
        raise ValueError("a mask with at least one pixel is expected, not an empty one")
    levels = len(reference.quantiles)
    own, group = np.unique(_quantiles(values, levels), return_inverse=True)
    wanted = np.bincount(group, weights=reference.quantiles) / np.bincount(group)
    return np.interp(image, own, wanted).astype(np.float32)


def _quantiles(image: Image, levels: int) -> Values:
    """Gray values [levels] at even ranks: pixels' own values, never between two, so that they move as the pixels do."""
    values = np.sort(image.ravel()[:: max(1, image.size // SAMPLE)])
    return values[np.rint(np.linspace(0, len(values) - 1, levels)).astype(np.intp)]
