"""Iglovikov 2018, figures 3, 4, 6 and 7, drawn of phantoms: no picture of a single film stands in the repository."""

from __future__ import annotations

from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from boneage.extras import load
from boneage.geometry import PixelMap, Points
from boneage.networks import load_network
from boneage.papers.drawing import CENTERED, FILM, new_panels, save_small, show
from boneage.papers.iglovikov.networks import REGIONS
from boneage.papers.iglovikov.plots import ROW_COLORS
from boneage.phantom import Phantom, Pose, draw
from boneage.prepare import prepare
from boneage.prepare.registered import QUARTER, RegisteredHand
from boneage.register.windows import CARPALS, METACARPALS, WHOLE_HAND
from boneage.standardize import standardize
from boneage.standardize.unet import to_film, unet_probability
from boneage.types import Prepared, Radiograph, Sex, Side

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

Chosen = tuple[int, Sex, int]  # months, sex, seed
FIRST, NEXT = (86, Sex.FEMALE, 4), (128, Sex.MALE, 7)  # figure 3
SIX = (
    (44, Sex.MALE, 1),
    (58, Sex.FEMALE, 2),
    (72, Sex.MALE, 3),
    (114, Sex.FEMALE, 6),
    (170, Sex.FEMALE, 10),
    (184, Sex.MALE, 11),
)  # figure 6
SEVENTH = SIX[3]
TIP, THUMB, CAPITATE = "#ffd84d", "#4da3ff", "#ff4d4d"  # yellow, blue and red, as in the paper's figure 4
TO_FRAME = PixelMap.resize(FILM, QUARTER.size)
OUTLINE = "#ff7878"
WAY = RegisteredHand()  # the system's, which a test holds
WINDOWS = {"A": WHOLE_HAND, "B": CARPALS, "C": METACARPALS}


def draw_pictures(folder: Path) -> None:
    """All four, in place of what is there."""
    for name, picture in (("3", mining), ("4", registration), ("6", pipeline), ("7", regions)):
        with load("matplotlib").rc_context(CENTERED):
            save_small(picture(), folder / f"iglovikov-2018-figure-{name}.png")


def mining() -> Figure:
    """Figure 3: a first mask, a new film, what the network says of it, and what becomes of that."""
    first, _ = _prepared(FIRST)
    new, prepared = _prepared(NEXT)
    hand, network = standardize(_film(new), load_network(WAY.finder)), load_network(WAY.mask)
    raw = to_film(unet_probability(hand.pixels, network, size=network.size), FILM)
    mask = _mask(prepared)
    shown = (
        ("A  film", first.pixels), ("B  its first mask", first.mask), ("C  new film", new.pixels), ("D  raw prediction", raw),
        ("E  cleaned", mask), ("F  for a look", new.pixels),
    )  # fmt: skip
    figure, panels = new_panels(1, 6, (9.2, 2.2))
    for axes, (title, picture) in zip(panels[0], shown, strict=True):
        show(axes, picture, title)
    panels[0, -1].contour(mask, [0.5], colors=OUTLINE, linewidths=1.0)
    return figure


def registration() -> Figure:
    """Figure 4: key points and where they are to lie; the registered hand. A turned left hand, and a right one, mirrored."""
    poses = (Pose(turn_degrees=-24, fill=0.66, thumb_degrees=4, spread=0.5), Pose(Side.RIGHT, turn_degrees=12, fill=0.72))
    figure, panels = new_panels(1, 4, (8.4, 3.0))
    for number, (pose, (months, sex, seed)) in enumerate(zip(poses, (FIRST, SIX[3]), strict=True)):
        phantom = draw(months, sex, seed=seed, size=FILM, pose=pose)
        steps = {step.name: step for step in prepare(_film(phantom), WAY, load=load_network).steps}
        left, right = panels[0, 2 * number : 2 * number + 2]
        normalized, points = steps["masked and normalized"].pixels, steps["key points"].points
        assert normalized is not None
        assert points is not None
        show(left, TO_FRAME.image(normalized, QUARTER.size), "right hand, found" if number else "left hand, found")
        _dots(left, TO_FRAME.points(points))
        registered = steps["registered"]
        show(right, registered.pixels, "registered, mirrored" if number else "registered")
        _dots(right, registered.to_source.inverse().points(points))
        for axes in (left, right):
            for x, y in (QUARTER.tip, QUARTER.capitate):
                axes.plot(x, y, "o", markersize=8, markerfacecolor="none", markeredgecolor="white", markeredgewidth=1.2)
    return figure


def pipeline() -> Figure:
    """Figure 6: original, masked, masked and normalized, registered; a column a phantom."""
    figure, panels = new_panels(4, len(SIX), (8.4, 7.6))
    for column, chosen in enumerate(SIX):
        phantom, prepared = _prepared(chosen)
        steps = {step.name: step.pixels for step in prepared.steps}
        normalized = steps["masked and normalized"]
        assert normalized is not None
        months, sex, _ = chosen
        show(panels[0, column], phantom.pixels, f"{'girl' if sex is Sex.FEMALE else 'boy'}, {months / 12:.1f} years")
        show(panels[1, column], np.where(_mask(prepared), phantom.pixels, 0).astype(np.float32))
        show(panels[2, column], normalized)
        show(panels[3, column], steps["registered"])
    for row, words in enumerate(("original", "masked", "masked and normalized", "registered")):
        panels[row, 0].set_ylabel(words, fontsize=8.5)
    return figure


def regions() -> Figure:
    """Figure 7: the registered hand with its three regions, and each as the networks get it."""
    _, prepared = _prepared(SEVENTH)
    widths = [QUARTER.size[1], *(window.size(QUARTER)[1] for window in WINDOWS.values())]
    figure, panels = new_panels(1, 4, (8.8, 3.0), width_ratios=widths)
    registered = next(step.pixels for step in prepared.steps if step.name == "registered")
    show(panels[0, 0], registered, "registered")
    for axes, crop, (region, window) in zip(panels[0, 1:], prepared.crops, WINDOWS.items(), strict=True):
        height, width = window.size(QUARTER)
        corner = (window.left * QUARTER.scale - 0.5, window.top * QUARTER.scale - 0.5)
        color = {"fill": False, "edgecolor": ROW_COLORS[region], "linewidth": 1.6}
        panels[0, 0].add_patch(load("matplotlib.patches").Rectangle(corner, width, height, **color))
        show(axes, crop.pixels, f"{region}: {REGIONS[region]}".replace(" and ", "\nand "))
        for spine in axes.spines.values():
            spine.set(visible=True, color=ROW_COLORS[region], linewidth=1.6)
    return figure


@lru_cache(maxsize=16)
def _prepared(chosen: Chosen) -> tuple[Phantom, Prepared]:
    """A phantom, and what the paper's way makes of it."""
    months, sex, seed = chosen
    phantom = draw(months, sex, seed=seed, size=FILM)
    return phantom, prepare(_film(phantom), WAY, load=load_network)


def _film(phantom: Phantom) -> Radiograph:
    return Radiograph(phantom.pixels, "phantom")


def _mask(prepared: Prepared) -> npt.NDArray[np.bool_]:
    """The hand [H, W] on the film's own pixels."""
    (small,) = (step.mask for step in prepared.steps if step.mask is not None)
    return np.asarray(to_film(small.astype(np.float32), FILM) > 0.5)


def _dots(axes: Axes, points: Points) -> None:
    """The three key points in the paper's colors."""
    for (x, y), color in zip(points, (TIP, THUMB, CAPITATE), strict=True):
        axes.plot(x, y, "o", color=color, markersize=5, markeredgecolor="black", markeredgewidth=0.4)
