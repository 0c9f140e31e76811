"""The windows of the registered frame (Iglovikov 2018, section 4.3): whole hand, carpals, metacarpals and proximal phalanges."""

from __future__ import annotations

from dataclasses import dataclass

from boneage.geometry import PixelMap
from boneage.register.frame import PAPER_FRAME, HandFrame


@dataclass(frozen=True)
class Window:
    """One window of the paper's frame, in its pixels; cut out of a frame of any scale."""

    name: str
    left: float
    top: float
    height: int
    width: int

    def size(self, frame: HandFrame) -> tuple[int, int]:
        """Height, width in pixels of that frame's scale."""
        return round(self.height * frame.scale), round(self.width * frame.scale)

    def grid(self, frame: HandFrame) -> PixelMap:
        """The frame's pixels -> the window's, both at the frame's scale; edges meet edges."""
        return PixelMap.shift(-self.left * frame.scale, -self.top * frame.scale)


def _around(name: str, center: tuple[float, float], size: tuple[int, int]) -> Window:
    return Window(name, center[0] - size[1] / 2, center[1] - size[0] / 2, *size)


# The paper gives the sizes and a figure, no places. not in the paper: all centers.
_MIDDLE = PAPER_FRAME.size[1] / 2
KNUCKLES = 961.0  # row of the mean of the four fingers' knuckles, the template registered

WHOLE_HAND = _around("whole hand", (_MIDDLE, PAPER_FRAME.size[0] / 2), (2000, 1500))
CARPALS = _around("carpals", (PAPER_FRAME.column, PAPER_FRAME.capitate_row), (750, 750))
# Rows on the knuckles. On the average registered hand (80 training films) 600 rows cut off the metacarpals' proximal third to
# half with their bases, the thumb's first joint, and the distal parts of the fore-, middle and ring finger's proximal phalanges.
METACARPALS = _around("metacarpals and proximal phalanges", (_MIDDLE, KNUCKLES), (600, 1400))
# not the paper: our own, tall enough for these bones from end to end, the thumb's metacarpal with them
METACARPALS_WHOLE = Window("metacarpals and proximal phalanges, whole", 100.0, 420.0, 1200, 1400)

WINDOWS = (WHOLE_HAND, CARPALS, METACARPALS, METACARPALS_WHOLE)
