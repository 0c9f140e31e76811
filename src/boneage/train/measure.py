"""What stands in an exported network's card: that ONNX says what torch says, and the figures a test reproduces."""

from __future__ import annotations

from pathlib import Path

from boneage import dataset
from boneage.dataset import Part
from boneage.errors import BoneAgeError, Kind
from boneage.evaluate.figures import (
    age_figures,
    box_figures,
    finder_figures,
    joint_figures,
    key_point_figures,
    mask_figures,
)
from boneage.geometry import PixelMap
from boneage.networks import load_network, weights_from
from boneage.pipeline import perceive
from boneage.read import read
from boneage.standardize.contrast import stretch
from boneage.standardize.detect import box_grid
from boneage.standardize.histogram import TRAINING, match
from boneage.standardize.size import standard_frame
from boneage.train.alone import system_of
from boneage.train.export import Storage, averaged, disagreement
from boneage.train.published import PublishedTask
from boneage.train.recipe import BoneAgeTask, BoxTask, FinderTask, JointTask, KeyPointTask, MaskTask, PatchTask, Recipe
from boneage.types import Image, Radiograph
from boneage.vote import channels

LARGEST_DISAGREEMENT = 0.05  # in the form's unit: months, pixels, probability
LARGEST_LOSS_MONTHS = 1.5  # of a single film, where weights are stored in bytes
FILMS = 40


def measure(recipe: Recipe, checkpoint: Path, data: Path, *, exported: Path) -> dict[str, float]:
    """Figures of a run's export in the folder `exported`, whatever of its name is installed.

    Raises BoneAgeError where torch and ONNX disagree on real radiographs.
    """
    with weights_from(exported):
        return {"torch_onnx_difference": _difference(recipe, checkpoint, data), **_figures(recipe, data)}


def _difference(recipe: Recipe, checkpoint: Path, data: Path) -> float:
    network = load_network(recipe.name)
    films = sorted(film.id for film in dataset.read_films(data) if film.part is Part.SELECT)[:FILMS]
    inputs = [_input(recipe, read(file), network.card.size) for _, file in dataset.iterate_files(data, set(films))]
    difference = disagreement(averaged(recipe, checkpoint), network, inputs)
    allowed = LARGEST_LOSS_MONTHS if network.card.values["weights"] == Storage.BYTES.value else LARGEST_DISAGREEMENT
    if difference > allowed:
        raise BoneAgeError(
            Kind.BAD_WEIGHTS,
            came=f"an export that differs by {difference:.3f} from its torch module",
            expected=f"at most {allowed}",
            todo="Look for an operation that the exporter does not keep.",
        )
    return round(difference, 5)


def _input(recipe: Recipe, film: Radiograph, size: tuple[int, int]) -> Image:
    """What the recipe's network gets to see of a film, [C, H, W]."""
    if isinstance(recipe.task, BoneAgeTask | PublishedTask):
        system = system_of(recipe)
        crops = {crop.name: crop for crop in perceive(film, system).crops}
        return channels([crops[name] for name in system.members[0].crops], size)
    frame, _ = standard_frame(film.pixels)
    if isinstance(recipe.task, BoxTask):
        return box_grid(match(frame, TRAINING), size)[0][None]
    return stretch(PixelMap.resize((frame.shape[0], frame.shape[1]), size).image(frame, size))[None]


def _figures(recipe: Recipe, data: Path) -> dict[str, float]:
    match recipe.task:
        case FinderTask():
            return finder_figures(recipe.name, data)
        case BoneAgeTask() | PublishedTask():
            return age_figures(system_of(recipe), data)
        case MaskTask() | PatchTask():
            return mask_figures(recipe.name, data)
        case KeyPointTask():
            return key_point_figures(recipe.name, data)
        case BoxTask():
            return box_figures(recipe.name, data)
        case JointTask():
            return joint_figures(recipe.name, data)
