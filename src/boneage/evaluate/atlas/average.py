"""The average of many hands, sharp enough to read: spline onto the mean shape, then rounds of small flow to the average."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import cv2
import numpy as np
import numpy.typing as npt

from boneage.evaluate.atlas.films import Placed
from boneage.evaluate.atlas.warp import Field, detail, flow_to, moved_field, show, spline_field
from boneage.regions import normalize_inside, outline
from boneage.template import Frame
from boneage.types import Image

SIZE = (620, 465)  # height, width of a plate's picture; square pixels
FRAME = Frame(left=-0.425, top=-1.06, right=0.52, bottom=0.20)
SMOOTH = 8.0  # of the spline
ROUNDS = ((26.0, 9.0), (16.0, 7.0), (10.0, 5.0))  # smoothness and farthest move of each round of flow, pixels
TRIM = 0.25  # share of the films that is left out at both ends of each pixel's grays
SHARPEN, SHARPEN_PX = 0.9, 2.2
BLACK = 0.05  # grays of the bare film and below are black: it tells nothing, and the files are smaller


@dataclass(frozen=True, eq=False)
class Average:
    """What became of the films of one plate."""

    pixels: Image  # [H, W]
    plain: Image  # of the affine fit alone, for comparison
    films: int
    sharpness: float  # gradient energy inside the hand, against that of the plain average
    agreement: float  # mean correlation of each film's detail with the average of the others
    plain_agreement: float


def average(films: Sequence[Placed]) -> Average:
    """Of films of one sex and plate. ValueError: none."""
    if not films:
        raise ValueError("one film or more is expected")
    grid = FRAME.grid(SIZE)
    inside = outline(grid, SIZE)
    own = np.stack([(grid @ film.to_template).points(film.points) for film in films])  # [F, 21, 2]
    mean = np.median(own, axis=0)
    plain = [_shown(film, _affine(film), inside) for film in films]
    fields = [spline_field(mean, film.points, SIZE, smooth=SMOOTH) for film in films]
    shown = [_shown(film, field, inside) for film, field in zip(films, fields, strict=True)]
    for smooth, most in ROUNDS:
        middle = detail(trimmed(shown))
        flows = np.stack([flow_to(middle, detail(one), smooth=smooth, most=most) for one in shown])
        flows -= flows.mean(axis=0)  # the shape stays that of the group
        fields = [moved_field(field, flow) for field, flow in zip(fields, flows, strict=True)]
        shown = [_shown(film, field, inside) for film, field in zip(films, fields, strict=True)]
    found, before = trimmed(shown), trimmed(plain)
    return Average(
        pixels=sharpened(found),
        plain=before,
        films=len(films),
        sharpness=gradient_energy(found, inside) / gradient_energy(before, inside),
        agreement=agreement(shown, inside),
        plain_agreement=agreement(plain, inside),
    )


def trimmed(pictures: Sequence[Image]) -> Image:
    """The mean of the middle half of each pixel's grays: a stray film does not blur it, and it is smoother than the median."""
    stack = np.stack([np.asarray(np.round(picture * 255), np.uint8) for picture in pictures])
    stack.sort(axis=0)
    out = int(len(stack) * TRIM)
    return np.asarray(stack[out : len(stack) - out].mean(axis=0) / 255, np.float32)


def sharpened(picture: Image) -> Image:
    """A mild unsharp mask, and a black ground."""
    soft = cv2.GaussianBlur(picture, (0, 0), SHARPEN_PX)
    edged = picture + SHARPEN * (picture - soft)
    return np.asarray(np.clip((edged - BLACK) / (1 - BLACK), 0, 1), np.float32)


def gradient_energy(picture: Image, inside: npt.NDArray[np.bool_]) -> float:
    """Mean squared gradient inside the hand, contrast taken out."""
    dx, dy = cv2.Sobel(picture, cv2.CV_32F, 1, 0, scale=1 / 8), cv2.Sobel(picture, cv2.CV_32F, 0, 1, scale=1 / 8)
    return float((dx**2 + dy**2)[inside].mean() / picture[inside].var())


def agreement(pictures: Sequence[Image], inside: npt.NDArray[np.bool_]) -> float:
    """Mean correlation of each film's detail (finer than 12 pixels) inside the hand with the mean of the others'."""
    fine = np.stack([(one - cv2.GaussianBlur(one, (0, 0), 6))[inside] for one in pictures])
    total = fine.sum(axis=0)
    return float(np.mean([np.corrcoef(one, total - one)[0, 1] for one in fine]))


def _affine(film: Placed) -> Field:
    to_film = (FRAME.grid(SIZE) @ film.to_template).inverse()
    y, x = np.mgrid[0 : SIZE[0], 0 : SIZE[1]]
    return to_film.points(np.stack([x, y], -1)).astype(np.float32)


def _shown(film: Placed, field: Field, inside: npt.NDArray[np.bool_]) -> Image:
    return normalize_inside(show(film.pixels, field), inside)
