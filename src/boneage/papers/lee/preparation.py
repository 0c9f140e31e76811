"""Lee 2017, tables 1 to 3 and figures 1 and 3 to 7: the networks and how a film is prepared, without a trained network of age."""

from __future__ import annotations

import csv
import tomllib
from pathlib import Path
from typing import Any

from boneage.extras import load
from boneage.papers.lee.findings import read_grid
from boneage.papers.page import COMMAND, PHANTOMS, UNDRAWN, Exhibit, How, blocks, drawn, link, picture, table, times
from boneage.papers.shelf import Shelf
from boneage.types import YEARS

COSTS, COSTS_COMMAND = "lee-table-1.csv", "boneage measure lee-table-1"
GRID_COMMAND = "boneage measure patch-grid --data DIR"
RECIPE = "googlenet-m3-female-paper"
NAMES = {"googlenet": "GoogLeNet", "alexnet": "AlexNet", "vgg16": "VGG-16", "mobilenet_v2": "MobileNetV2 (not in the paper)"}
PAPER_COSTS = {"googlenet": ("5 M", "3"), "alexnet": ("60 M", "2.5"), "vgg16": ("140 M", "32")}
PAPER_RANGES = (
    ("rotate", "-30 to 30 degrees", "61"),
    ("resize", "width 0.85 to 1, height 0.9 to 1", "150"),
    ("shear", "x and y -5 to 5 degrees", "121"),
    ("pixel transform", "factor 0.9 to 1, plus 0 to 10 of 255", "100"),
)
OTHERS = "Other people's methods on other people's films: no figures of this project belong in it."


def table_1(shelf: Shelf) -> Exhibit:
    """Parameters, operations and time of the candidates."""
    title = "three candidate networks: parameters, operations, accuracy on ImageNet"
    words = (
        "Of the networks as they read a gray film of 224 x 224 into 14 classes; two operations for a multiplication with "
        "its addition. The paper's are of 1,000 classes and a third-party study. Time for one film on one CPU thread, all "
        "in one run, taking turns (not in the paper's table). Their accuracy on ImageNet cannot be measured here: neither "
        "the images nor the weights can be had."
    )
    path = shelf.results / COSTS
    if not path.is_file():
        return Exhibit("Table 1", title, How.NOT_RUN, words, command=COSTS_COMMAND)
    with path.open(newline="") as lines:
        found = {row["network"]: row for row in csv.DictReader(lines)}
    rows = [_costs(found[name], *PAPER_COSTS.get(name, ("", ""))) for name in NAMES if name in found]
    head = ("", "parameters", "paper's", "10^9 operations", "paper's", "time, GoogLeNet's being 1", "time, ms")
    return Exhibit("Table 1", title, How.STAND_IN, words, table(head, rows), COSTS_COMMAND)


def table_2(shelf: Shelf) -> Exhibit:
    """Augmentation, out of the recipe."""
    title = "real-time data augmentation"
    path = shelf.results.parent / "recipes" / f"{RECIPE}.toml"
    if not path.is_file():
        return Exhibit("Table 2", title, How.NOT_POSSIBLE, f"`recipes/{RECIPE}.toml` is not beside the results.")
    ours = ranges(tomllib.loads(path.read_text())["augment"])
    words = (
        f"From `recipes/{RECIPE}.toml`, the same in all augmented trainings of this page. Each number is drawn evenly from its "
        'range, without the paper\'s steps, and is used with a probability of a half (its "random switches"). The '
        "paper gives 1,107,150,000 possible images; the product of its four numbers is 110,715,000."
    )
    rows = [[name, paper, many, ours[name]] for name, paper, many in PAPER_RANGES]
    return Exhibit("Table 2", title, How.MADE, words, table(("", "paper's range", "paper's images", "here"), rows), COMMAND)


def ranges(augment: dict[str, Any]) -> dict[str, str]:
    """A recipe's table in words, by the paper's rows."""
    told = {key: f"{value[0]:g} to {value[1]:g}" for key, value in augment.items() if isinstance(value, list)}
    low, high = (255 * value for value in augment["offset"])
    return {
        "rotate": f"{told['degrees']} degrees",
        "resize": f"width {told['width']}, height {told['height']}",
        "shear": f"x {told['shear_x']}, y {told['shear_y']} degrees",
        "pixel transform": f"factor {told['gain']}, plus {low:g} to {high:g} of 255",
    }


def table_3() -> Exhibit:
    return Exhibit("Table 3", "prior attempts at automated bone age assessment", How.NOT_POSSIBLE, OTHERS)


def figure_1() -> Exhibit:
    """A scheme."""
    words = (
        "A drawing of how a department works, which is the paper's. The same way of a film, with its pictures, is made by "
        "`boneage prepare FILE --as lee-2017 --out FOLDER`, and figures 4 and 7 below show it on phantoms."
    )
    return Exhibit("Figure 1", "conventional and fully automated bone age assessment", How.NOT_POSSIBLE, words)


def figure_3(out: Path) -> Exhibit:
    words = (
        "Phantoms, synthetic hands without a film of any child in them: several sizes, markers and borders, every second "
        "one with dark bones."
    )
    body = _drawn(out, 3, "Eight synthetic films as they come, half of them with dark bones")
    return Exhibit("Figure 3", "examples of input radiographs", How.STAND_IN, words, body, COMMAND)


def figure_4(out: Path) -> Exhibit:
    words = (
        f"{PHANTOMS}. Label map: bone white, then tissue, background, collimation and marker, darker each. How the patches "
        "for the five classes were sampled stands in `src/boneage/train/patch_films.py`."
    )
    body = _drawn(out, 4, "One film: input, normalized, label map, mask, preprocessed")
    return Exhibit("Figure 4", "the preprocessing engine", How.STAND_IN, words, body, COMMAND)


def figure_5(shelf: Shelf, out: Path) -> Exhibit:
    """Patch size and stride."""
    title = "patch size and stride of the mask"
    rows = read_grid(shelf.results)
    if not rows:
        return Exhibit("Figure 5", title, How.NOT_RUN, "Mean IoU over patch sizes and strides.", command=GRID_COMMAND)
    patches, strides = (sorted({cell[axis] for cell in rows}) for axis in (0, 1))
    lines = [[f"{patch} x {patch}", *(f"{rows[patch, stride]:.3f}" for stride in strides)] for patch in patches]
    words = (
        "Mean IoU of the hand's mask for every patch size and stride, against the U-Net's masks of held-out films that a "
        "rule accepted unattended; the paper's are the ground truth of 280 test films. Part b, of a single film, is left out."
    )
    parts = [table(("patch, px", *(f"stride {stride}" for stride in strides)), lines)]
    if (plot := shelf.results / "patch-grid.svg").is_file():
        parts.insert(0, picture(link(out, plot), "Mean IoU over patch size, a line a stride"))
    return Exhibit("Figure 5", title, How.STAND_IN, words, blocks(*parts), GRID_COMMAND)


def figure_6() -> Exhibit:
    """The network, as a table."""
    load("torch")
    from boneage.models.layers import googlenet_layers

    small, large = (googlenet_layers((side, side), len(YEARS)) for side in (160, 224))
    rows = [
        [name, layer.what, times(layer.output), times(there.output), f"{layer.parameters:,}"]
        for (name, layer), (_, there) in zip(small, large, strict=True)
    ]
    rows.append(["", "all", "", "", f"{sum(layer.parameters for _, layer in small):,}"])
    words = (
        "GoogLeNet as it is trained here, from the gray film to 14 classes: torchvision's, which has batch normalization, "
        "no side exits, and a 3 x 3 convolution in the branch where the paper's network has 5 x 5."
    )
    head = ("", "layer", "output, film 160 x 160 (here)", "output, film 224 x 224 (paper)", "parameters")
    return Exhibit("Figure 6", "GoogLeNet and its inception module", How.MADE, words, table(head, rows), COMMAND)


def figure_7(out: Path) -> Exhibit:
    words = (
        f"{PHANTOMS}: a column a film, five instead of ten. The third shows where the paper's rule fails: it tells the gray "
        "base by the corners, and this film's are as dark as its bones. Of the real films about 3 % are taken wrongly, most "
        "for a white border."
    )
    body = _drawn(out, 7, "Five films in five rows: input, normalized, label map, mask, preprocessed")
    return Exhibit("Figure 7", "each stage of preprocessing", How.STAND_IN, words, body, COMMAND)


def _drawn(out: Path, number: int, words: str) -> str:
    """A figure's picture of phantoms."""
    return drawn(out, f"lee-2017-figure-{number}.png", words, UNDRAWN)


def _costs(row: dict[str, str], parameters: str, operations: str) -> list[str]:
    giga = float(row["operations"]) / 1e9
    ours = [NAMES[row["network"]], f"{int(row['parameters']):,}", parameters, f"{giga:.2f}", operations]
    return [*ours, f"{float(row['relative_time']):.2f}", f"{float(row['milliseconds']):.0f}"]
