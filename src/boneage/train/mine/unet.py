"""The rounds' network: the recipe's U-Net, trained in the mining folder, each round from the weights of the one before."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from itertools import islice
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from boneage.errors import BoneAgeError, Kind
from boneage.models.unet import UNet
from boneage.standardize.size import unit
from boneage.standardize.unet import to_film, unet_input
from boneage.train.loop import Machine, train
from boneage.train.mask_task import MaskTask
from boneage.train.mine.disk import read_mask
from boneage.train.mine.points import Films
from boneage.train.mine.segmenter import Bytes, Probability, Tell
from boneage.train.recipe import MaskTask as Settings
from boneage.train.recipe import Recipe

CORRECTED = "corrected"  # the folder of masks from files
BATCH = 16  # films predicted together


class UNetSegmenter:
    """`Segmenter` by torch. Runs are kept in `runs`/round-NN, the last training's in `runs`/finish, as every training's are."""

    def __init__(self, recipe: Recipe, runs: Path, *, machine: Machine, finish: bool = False) -> None:
        if not isinstance(recipe.task, Settings):
            raise BoneAgeError(
                Kind.BAD_RECIPE,
                came=f"recipe {recipe.name} of the kind {recipe.task.kind}",
                expected="a recipe of the kind hand-mask",
                todo="Give one with --recipe.",
            )
        self.recipe, self.settings, self.runs, self.machine, self.finish = recipe, recipe.task, runs, machine, finish

    def train(self, masks: Mapping[int, Path], films: Films, *, round: int, tell: Tell) -> None:
        held = {film_id: film for film_id, film, _ in films.iterate(masks)}
        pictures = {film_id: np.where(read_mask(file), np.uint8(255), np.uint8(0)) for film_id, file in masks.items()}
        task = MaskTask(
            self.recipe,
            self.settings,
            films.data,
            masks=pictures,
            films=held,
            start=self._weights(round - 1, or_none=True),
            corrected=frozenset(film_id for film_id, file in masks.items() if file.parent.name == CORRECTED),
        )
        run = self.runs / "finish" if self.finish else self._run(round)
        train(self.recipe, task, run, machine=self.machine, tell=tell)

    @torch.no_grad()
    def predict(self, films: Iterable[tuple[int, Bytes]], *, round: int) -> Iterator[tuple[int, Probability]]:
        model = UNet(filters=self.settings.filters)
        model.load_state_dict(self._weights(round) or {})
        model = model.eval().to(self.machine.device, memory_format=torch.channels_last)  # type: ignore[call-overload]
        size, stream = self.recipe.stages[-1].size, iter(films)
        while batch := list(islice(stream, BATCH)):
            images = np.stack([unet_input(unit(film), size) for _, film in batch])[:, None]
            with torch.autocast(self.machine.device.split(":")[0], torch.bfloat16, enabled=self.machine.bf16):
                answers = model(torch.from_numpy(images).to(self.machine.device)).float().sigmoid().cpu().numpy()
            for (film_id, film), answer in zip(batch, answers, strict=True):
                yield film_id, to_film(answer[0], (film.shape[0], film.shape[1]))

    def _run(self, round: int) -> Path:
        return self.runs / f"round-{round:02}"

    def _weights(self, round: int, *, or_none: bool = False) -> Mapping[str, Tensor] | None:
        """The averaged weights of a round's last epoch."""
        checkpoint = self._run(round) / "last.pt"
        if not checkpoint.is_file() and or_none:
            return None
        weights: Mapping[str, Tensor] = torch.load(checkpoint, map_location="cpu", weights_only=True)["average"]
        return weights
