"""Every kind of input that must be refused, how many of it are in each half, and the inputs themselves.

Half `choose` is for choosing thresholds and spoils films of the select part; half `test` is reported and spoils films of the
test part. An input is a law of half, kind and number: none is stored.
"""

from __future__ import annotations

import zlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from enum import Enum

import numpy as np

from boneage.dataset import Part
from boneage.evaluate.refusals import mutilated, patterns, photographs, placed, taken
from boneage.evaluate.refusals.chest import chest
from boneage.evaluate.refusals.films import Films
from boneage.evaluate.refusals.foot import foot
from boneage.evaluate.refusals.limbs import elbow, knee
from boneage.evaluate.refusals.trunk import pelvis, skull
from boneage.types import Image

Maker = Callable[[np.random.Generator, Films], Image]


class Half(str, Enum):
    """What an input is for."""

    CHOOSE = "choose"
    TEST = "test"

    @property
    def part(self) -> Part:
        """Whose films are spoiled."""
        return Part.SELECT if self is Half.CHOOSE else Part.TEST


def _drawn(maker: Callable[[np.random.Generator], Image]) -> Maker:
    """A maker that needs no film."""
    return lambda rng, films: maker(rng)


KINDS: dict[str, tuple[int, Maker]] = {
    "noise": (15, _drawn(patterns.noise)),
    "gradient": (15, _drawn(patterns.gradient)),
    "blank": (10, _drawn(patterns.blank)),
    "text": (20, _drawn(patterns.text)),
    "scenery": (15, _drawn(photographs.scenery)),
    "photographed-hand": (20, _drawn(photographs.photographed_hand)),
    "face": (15, _drawn(photographs.face)),
    "texture": (15, _drawn(photographs.texture)),
    "chest": (20, _drawn(chest)),
    "foot": (45, _drawn(foot)),
    "knee": (20, _drawn(knee)),
    "elbow": (20, _drawn(elbow)),
    "skull": (20, _drawn(skull)),
    "pelvis": (20, _drawn(pelvis)),
    "two-phantoms": (20, _drawn(placed.two_phantoms)),
    "two-films": (25, mutilated.two_films),
    "sideways": (15, _drawn(placed.sideways)),
    "too-dark": (20, taken.too_dark),
    "too-small": (15, taken.too_small),
    "fingers-cut-off": (20, taken.fingers_cut_off),
    "wrist-cut-off": (20, taken.wrist_cut_off),
    "shuffled": (20, mutilated.shuffled),
    "blacked-out": (20, mutilated.blacked_out),
    "fingers-erased": (20, mutilated.fingers_erased),
    "noise-pasted": (20, mutilated.noise_pasted),
    "small-field": (15, mutilated.small_field),
}


@dataclass(frozen=True, eq=False)
class Input:
    """One picture that must be refused."""

    kind: str
    half: Half
    number: int  # within its kind
    pixels: Image  # [H, W], or [H, W, 3] in color; 0..1

    @property
    def bytes(self) -> np.ndarray[tuple[int, ...], np.dtype[np.uint8]]:
        """As a file of 8 bits holds it."""
        return np.asarray(np.rint(np.clip(self.pixels, 0, 1) * 255), np.uint8)


def make(kind: str, half: Half, number: int, films: Films, *, seed: int = 0) -> Input:
    """The input of that number: the same for ever."""
    rng = np.random.default_rng([seed, zlib.crc32(f"{half.value} {kind}".encode()), number])
    return Input(kind, half, number, KINDS[kind][1](rng, films))


def inputs(half: Half, films: Films, *, every: int = 1, seed: int = 0) -> Iterator[Input]:
    """All inputs of a half, kind by kind; `every`: only one of so many of each kind, for a trial."""
    for kind, (count, _) in KINDS.items():
        for number in range(0, count, every):
            yield make(kind, half, number, films, seed=seed)
