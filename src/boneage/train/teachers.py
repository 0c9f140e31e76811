"""Distillation: what finished networks say of the training films, computed once, kept in the runs folder, mixed into the label.

Each film is asked about as it is, mirrored, and as the teacher's own augmentation draws it, and the distributions are averaged:
one look at a film that was trained on comes too close to its report, several changed ones do not (the first reference erred by
6.6 months on augmented training films and by 6.7 on select). Out-of-fold answers are cleaner and cost a training a fold, so
they are taken where there are any: a film that some teachers never saw (recipe key films.fold) is asked of those alone.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt
import torch
from torch import nn

from boneage import dataset
from boneage.claim import alone
from boneage.dataset import Part, Scan
from boneage.errors import BoneAgeError, Kind
from boneage.found_hands import runs_folder
from boneage.train.acquisition import Acquired
from boneage.train.aligned_films import AlignedFilm, in_fold, load_aligned
from boneage.train.augment import Change, draw
from boneage.train.export import averaged
from boneage.train.loop import Tell
from boneage.train.recipe import BoneAgeTask, Recipe
from boneage.train.reference import Teacher
from boneage.types import MONTHS, Sex

BATCH = 64
Soft = npt.NDArray[np.float32]  # [240]


@dataclass(frozen=True)
class Finished:
    """A teacher: its recipe and what it says of each training film, by id."""

    recipe: Recipe
    says: dict[int, Soft]

    def saw(self, film_id: int) -> bool:
        """Whether it was trained on that film."""
        assert isinstance(self.recipe.task, BoneAgeTask)
        fold = self.recipe.task.films.fold
        return fold is None or not in_fold(film_id, fold)


def soft_labels(teacher: Teacher, data: Path, *, device: str = "cpu", tell: Tell = lambda line: None) -> dict[int, Soft]:
    """The teachers' mean distribution of each training film by id. Raises BoneAgeError where a teacher is not trained."""
    finished = [_finished(name, teacher.views, data, device=device, tell=tell) for name in teacher.recipes]
    return {film_id: _mean(film_id, finished) for film_id in sorted(set().union(*(one.says for one in finished)))}


def _mean(film_id: int, finished: list[Finished]) -> Soft:
    """Of those that never saw the film, where there are any; else of all."""
    able = [one for one in finished if film_id in one.says]
    asked = [one for one in able if not one.saw(film_id)] or able
    return np.asarray(np.mean([one.says[film_id] for one in asked], axis=0), np.float32)


def _finished(name: str, views: int, data: Path, *, device: str, tell: Tell) -> Finished:
    run = runs_folder() / name
    recipe, model = trained(run / "last.pt", name)
    folder = runs_folder() / "soft"
    films = dataset.split_hash(dataset.read_films(data))
    kept = folder / f"{name}-{digest_of(model)}-{films}-{views}.npz"
    with alone(folder, tell):
        if not kept.is_file():
            tell(f"{name} is asked for {views} views of each training film")
            says = answers(recipe, model.to(device), data, Part.TRAIN, views=views)
            beside = kept.with_suffix(".part.npz")
            ids = sorted(says)
            np.savez(beside, ids=np.array(ids), soft=np.stack([says[film_id] for film_id in ids]).astype(np.float16))
            beside.replace(kept)
    with np.load(kept) as table:
        return Finished(recipe, dict(zip(table["ids"].tolist(), table["soft"].astype(np.float32), strict=True)))


def trained(checkpoint: Path, name: str) -> tuple[Recipe, nn.Module]:
    """The run's own recipe and its averaged weights."""
    todo = f"Train it first: boneage train recipes/{name}.toml --data DIR"
    if not checkpoint.is_file():
        raise BoneAgeError(Kind.BAD_RECIPE, came=f"teacher {name} without a run", expected=str(checkpoint), todo=todo)
    saved = torch.load(checkpoint, map_location="cpu", weights_only=True)
    recipe = Recipe.model_validate_json(saved["recipe"])
    if not isinstance(recipe.task, BoneAgeTask):
        raise BoneAgeError(
            Kind.BAD_RECIPE, came=f"teacher {name} of the kind {recipe.task.kind}", expected="bone-age", todo="Name another."
        )
    return recipe, averaged(recipe, checkpoint).model


@torch.no_grad()
def answers(recipe: Recipe, model: nn.Module, data: Path, part: Part, *, views: int) -> dict[int, Soft]:
    """A network's mean distribution over `views` of each film of the part, at the challenge's scan: of a fold left out, too."""
    assert isinstance(recipe.task, BoneAgeTask)
    choice = recipe.task.films.model_copy(update={"scans": (Scan.CHALLENGE,), "fold": None})
    films = load_aligned(data, choice, {part})
    says = dict[int, Soft]()
    for start in range(0, len(films), BATCH):
        some = films[start : start + BATCH]
        total = np.zeros((len(some), MONTHS), np.float32)
        for view in range(views):
            total += _ask(recipe, model, some, view)
        says |= {one.film.id: row / np.float32(views) for one, row in zip(some, total, strict=True)}
    return says


def _ask(recipe: Recipe, model: nn.Module, films: list[AlignedFilm], view: int) -> Soft:
    """Distributions [B, 240]."""
    assert isinstance(recipe.task, BoneAgeTask)
    device, size, names = next(model.parameters()).device, recipe.stages[-1].size, recipe.task.branches.views
    crops = [one.crops(names, _look(recipe, one.film.id, view), Acquired(), size) for one in films]
    male = torch.tensor([[float(one.film.sex is Sex.MALE)] for one in films])
    logits, _ = model(torch.from_numpy(np.stack(crops)).to(device), male.to(device))
    return np.asarray(logits.float().softmax(1).cpu().numpy(), np.float32)


def _look(recipe: Recipe, film_id: int, view: int) -> Change:
    """As it is, mirrored, then drawn from (film, view)."""
    if view < 2:
        return Change(mirror=view == 1)
    return draw(recipe.augment, np.random.default_rng((film_id, view)))


def digest_of(model: nn.Module) -> str:
    """Twelve hex digits over the weights."""
    digest = hashlib.sha256()
    for weights in model.state_dict().values():
        digest.update(weights.cpu().numpy().tobytes())
    return digest.hexdigest()[:12]
