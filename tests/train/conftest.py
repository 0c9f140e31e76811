"""The lab's tests need the train extra; without it they skip and say so. A small data set of phantoms for them."""

from __future__ import annotations

import json
import tarfile
from collections.abc import Callable
from io import BytesIO
from pathlib import Path
from typing import TYPE_CHECKING

import cv2
import numpy as np
import pytest

from boneage.dataset import LABELS, Film, Part, part_of
from boneage.phantom import draw
from boneage.standardize.size import standard_bytes
from boneage.types import Sex

if TYPE_CHECKING:
    from torch import nn

    from boneage.train.recipe import Recipe

pytest.importorskip("torch", reason="needs the train extra: make test EXTRAS=train")

PARTS = {Part.TRAIN: 8, Part.SELECT: 3, Part.CALIBRATE: 1, Part.TEST: 2}


@pytest.fixture(scope="session")
def small_data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder in the challenge's layout, films squashed as those at hand: girls of 5 years and more in every part, one boy.

    The last training film by id shows no hand.
    """
    folder = tmp_path_factory.mktemp("small-data")
    free = {part: [film_id for film_id in range(1377, 2000) if part_of(film_id) is part] for part in Part}
    ids = [film_id for part, count in PARTS.items() for film_id in free[part][:count]]
    films = [Film(film_id, Sex.FEMALE, float(64 + 12 * k)) for k, film_id in enumerate(ids)]
    films[1] = Film(films[1].id, Sex.MALE, 130.0)
    noise = free[Part.TRAIN][PARTS[Part.TRAIN]]
    for k, film in enumerate(films):
        made = draw(film.bone_age_months, film.sex, seed=k, size=(600, 440)).pixels
        write(folder, film.id, standard_bytes(np.rint(255 * made).astype(np.uint8)))
    write(folder, noise, np.random.default_rng(0).integers(0, 256, (299, 299), np.uint8))
    everything = [*films, Film(noise, Sex.FEMALE, 100.0)]
    rows = [f"{film.id},{film.bone_age_months:g},{film.sex is Sex.MALE}" for film in everything]
    (folder / LABELS).write_text("id,boneage,male\n" + "\n".join(rows) + "\n")
    return folder


def write(folder: Path, film_id: int, image: np.ndarray) -> None:
    assert cv2.imwrite(str(folder / f"{film_id}.png"), image)


@pytest.fixture(scope="session")
def two_scans(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Eight training and three select films, squashed; two training and two select ones also in true proportion."""
    folder = tmp_path_factory.mktemp("two-scans")
    by_part = {part: [film_id for film_id in range(1377, 2000) if part_of(film_id) is part] for part in Part}
    rows = []
    with tarfile.open(folder / "images-half-4.tar", "w") as shard:
        for k, film_id in enumerate((*by_part[Part.TRAIN][:8], *by_part[Part.SELECT][:3])):
            months, sex = 40.0 + 15 * k, Sex.MALE if k % 2 else Sex.FEMALE
            rows.append(f"{film_id},{months:g},{sex is Sex.MALE}")
            made = np.rint(255 * draw(months, sex, seed=k, size=(600, 440)).pixels).astype(np.uint8)
            write(folder, film_id, standard_bytes(made))
            if k in (0, 5, 8, 9):
                file = np.asarray(cv2.imencode(".png", made)[1]).tobytes()
                entry = tarfile.TarInfo(f"{film_id}.png")
                entry.size = len(file)
                shard.addfile(entry, BytesIO(file))
    (folder / LABELS).write_text("id,boneage,male\n" + "\n".join(rows) + "\n")
    return folder


@pytest.fixture
def small_reference() -> Callable[..., Recipe]:
    """The first reference's recipe at 64 x 48, an epoch from random weights; keys of its task may be changed."""
    from boneage.train.recipe import Recipe, read_recipe

    values = read_recipe(Path(__file__).parents[2] / "recipes" / "reference-2026-11.toml").model_dump(exclude_defaults=True)
    values |= {"name": "small", "start": "random", "stages": [{"epochs": 1, "size": [64, 48]}]}
    values["optimizer"] |= {"batch": 4, "warmup_steps": 1}

    def make(*, top: dict[str, object] | None = None, **task: object) -> Recipe:
        return Recipe.model_validate_json(json.dumps(values | (top or {}) | {"task": values["task"] | task}))

    return make


@pytest.fixture(scope="session")
def lively() -> Callable[..., nn.Module]:
    """A network with random weights that let the film through: its answer depends on what it sees."""
    import torch

    def enliven(model: nn.Module, *, seed: int) -> nn.Module:
        torch.manual_seed(seed)
        for layer in model.modules():
            if isinstance(layer, torch.nn.Linear | torch.nn.Conv2d):
                torch.nn.init.kaiming_normal_(layer.weight)
        return model

    return enliven
