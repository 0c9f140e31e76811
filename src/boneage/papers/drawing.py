"""What the pages' pictures share: gray panels, averaged maps over averaged hands, and small files."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from io import BytesIO
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt
from PIL import Image

from boneage.evaluate.average_hands import FEWEST
from boneage.evaluate.hand_regions import FRAME, hand_mask
from boneage.evaluate.plots import FAINT, STYLE
from boneage.extras import load
from boneage.networks import weights_path
from boneage.papers.attention import Cell
from boneage.prepare import Way

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

FILM = (1200, 900)  # height, width of a phantom
CENTERED = STYLE | {"axes.titlelocation": "center", "axes.titlesize": 8.5}
COLORS_KEPT = 256
MAP, COVER = "plasma", 0.75  # its brightness rises evenly, so it reads alike for the color-blind; how much the strongest covers


def can_draw(way: Way) -> bool:
    """Whether a paper's way can be gone here; the package leaves the networks of the published ways out."""
    return all(weights_path(f"{name}.onnx") is not None for name in way.networks)


def new_panels(rows: int, columns: int, inches: tuple[float, float], **how: Any) -> tuple[Figure, npt.NDArray[Any]]:
    """A figure and its axes [rows, columns]."""
    figure: Figure = load("matplotlib.figure").Figure(figsize=inches, layout="constrained")
    return figure, figure.subplots(rows, columns, squeeze=False, gridspec_kw=how)


def show(axes: Axes, picture: npt.NDArray[Any] | None, title: str = "", *, white: float = 1.0) -> None:
    """Gray, 0 black and `white` white, without a frame."""
    assert picture is not None
    axes.imshow(picture.astype(np.float32), cmap="gray", vmin=0, vmax=white, interpolation="antialiased")
    axes.set(xticks=(), yticks=())
    axes.set_title(title)
    for spine in axes.spines.values():
        spine.set_visible(False)


def draw_row(path: Path, pictures: Mapping[str, npt.NDArray[Any]], title: str = "") -> None:
    """Gray pictures side by side under their names, each as bright as it comes."""
    with load("matplotlib").rc_context(CENTERED):
        figure, panels = new_panels(1, len(pictures), (2.2 * len(pictures), 3.0))
        for one, (name, picture) in zip(panels[0], pictures.items(), strict=True):
            show(one, picture, name, white=max(float(picture.max()), 1e-6))
        if title:
            figure.suptitle(title, fontsize=9)
        save_small(figure, path)


def draw_maps(path: Path, cells: Sequence[Sequence[tuple[str, Cell]]], *, label: str, inches: tuple[float, float]) -> None:
    """Rows of averages under their names, over the average hands; one scale of color for all."""
    inside = hand_mask()
    shown = [cell.strength[inside] for row in cells for _, cell in row if cell.strength is not None]
    top = max((float(np.percentile(strength, 99.8)) for strength in shown), default=1.0)
    with load("matplotlib").rc_context(CENTERED):
        figure, panels = new_panels(len(cells), len(cells[0]), inches)
        drawn = None
        for row, of_row in zip(panels, cells, strict=True):
            for one, (name, cell) in zip(row, of_row, strict=True):
                one.set_title(f"{name}\n{cell.films:,} films")
                drawn = _map(one, cell, top) or drawn
        if drawn is not None:
            scale = load("matplotlib.cm").ScalarMappable(drawn.norm, drawn.cmap)
            figure.colorbar(scale, ax=panels, shrink=0.5, label=label)
        save_small(figure, path)


def save_small(figure: Figure, path: Path) -> None:
    """As a PNG of grays alone where there is no color, else of few colors: a third as large as one of all."""
    path.parent.mkdir(parents=True, exist_ok=True)
    drawn = BytesIO()
    figure.savefig(drawn, format="png", dpi=110)
    with Image.open(drawn) as picture:
        colors = picture.convert("RGB")
    colored = np.ptp(np.asarray(colors), axis=2).any()
    (colors.quantize(COLORS_KEPT) if colored else colors.convert("L")).save(path, optimize=True)


def _map(axes: Axes, cell: Cell, top: float) -> Any:
    """One cell; what was drawn in color, for the scale."""
    axes.axis("off")
    axes.set(xlim=(0, FRAME.size[1]), ylim=(FRAME.size[0], 0), aspect="equal")
    if cell.hand is None or cell.strength is None:
        axes.text(0.5, 0.5, f"under {FEWEST} films", ha="center", color=FAINT, fontsize=8, transform=axes.transAxes)
        return None
    axes.imshow(cell.hand, cmap="gray", vmin=0, vmax=float(np.percentile(cell.hand, 99.9)))
    clear = np.where(hand_mask(), np.clip(cell.strength / top, 0, 1) * COVER, 0)  # beyond the hand nothing was counted
    return axes.imshow(cell.strength, cmap=MAP, vmin=0, vmax=top, alpha=clear)
