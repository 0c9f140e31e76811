"""Contact sheets: the outline on the film, the id under it, many at a glance. Of single films: never outside the folder."""

from __future__ import annotations

from collections.abc import Sequence

import cv2
import numpy as np
import numpy.typing as npt

from boneage.standardize.contrast import stretch
from boneage.standardize.size import unit

Bytes = npt.NDArray[np.uint8]
Mask = npt.NDArray[np.bool_]
COLUMNS, ROWS = 8, 6
OUTLINE, TEXT = (60, 220, 255), (120, 255, 120)  # blue, green, red
LINE = 16  # pixels for the text under a film


def tile(film: Bytes, mask: Mask | None, text: str) -> Bytes:
    """A film [H, W], brightened, with the outline and a line of text under it: [H + 16, W, 3]."""
    gray = np.rint(stretch(unit(film)) ** 0.6 * 255).astype(np.uint8)
    picture = cv2.cvtColor(gray, cv2.COLOR_GRAY2BGR)
    if mask is not None:
        lines = cv2.findContours(mask.astype(np.uint8), cv2.RETR_LIST, cv2.CHAIN_APPROX_NONE)[0]
        cv2.drawContours(picture, lines, -1, OUTLINE, 1)
    picture = cv2.copyMakeBorder(picture, 0, LINE, 0, 0, cv2.BORDER_CONSTANT)
    cv2.putText(picture, text, (3, film.shape[0] + 12), cv2.FONT_HERSHEY_SIMPLEX, 0.4, TEXT, 1, cv2.LINE_AA)
    return np.asarray(picture, np.uint8)


def sheet(tiles: Sequence[Bytes]) -> Bytes:
    """Up to 48 tiles of one size, 8 in a row."""
    empty = np.zeros_like(tiles[0])
    padded = [*tiles, *([empty] * (-len(tiles) % COLUMNS))]
    return np.vstack([np.hstack(padded[k : k + COLUMNS]) for k in range(0, len(padded), COLUMNS)])
