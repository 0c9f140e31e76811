"""The task of the patch network: balanced patches of five classes, cut out on the fly (Lee 2017, section "Detection CNN")."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor, nn
from torch.nn import functional as F

from boneage.errors import BoneAgeError, Kind
from boneage.found_hands import runs_folder
from boneage.models.lenet import LeNet5
from boneage.standardize.patches import PatchClass, dense_size
from boneage.train.best_epoch import BestEpoch
from boneage.train.loop import Batch, ordered_map
from boneage.train.patch_films import LabeledFilm, load_labeled_films
from boneage.train.recipe import Augment, Recipe
from boneage.train.recipe import PatchTask as Settings

Places = npt.NDArray[np.int32]  # [N, 3]: film, row, column
PLACES = 3000  # of each class on a film at most: what an epoch draws from
SCORED = 2000  # patches of each class that choose the epoch


class PatchTask:
    """Batches, loss and score of the patch network."""

    def __init__(
        self,
        recipe: Recipe,
        settings: Settings,
        data: Path,
        *,
        films: Sequence[LabeledFilm] | None = None,
        best: Path | None = None,  # where the best epoch is kept
    ) -> None:
        self.recipe, self.settings = recipe, settings
        _refuse(recipe, settings)
        films = load_labeled_films(data, settings.films, seed=recipe.seed) if films is None else films
        order = np.random.default_rng(recipe.seed).permutation(len(films))
        self.held_out = set(order[: round(settings.held_out * len(films))].tolist())  # indices of films
        border = settings.patch // 2
        self.pixels = np.stack([np.pad(film.pixels, border) for film in films])
        self.places = {held: _places(films, held, self.held_out, recipe.seed) for held in (False, True)}
        self.best = BestEpoch(best or runs_folder() / recipe.name / "best.pt", recipe.epochs - 1, recipe.last_stage)

    @property
    def gamma(self) -> float:
        """How far the patches' gray values are changed, the only change they get."""
        ranges = self.recipe.augment
        return ranges.gamma if isinstance(ranges, Augment) else 0.0

    def build(self, *, resumed: bool) -> nn.Module:
        return LeNet5(patch=self.settings.patch)

    def steps(self, epoch: int) -> int:
        return max(1, len(PatchClass) * self.settings.per_class // self.recipe.optimizer.batch)

    def batches(self, epoch: int, workers: int) -> Iterator[Batch]:
        seed, size = (self.recipe.seed, epoch), self.recipe.optimizer.batch
        drawn = draw_balanced(self.places[False], self.settings.per_class, np.random.default_rng(seed))
        yield from ordered_map(
            lambda step: self.cut(drawn[step * size : (step + 1) * size], (*seed, step), gamma=self.gamma),
            range(self.steps(epoch)),
            workers,
        )

    def loss(self, model: nn.Module, batch: Batch) -> tuple[Tensor, dict[str, float]]:
        logits = model(batch["image"]).float()
        return F.cross_entropy(logits, batch["label"]), {"error": _error(logits, batch["label"])}

    @torch.no_grad()
    def score(self, model: nn.Module, epoch: int, workers: int) -> dict[str, float]:
        """Share of wrong patches of the held-out films. The best epoch's weights are kept, and put back after the last one."""
        seed = (self.recipe.seed, 1)
        drawn = draw_balanced(self.places[True], SCORED, np.random.default_rng(seed))
        device, errors = next(model.parameters()).device, []
        for part in np.array_split(drawn, max(1, len(drawn) // 500)):
            batch = self.cut(part, (*seed, 0))
            errors.append(_error(model(batch["image"].to(device)).float().cpu(), batch["label"]) * len(part))
        error = float(sum(errors)) / len(drawn)
        return {"held_out_error": error, "best_epoch": float(self.best.see(model, epoch, error))}

    def cut(self, drawn: npt.NDArray[np.int32], seed: tuple[int, ...], *, gamma: float = 0.0) -> Batch:
        """Patches [B, 1, P, P] and classes [B]. `drawn` [B, 4]: film, row, column, class.

        A patch has an even side: its middle lies between four pixels, of which the labeled one is drawn. `gamma`: standard
        deviation of the logarithm of each patch's own.
        """
        patch = self.settings.patch
        windows = np.lib.stride_tricks.sliding_window_view(self.pixels, (patch, patch), axis=(1, 2))
        film, row, column, label = drawn.T
        rng = np.random.default_rng(seed)
        dy, dx = rng.integers(0, 2, (2, len(drawn)))
        image = torch.from_numpy(windows[film, row + dy, column + dx])[:, None].float() / 255
        if gamma:
            powers = np.exp(rng.normal(0, gamma, (len(drawn), 1, 1, 1))).astype(np.float32)
            image = image ** torch.from_numpy(powers)
        return {"image": image, "label": torch.from_numpy(label.astype(np.int64))}


def draw_balanced(places: dict[PatchClass, Places], per_class: int, rng: np.random.Generator) -> npt.NDArray[np.int32]:
    """[5 * per_class, 4] in a random order; a class with fewer places gives some of them several times."""
    drawn = []
    for label, rows in places.items():
        picks = rng.choice(len(rows), per_class, replace=len(rows) < per_class)
        drawn.append(np.column_stack([rows[picks], np.full(per_class, label, np.int32)]))
    return np.asarray(rng.permutation(np.concatenate(drawn)), np.int32)


def _places(films: Sequence[LabeledFilm], held: bool, held_out: set[int], seed: int) -> dict[PatchClass, Places]:
    """Places of each class on the films that are held out, or on the others."""
    found: dict[PatchClass, list[Places]] = {label: [] for label in PatchClass}
    for index, film in enumerate(films):
        if (index in held_out) is not held:
            continue
        rng = np.random.default_rng((seed, film.id))
        for label in PatchClass:
            flat = np.flatnonzero(film.labels == label)
            picks = rng.choice(flat, min(PLACES, len(flat)), replace=False, shuffle=False)
            rows, columns = np.unravel_index(picks, film.labels.shape)
            found[label].append(np.column_stack([np.full(len(picks), index), rows, columns]).astype(np.int32))
    places = {label: np.concatenate(rows) if rows else np.zeros((0, 3), np.int32) for label, rows in found.items()}
    empty = [label.name.lower() for label, rows in places.items() if len(rows) == 0]
    if empty:
        raise BoneAgeError(
            Kind.BAD_DATA,
            came=f"no pixel of the class {', '.join(empty)} on the {'held-out' if held else 'training'} films",
            expected="all five classes",
            todo="Give masks of more films.",
        )
    return places


def _error(logits: Tensor, label: Tensor) -> float:
    return float((logits.detach().argmax(1) != label).float().mean())


def _refuse(recipe: Recipe, settings: Settings) -> None:
    """Raises BoneAgeError where the recipe says what this task would not do."""
    changes = [name for name, value in recipe.augment.model_dump().items() if value and name not in {"kind", "gamma"}]
    size, stages = dense_size(settings.patch), [stage.size for stage in recipe.stages]
    if changes or any(stage != size for stage in stages):
        raise BoneAgeError(
            Kind.BAD_RECIPE,
            came=f"patches with {', '.join(changes) or 'no other changes'} and stages of {stages}",
            expected=f"no changes of patches but gamma, and stages of {size}: the film with its outer patches' border",
            todo="Set the rest of [augment] to 0 and the stages' size to that.",
        )
