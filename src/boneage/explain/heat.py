"""A heat map of a film: how much each place counts for the answer, and how that is painted on the film."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import cv2
import numpy as np
import numpy.typing as npt

from boneage.explain.paint import Picture
from boneage.geometry import PixelMap

Values = npt.NDArray[np.float32]

# not in the papers: the paint. Its brightness rises evenly, so it reads alike for the color-blind and in gray
_COLORS = cv2.COLORMAP_PLASMA
_CLEAR, _FULL = 0.1, 0.6  # shares of the strongest: below the first nothing is painted, from the second on all of `_COVER`
_COVER = 0.6
_DARKEST = 0.25  # of the color scale: its dark end would look like a shadow on the film


@dataclass(frozen=True, eq=False)
class HeatMap:
    """How much each place counts, signed; beyond its grid nothing was looked at."""

    name: str  # "occlusion", "activation"
    values: Values  # [H, W] in `unit`, on a grid of its own
    to_source: PixelMap  # that grid -> the radiograph's own pixels
    shows: str  # what the values are, in words
    unit: str  # "months", "probability"
    networks: tuple[str, ...]  # dated names

    @property
    def strongest(self) -> float:
        """The largest value, whatever its sign."""
        return float(np.abs(self.values).max())

    @property
    def legend(self) -> str:
        """A sentence or two for the picture."""
        strongest = f"{self.strongest:.2f}" if self.unit == "probability" else f"{self.strongest:.1f}"
        return f"{self.name.capitalize()} map: {self.shows}. Brightest: {strongest} {self.unit}; clear: under a tenth of that."


def spread(cells: npt.NDArray[np.floating], to_grid: PixelMap, size: tuple[int, int]) -> Values:
    """Coarse values [h, w] laid smoothly on a grid (height, width); beyond the outer cells' centers their values go on.

    No value leaves the range of the cells.
    """
    laid = cv2.warpAffine(
        np.asarray(cells, np.float32),
        to_grid.matrix[:2],
        (size[1], size[0]),
        flags=cv2.INTER_CUBIC,
        borderMode=cv2.BORDER_REPLICATE,
    )
    return np.asarray(laid.clip(cells.min(), cells.max()), np.float32)


def mean_map(maps: Sequence[HeatMap], size: tuple[int, int]) -> HeatMap:
    """Several networks' maps of one kind as their mean on the radiograph's grid (height, width).

    A network counts 0 where it does not look: what is covered there does not move its answer.
    """
    if len(maps) == 1:
        return maps[0]
    values = sum(one.to_source.image(one.values, size) for one in maps) / len(maps)
    networks = tuple(name for one in maps for name in one.networks)
    return replace(maps[0], values=np.asarray(values, np.float32), to_source=PixelMap.identity(), networks=networks)


def draw_heat(film: Picture, to_picture: PixelMap, heat: HeatMap) -> Picture:
    """The map over a film's gray picture [H, W], as [H, W, 3]: bright where it is strong, clear where it is weak.

    `to_picture`: the radiograph's pixels -> the picture's.
    """
    height, width = film.shape
    gray = np.repeat(film[..., None], 3, axis=2).astype(np.float32)
    if not heat.strongest > 0:
        return np.asarray(gray, np.uint8)
    strength = np.asarray(np.abs(heat.values) / heat.strongest, np.float32)
    laid = (to_picture @ heat.to_source).image(strength, (height, width)).clip(0, 1)
    levels = np.rint(255 * (_DARKEST + (1 - _DARKEST) * laid)).astype(np.uint8)
    color = cv2.applyColorMap(levels, _COLORS)[..., ::-1].astype(np.float32)
    share = _COVER * ((laid - _CLEAR) / (_FULL - _CLEAR)).clip(0, 1)[..., None]
    return np.asarray(np.rint(gray + share * (color - gray)), np.uint8)
