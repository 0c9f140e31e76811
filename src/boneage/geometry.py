"""PixelMap: one affine map that moves images, points and boxes alike, composes and inverts.

Coordinates are (x, y) with (0, 0) at the center of the top-left pixel (the convention of
`cv2.warpAffine`), sizes are (height, width).
"""

from __future__ import annotations

from dataclasses import dataclass
from math import ceil, cos, radians, sin, sqrt

import cv2
import numpy as np
import numpy.typing as npt

Array = npt.NDArray[np.float32]
Points = npt.NDArray[np.float64]  # [N, 2] as (x, y)


def _is_last_row(x: float, y: float, one: float) -> bool:
    """As numpy.allclose with (0, 0, 1), which takes longer than all else that making a map does."""
    return abs(x) <= 1e-8 and abs(y) <= 1e-8 and abs(one - 1) <= 1e-8 + 1e-5


@dataclass(frozen=True, eq=False)
class PixelMap:
    """An affine map between two pixel grids: `target = matrix @ source`.

    matrix: float64 [3, 3], last row (0, 0, 1).
    """

    matrix: Points

    def __post_init__(self) -> None:
        matrix = np.array(self.matrix, dtype=np.float64)  # an own copy
        if matrix.shape != (3, 3) or not _is_last_row(*matrix[2].tolist()):
            raise ValueError(f"an affine 3 x 3 matrix is expected, not {matrix!r}")
        matrix.setflags(write=False)
        object.__setattr__(self, "matrix", matrix)

    # ---- making
    @classmethod
    def identity(cls) -> PixelMap:
        return cls(np.eye(3))

    @classmethod
    def resize(cls, source: tuple[int, int], target: tuple[int, int]) -> PixelMap:
        """The map of a resize from `source` to `target` (height, width): edges meet edges."""
        sy, sx = target[0] / source[0], target[1] / source[1]
        return cls(np.array([[sx, 0, (sx - 1) / 2], [0, sy, (sy - 1) / 2], [0, 0, 1.0]]))

    @classmethod
    def shift(cls, dx: float, dy: float) -> PixelMap:
        return cls(np.array([[1, 0, dx], [0, 1, dy], [0, 0, 1.0]]))

    @classmethod
    def mirror(cls, width: int) -> PixelMap:
        """Left and right exchanged in a grid of `width` columns."""
        return cls(np.array([[-1, 0, width - 1], [0, 1, 0], [0, 0, 1.0]]))

    @classmethod
    def about(
        cls,
        center: tuple[float, float],
        *,
        degrees: float = 0.0,
        scale: tuple[float, float] = (1.0, 1.0),
        shear: float = 0.0,
        shift: tuple[float, float] = (0.0, 0.0),
    ) -> PixelMap:
        """Scale (x, y), shear and turn about `center`, then shift by (dx, dy) pixels."""
        c, s = cos(radians(degrees)), sin(radians(degrees))
        turn = np.array([[c, -s], [s, c]]) @ np.array([[1, shear], [0, 1]]) @ np.diag(scale)
        matrix = np.eye(3)
        matrix[:2, :2] = turn
        matrix[:2, 2] = np.asarray(center) + np.asarray(shift) - turn @ np.asarray(center)
        return cls(matrix)

    @classmethod
    def fit(cls, source: Points, target: Points, weights: npt.NDArray[np.float64]) -> PixelMap:
        """The full affine map (6 parameters) that takes `source` to `target` in weighted least squares."""
        root = np.sqrt(weights)[:, None]
        design = np.column_stack([source, np.ones(len(source))])
        solution = np.linalg.lstsq(design * root, target * root, rcond=None)[0]  # [3, 2]
        matrix = np.eye(3)
        matrix[:2] = solution.T
        return cls(np.asarray(matrix, np.float64))

    # ---- algebra
    def __matmul__(self, other: PixelMap) -> PixelMap:
        """First `other`, then this map."""
        return PixelMap(self.matrix @ other.matrix)

    def inverse(self) -> PixelMap:
        return PixelMap(np.asarray(np.linalg.inv(self.matrix), np.float64))

    @property
    def mirrors(self) -> bool:
        """Whether the map exchanges left and right."""
        return bool(np.linalg.det(self.matrix[:2, :2]) < 0)

    @property
    def scales(self) -> tuple[float, float]:
        """The larger and the smaller factor by which the map stretches lengths."""
        values = np.linalg.svd(self.matrix[:2, :2], compute_uv=False)
        return float(values[0]), float(values[1])

    # ---- moving things
    def points(self, points: npt.ArrayLike) -> Points:
        """Points [..., 2] as (x, y), moved."""
        array = np.asarray(points, dtype=np.float64)
        return array @ self.matrix[:2, :2].T + self.matrix[:2, 2]

    def box(self, box: tuple[float, float, float, float]) -> tuple[float, float, float, float]:
        """The upright box (x0, y0, x1, y1) around a moved box."""
        x0, y0, x1, y1 = box
        moved = self.points([(x0, y0), (x1, y0), (x1, y1), (x0, y1)])
        (a, b), (c, d) = moved.min(0), moved.max(0)
        return float(a), float(b), float(c), float(d)

    def image(self, image: Array, size: tuple[int, int], *, fill: float = 0.0) -> Array:
        """A float32 image [H, W] warped onto a grid of `size` (height, width), linear interpolation.

        Where the map shrinks, the image is smoothed first so that fine lines do not alias.
        """
        shrink = 1.0 / max(sqrt(abs(float(np.linalg.det(self.matrix[:2, :2])))), 1e-6)
        if shrink > 1.5:
            sigma = 0.5 * sqrt(shrink**2 - 1)
            radius = ceil(2 * sigma)
            image = np.asarray(cv2.GaussianBlur(image, (2 * radius + 1, 2 * radius + 1), sigma), np.float32)
        warped = cv2.warpAffine(
            image,
            self.matrix[:2],
            (size[1], size[0]),
            flags=cv2.INTER_LINEAR,
            borderMode=cv2.BORDER_CONSTANT,
            borderValue=fill,
        )
        return np.asarray(warped, np.float32)
