"""The hand's mask by a patch network: LeNet-5 slides over the letterboxed film, bone and tissue make the hand (Lee 2017)

Section "Preprocessing Engine: Detection CNN, Reconstruction, Mask Generation".
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum

import cv2
import numpy as np
import numpy.typing as npt

from boneage.errors import BoneAgeError, Kind
from boneage.geometry import PixelMap
from boneage.networks import Network
from boneage.standardize.contrast import stretch
from boneage.standardize.letterbox import LEE, squashed_map
from boneage.standardize.segment import Mask, clean
from boneage.standardize.size import standard_frame
from boneage.types import Image

STEP = 4  # px from answer to answer of the network's dense form: two poolings by 2
FIRST = 1.5  # row and column of the first window's center, for every stride: the middle of the film's first 4 pixels
STRIDES = (2, 4, 8, 16)


class PatchClass(IntEnum):
    """The five objects of a hand radiograph, in the order of the network's answers."""

    BONE = 0
    TISSUE = 1
    BACKGROUND = 2
    COLLIMATION = 3
    MARKER = 4


@dataclass(frozen=True)
class PatchMask:
    """The mask stage's options; Lee's optimum is 32 px at stride 4 (figure 5)."""

    patch: int = 32  # px
    stride: int = 4  # px from window to window
    size: tuple[int, int] = LEE  # height, width of the letterboxed film

    def __post_init__(self) -> None:
        if self.patch < 16 or self.patch % STEP or self.stride not in STRIDES or self.size[0] % 16 or self.size[1] % 16:
            raise ValueError(f"a patch that divides by {STEP}, one of the strides {STRIDES} and a size by 16, not {self!r}")

    @property
    def input_size(self) -> tuple[int, int]:
        """Height, width of what the dense network sees: the film with the border its outer windows need."""
        return dense_size(self.patch, self.size)


def dense_size(patch: int, size: tuple[int, int] = LEE) -> tuple[int, int]:
    """Height, width of a film of `size` with the zeros around it that windows centered on it reach."""
    return size[0] + patch - STEP, size[1] + patch - STEP


def patch_of(dense: tuple[int, int], size: tuple[int, int] = LEE) -> int:
    """The patch, px, of a network whose dense input is of that size: `dense_size` the other way."""
    return dense[0] - size[0] + STEP


def patch_input(frame: Image, aspect: float, size: tuple[int, int] = LEE) -> tuple[Image, PixelMap]:
    """A film, bone bright, as the network sees it: contrast stretched, letterboxed; and the map grid -> frame.

    `aspect` is the film's true width : height; `frame` may be squashed. Not the paper: the film goes through the standard
    frame of 299 x 299, since the films that the network is trained on come so.
    """
    small, to_frame = standard_frame(frame)
    to_grid = squashed_map((small.shape[0], small.shape[1]), aspect, size)
    return to_grid.image(stretch(small), size), to_frame @ to_grid.inverse()


def class_scores(film: Image, network: Network, options: PatchMask) -> npt.NDArray[np.float32]:
    """The class scores [5, h, w] of the windows of a letterboxed film; window (i, j) has its center at FIRST + stride (i, j).

    Windows that reach over the film's edge see zeros there, as the letterbox has them. Strides 8 and 16 are every second and
    fourth window of stride 4; stride 2 is four passes, each two pixels on.
    """
    before = options.patch // 2 - STEP // 2
    wide = np.pad(film, ((before, before + 2), (before, before + 2)))
    height, width = options.input_size
    if options.stride == 2:
        scores = np.zeros((len(PatchClass), options.size[0] // 2, options.size[1] // 2), np.float32)
        for dy in (0, 1):
            for dx in (0, 1):
                scores[:, dy::2, dx::2] = _pass(wide[2 * dy : 2 * dy + height, 2 * dx : 2 * dx + width], network)
        return scores
    every = options.stride // STEP
    return _pass(wide[:height, :width], network)[:, ::every, ::every]


def label_map(scores: npt.NDArray[np.float32], options: PatchMask) -> npt.NDArray[np.uint8]:
    """The class of the highest score at each pixel of the film [H, W].

    Not in the paper: how a stride's scores reach the pixels between; here they are interpolated. Beyond the outer
    windows' centers the scores go on.
    """
    to_grid = PixelMap(np.array([[options.stride, 0, FIRST], [0, options.stride, FIRST], [0, 0, 1.0]]))
    size = (options.size[1], options.size[0])
    flags, border = cv2.INTER_LINEAR, cv2.BORDER_REPLICATE
    planes = [cv2.warpAffine(np.ascontiguousarray(s), to_grid.matrix[:2], size, flags=flags, borderMode=border) for s in scores]
    return np.asarray(np.argmax(np.stack(planes), axis=0), np.uint8)


def hand_of(labels: npt.NDArray[np.uint8]) -> Mask:
    """Bone and tissue as hand: "we extracted the largest contiguous contour, filled it". May be empty."""
    return clean(labels <= PatchClass.TISSUE)


def need_hand(mask: Mask) -> Mask:
    """The mask itself. Raises BoneAgeError where it is empty."""
    if not mask.any():
        raise BoneAgeError(
            Kind.NO_HAND,
            came="a film on which the patch network sees neither bone nor tissue",
            expected="a radiograph of one hand",
            todo="Give one film of one whole hand in the PA view.",
        )
    return mask


def patch_mask(frame: Image, network: Network, options: PatchMask, *, aspect: float) -> Mask:
    """The hand's mask [H, W] in the frame's own pixels. Raises BoneAgeError where no patch looks like a hand."""
    film, to_frame = patch_input(frame, aspect, options.size)
    mask = need_hand(hand_of(label_map(class_scores(film, network, options), options)))
    own = to_frame.image(mask.astype(np.float32), (frame.shape[0], frame.shape[1]))
    return np.asarray(own > 0.5)


def _pass(window: Image, network: Network) -> npt.NDArray[np.float32]:
    return np.asarray(network(np.ascontiguousarray(window)[None, None])[0][0], np.float32)
