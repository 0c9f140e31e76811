"""Films for a reference network: scans, folds, the crops as the runtime cuts them."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from boneage import dataset
from boneage.dataset import Part, Scan
from boneage.networks import load_network
from boneage.pipeline import perceive
from boneage.read import read
from boneage.regions import REGIONS, sized
from boneage.systems import Look, aligned_system
from boneage.template import TEMPLATE
from boneage.train.acquisition import Acquired
from boneage.train.aligned_films import in_fold, load_aligned
from boneage.train.augment import Change
from boneage.train.reference import AlignedFilms, Fold

BOTH = (Scan.CHALLENGE, Scan.HALF)
VIEWS = tuple(REGIONS)
SIZE = (96, 72)


@pytest.fixture(autouse=True)
def runs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("BONEAGE_RUNS", str(tmp_path / "runs"))


def test_each_scan_of_a_film_is_there_once(two_scans: Path) -> None:
    one = load_aligned(two_scans, AlignedFilms(), {Part.TRAIN, Part.SELECT})
    both = load_aligned(two_scans, AlignedFilms(scans=BOTH), {Part.TRAIN, Part.SELECT})
    assert [film.film.id for film in one] == sorted(film.film.id for film in one)
    assert [(film.film, film.scan) for film in both[: len(one)]] == [(film.film, film.scan) for film in one]
    half = {film.film.id for film in both[len(one) :]}
    assert half == dataset.scanned(two_scans, Scan.HALF)
    assert {film.scan for film in both[len(one) :]} == {Scan.HALF}
    assert {film.film.part for film in load_aligned(two_scans, AlignedFilms(scans=BOTH), {Part.TRAIN})} == {Part.TRAIN}


def test_folds_part_the_training_films_and_leave_select_alone(two_scans: Path) -> None:
    whole = load_aligned(two_scans, AlignedFilms(), {Part.TRAIN, Part.SELECT})
    train = {film.film.id for film in whole if film.film.part is Part.TRAIN}
    left_out = []
    for number in range(3):
        rest = load_aligned(two_scans, AlignedFilms(fold=Fold(of=3, left_out=number)), {Part.TRAIN, Part.SELECT})
        assert sum(film.film.part is Part.SELECT for film in rest) == 3
        left_out.append(train - {film.film.id for film in rest})
    assert set.union(*left_out) == train
    assert sum(map(len, left_out)) == len(train)


def test_folds_are_about_even() -> None:
    sizes = [sum(in_fold(film_id, Fold(of=5, left_out=number)) for film_id in range(2000)) for number in range(5)]
    assert sum(sizes) == 2000
    assert max(sizes) - min(sizes) < 100


@pytest.mark.parametrize("fine", [False, True])
def test_crops_are_those_of_the_runtime(two_scans: Path, fine: bool) -> None:
    """The same regions of the same film through read, standardize, register and cut."""
    choice = AlignedFilms(scans=(Scan.HALF,), detail="film" if fine else "frame")
    system = aligned_system("a", "b", (Look("none", tuple(sized(view, SIZE, fine=fine) for view in VIEWS), fine),))
    files = dict(dataset.iterate_files(two_scans, dataset.scanned(two_scans, Scan.HALF) or set(), Scan.HALF))
    for film in load_aligned(two_scans, choice, {Part.SELECT}):
        ours = film.crops(VIEWS, Change(), Acquired(), SIZE)
        theirs = perceive(read(files[film.film.id]), system).crops
        assert ours.shape == (3, *SIZE)
        for crop, other in zip(ours, theirs, strict=True):
            assert np.abs(crop - other.pixels).mean() < 0.004  # stored bytes against float32


def test_own_pixels_hold_more_than_the_frame(two_scans: Path) -> None:
    """In fine regions: neighbors differ more."""
    frame, film = (
        load_aligned(two_scans, AlignedFilms(scans=(Scan.HALF,), detail=detail), {Part.TRAIN}) for detail in ("frame", "film")
    )
    size = (384, 288)
    for coarse, fine in zip(frame, film, strict=True):
        assert coarse.pixels.shape == (299, 299)
        assert fine.pixels.shape == (600, 440)
        sharp = [np.abs(np.diff(one.crops(("carpals",), Change(), Acquired(), size))).mean() for one in (coarse, fine)]
        assert sharp[1] > 1.05 * sharp[0]


def test_points_move_with_the_crop(two_scans: Path) -> None:
    film = load_aligned(two_scans, AlignedFilms(), {Part.SELECT})[0]
    plain, mirrored = (film.points_on("whole hand", change, SIZE) for change in (Change(), Change(mirror=True)))
    assert np.allclose(mirrored, plain * [-1, 1], atol=1e-5)
    there = (REGIONS["whole hand"].frame.grid(SIZE).points(TEMPLATE) + 0.5) * 2 / np.array(SIZE[::-1]) - 1
    assert np.abs(plain - there).mean() < 0.15  # a phantom's pose is near the mean hand's
    moved = film.points_on("whole hand", Change(shift=(0.1, 0.0)), SIZE)
    assert np.allclose(moved - plain, [0.2, 0.0], atol=1e-5)


def test_the_finder_is_asked_once_a_scan(two_scans: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    load_aligned(two_scans, AlignedFilms(scans=BOTH), {Part.SELECT})
    monkeypatch.setattr("boneage.found_hands.find_hand", lambda *_: pytest.fail("asked again"))
    assert len(load_aligned(two_scans, AlignedFilms(scans=BOTH), {Part.SELECT})) == 5
    assert load_network("hand-finder-2026-11") is not None
