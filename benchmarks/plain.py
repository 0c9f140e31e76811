"""The plain way through the reference: every step in the simplest form that its definition allows, with no regard to time.

`boneage.assess` does the same steps with what makes it fast. In the plain way each is taken out:

- DICOM's gray values come from a table of all storable values, looked up in a view of the file; here pydicom decodes with the
  decoder that it chooses itself, and its rescale and window are worked out for each pixel in float64. OpenCV decodes pictures
- Pillow squashes the film in float32; here the same triangle filter is two matrix products of all pixels in float64
- OpenCV moves and blurs images in float32; here each target pixel comes from its four neighbors in float64, after the same blur
- the engine fuses a network's layers and widens its weights once; here the file's graph runs as it is written, layer by layer
- both views of a hand go in one batch; here each is a run
- many processes read; here one film follows the other

What the method itself says stays: which pixels its percentiles look at, the size of its frames, its networks' weights.
"""

from __future__ import annotations

import io
from collections.abc import Iterator
from contextlib import contextmanager
from functools import lru_cache
from math import ceil, sqrt
from typing import Any
from unittest.mock import patch

import cv2
import numpy as np
import numpy.typing as npt
import onnxruntime
from pydicom import dcmread
from pydicom.pixels.processing import apply_modality_lut, apply_voi_lut

from boneage.geometry import PixelMap
from boneage.networks import Card, find_weights
from boneage.read.gray import NARROW
from boneage.read.raster import DEPTHS
from boneage.standardize.size import STANDARD
from boneage.types import Image, Radiograph

Wide = npt.NDArray[np.float64]


def read(data: bytes) -> Radiograph:
    """A film of this benchmark's forms (agreement.py): DICOM of one gray frame, or a gray picture."""
    pixels = _dicom(data) if data[128:132] == b"DICM" else _picture(data)
    return Radiograph(np.asarray(pixels, np.float32), "plain")


def _dicom(data: bytes) -> Wide:
    """Gray 0..1 as the header says; without a window the nominal range, or the film's own where it fills little of that."""
    film = dcmread(io.BytesIO(data))
    values = np.asarray(apply_modality_lut(film.pixel_array, film), np.float64)
    slope, intercept = float(film.get("RescaleSlope", 1)), float(film.get("RescaleIntercept", 0))
    low, high = intercept, slope * (2**film.BitsStored - 1) + intercept
    if "WindowCenter" in film:
        values = np.asarray(apply_voi_lut(values, film), np.float64)
    elif np.ptp(values) < NARROW * (high - low):
        low, high = values.min(), values.max()
    gray = np.clip((values - low) / (high - low), 0, 1)
    return np.asarray(1 - gray if film.PhotometricInterpretation == "MONOCHROME1" else gray, np.float64)


def _picture(data: bytes) -> Wide:
    """All 8 bits, or as many of 16 as the greatest value needs."""
    stored = np.asarray(cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_UNCHANGED))
    if stored.ndim == 3:  # a gray film as WebP
        return np.asarray(stored.mean(2, dtype=np.float64) / 255, np.float64)
    bits = 8 if stored.dtype == np.uint8 else next(bits for bits in DEPTHS if stored.max() < 2**bits)
    return np.asarray(stored.astype(np.float64) / (2**bits - 1), np.float64)


def standard_frame(pixels: Image) -> tuple[Image, PixelMap]:
    """As boneage.standardize.size has it."""
    own = (pixels.shape[0], pixels.shape[1])
    if own == STANDARD:
        return pixels, PixelMap.identity()
    frame = triangle(own[0], STANDARD[0]) @ pixels.astype(np.float64) @ triangle(own[1], STANDARD[1]).T
    return np.asarray(np.clip(frame, 0, 1), np.float32), PixelMap.resize(STANDARD, own)


def triangle(source: int, target: int) -> Wide:
    """[target, source]: the antialiased triangle filter, whose width is that of a target pixel and its neighbors."""
    step = source / target
    wide = max(step, 1.0)
    center = (np.arange(target) + 0.5) * step
    apart = np.abs(np.arange(source)[None] + 0.5 - center[:, None]) / wide
    weights = np.maximum(1 - apart, 0)
    return np.asarray(weights / weights.sum(1, keepdims=True), np.float64)


def moved(self: PixelMap, image: Image, size: tuple[int, int], *, fill: float = 0.0) -> Image:
    """As PixelMap.image has it."""
    values, shrink = image.astype(np.float64), 1.0 / max(sqrt(abs(float(np.linalg.det(self.matrix[:2, :2])))), 1e-6)
    if shrink > 1.5:
        values = blurred(values, 0.5 * sqrt(shrink**2 - 1))
    rows, columns = np.mgrid[: size[0], : size[1]]
    x, y = np.moveaxis(self.inverse().points(np.stack([columns, rows], 2)), 2, 0)
    left, top = np.floor(x).astype(int), np.floor(y).astype(int)
    across, down = x - left, y - top
    weights = ((1 - across) * (1 - down), across * (1 - down), (1 - across) * down, across * down)
    places = ((left, top), (left + 1, top), (left, top + 1), (left + 1, top + 1))
    total = sum(weight * _at(values, *place, fill) for weight, place in zip(weights, places, strict=True))
    return np.asarray(total, np.float32)


def _at(values: Wide, x: npt.NDArray[Any], y: npt.NDArray[Any], fill: float) -> Wide:
    inside = (x >= 0) & (x < values.shape[1]) & (y >= 0) & (y < values.shape[0])
    found = values[np.clip(y, 0, values.shape[0] - 1), np.clip(x, 0, values.shape[1] - 1)]
    return np.where(inside, found, fill)


def blurred(values: Wide, sigma: float) -> Wide:
    """A Gaussian of two sigmas to each side, the picture mirrored about its outermost pixels."""
    radius = ceil(2 * sigma)
    kernel = np.exp(-0.5 * (np.arange(-radius, radius + 1) / sigma) ** 2)
    kernel /= kernel.sum()
    for axis in (0, 1):
        wider = np.pad(values, [(radius, radius) if one == axis else (0, 0) for one in (0, 1)], mode="reflect")
        length = values.shape[axis]
        values = sum(weight * np.take(wider, range(k, k + length), axis) for k, weight in enumerate(kernel))
    return values


class PlainNetwork:
    """A network's file as it is written, one input after the other."""

    def __init__(self, name: str) -> None:
        self.card = Card.read(find_weights(f"{name}.toml"))
        options = onnxruntime.SessionOptions()
        options.graph_optimization_level = onnxruntime.GraphOptimizationLevel.ORT_DISABLE_ALL
        options.intra_op_num_threads, options.log_severity_level = 1, 3
        file = find_weights(f"{name}.onnx").read_bytes()
        self._session = onnxruntime.InferenceSession(file, options, providers=["CPUExecutionProvider"])
        self._first = self._session.get_inputs()[0].name

    @property
    def size(self) -> tuple[int, int]:
        return self.card.size

    def __call__(self, batch: Image, **extra: Image) -> tuple[Image, ...]:
        answers = []
        for k in range(len(batch)):
            feed = {self._first: batch[k : k + 1]} | {name: values[k : k + 1] for name, values in extra.items()}
            answers.append(self._session.run(None, {name: np.ascontiguousarray(one, np.float32) for name, one in feed.items()}))
        return tuple(np.concatenate(one) for one in zip(*answers, strict=True))


plain_network = lru_cache(maxsize=16)(PlainNetwork)


@contextmanager
def plain_way() -> Iterator[None]:
    """Within it boneage.assess goes the plain way, with a Radiograph that `read` above made."""
    with (
        patch("boneage.pipeline.load_network", plain_network),
        patch("boneage.standardize.standard_frame", standard_frame),
        patch.object(PixelMap, "image", moved),
    ):
        yield
