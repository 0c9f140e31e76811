"""The lab's tests need the train extra; without it they skip and say so. A small data set of phantoms for them."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
import pytest

from boneage.dataset import LABELS, Film, Part, part_of
from boneage.phantom import draw
from boneage.standardize.size import standard_bytes
from boneage.types import Sex

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
