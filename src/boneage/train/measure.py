"""What stands in an exported network's card: that ONNX says what torch says, and the figures a test reproduces."""

from __future__ import annotations

from itertools import islice
from pathlib import Path

from boneage import dataset
from boneage.dataset import Part
from boneage.errors import BoneAgeError, Kind
from boneage.evaluate.figures import age_figures, finder_figures
from boneage.geometry import PixelMap
from boneage.networks import load_network
from boneage.pipeline import perceive
from boneage.read import read
from boneage.standardize.contrast import stretch
from boneage.standardize.size import standard_frame
from boneage.systems import SYSTEMS, System
from boneage.train.export import averaged_model, disagreement
from boneage.train.recipe import FinderTask, Recipe
from boneage.types import Image

LARGEST_DISAGREEMENT = 0.05  # months; pixels for a hand finder
FILMS = 40


def measure(recipe: Recipe, checkpoint: Path, data: Path) -> dict[str, float]:
    """Figures of the installed export of a run. Raises BoneAgeError where torch and ONNX disagree on real radiographs."""
    load_network.cache_clear()
    network, finder = load_network(recipe.name), isinstance(recipe.task, FinderTask)
    system = next(system for system in SYSTEMS.values() if recipe.name in system.weights)
    films = sorted(film.id for film in dataset.read_films(data) if film.part is Part.SELECT)[:FILMS]
    crops = [_finder_input(file, network.card.size) if finder else _age_input(file, system) for file in _files(data, films)]
    difference = disagreement(averaged_model(recipe, checkpoint), network, crops)
    if difference > LARGEST_DISAGREEMENT:
        raise BoneAgeError(
            Kind.BAD_WEIGHTS,
            came=f"an export that differs by {difference:.3f} from its torch module",
            expected=f"at most {LARGEST_DISAGREEMENT}",
            todo="Look for an operation that the exporter does not keep.",
        )
    figures = finder_figures(recipe.name, data) if finder else age_figures(system, data)
    return {"torch_onnx_difference": round(difference, 5), **figures}


def _files(data: Path, films: list[int]) -> list[bytes]:
    return [file for _, file in islice(dataset.iterate_files(data, set(films)), len(films))]


def _finder_input(file: bytes, size: tuple[int, int]) -> Image:
    frame, _ = standard_frame(read(file).pixels)
    return stretch(PixelMap.resize((frame.shape[0], frame.shape[1]), size).image(frame, size))


def _age_input(file: bytes, system: System) -> Image:
    return perceive(read(file), system)[2][0].pixels
