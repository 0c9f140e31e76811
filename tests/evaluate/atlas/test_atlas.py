"""The atlas: which films make a plate, what sharpens it, and that nothing of fewer than 20 films is shown."""

from __future__ import annotations

import csv
from pathlib import Path

import cv2
import numpy as np
import pytest

from boneage.clinical.plates import ATLAS, plate_ages
from boneage.dataset import LABELS, Film, Part, part_of
from boneage.evaluate.atlas.average import SIZE, average, trimmed
from boneage.evaluate.atlas.films import FEWEST, MOST, NEAR_MONTHS, Placed, plates
from boneage.evaluate.atlas.make import TABLE, make_atlas
from boneage.phantom import draw
from boneage.template import fit_template
from boneage.types import Sex

TRAINED = [film_id for film_id in range(1377, 4000) if part_of(film_id) is Part.TRAIN]
SURE = np.ones(21)


def placed(seed: int, *, months: float = 110) -> Placed:
    """A phantom with points as a finder gives them: not quite right."""
    phantom = draw(months, Sex.FEMALE, seed=seed, size=(300, 225))
    points = phantom.points + np.random.default_rng(seed).normal(0, 1.2, phantom.points.shape)
    return Placed(phantom.pixels, points, SURE, fit_template(points, SURE))


def test_films_go_to_the_nearest_plate_of_their_sex_and_only_training_films() -> None:
    held_out = next(film_id for film_id in range(1377, 4000) if part_of(film_id) is Part.SELECT)
    films = [Film(TRAINED[0], Sex.MALE, 131), Film(TRAINED[1], Sex.FEMALE, 131), Film(held_out, Sex.MALE, 132)]
    found = {plate.name: [film.id for film in plate.films] for plate in plates(films, set())}
    assert found["male-132"] == [TRAINED[0]]
    assert found["female-132"] == [TRAINED[1]]
    assert sum(map(len, found.values())) == 2
    assert len(found) == len(plate_ages(Sex.MALE)) + len(plate_ages(Sex.FEMALE))


def test_finer_films_come_first_then_the_nearest_and_not_too_many() -> None:
    films = [Film(TRAINED[k], Sex.MALE, 120 + k % 4) for k in range(MOST + 30)]
    fine = {film.id for film in films[-3:]}
    (plate,) = (one for one in plates(films, fine) if one.name == "male-120")
    assert len(plate.films) == MOST
    assert {film.id for film in plate.films[:3]} == fine
    months = [film.bone_age_months for film in plate.films[3:]]
    assert months == sorted(months)


def test_a_film_between_far_plates_is_of_neither() -> None:
    found = plates([Film(TRAINED[0], Sex.FEMALE, 113 + 0.1), Film(TRAINED[1], Sex.FEMALE, 120 + NEAR_MONTHS)], set())
    assert [len(plate.films) for plate in found if plate.films] == [1]


def test_the_average_is_sharper_than_that_of_the_affine_fit_and_no_film_is_lost() -> None:
    found = average([placed(seed) for seed in range(8)])
    assert found.pixels.shape == SIZE
    assert found.films == 8
    assert found.sharpness > 1.3
    assert found.agreement > found.plain_agreement


def test_one_stray_film_in_four_leaves_no_trace() -> None:
    gray, stray = np.full((4, 4), 0.4, np.float32), np.ones((4, 4), np.float32)
    assert np.allclose(trimmed([gray, gray, gray, stray]), 0.4, atol=1 / 255)


def test_few_films_make_a_line_and_no_picture(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("BONEAGE_RUNS", str(tmp_path / "runs"))
    rows = [f"{film_id},120,True" for film_id in TRAINED[: FEWEST - 1]]
    (tmp_path / LABELS).write_text("\n".join(["id,boneage,male", *rows]) + "\n")
    out = tmp_path / "atlas"
    out.mkdir()
    (out / "male-120.png").write_bytes(b"an older one")
    lines = make_atlas(tmp_path, out)
    assert {line["picture"] for line in lines} == {"no"}
    assert next(line["films"] for line in lines if (line["sex"], line["months"]) == ("male", "120")) == FEWEST - 1
    assert [path.name for path in out.iterdir()] == [TABLE]


def test_every_committed_picture_is_of_twenty_films_and_more() -> None:
    with (ATLAS / TABLE).open(newline="") as lines:
        told = {f"{row['sex']}-{row['months']}.png": row for row in csv.DictReader(lines)}
    shown = {path.name: path for path in ATLAS.glob("*.png")}
    assert {name for name, row in told.items() if row["picture"] == "yes"} == set(shown)
    assert len(shown) > 30
    for name, path in shown.items():
        assert int(told[name]["films"]) >= FEWEST
        picture = cv2.imread(str(path), cv2.IMREAD_UNCHANGED)
        assert picture is not None
        assert (picture.shape, picture.dtype) == (SIZE, np.uint8)
    assert sum(path.stat().st_size for path in shown.values()) < 4 * 2**20
