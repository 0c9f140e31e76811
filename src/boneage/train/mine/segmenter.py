"""What mining needs of a network: to be trained on masks, to predict films. The rounds know nothing else of it."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from pathlib import Path
from typing import Protocol

import numpy as np
import numpy.typing as npt

from boneage.train.mine.points import Films

Bytes = npt.NDArray[np.uint8]
Probability = npt.NDArray[np.float32]
Tell = Callable[[str], None]


class Segmenter(Protocol):
    """A U-Net, or a stand-in for tests. Films are uint8 [299, 299], bone bright."""

    def train(self, masks: Mapping[int, Path], films: Films, *, round: int, tell: Tell) -> None:
        """On these masks, from the weights of the round before. Called again after a kill, it goes on where it stopped."""
        ...

    def predict(self, films: Iterable[tuple[int, Bytes]], *, round: int) -> Iterator[tuple[int, Probability]]:
        """The probability of hand per pixel [299, 299], film by film, by that round's weights; in any order."""
        ...
