"""A squashed film changed at random on its way to a network's grid, in one interpolation."""

from __future__ import annotations

from boneage.geometry import PixelMap
from boneage.standardize.contrast import stretch
from boneage.standardize.find import border_level
from boneage.standardize.size import STANDARD
from boneage.train.augment import Change
from boneage.types import Image


def warp(film: Image, true_size: tuple[int, int], change: Change, size: tuple[int, int]) -> tuple[Image, PixelMap]:
    """The changed film on a network's grid, and the map from film to grid: unsquash, change in true proportion, squash again.

    `true_size` (height, width) gives the film's true proportions; any unit.
    """
    true_aspect = true_size[1] / true_size[0]
    proportioned = (400, round(400 * true_aspect))
    to_true = PixelMap.resize(STANDARD, proportioned)
    squash = PixelMap.resize(proportioned, size)
    to_size = squash @ change.map(proportioned) @ to_true
    return change.tone(stretch(to_size.image(film, size, fill=border_level(film)))), to_size
