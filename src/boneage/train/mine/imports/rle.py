"""COCO's run lengths: columns from the top, background first; as a list or as COCO's own text."""

from __future__ import annotations

from typing import Any

import numpy as np

from boneage.train.mine.imports.entry import BadEntryError, Mask, size_of


def decode(counts: Any, size: Any) -> Mask:
    """The mask [H, W] of {"counts": ..., "size": [height, width]}."""
    if not (isinstance(size, list | tuple) and len(size) == 2):
        raise BadEntryError(f"run lengths with the size {size!r}; [height, width] is expected")
    height, width = size_of(*size)
    runs = _from_text(counts) if isinstance(counts, str) else counts
    if not isinstance(runs, list) or not all(isinstance(run, int) and not isinstance(run, bool) and run >= 0 for run in runs):
        raise BadEntryError("run lengths that are not whole numbers from 0")
    if sum(runs) != height * width:
        raise BadEntryError(f"run lengths over {sum(runs)} pixels for an image of {width} x {height}")
    values = np.arange(len(runs)) % 2 == 1
    return np.ascontiguousarray(np.repeat(values, runs).reshape(width, height).T)


def _from_text(text: str) -> list[int]:
    """COCO's text: six bits a character, five of them value, little end first; from the fourth on, differences."""
    runs, value, shift = list[int](), 0, 0
    for character in text:
        code = ord(character) - 48
        if not 0 <= code < 64 or shift > 60:
            raise BadEntryError("run lengths in a text that is not COCO's")
        value |= (code & 31) << shift
        shift += 5
        if code & 32:
            continue
        if code & 16:
            value -= 1 << shift
        runs.append(value + (runs[-2] if len(runs) > 2 else 0))
        value, shift = 0, 0
    if shift:
        raise BadEntryError("run lengths in a text that breaks off")
    return runs
