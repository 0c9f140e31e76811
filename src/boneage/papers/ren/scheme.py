"""Ren 2018, figures 1 and 2: the bones that are looked at, and the method's scheme, drawn without a film of any child."""

from __future__ import annotations

from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING

from boneage.evaluate.hand_regions import plot_regions
from boneage.networks import Card, load_network, weights_path
from boneage.papers.backbones import Size, parameters, regression_stages
from boneage.papers.drawing import FILM, can_draw, draw_row
from boneage.papers.page import COMMAND, UNDRAWN, Exhibit, How, blocks, drawn, picture, table, times
from boneage.phantom import draw
from boneage.prepare import prepare
from boneage.systems import REN
from boneage.types import Radiograph, Sex

if TYPE_CHECKING:
    from boneage.models.layers import Layer

(MEMBER,) = REN.members  # the system's network, whose maps figures 3 and 4 show
USUAL = (299, 299)  # height, width: Inception-V3's own
FEATURES, DENSE = 2048, 1024
PHANTOM = (120, Sex.FEMALE, 5)  # months, sex, seed


def figure_1(out: Path) -> Exhibit:
    """Regions of interest, and ages that look alike."""
    plot_regions(out / "ren-2018-figure-1.png")
    words = (
        "(a) The paper marks the regions of the method of Greulich and Pyle on a film out of another's work; here the bones of a "
        "drawn hand in the four regions that this page counts attention in. (b) The paper shows single films of 14 to 18 years "
        "that look alike; here the average hands of many films by sex and age band (`boneage measure average-hands`)."
    )
    body = blocks(
        picture("ren-2018-figure-1.png", "Radius and ulna, carpals, metacarpals and phalanges of a drawn hand"),
        drawn(out, "../average-hands.png", "Average registered hands by sex and age band", "boneage measure average-hands"),
    )
    title = "regions of interest of the bone age methods; subjects of different ages that look alike"
    return Exhibit("Figure 1", title, How.STAND_IN, words, body, COMMAND)


def figure_2(out: Path) -> Exhibit:
    """The attention module on a phantom, and the network stage by stage."""
    file = "ren-2018-figure-2.png"
    if can_draw(REN.way):
        plot_attention(out / file)
    words = (
        "(1) The attention module on a synthetic hand, by the network that boxes real ones: histogram matched, boxed and cropped "
        "(coarse map), Hessian filtered (fine map). (2) The regression network, from `src/boneage/models/regression_cnn.py`, at "
        "the size of the system's network (where its card is here) and at Inception-V3's own; which the paper used it does not "
        'say, nor how much it drops out "in the convolutional and fully-connected layers"; here it does so in the latter alone.'
    )
    shown = "A synthetic hand, histogram matched, its coarse and its fine attention map"
    parts = (drawn(out, file, shown, UNDRAWN), layers())
    title = "illustration of the method: attention module and regression CNN"
    return Exhibit("Figure 2", title, How.STAND_IN, words, blocks(*parts), COMMAND)


def plot_attention(path: Path) -> None:
    """Of one phantom."""
    months, sex, seed = PHANTOM
    phantom = draw(months, sex, seed=seed, size=FILM)
    steps = prepare(Radiograph(phantom.pixels, "phantom"), REN.way, load=load_network).steps
    draw_row(path, {step.name: step.pixels for step in steps if step.pixels is not None})


def size_here() -> Size | None:
    """Height, width that the system's network reads, as its card says; None: its card is not here."""
    path = weights_path(f"{MEMBER.network}.toml")
    return None if path is None else Card.read(path).size


def cells(size: Size) -> Size:
    """Rows and columns of the last maps, and so of an activation map, of inputs of that size."""
    _, rows, columns = _stages(size)[-1].output
    return rows, columns


@lru_cache(maxsize=4)
def _stages(size: Size) -> tuple[Layer, ...]:
    return regression_stages(size)


def layers() -> str:
    """The network's table at its size here and at the usual one."""
    sizes = [size for size in (size_here(), USUAL) if size is not None]
    rows = [["coarse and fine map", *(times((2, *size)) for size in sizes), ""]]
    rows += [
        [alike[0].what, *(times(one.output) for one in alike), f"{alike[0].parameters:,}"]
        for alike in zip(*map(_stages, sizes), strict=True)
    ]
    for what, inputs, outputs in (
        ("global average pooling", None, FEATURES),
        ("sex joined: 1 male, 0 female", None, FEATURES + 1),
        ("dense, ReLU, dropout", FEATURES + 1, DENSE),
        ("dense, ReLU, dropout", DENSE, DENSE),
        ("dense: months", DENSE, 1),
    ):
        weights = "" if inputs is None else f"{(inputs + 1) * outputs:,}"
        rows.append([what, *[str(outputs)] * len(sizes), weights])
    rows.append(["all", *[""] * len(sizes), f"{parameters('inception_v3', 2):,}"])
    heads = (f"output, {height} x {width}" for height, width in sizes)
    return table(("stage", *heads, "parameters"), rows)
