"""The seam between runtime and lab: a network takes a float32 batch and gives arrays.

ONNX files come inside the package, each with a card (TOML) that holds its checksum, which is verified on
every load. float16 weights are widened inside the graph, so all arithmetic is float32.
"""

from __future__ import annotations

import hashlib
import tomllib
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any, Protocol

import numpy as np

from boneage.engines import Batch as Batch
from boneage.engines import start
from boneage.errors import BoneAgeError, Kind

WEIGHTS = Path(__file__).parent / "weights"
LAB_WEIGHTS = Path("weights-lab")  # of a source tree: the published systems' networks, which the package leaves out
RECIPES = Path("recipes")  # of a source tree
WHERE = f"in the package, or in {LAB_WEIGHTS}/ of the source tree, where the published systems' networks are"
_first: list[Path] = []  # folders that are looked in before these two


class Network(Protocol):
    """A float32 batch [B, C, H, W], and named extra inputs, to float32 arrays. Torch modules are wrapped to fit."""

    @property
    def size(self) -> tuple[int, int]:
        """Height, width of the input."""

    def __call__(self, batch: Batch, **extra: Batch) -> tuple[Batch, ...]: ...


@dataclass(frozen=True)
class Card:
    """What stands beside an ONNX file."""

    name: str  # dated; the same name gives the same numbers for ever
    sha256: str
    size: tuple[int, int]  # height, width of the input
    values: Mapping[str, Any]  # the whole card

    @classmethod
    def read(cls, path: Path) -> Card:
        values = tomllib.loads(path.read_text())
        height, width = values["input"]["size"]
        return cls(values["name"], values["sha256"], (height, width), values)


class OnnxNetwork:
    """An ONNX file, as one of the engines runs it, with its card. By default on one thread (engines.py)."""

    def __init__(self, path: Path, card: Card) -> None:
        data = path.read_bytes()
        found = hashlib.sha256(data).hexdigest()
        if found != card.sha256:
            raise BoneAgeError(
                Kind.BAD_WEIGHTS,
                came=f"{path.name} with checksum {found[:12]}",
                expected=f"{card.sha256[:12]} as its card says",
                todo="Install the package again.",
            )
        self.card = card
        self._inputs, self._run = start(data)

    @property
    def size(self) -> tuple[int, int]:
        """Height, width of the input, as the card says."""
        return self.card.size

    def __call__(self, batch: Batch, **extra: Batch) -> tuple[Batch, ...]:
        feed = {self._inputs[0]: np.ascontiguousarray(batch, np.float32), **extra}
        return self._run(feed)


@lru_cache(maxsize=16)
def load_network(name: str) -> OnnxNetwork:
    """The network of that dated name from the package's weights, else the source tree's. Loaded once per process."""
    return OnnxNetwork(find_weights(f"{name}.onnx"), Card.read(find_weights(f"{name}.toml")))


@contextmanager
def weights_from(folder: Path) -> Iterator[None]:
    """Within it a network is looked for in `folder` first: so that one is measured before it takes its place."""
    _first.insert(0, folder)
    load_network.cache_clear()
    try:
        yield
    finally:
        _first.remove(folder)
        load_network.cache_clear()


def weights_path(file: str) -> Path | None:
    """Where a file of the package's weights, else of the source tree's, lies; None: nowhere."""
    return next((folder / file for folder in (*_first, WEIGHTS, LAB_WEIGHTS) if (folder / file).is_file()), None)


def find_weights(file: str) -> Path:
    """A network or its card in the package's weights, else the source tree's. Raises BoneAgeError where absent."""
    if (path := weights_path(file)) is not None:
        return path
    *before, last = (f"recipes/{name}.toml" for name in trained_in_turn(file.split(".")[0]))
    train = " ".join(("boneage train", *before, last, "--data DIR"))
    raise BoneAgeError(
        Kind.BAD_WEIGHTS,
        came=f"no weights {file!r}",
        expected=f"the file {WHERE}",
        todo=f"Run in the source tree, or make it: {train} && boneage export {last} --data DIR",
    )


def trained_in_turn(name: str) -> tuple[str, ...]:
    """The recipes behind a network in the order they are trained: one may start from another's weights.

    As the recipes of the source tree say; elsewhere the name alone.
    """
    try:
        start = tomllib.loads((RECIPES / f"{name}.toml").read_text())["start"]
    except (OSError, KeyError, tomllib.TOMLDecodeError):
        return (name,)
    return (*(trained_in_turn(start.removeprefix("recipe:")) if start.startswith("recipe:") else ()), name)
