"""The table of refusals: what was shown is counted, and a half's rows are replaced, not doubled."""

from __future__ import annotations

import csv
from pathlib import Path

import numpy as np
import pytest

from boneage import dataset
from boneage.dataset import LABELS
from boneage.evaluate.refusals.kinds import Half
from boneage.evaluate.refusals.run import phantoms, png_bytes, reason, row, spoiled_films, write
from boneage.systems import REFERENCE
from boneage.types import Sex

pytest.importorskip("scipy", reason="needs the train extra")


def test_a_row_counts_and_tells_why() -> None:
    one = row(Half.TEST, "foot", ["no-hand", None, "blank", "no-hand"], must=True)
    assert (one.inputs, one.refused, one.share, one.reasons) == (4, 3, 0.75, "no-hand 2; blank 1")
    assert 0.19 < one.low < 0.2
    assert 0.99 < one.high < 1


def test_noise_is_refused_and_a_phantom_answered() -> None:
    noise = (np.random.default_rng(0).random((400, 300)) * 255).astype(np.uint8)
    assert reason(png_bytes(noise), REFERENCE, sex=Sex.MALE) == "no-hand: a picture in which no single hand was found"
    file, sex = next(phantoms(Half.CHOOSE, every=60))
    assert reason(file, REFERENCE, sex=sex) is None


def test_a_half_takes_the_place_of_its_own_rows(tmp_path: Path) -> None:
    (tmp_path / LABELS).write_text("id,boneage,male\n1377,100,True\n")
    table = tmp_path / "refusals.csv"
    for half, why in ((Half.CHOOSE, None), (Half.TEST, "blank"), (Half.CHOOSE, "no-hand")):
        write(table, [row(half, "foot", [why], must=True)], data=tmp_path, system=REFERENCE, command="c")
    with table.open(newline="") as lines:
        read = list(csv.DictReader(lines))
    assert [(line["half"], line["reasons"]) for line in read] == [("choose", "no-hand 1"), ("test", "blank 1")]
    assert {line["split_hash"] for line in read} == {dataset.split_hash(dataset.read_films(tmp_path))}


def test_spoiled_films_are_of_the_halfs_part(data: Path) -> None:
    films = spoiled_films(data, Half.CHOOSE, most=3)
    film = films(np.random.default_rng(0))
    again = films(np.random.default_rng(0))
    assert film is again
    assert film.pixels.shape == (299, 299)
    ids = [film.id for film in dataset.read_films(data) if film.part is Half.CHOOSE.part]
    assert any(
        np.array_equal(film.pixels, image / np.float32(255))
        for _, image in dataset.iterate_images(data, set(ids[:: len(ids) // 3][:3]))
    )
