"""Occlusion maps (Lee 2017, "Attention Map"): a patch slides over what a network sees; where its answer changes, it looked."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from math import ceil

import cv2
import numpy as np
import numpy.typing as npt

from boneage.errors import BoneAgeError, Kind
from boneage.explain.heat import HeatMap, Values, spread
from boneage.geometry import PixelMap
from boneage.networks import Batch, Network
from boneage.systems import Answer, Member
from boneage.types import YEARS, Crop, Image, Sex
from boneage.vote import channels, sex_input, to_vote, views_of

NAME = "occlusion"
CORRECT_MONTHS = 12.0  # not in the paper: what "correctly" is where the answer is months
_BATCH = 4  # occluded images a call: what fits the caches; 16 took 10 % longer

_BESIDE = np.array([[0, 1, 0], [1, 0, 1], [0, 1, 0]], np.uint8)  # the four cells that share an edge

Window = tuple[slice, slice]
Measure = Callable[[Batch], float]  # a network's answer [K] -> the figure whose change is mapped


@dataclass(frozen=True)
class Occlusion:
    """The patch. Not in the paper: its size, its steps and its gray value.

    Sizes are shares of the longer side, so that the same bones are covered whatever size a network reads.
    """

    patch: float = 1 / 8  # side of the square
    stride: float = 1 / 12  # at most; rounded so that whole steps fill the image
    fill: float = 0.0  # air
    air: float = 0.0  # a patch over gray values that near to the fill is not asked: it changes nothing, or next to nothing
    refine: float = 0.0  # every second position is asked first, the others where one beside them has so much of the strongest

    def __post_init__(self) -> None:
        shares = (self.fill, self.air, self.refine)
        if not (0 < self.stride <= 1 and 0 < self.patch <= 1 and all(0 <= one <= 1 for one in shares)):
            raise BoneAgeError(
                Kind.BAD_OPTION,
                came=repr(self),
                expected="a patch and a stride over 0 and up to 1 of the longer side, fill, air and refine of 0 to 1",
                todo="Give sizes as shares.",
            )

    def cells(self, size: tuple[int, int]) -> tuple[int, int]:
        """Rows and columns of positions on an image (height, width). Their centers lie evenly; the edges of both grids meet."""
        step = max(self.stride * max(size), 1.0)
        return ceil(size[0] / step), ceil(size[1] / step)

    def windows(self, size: tuple[int, int]) -> Iterator[Window]:
        """What each position covers, row by row: a patch about the cell's center, cut at the image's edge."""
        half = self.patch * max(size) / 2
        rows, columns = (_spans(many, side, half) for many, side in zip(self.cells(size), size, strict=True))
        return ((row, column) for row in rows for column in columns)


# Not in the paper. For the reference on 20 films of `select` the map is that of all positions to the eye (correlation 0.997,
# the lowest 0.987; the strongest value is the same), for 70 % of the answers.
QUICK = Occlusion(air=0.1, refine=0.15)


def occlude(
    member: Member,
    crops: Sequence[Crop],
    sex: Sex | None,
    network: Network,
    *,
    options: Occlusion = Occlusion(),
    true_months: float | None = None,
    before: Callable[[], object] = lambda: None,
) -> HeatMap | None:
    """The change of one network's answer as a function of where the patch lies. `crops`: the member's, all on one grid.

    Year classes: the change of the probability of the class it answers. Not the paper, whose network has no other answer:
    month classes and months give the change of the estimate, in months.
    Where the truth is known, None for what was not read correctly: "only correctly classified input images were selected".
    Not in the paper: films without a known truth are mapped for the answer they got. `before`: is called before each few
    answers, for what is more urgent than a map.
    """
    image = channels(list(crops), network.size)
    whole = _answers(member, image[None], sex, network)[0]
    if true_months is not None and not read_correctly(member.answer, whole, true_months):
        return None
    measure, shows, unit = _measured(member.answer, whole)

    def changes(some: Sequence[Window]) -> list[float]:
        before()
        answers = _answers(member, np.stack([_covered(image, window, options.fill) for window in some]), sex, network)
        return [measure(answer) - measure(whole) for answer in answers]

    found = _mapped(image, options, changes)
    values = spread(found, PixelMap.resize(found.shape, network.size), network.size)
    return HeatMap(NAME, values, seen_to_source(crops[0], network.size), shows, unit, (member.network,))


def _mapped(image: Image, options: Occlusion, changes: Callable[[Sequence[Window]], list[float]]) -> npt.NDArray[np.float64]:
    """The change at each position, [rows, columns]: asked; none over air; the mean of those beside it where they are weak."""
    size = (image.shape[1], image.shape[2])
    cells, windows = options.cells(size), list(options.windows(size))
    values, seen = np.zeros(cells), np.array([_shows(image, window, options) for window in windows]).reshape(cells)

    def ask(places: npt.NDArray[np.bool_]) -> None:
        chosen = np.flatnonzero(places & seen)
        for start in range(0, len(chosen), _BATCH):
            some = chosen[start : start + _BATCH]
            values.flat[some] = changes([windows[k] for k in some])

    first = np.indices(cells).sum(0) % 2 == 0  # as the white squares of a chessboard
    ask(first)
    beside = cv2.dilate(np.abs(values), _BESIDE, borderType=cv2.BORDER_CONSTANT, borderValue=0.0)
    again = ~first & (beside >= options.refine * beside.max())
    ask(again)
    told = (first | again | ~seen).astype(np.float64)
    total, many = (cv2.filter2D(one, -1, _BESIDE, borderType=cv2.BORDER_CONSTANT) for one in (values, told))
    return np.where(told > 0, values, total / np.maximum(many, 1))


def _shows(image: Image, window: Window, options: Occlusion) -> bool:
    """Whether there is anything but air."""
    return bool((np.abs(image[:, *window] - options.fill) > options.air).any())


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


def _covered(image: Values, window: Window, fill: float) -> Image:
    covered = image.copy()
    covered[:, *window] = fill
    return covered


def _spans(many: int, side: int, half: float) -> list[slice]:
    """Stretches of `half` to either side of the centers of `many` equal parts of a side."""
    starts = [round((part + 0.5) * side / many - half) for part in range(many)]
    width = max(round(2 * half), 1)
    return [slice(max(start, 0), min(start + width, side)) for start in starts]
