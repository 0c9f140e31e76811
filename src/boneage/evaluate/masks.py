"""How good the hand's masks are: against masks corrected by eye, against annotated points and boxes, against phantoms."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

from boneage import dataset
from boneage.dataset import AnnotatedHand, Part
from boneage.errors import BoneAgeError, Kind
from boneage.networks import OnnxNetwork
from boneage.phantom import Phantom, draw
from boneage.standardize.patches import PatchMask, patch_mask, patch_of
from boneage.standardize.segment import Mask, fill_outlines, iou
from boneage.standardize.size import STANDARD, unit
from boneage.standardize.unet import unet_mask
from boneage.template import fit_template
from boneage.types import Image, Sex

TRUTH = Path("annotations/hand-masks-held-out.json")
GROWN = 0.1  # of the annotated box, at each side
HELD_OUT = frozenset({Part.SELECT, Part.TEST})
PHANTOMS = 40
Masker = Callable[[Image, float], Mask]  # a film, bone bright, and its true width : height -> the hand in the film's pixels


@dataclass(frozen=True)
class MaskFigures:
    """One mask network's row. Shares and IoU 0..1."""

    films: int  # corrected by eye, held out
    mean_iou: float
    median_iou: float
    smallest_iou: float
    hands: int  # annotated, held out
    points_inside: float  # share of the annotated key points
    outside: float  # share of the masks' area outside the annotated box grown by a tenth and the forearm below it
    phantoms: int
    phantom_iou: float  # mean


def measure_masks(masker: Masker, data: Path, truth: Path = TRUTH) -> MaskFigures:
    """All figures of one network. Raises BoneAgeError where films or masks are absent."""
    overlaps = np.array([iou(masker(film, film.shape[1] / film.shape[0]), mask) for film, mask in corrected(data, truth)])
    hands = np.array([_hand_figures(masker, hand, frame) for hand, frame in annotated(data)])
    phantoms = np.array([iou(masker(p.pixels, p.size[1] / p.size[0]), p.mask) for p in phantom_films()])
    return MaskFigures(
        films=len(overlaps),
        mean_iou=float(overlaps.mean()),
        median_iou=float(np.median(overlaps)),
        smallest_iou=float(overlaps.min()),
        hands=len(hands),
        points_inside=float(hands[:, 0].mean()),
        outside=float(hands[:, 1].sum() / hands[:, 2].sum()),
        phantoms=len(phantoms),
        phantom_iou=float(phantoms.mean()),
    )


def masker(network: OnnxNetwork) -> Masker:
    """A mask network, U-Net or patch CNN, as a film's mask."""
    if "probability" in network.card.values["output"]["names"]:
        return lambda film, aspect: unet_mask(film, network, size=network.card.size)
    options = PatchMask(patch=patch_of(network.card.size))
    return lambda film, aspect: patch_mask(film, network, options, aspect=aspect)


def corrected(data: Path, truth: Path, *, limit: int | None = None) -> Iterator[tuple[Image, Mask]]:
    """The half-size films, in true proportions, and their masks corrected by eye (COCO polygons); the first by id, or all."""
    if not truth.is_file():
        raise BoneAgeError(
            Kind.BAD_DATA, came=f"no {truth}", expected="masks corrected by eye", todo="Run the command in the source tree."
        )
    values = json.loads(truth.read_text())
    rings: dict[int, list[npt.NDArray[np.float64]]] = {image["id"]: [] for image in values["images"]}
    for annotation in values["annotations"]:
        rings[annotation["image_id"]] += [np.reshape(ring, (-1, 2)) for ring in annotation["segmentation"]]
    by_film = {int(Path(image["file_name"]).stem): image for image in values["images"]}
    by_film = {film_id: by_film[film_id] for film_id in sorted(by_film)[:limit]}
    for film_id, image in dataset.iterate_half_size(data, set(by_film)):
        entry = by_film[film_id]
        size = (entry["height"], entry["width"])
        yield unit(image), fill_outlines(rings[entry["id"]], size, size)


def corrected_ids(truth: Path) -> list[int]:
    """The films of a file of corrected masks."""
    return [int(Path(image["file_name"]).stem) for image in json.loads(truth.read_text())["images"]]


def annotated(data: Path) -> Iterator[tuple[AnnotatedHand, Image]]:
    """The annotated hands of the held-out parts, in the standard frame."""
    hands = {hand.id: hand for hand in dataset.read_hands(data) if dataset.part_of(hand.id) in HELD_OUT}
    for film_id, image in dataset.iterate_images(data, set(hands)):
        yield hands[film_id], unit(image)


def phantom_films(count: int = PHANTOMS) -> Iterator[Phantom]:
    """Synthetic hands of both sexes and all ages; no network was trained on any."""
    for seed in range(count):
        yield draw(12 + 204 * seed / (count - 1), Sex.FEMALE if seed % 2 else Sex.MALE, seed=9000 + seed, size=(1000, 760))


def _hand_figures(masker: Masker, hand: AnnotatedHand, frame: Image) -> tuple[float, float, float]:
    """Share of points inside; pixels outside the grown box and the forearm; pixels of the mask."""
    mask = masker(frame, hand.size[1] / hand.size[0])
    points = hand.points * np.array(STANDARD[::-1]) - 0.5
    x, y = np.rint(points).astype(int).clip(0, STANDARD[0] - 1).T
    return float(mask[y, x].mean()), float((mask & ~_allowed(hand, points)).sum()), float(mask.sum())


def _allowed(hand: AnnotatedHand, points: npt.NDArray[np.float64]) -> Mask:
    """The grown box, and all that lies beyond the wrist on the side away from the fingers."""
    rows, columns = np.mgrid[: STANDARD[0], : STANDARD[1]]
    x0, y0, x1, y1 = np.array(hand.box) * np.array([*STANDARD[::-1], *STANDARD[::-1]]) - 0.5
    across, down = GROWN * (x1 - x0), GROWN * (y1 - y0)
    box = (columns >= x0 - across) & (columns <= x1 + across) & (rows >= y0 - down) & (rows <= y1 + down)
    to_template = fit_template(points, np.ones(len(points)))
    below = to_template.points(np.stack([columns, rows], -1).astype(np.float64))[..., 1] > 0
    return np.asarray(box | below)
