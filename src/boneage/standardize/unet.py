"""The hand's mask by U-Net: the film in the standard frame, a probability per pixel, one clean component."""

from __future__ import annotations

import cv2
import numpy as np
import numpy.typing as npt

from boneage.errors import BoneAgeError, Kind
from boneage.geometry import PixelMap
from boneage.networks import Network
from boneage.standardize.contrast import stretch
from boneage.standardize.find import border_level
from boneage.standardize.segment import Mask, clean
from boneage.types import Image

SURE = 0.5  # probability from which a pixel is hand


def unet_input(frame: Image, size: tuple[int, int]) -> Image:
    """A film, bone bright, squashed onto the network's grid, contrast stretched."""
    to_size = PixelMap.resize((frame.shape[0], frame.shape[1]), size)
    return stretch(to_size.image(frame, size, fill=border_level(frame)))


def unet_probability(frame: Image, network: Network, *, size: tuple[int, int]) -> npt.NDArray[np.float32]:
    """The probability of hand [H, W] in the frame's own pixels."""
    probability = network(unet_input(frame, size)[None, None])[0][0, 0]
    return to_film(probability, (frame.shape[0], frame.shape[1]))


def unet_mask(frame: Image, network: Network, *, size: tuple[int, int]) -> Mask:
    """The hand's mask [H, W] in the frame's own pixels. Raises BoneAgeError where nothing looks like a hand."""
    mask = clean(unet_probability(frame, network, size=size) >= SURE)
    if not mask.any():
        raise BoneAgeError(
            Kind.NO_HAND,
            came="a film on which the mask network sees no hand",
            expected="a radiograph of one hand",
            todo="Give one film of one whole hand in the PA view.",
        )
    return mask


def to_film(probability: npt.NDArray[np.float32], size: tuple[int, int]) -> npt.NDArray[np.float32]:
    """A map on the network's grid, brought to the film's size (height, width); pixels at the edge keep the edge's value."""
    return np.asarray(cv2.resize(probability, (size[1], size[0]), interpolation=cv2.INTER_LINEAR), np.float32)
