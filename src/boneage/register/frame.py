"""The frame of registered hands (Iglovikov 2018, section 3): 2080 x 1600, the middle finger's tip above the capitate."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt


@dataclass(frozen=True)
class HandFrame:
    """Where a left hand lies once registered. Lengths in pixels from the frame's top and left edges; thumb to the right."""

    size: tuple[int, int] = (2080, 1600)  # height, width
    tip_row: float = 100.0  # middle finger's tip: 100 below the top edge
    capitate_row: float = 2080.0 - 480.0  # 480 above the bottom edge
    # not in the paper: the column of both. 700, not the middle: the thumb reaches farther than the little finger, and the
    # template's hand stands in the middle of the frame so.
    column: float = 700.0
    scale: float = 1.0  # against the paper's frame

    def scaled(self, factor: float) -> HandFrame:
        """The same frame with pixels `factor` times as fine; the size is rounded, the places are not."""
        if not (np.isfinite(factor) and factor * min(self.size) >= 1):
            raise ValueError(f"a frame of at least one pixel is expected, not {factor!r} of {self.size}")
        height, width = (round(length * factor) for length in self.size)
        return HandFrame(
            (height, width), self.tip_row * factor, self.capitate_row * factor, self.column * factor, self.scale * factor
        )

    @property
    def tip(self) -> npt.NDArray[np.float64]:
        """The middle finger's tip as (x, y) in the frame's pixels."""
        return np.array((self.column - 0.5, self.tip_row - 0.5))

    @property
    def capitate(self) -> npt.NDArray[np.float64]:
        """The capitate's center as (x, y) in the frame's pixels."""
        return np.array((self.column - 0.5, self.capitate_row - 0.5))


PAPER_FRAME = HandFrame()
