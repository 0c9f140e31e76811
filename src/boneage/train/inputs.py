"""What a published system's network is given: batches of prepared films, and its outputs for films in order."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor, nn

from boneage.dataset import Film
from boneage.geometry import PixelMap
from boneage.standardize.size import unit
from boneage.train.augment import Change
from boneage.train.build import takes_sex
from boneage.train.loop import Batch, ordered_map
from boneage.train.prepared_films import PreparedFilms
from boneage.train.published import PublishedTask as Settings
from boneage.types import Image, Sex

EVALUATION_BATCH = 64


@dataclass(frozen=True, eq=False)
class Inputs:
    """Films of one preparation as one network reads them."""

    prepared: PreparedFilms
    settings: Settings

    def batch(self, films: Sequence[Film], changes: Sequence[Change], size: tuple[int, int]) -> Batch:
        """image [B, crops, H, W], sex [B, 1], months [B]."""
        images = [self._crops(film, change, size) for film, change in zip(films, changes, strict=True)]
        return {
            "image": torch.from_numpy(np.stack(images)),
            "sex": torch.tensor([[float(film.sex is Sex.MALE)] for film in films]),
            "months": torch.tensor([film.bone_age_months for film in films]),
        }

    def outputs(self, model: nn.Module, batch: Batch) -> Tensor:
        """The network's outputs [B, K], on its device."""
        device = next(model.parameters()).device
        given = ("image", "sex") if takes_sex(self.settings) else ("image",)
        outputs: Tensor = model(*(batch[name].to(device) for name in given))
        return outputs

    @torch.no_grad()
    def outputs_of(self, model: nn.Module, films: Sequence[Film], size: tuple[int, int], *, workers: int) -> Tensor:
        """The outputs [N, K] for films as they are, in order, on the CPU."""
        groups = [films[start : start + EVALUATION_BATCH] for start in range(0, len(films), EVALUATION_BATCH)]
        batches = ordered_map(lambda some: self.batch(some, [Change()] * len(some), size), groups, workers)
        return torch.cat([self.outputs(model, batch).float().cpu() for batch in batches])

    def _crops(self, film: Film, change: Change, size: tuple[int, int]) -> Image:
        """[crops, H, W], all changed alike."""
        return np.stack([self._crop(film, name, change, size) for name in self.settings.films.crops])

    def _crop(self, film: Film, name: str, change: Change, size: tuple[int, int]) -> Image:
        pixels, to_region, region_size = self.prepared.region(film.id, name)
        grid = change.map(size) @ PixelMap.resize(region_size, size) @ to_region
        return change.tone(grid.image(unit(pixels), size))
