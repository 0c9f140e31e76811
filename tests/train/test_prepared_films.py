"""Prepared films: made once, kept as bytes, resumed where a run stopped, refused ones remembered."""

from __future__ import annotations

import shutil
import tarfile
from fcntl import LOCK_EX, LOCK_UN, flock
from pathlib import Path

import cv2
import numpy as np
import pytest

from boneage import dataset
from boneage.dataset import Film, Part, Scan
from boneage.errors import BoneAgeError
from boneage.geometry import PixelMap
from boneage.networks import load_network
from boneage.phantom import draw
from boneage.prepare import prepare
from boneage.prepare.registered import RegisteredHand
from boneage.read import read
from boneage.standardize.size import unit
from boneage.systems import find_way
from boneage.train import prepared_films
from boneage.train.prepared_films import READY, REFUSED, UNKNOWN, PreparedFilms, load_prepared
from boneage.types import Image

ROOT = Path(__file__).parents[2]
WAY = "iglovikov-2018"  # refuses films, and keeps more than its crops


@pytest.fixture(autouse=True)
def in_the_source_tree(monkeypatch: pytest.MonkeyPatch) -> None:
    if not (ROOT / "weights-lab").is_dir():
        pytest.skip("weights-lab/ is not here: run in the source tree")
    monkeypatch.chdir(ROOT)


@pytest.fixture
def runs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("BONEAGE_RUNS", str(tmp_path))
    return tmp_path


@pytest.fixture
def counted(monkeypatch: pytest.MonkeyPatch) -> list[object]:
    """A line a film that is prepared."""
    calls: list[object] = []

    def count(*args: object, **more: object) -> object:
        calls.append(args[0])
        return prepare(*args, **more)  # type: ignore[arg-type]

    monkeypatch.setattr(prepared_films, "prepare", count)
    return calls


def films_of(data: Path, part: Part = Part.TRAIN) -> list[Film]:
    return [film for film in dataset.read_films(data) if film.part is part]


def train_films(data: Path) -> list[Film]:
    """Two hands, and the film that shows none."""
    films = films_of(data)
    return [*films[:2], films[-1]]


def crops_of(small_data: Path, film: Film, way: str) -> dict[str, Image]:
    """As the runtime makes them."""
    ((_, file),) = dataset.iterate_files(small_data, {film.id})
    return {crop.name: crop.pixels for crop in prepare(read(file), find_way(way), load=load_network).crops}


def folder_of(runs: Path) -> Path:
    (folder,) = (runs / "prepared").iterdir()
    return folder


def regions(prepared: PreparedFilms) -> dict[tuple[int, str], np.ndarray]:
    """Every film's regions as they would be cut."""
    names = prepared.grids
    made = {}
    for film_id in prepared.row_of:
        for name in names:
            pixels, to_region, size = prepared.region(film_id, name)
            made[film_id, name] = to_region.image(unit(np.asarray(pixels)), size)
    return made


def test_films_are_prepared_once_and_kept(small_data: Path, runs: Path, counted: list[object]) -> None:
    films = train_films(small_data)
    first = load_prepared(small_data, films, WAY)
    assert len(counted) == len(films)
    again = load_prepared(small_data, films, WAY)
    assert len(counted) == len(films)
    assert first.row_of == again.row_of
    one, two = regions(first), regions(again)
    assert one.keys() == two.keys()
    assert all(np.array_equal(one[key], two[key]) for key in one)


def test_a_refused_film_is_marked_and_not_asked_again(small_data: Path, runs: Path, counted: list[object]) -> None:
    films = train_films(small_data)
    noise = films[-1].id
    prepared = load_prepared(small_data, films, WAY)
    assert sorted(prepared.row_of) == sorted(film.id for film in films if film.id != noise)
    state = np.load(folder_of(runs) / "state.npy")
    by_id = dict(zip((film.id for film in dataset.read_films(small_data)), state, strict=True))
    assert by_id[noise] == REFUSED
    assert {by_id[film.id] for film in films if film.id != noise} == {READY}
    assert {by_id[film.id] for film in films_of(small_data, Part.TEST)} == {UNKNOWN}
    load_prepared(small_data, films, WAY)
    assert len(counted) == len(films)


def test_what_is_not_yet_there_is_made_and_the_rest_left_alone(small_data: Path, runs: Path, counted: list[object]) -> None:
    films = train_films(small_data)
    whole = regions(load_prepared(small_data, films, WAY))
    folder = folder_of(runs)
    rows = {film.id: row for row, film in enumerate(dataset.read_films(small_data))}
    lost, kept = films[0].id, films[1].id
    state = np.lib.format.open_memmap(folder / "state.npy", mode="r+")
    (file,) = folder.glob("crop-*.npy")
    crops = np.lib.format.open_memmap(file, mode="r+")
    state[rows[lost]] = UNKNOWN
    crops[rows[lost]] = 0
    crops[rows[kept]] = 77
    counted.clear()
    resumed = regions(load_prepared(small_data, films, WAY))
    assert len(counted) == 1
    for key, value in resumed.items():
        if key[0] == lost:
            assert np.array_equal(value, whole[key])
        else:
            assert value.max() == pytest.approx(77 / 255, abs=1e-4)  # not made again


def test_a_kill_loses_nothing_that_was_done(small_data: Path, runs: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    films = train_films(small_data)
    done = 0

    def dies(*args: object, **more: object) -> object:
        nonlocal done
        if done == 2:
            raise KeyboardInterrupt
        done += 1
        return prepare(*args, **more)  # type: ignore[arg-type]

    monkeypatch.setattr(prepared_films, "prepare", dies)
    with pytest.raises(KeyboardInterrupt):
        load_prepared(small_data, films, WAY)
    done = 1  # one more may be made, no two
    resumed = load_prepared(small_data, films, WAY)
    assert len(resumed.row_of) == 2


def test_a_lost_crop_is_made_again(small_data: Path, runs: Path, counted: list[object]) -> None:
    films = train_films(small_data)
    whole = regions(load_prepared(small_data, films, WAY))
    (file,) = folder_of(runs).glob("crop-*.npy")
    file.unlink()
    counted.clear()
    again = regions(load_prepared(small_data, films, WAY))
    assert len(counted) == len(films)
    assert whole.keys() == again.keys()
    assert all(np.array_equal(whole[key], again[key]) for key in whole)


def test_one_of_two_crops_lost_is_made_again(small_data: Path, runs: Path) -> None:
    films = films_of(small_data)[:1]
    whole = regions(load_prepared(small_data, films, "ren-2018"))
    (folder_of(runs) / "crop-0-coarse-map.npy").unlink()
    again = regions(load_prepared(small_data, films, "ren-2018"))
    assert len(whole) == 2
    assert all(np.array_equal(whole[key], again[key]) for key in whole)


def test_a_second_run_waits_for_the_first_and_says_so(small_data: Path, runs: Path, counted: list[object]) -> None:
    some, more = train_films(small_data)[:1], train_films(small_data)[:2]
    load_prepared(small_data, some, WAY)
    lines = list[str]()
    with (folder_of(runs) / "lock").open("w") as first:

        def ends(line: str) -> None:
            lines.append(line)
            flock(first, LOCK_UN)

        flock(first, LOCK_EX)
        load_prepared(small_data, some, WAY, tell=ends)
        assert not lines  # nothing to prepare, nothing to wait for
        prepared = load_prepared(small_data, more, WAY, tell=ends)
    assert len(lines) == 1
    assert "waiting" in lines[0]
    assert len(prepared.row_of) == 2
    assert len(counted) == 2


def test_more_films_come_into_the_same_folder(small_data: Path, runs: Path, counted: list[object]) -> None:
    some, more = train_films(small_data)[:1], train_films(small_data)[:2]
    load_prepared(small_data, some, WAY)
    prepared = load_prepared(small_data, more, WAY)
    assert len(counted) == 2
    assert len(prepared.row_of) == 2
    assert len(list((runs / "prepared").iterdir())) == 1


def test_another_way_has_a_folder_of_its_own(small_data: Path, runs: Path) -> None:
    films = train_films(small_data)[:1]
    load_prepared(small_data, films, WAY)
    squashed = load_prepared(small_data, films, "squashed")
    assert len(list((runs / "prepared").iterdir())) == 2
    assert set(squashed.grids) == {"film"}
    with pytest.raises(BoneAgeError, match="no way 'unknown'"):
        load_prepared(small_data, films, "unknown")


@pytest.mark.parametrize("way", ["reference", "lee-2017", "ren-2018", "squashed"])
def test_a_kept_crop_is_the_runtime_s_to_half_a_gray_level(small_data: Path, runs: Path, way: str) -> None:
    (film, *_) = films_of(small_data)
    made = load_prepared(small_data, [film], way)
    crops = crops_of(small_data, film, way)
    assert set(crops) == set(made.grids)
    for name, crop in crops.items():
        pixels, to_region, size = made.region(film.id, name)
        assert crop.shape == size
        assert np.allclose(to_region.matrix, np.eye(3))
        assert np.abs(unit(np.asarray(pixels)) - crop).max() <= 0.5001 / 255
        assert crop.std() > 0.05  # so that the law can fail


@pytest.mark.parametrize("name", ["whole hand", "carpals", "metacarpals and proximal phalanges"])
def test_a_region_of_the_kept_frame_lies_where_the_runtime_cuts_it(small_data: Path, runs: Path, name: str) -> None:
    """Between the frame's pixels: to within one interpolation. Half a pixel aside it would be another picture."""
    (film, *_) = films_of(small_data)
    pixels, to_region, size = load_prepared(small_data, [film], WAY).region(film.id, name)
    crop = crops_of(small_data, film, WAY)[name]
    assert crop.shape == size

    def difference(aside: float) -> float:
        return float(np.abs((PixelMap.shift(aside, 0) @ to_region).image(unit(np.asarray(pixels)), size) - crop).mean())

    assert difference(0.0) < 0.002
    assert difference(0.0) < 0.5 * min(difference(0.5), difference(-0.5))


def test_a_registered_film_is_kept_with_its_surroundings(small_data: Path, runs: Path) -> None:
    """A region that is turned or shifted shows the hand beyond its edge, not black."""
    films = train_films(small_data)[:1]
    made, way = load_prepared(small_data, films, WAY), find_way(WAY)
    assert isinstance(way, RegisteredHand)
    pixels, _, size = made.region(films[0].id, "carpals")
    assert pixels.shape == way.frame.size
    assert size < pixels.shape


def test_half_size_films_are_prepared_beside_the_others(small_data: Path, runs: Path, tmp_path: Path) -> None:
    films = train_films(small_data)[:2]
    data = tmp_path / "data"
    shutil.copytree(small_data, data)
    assert dataset.scanned(data, Scan.HALF) == set()
    with tarfile.open(data / "images-half-2.tar", "w") as tar:
        for film in films[:1]:
            pixels = np.rint(255 * draw(film.bone_age_months, film.sex, seed=1, size=(600, 440)).pixels).astype(np.uint8)
            file = tmp_path / f"{film.id}.png"
            assert cv2.imwrite(str(file), pixels)
            tar.add(file, file.name)
    assert dataset.scanned(data, Scan.HALF) == {films[0].id}
    assert dataset.scanned(data, Scan.CHALLENGE) is None
    small, large = load_prepared(data, films, WAY), load_prepared(data, films[:1], "iglovikov-2018-fine", Scan.HALF)
    assert set(small.row_of) == {film.id for film in films}
    assert set(large.row_of) == {films[0].id}
    (_, _, size), (_, _, half) = (one.region(films[0].id, "carpals") for one in (small, large))
    assert all(abs(finer - 2 * side) <= 1 for finer, side in zip(half, size, strict=True))  # rounded to whole pixels
    with pytest.raises(BoneAgeError, match="images-half"):
        list(dataset.iterate_files(data, {films[1].id}, Scan.HALF))
