"""The task of the hand's box: matched films and boxes of annotated hands and of accepted masks, to Faster R-CNN's four losses."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor, nn

from boneage import dataset
from boneage.dataset import Part
from boneage.found_hands import load_alignments
from boneage.geometry import PixelMap
from boneage.models.faster_rcnn import HandBoxNet
from boneage.standardize.detect import Box, best_box, box_grid, box_in, overlap
from boneage.standardize.find import border_level
from boneage.standardize.histogram import TRAINING, match
from boneage.standardize.size import STANDARD, unit
from boneage.train.augment import Change, draw
from boneage.train.loop import Batch, ordered_map, pretrained
from boneage.train.mask_task import TYPICAL, masks_folder, read_masks
from boneage.train.outlines import Outline, hand_outline, mask_outline, upright_box
from boneage.train.recipe import BoxTask as Settings
from boneage.train.recipe import Recipe
from boneage.types import Image

PROPORTIONED = 400  # height of the grid on which a film in true proportions is moved
LEAST_SEEN = 0.7  # share of the box that a change must leave in the film


class BoxTask:
    """Batches, loss and score of the hand's box."""

    def __init__(self, recipe: Recipe, settings: Settings, data: Path) -> None:
        self.recipe, self.settings = recipe, settings
        films = {film.id: film for film in dataset.read_films(data)}
        hands = {hand.id: hand for hand in dataset.read_hands(data)}
        annotated = [id for id in sorted(hands) if films[id].part is Part.TRAIN][: settings.films]
        masks = read_masks(masks_folder(), {id for id, film in films.items() if film.part is Part.TRAIN} - set(hands))
        order = np.random.default_rng(recipe.seed).permutation(sorted(masks))
        drawn = [int(id) for id in order[: settings.films - len(annotated)]]
        self.select = {id: hand.box for id, hand in hands.items() if films[id].part is Part.SELECT}
        bright, maps = load_alignments(data, [films[id] for id in (*annotated, *drawn, *self.select)])
        self.films = {id: match(unit(film), TRAINING) for id, film in bright.items()}  # first of all, as in the paper
        self.outlines: dict[int, Outline] = {id: hand_outline(hands[id]) for id in annotated}
        self.outlines |= {id: mask_outline(masks[id], maps[id]) for id in drawn if id in maps}
        self.ids = np.array(sorted(self.outlines))
        self.true_sizes = dataset.read_sizes(data) | {id: hand.size for id, hand in hands.items()}

    def build(self, *, resumed: bool) -> nn.Module:
        model = HandBoxNet()
        if self.recipe.start == "imagenet" and not resumed:
            size = self.recipe.stages[0].size
            films = [box_grid(self.films[int(id)], size)[0] for id in self.ids[:: max(1, len(self.ids) // 32)]]
            pretrained(model.trunk, torch.from_numpy(np.stack(films))[:, None])
        return model

    def steps(self, epoch: int) -> int:
        return self.settings.steps

    def batches(self, epoch: int, workers: int) -> Iterator[Batch]:
        size, order = self.recipe.size_at(epoch), np.random.default_rng((self.recipe.seed, epoch)).permutation(self.ids)
        yield from ordered_map(lambda step: self._batch(order, (epoch, step), size), range(self.settings.steps), workers)

    def loss(self, model: nn.Module, batch: Batch) -> tuple[Tensor, dict[str, float]]:
        assert isinstance(model, HandBoxNet)
        losses = model.losses(batch["image"], batch["box"])
        return torch.stack(list(losses.values())).sum(), {name: float(value.detach()) for name, value in losses.items()}

    @torch.no_grad()
    def score(self, model: nn.Module, epoch: int, workers: int) -> dict[str, float]:
        """On select's annotated hands: the mean IoU of the best box, and the share of films above 0.9."""
        device, size, values = next(model.parameters()).device, self.recipe.size_at(epoch), []
        for film, box in self.select.items():
            grid, to_film = box_grid(self.films[film], size)
            boxes, scores = (part.cpu().numpy() for part in model(torch.from_numpy(grid)[None, None].to(device))[0])
            found = best_box(boxes, scores)
            values.append(0.0 if found is None else overlap(to_film.box(found.box), box_in(box, STANDARD)))
        return {"select_iou": float(np.mean(values)), "select_over_90": float(np.mean(np.array(values) > 0.9))}

    # ---- making pictures
    def _batch(self, order: npt.NDArray[np.int64], place: tuple[int, int], size: tuple[int, int]) -> Batch:
        rng, count = np.random.default_rng((self.recipe.seed, *place)), self.recipe.optimizer.batch
        picks = order.take(range(place[1] * count, (place[1] + 1) * count), mode="wrap")
        examples = [self.example(int(film), draw(self.recipe.augment, rng), size) for film in picks]
        return {
            "image": torch.from_numpy(np.stack([image for image, _ in examples]))[:, None],
            "box": torch.from_numpy(np.array([box for _, box in examples], np.float32)) + 0.5,  # counted from the corner
        }

    def example(self, film: int, change: Change, size: tuple[int, int]) -> tuple[Image, Box]:
        """A film on the network's grid and its hand's box there, moved alike; not moved where too little would be seen."""
        image, true_size = self.films[film], self.true_sizes.get(film, TYPICAL)
        to_size = moved(true_size, change, size)
        box, whole = (upright_box(to_size.points(self.outlines[film]), within) for within in (size, None))
        if _area(box) < LEAST_SEEN * _area(whole):
            still = replace(change, degrees=0.0, scale=(1.0, 1.0), shear=0.0, shift=(0.0, 0.0))
            to_size = moved(true_size, still, size)
            box = upright_box(to_size.points(self.outlines[film]), size)
        return change.tone(to_size.image(image, size, fill=border_level(image))), box


def moved(true_size: tuple[int, int], change: Change, size: tuple[int, int]) -> PixelMap:
    """Standard frame -> network's grid: unsquash, change in true proportion, squash again."""
    proportioned = (PROPORTIONED, round(PROPORTIONED * true_size[1] / true_size[0]))
    return PixelMap.resize(proportioned, size) @ change.map(proportioned) @ PixelMap.resize(STANDARD, proportioned)


def _area(box: Box) -> float:
    return max(box[2] - box[0], 0.0) * max(box[3] - box[1], 0.0)
