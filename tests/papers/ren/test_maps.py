"""Activation maps: a map is laid on the hand it was made of, its shares are kept without labels, planted findings come back."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from shelves import shelf_in

from boneage.dataset import Film, Part, by_id
from boneage.errors import BoneAgeError
from boneage.evaluate.hand_regions import (
    CARPAL,
    FRAME,
    METACARPALS,
    PHALANGES,
    RADIUS_ULNA,
    REGIONS,
    area_shares,
    hand_mask,
    region_masks,
    to_common_frame,
)
from boneage.explain.heat import HeatMap
from boneage.geometry import PixelMap
from boneage.networks import load_network, weights_path
from boneage.papers import attention
from boneage.papers.attention import PARTS, densities
from boneage.papers.page import How, Verdict
from boneage.papers.ren import maps as ren_maps
from boneage.papers.ren.attention import attention_findings, by_age, figure_3, metacarpals, wide_at_both_ends
from boneage.papers.ren.maps import MOST, choose, lay, measure_activation, shares
from boneage.papers.ren.networks import AGES
from boneage.papers.ren.shares import FilmShares, read_shares, write_shares
from boneage.phantom import Phantom, draw, write_png
from boneage.standardize import standardize
from boneage.systems import HAND_FINDER, REN
from boneage.types import Radiograph, Sex

FILM = Film(1, Sex.FEMALE, 90.0)
EVEN = tuple(area_shares().values())


def row(months: float, number: int = 1, *, more: dict[str, float] | None = None, half: float = 0.3) -> FilmShares:
    """Even attention, but for the regions named, which get so many times as much; a little scatter by the number."""
    strength = np.array([(more or {}).get(name, 1.0) for name in REGIONS]) * area_share_array()
    strength *= np.random.default_rng(number).uniform(0.95, 1.05, len(REGIONS))
    return FilmShares(
        Film(number, Sex.MALE if number % 2 else Sex.FEMALE, months), "high-contrast", tuple(strength / strength.sum()),
        half + 0.001 * (number % 7),
    )  # fmt: skip


def area_share_array() -> np.ndarray:
    return np.array(EVEN)


def test_even_attention_has_density_1_everywhere() -> None:
    found = shares(FILM, "", np.full(FRAME.size, 3.0))
    assert found.shares == pytest.approx(EVEN)
    assert found.half_area == pytest.approx(0.5, abs=1e-3)
    for region in REGIONS:
        assert densities([found], region) == pytest.approx(1)
    assert densities([found], METACARPALS, PHALANGES) == pytest.approx(1)


def test_attention_on_one_region_is_counted_there() -> None:
    found = shares(FILM, "", region_masks(FRAME)[CARPAL].astype(float))
    assert found.shares == pytest.approx([float(name == CARPAL) for name in REGIONS])
    assert found.half_area < 0.06


BONES = [("capitate", CARPAL), ("mc3", METACARPALS), ("pp4", PHALANGES), ("radius", RADIUS_ULNA)]


@pytest.mark.parametrize(("bone", "region"), BONES)
def test_a_map_is_laid_on_the_hand_it_was_made_of(girl: Phantom, bone: str, region: str) -> None:
    """A spot on one of the phantom's bones comes out in that bone's region; its sign does not count."""
    hand = standardize(Radiograph(girl.pixels, "phantom"), load_network(HAND_FINDER))
    named = [number for number, name in enumerate(girl.bone_names, start=1) if name.startswith(bone)]
    spot = np.isin(girl.labels, named).astype(np.float32)
    assert spot.any()
    for sign in (1, -1):
        heat = HeatMap("activation", sign * spot, PixelMap.identity(), "", "months", ())
        found = shares(FILM, "", lay(heat, to_common_frame(hand)))
        assert found.shares[REGIONS.index(region)] > 0.7


def test_each_film_counts_as_much_as_any_other() -> None:
    random = np.random.default_rng(0).uniform(0, 1, FRAME.size).astype(np.float32)
    weak, strong = (HeatMap("", factor * random, PixelMap.identity(), "", "months", ()) for factor in (1, 40))
    np.testing.assert_allclose(lay(weak, PixelMap.identity()), lay(strong, PixelMap.identity()), rtol=1e-4)
    assert lay(weak, PixelMap.identity())[hand_mask()].mean() == pytest.approx(1)
    none = HeatMap("", 0 * random, PixelMap.identity(), "", "months", ())
    assert (lay(none, PixelMap.identity()) == 1).all()


def test_films_that_trained_nothing_are_chosen_and_none_of_test() -> None:
    films = [Film(number, Sex.MALE if number % 2 else Sex.FEMALE, float(number % 228)) for number in range(1000, 30000)]
    chosen = choose(films, MOST)
    assert {film.part for film in chosen} == set(PARTS)
    assert Part.TEST not in PARTS
    assert max(film.bone_age_months for film in chosen) <= 216
    for sex in Sex:
        for band in AGES:
            assert 0.5 * MOST < sum(film.sex is sex and film.bone_age_months in band for film in chosen) <= MOST


def test_shares_come_back_as_written_without_labels(tmp_path: Path) -> None:
    rows = [row(40, 7), row(150, 3)]
    path, films = write_shares(tmp_path, rows, "abc"), by_id(one.film for one in rows)
    assert not {"sex", "truth_months"} & set(path.read_text().splitlines()[0].split(","))
    back = read_shares(tmp_path, films)
    assert [one.film for one in back] == [rows[1].film, rows[0].film]
    assert back[1].shares == pytest.approx(rows[0].shares, abs=1e-4)
    with pytest.raises(BoneAgeError, match="film 7, which is not in the labels"):
        read_shares(tmp_path, {3: rows[1].film})
    assert read_shares(tmp_path / "nowhere", films) == []
    path.write_text(path.read_text().replace("high-contrast,", "high-contrast,x"))
    with pytest.raises(BoneAgeError, match="line 2"):
        read_shares(tmp_path, films)


def planted() -> list[FilmShares]:
    """Carpals in the youngest, metacarpals from 3 to 15 years, the wrist after; focused between the ends."""
    ages = [*([20] * 25), *([60] * 30), *([130] * 40), *([200] * 30)]
    rows = []
    for number, months in enumerate(ages):
        if months < 36:
            rows.append(row(months, number, more={CARPAL: 2.0}, half=0.4))
        elif months < 180:
            rows.append(row(months, number, more={METACARPALS: 2.0 + (months > 100)}))
        else:
            rows.append(row(months, number, more={RADIUS_ULNA: 3.0}, half=0.4))
    return rows


def test_planted_attention_is_found_and_its_opposite_is_not() -> None:
    rows = planted()
    assert [found(rows).verdict for found in (by_age, metacarpals, wide_at_both_ends)] == [Verdict.CONFIRMED] * 3
    even = [row(one.film.bone_age_months, one.film.id) for one in rows]
    assert [found(even).verdict for found in (by_age, metacarpals, wide_at_both_ends)] == [Verdict.NOT_CONFIRMED] * 3
    assert by_age(rows[20:]).verdict is Verdict.OPEN  # five films of the youngest are too few to tell of


def test_a_group_of_few_films_is_not_told_of(tmp_path: Path) -> None:
    write_shares(tmp_path, planted(), "abc")
    shelf = shelf_in(tmp_path, films=[one.film for one in planted()])
    assert figure_3(shelf, tmp_path).how is How.NOT_RUN  # no picture yet
    (tmp_path / "ren-2018-figure-3.png").touch()
    made = figure_3(shelf, tmp_path)
    assert made.how is How.STAND_IN
    lines = made.body.splitlines()
    assert any(line.startswith("| both | [0, 36) | 25 | ") and "under" not in line for line in lines)
    assert any(line.startswith("| girls | [0, 36) | 13 | under 20 films") for line in lines)
    assert {one.verdict for one in attention_findings(shelf)} == {Verdict.CONFIRMED}


def test_films_become_shares_and_pictures(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The whole way on phantoms, with a network that looks at all places alike."""
    if any(weights_path(f"{name}.onnx") is None for name in REN.way.networks):
        pytest.skip("the network that boxes hands is not here: run in the source tree")
    number = next(number for number in range(1000, 9999) if Film(number, Sex.MALE, 90.0).part is Part.SELECT)
    other = next(k for k in range(number + 1, 9999) if Film(k, Sex.MALE, 90.0).part is Part.CALIBRATE)
    films = [Film(number, Sex.MALE, 90.0), Film(other, Sex.FEMALE, 150.0)]
    file = write_png(draw(90, Sex.MALE, seed=1, size=(500, 380)), tmp_path / "film.png").read_bytes()
    files = {number: file, other: b"no film"}
    monkeypatch.setattr("boneage.dataset.read_films", lambda data: films)
    monkeypatch.setattr("boneage.dataset.iterate_files", lambda data, ids: ((one, files[one]) for one in sorted(ids)))
    even = lambda member, crops, *rest: HeatMap("", np.ones_like(crops[0].pixels), crops[0].to_source, "", "months", ())  # noqa: E731
    for name, stub in (
        ("activate", even), ("need_networks", lambda system: None), ("weights_hash", lambda system, calibrated: "w"),
        ("load_network", lambda name: None),
    ):  # fmt: skip
        monkeypatch.setattr(ren_maps, name, stub)
    monkeypatch.setattr(attention, "FEWEST", 1)
    told: list[str] = []
    measure_activation(tmp_path, tmp_path, tmp_path, domain_of=lambda file: "low-contrast", tell=told.append)
    (found,) = read_shares(tmp_path, by_id(films))
    assert found.film == films[0]
    assert "refused: {" in told[0]
    for figure in "34":
        assert 10_000 < (tmp_path / f"ren-2018-figure-{figure}.png").stat().st_size < 300_000
