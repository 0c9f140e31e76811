"""Occlusion maps (Lee 2017, "Attention Map"): a patch slides over what a network sees; where its answer changes, it looked."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from math import ceil

import numpy as np

from boneage.errors import BoneAgeError, Kind
from boneage.explain.heat import HeatMap, Values, spread
from boneage.geometry import PixelMap
from boneage.networks import Batch, Network
from boneage.systems import Answer, Member
from boneage.types import YEARS, Crop, Image, Sex
from boneage.vote import channels, sex_input, to_vote, views_of

NAME = "occlusion"
CORRECT_MONTHS = 12.0  # not in the paper: what "correctly" is where the answer is months
_BATCH = 16  # occluded images a call

Measure = Callable[[Batch], float]  # a network's answer [K] -> the figure whose change is mapped


@dataclass(frozen=True)
class Occlusion:
    """The patch. Not in the paper: its size, its steps and its gray value.

    Sizes are shares of the longer side, so that the same bones are covered whatever size a network reads.
    """

    patch: float = 1 / 8  # side of the square
    stride: float = 1 / 12  # at most; rounded so that whole steps fill the image
    fill: float = 0.0  # air

    def __post_init__(self) -> None:
        if not (0 < self.stride <= 1 and 0 < self.patch <= 1 and 0 <= self.fill <= 1):
            raise BoneAgeError(
                Kind.BAD_OPTION,
                came=repr(self),
                expected="a patch and a stride over 0 and up to 1 of the longer side, a fill of 0 to 1",
                todo="Give sizes as shares.",
            )

    def cells(self, size: tuple[int, int]) -> tuple[int, int]:
        """Rows and columns of positions on an image (height, width). Their centers lie evenly; the edges of both grids meet."""
        step = max(self.stride * max(size), 1.0)
        return ceil(size[0] / step), ceil(size[1] / step)

    def windows(self, size: tuple[int, int]) -> Iterator[tuple[slice, slice]]:
        """What each position covers, row by row: a patch about the cell's center, cut at the image's edge."""
        half = self.patch * max(size) / 2
        rows, columns = (_spans(many, side, half) for many, side in zip(self.cells(size), size, strict=True))
        return ((row, column) for row in rows for column in columns)


def occlude(
    member: Member,
    crops: Sequence[Crop],
    sex: Sex | None,
    network: Network,
    *,
    options: Occlusion = Occlusion(),
    true_months: float | None = None,
) -> HeatMap | None:
    """The change of one network's answer as a function of where the patch lies. `crops`: the member's, all on one grid.

    Year classes: the change of the probability of the class it answers. Not the paper, whose network has no other answer:
    month classes and months give the change of the estimate, in months.
    Where the truth is known, None for what was not read correctly: "only correctly classified input images were selected".
    Not in the paper: films without a known truth are mapped for the answer they got.
    """
    image = channels(list(crops), network.size)
    whole = _answers(member, image[None], sex, network)[0]
    if true_months is not None and not read_correctly(member.answer, whole, true_months):
        return None
    measure, shows, unit = _measured(member.answer, whole)
    windows = list(options.windows(network.size))
    changes = np.zeros(len(windows))
    seen = [k for k, window in enumerate(windows) if (image[:, *window] != options.fill).any()]  # the others change nothing
    for start in range(0, len(seen), _BATCH):
        some = seen[start : start + _BATCH]
        answers = _answers(member, np.stack([_covered(image, windows[k], options.fill) for k in some]), sex, network)
        changes[some] = [measure(answer) - measure(whole) for answer in answers]
    cells = options.cells(network.size)
    values = spread(changes.reshape(cells), PixelMap.resize(cells, network.size), network.size)
    return HeatMap(NAME, values, seen_to_source(crops[0], network.size), shows, unit, (member.network,))


def read_correctly(answer: Answer, values: Batch, true_months: float) -> bool:
    """Whether an answer [K] is right: the true class; not in the paper: within 12 months where it answers months."""
    if answer is Answer.YEAR_CLASSES:
        return YEARS[int(values.argmax())] == min(int(true_months // 12), YEARS[-1])
    return abs(to_vote("", answer, values).months - true_months) <= CORRECT_MONTHS


def seen_to_source(crop: Crop, size: tuple[int, int]) -> PixelMap:
    """From the grid a network reads, (height, width), to the radiograph's own pixels."""
    return crop.to_source @ PixelMap.resize(size, (crop.pixels.shape[0], crop.pixels.shape[1]))


def _measured(answer: Answer, whole: Batch) -> tuple[Measure, str, str]:
    """What is measured of an answer, in words, and its unit."""
    if answer is Answer.YEAR_CLASSES:
        best = int(whole.argmax())
        words = f"how much the probability of class {YEARS[best]} changes where a patch covers the film"
        return lambda values: float(values[best]), words, "probability"
    return lambda values: to_vote("", answer, values).months, "how far the answer moves where a patch covers the film", "months"


def _answers(member: Member, images: Batch, sex: Sex | None, network: Network) -> Batch:
    """Images [N, C, H, W] -> answers [N, K], the mean over the member's views."""
    views = np.concatenate([views_of(image, member.views) for image in images])
    answers = network(views, **sex_input(member, sex, len(views)))[0]
    return np.asarray(answers.reshape(len(images), -1, answers.shape[-1]).mean(1), np.float32)


def _covered(image: Values, window: tuple[slice, slice], fill: float) -> Image:
    covered = image.copy()
    covered[:, *window] = fill
    return covered


def _spans(many: int, side: int, half: float) -> list[slice]:
    """Stretches of `half` to either side of the centers of `many` equal parts of a side."""
    starts = [round((part + 0.5) * side / many - half) for part in range(many)]
    width = max(round(2 * half), 1)
    return [slice(max(start, 0), min(start + width, side)) for start in starts]
