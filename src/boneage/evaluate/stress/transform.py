"""A stress transform: a frozen value that makes another file of a film. All randomness is drawn first, then applied."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from enum import Enum
from typing import Protocol

import numpy as np

from boneage.evaluate.stress.files import as_png
from boneage.types import Image

NUMBERS = 8  # drawn for one change of one film


class Family(str, Enum):
    """What is changed: the seven families of the published stress test on the 2017 winner, and more."""

    ROTATION = "rotation"
    MIRROR = "mirror"
    BRIGHTNESS = "brightness"
    CONTRAST = "contrast"
    INVERSION = "inversion"
    MARKER = "marker"
    RESOLUTION = "resolution"
    # not in the published test
    NONE = "none"
    TURN = "turn"
    JPEG = "jpeg"
    NOISE = "noise"
    BLUR = "blur"
    SHIFT = "shift"
    CROP = "crop"
    PADDING = "padding"
    COLLIMATION = "collimation"
    HISTOGRAM = "histogram"
    DEPTH = "depth"


SEVEN = (
    Family.ROTATION,
    Family.MIRROR,
    Family.BRIGHTNESS,
    Family.CONTRAST,
    Family.INVERSION,
    Family.MARKER,
    Family.RESOLUTION,
)


@dataclass(frozen=True)
class Chance:
    """All that a change of one film may depend on beside its pixels."""

    numbers: tuple[float, ...]  # uniform in 0..1
    seed: int  # of noise, pixel by pixel
    aspect: float  # the film's true width : height; the data set's films are squashed to squares

    @classmethod
    def draw(cls, film_id: int, name: str, aspect: float) -> Chance:
        """The same for the same film and transform, for ever."""
        seed = int.from_bytes(hashlib.sha256(f"stress:{name}:{film_id}".encode()).digest()[:8], "big")
        random = np.random.default_rng(seed)
        return cls(tuple(random.random(NUMBERS).tolist()), seed, aspect)


class Change(Protocol):
    """Pixels [H, W], 0..1, bone bright, to other ones, perhaps of another size. Pure; a frozen value."""

    def __call__(self, film: Image, chance: Chance) -> Image: ...


class Store(Protocol):
    """Pixels to a file's bytes. Pure; a frozen value or a function."""

    def __call__(self, film: Image) -> bytes: ...


@dataclass(frozen=True)
class AsItIs:
    """No change: what is tried is the file."""

    def __call__(self, film: Image, chance: Chance) -> Image:
        return film


@dataclass(frozen=True)
class Transform:
    """One column of the stress test."""

    family: Family
    name: str
    change: Change
    store: Store = as_png  # of 8 bits, as most films are exported

    def file(self, film: Image, chance: Chance) -> bytes:
        """The changed film as a file. Gray values are cut to 0..1."""
        return self.store(np.clip(self.change(film, chance), 0, 1).astype(np.float32))

    @property
    def key(self) -> str:
        """Six hex digits over what it does: answers to an older form of the same name are not taken for its own."""
        store = repr(self.store) if hasattr(self.store, "__dataclass_fields__") else getattr(self.store, "__name__", "")
        return hashlib.sha256(f"{self.change!r} {store}".encode()).hexdigest()[:6]
