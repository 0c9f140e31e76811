"""Lee 2017, figures 3, 4 and 7, drawn of phantoms: no picture of a single film stands in the repository."""

from __future__ import annotations

from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from boneage.extras import load
from boneage.networks import load_network
from boneage.papers.drawing import CENTERED, new_panels, save_small, show
from boneage.phantom import draw
from boneage.prepare import prepare
from boneage.systems import LEE
from boneage.types import Image, Prepared, Radiograph, Sex

if TYPE_CHECKING:
    from matplotlib.figure import Figure

Chosen = tuple[int, Sex, int, bool]  # months, sex, seed, whether bone is dark
# heights and widths vary as the paper's do
SIZES = ((1200, 900), (1000, 820), (1300, 860), (900, 760))
EIGHT: tuple[Chosen, ...] = (
    (66, Sex.FEMALE, 2, False),
    (84, Sex.MALE, 3, True),
    (102, Sex.FEMALE, 4, False),
    (120, Sex.MALE, 7, True),
    (138, Sex.FEMALE, 6, False),
    (156, Sex.MALE, 12, True),
    (176, Sex.FEMALE, 10, False),
    (200, Sex.MALE, 11, True),
)  # figure 3: "some images have black bones with white backgrounds"
FIVE = EIGHT[1:6]  # figure 7; the third is one that the rule by the corners takes wrongly
FOURTH = EIGHT[5]
STAGES_SHOWN = ("read", "size", "label map", "mask", "vision pipeline")  # rows a to e of figure 7
WORDS = ("input", "gray base\nand size", "label map", "mask", "preprocessed")


def draw_pictures(folder: Path) -> None:
    """All three, in place of what is there."""
    for name, picture in (("3", inputs), ("4", engine), ("7", stages)):
        with load("matplotlib").rc_context(CENTERED):
            save_small(picture(), folder / f"lee-2017-figure-{name}.png")


def inputs() -> Figure:
    """Figure 3: films of several sizes, half of them with dark bones."""
    figure, panels = new_panels(2, 4, (6.4, 4.6))
    for axes, chosen in zip(panels.flat, EIGHT, strict=True):
        show(axes, film_of(chosen).pixels)
    return figure


def engine() -> Figure:
    """Figure 4: one film through the preprocessing engine."""
    figure, panels = new_panels(1, len(WORDS), (8.4, 2.2))
    for axes, words, picture in zip(panels[0], WORDS, pictures_of(prepared(FOURTH)), strict=True):
        show(axes, picture, words)
    return figure


def stages() -> Figure:
    """Figure 7: a row a stage, a column a film."""
    figure, panels = new_panels(len(WORDS), len(FIVE), (6.6, 6.8))
    for column, chosen in enumerate(FIVE):
        for row, picture in enumerate(pictures_of(prepared(chosen))):
            show(panels[row, column], picture)
    for row, words in enumerate(WORDS):
        panels[row, 0].set_ylabel(words, fontsize=8.5)
    return figure


def film_of(chosen: Chosen) -> Radiograph:
    months, sex, seed, dark = chosen
    pixels = draw(months, sex, seed=seed, size=SIZES[seed % len(SIZES)]).pixels
    return Radiograph((1 - pixels).astype(np.float32) if dark else pixels, "phantom")


@lru_cache(maxsize=8)
def prepared(chosen: Chosen) -> Prepared:
    """What the paper's way makes of a phantom."""
    return prepare(film_of(chosen), LEE.way, load=load_network)


def pictures_of(found: Prepared) -> list[Image]:
    """One a stage, 0..1."""
    steps = {step.name: step for step in found.steps}
    return [_picture(steps[name].pixels, steps[name].mask) for name in STAGES_SHOWN]


def _picture(pixels: Image | None, mask: np.ndarray[tuple[int, ...], np.dtype[np.bool_]] | None) -> Image:
    shown = mask if pixels is None else pixels
    assert shown is not None
    return np.asarray(shown, np.float32)
