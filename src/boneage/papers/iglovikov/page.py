"""Iglovikov 2018: regions of the hand, regression against classification, one network for both sexes or one for each."""

from __future__ import annotations

from pathlib import Path

from boneage.extras import load
from boneage.papers.drawing import can_draw
from boneage.papers.iglovikov import pictures
from boneage.papers.iglovikov.errors import figure_8, figure_9, finer
from boneage.papers.iglovikov.findings import findings
from boneage.papers.iglovikov.networks import PAPER_SIZES, REGIONS, SIZES
from boneage.papers.iglovikov.plots import plot_ages
from boneage.papers.iglovikov.preparation import figure_3, figure_4, figure_6, figure_7
from boneage.papers.page import COMMAND, Exhibit, How, Page, picture, table, times
from boneage.papers.shelf import Shelf
from boneage.types import MONTHS

SOURCE = 'Iglovikov, Rakhlin, Kalinin, Shvets: "Pediatric Bone Age Assessment Using Deep Convolutional Neural Networks", 2018'
AGES = "iglovikov-2018-figure-2.svg"


def page(shelf: Shelf, out: Path) -> Page:
    """All figures by number; the paper has no numbered table. What cannot be drawn here anew keeps its committed picture."""
    if can_draw(pictures.WAY):
        pictures.draw_pictures(out)
    plot_ages(out / AGES, tuple(shelf.films.values()))
    drawn = (figure_1(), figure_2(), figure_3(shelf, out), figure_4(out), figure_5(), figure_6(out), figure_7(out))
    measured = (figure_8(shelf, out), figure_9(shelf, out), finer(shelf))
    return Page("iglovikov-2018", "Iglovikov 2018", SOURCE, (*drawn, *measured), findings(shelf))


def figure_1() -> Exhibit:
    """A drawing that is another's."""
    words = (
        "The paper's is a drawing of the hand's bones out of an anatomy library, which is not ours to show. Figure 7 shows the "
        "same bones on a synthetic hand and on the average of many films, `src/boneage/phantom/bones.py` names each bone, and "
        "`boneage demo` draws hands of any age with all of them."
    )
    return Exhibit("Figure 1", "bones of a human hand and wrist", How.NOT_POSSIBLE, words)


def figure_2() -> Exhibit:
    """How old the hands are."""
    title = "bone age distribution for females and males in the training set"
    words = (
        "Films by year of bone age, girls above, boys below: bars for the films that networks are trained on, a line for all "
        "labeled films. Gray and white behind them: the stages of development, the four major ones by name."
    )
    body = picture(AGES, "Number of films by bone age, girls and boys")
    return Exhibit("Figure 2", title, How.MADE, words, body, COMMAND)


def figure_5() -> Exhibit:
    """The two networks, as a table of what was built."""
    load("torch")
    from boneage.models.layers import vgg_layers

    sizes = (SIZES["A"], PAPER_SIZES["A"])
    small, large = (vgg_layers(size, MONTHS) for size in sizes)
    rows = [["input", "", *(times((1, *size)) for size in sizes), "", ""]]
    for number, (here, there) in enumerate(zip(small[:-1], large, strict=False), start=1):
        rows.append(
            [str(number), here.what, times(here.output), times(there.output), f"{here.parameters:,}", f"{there.parameters:,}"]
        )
    for what, outputs in (("regression: one number in -1..1", 1), (f"classification: softmax, times 0..{MONTHS - 1}", MONTHS)):
        last = vgg_layers(sizes[0], outputs)[-1]
        rows.append([str(len(small)), what, *(2 * [str(outputs)]), *(2 * [f"{last.parameters:,}"])])
    rows.append(["", "all, classification", "", "", *(f"{sum(layer.parameters for layer in one):,}" for one in (small, large))])
    heads = [f"{whose}, {height} x {width}" for whose, (height, width) in zip(("here", "paper"), sizes, strict=True)]
    head = ("", "layer", *(f"output: {words}" for words in heads), *(f"parameters: {words}" for words in heads))
    counts = {region: sum(layer.parameters for layer in vgg_layers(SIZES[region], MONTHS)) for region in REGIONS}
    others = " and ".join(f"{count:,} ({region})" for region, count in counts.items() if region != "A")
    words = (
        "Both networks are one stack with two ends, listed layer by layer from `src/boneage/models/vgg.py`, for region A at this "
        "project's size and at the paper's, where the first dense layer holds nearly all weights. Parameters of the other "
        f"regions' networks for classification: {others}. The network of the key points (`models/key_points.py`) is a smaller "
        "one of the same kind: three blocks, three dense layers, six coordinates."
    )
    return Exhibit(
        "Figure 5", "VGG-style networks for regression and classification", How.MADE, words, table(head, rows), COMMAND
    )
